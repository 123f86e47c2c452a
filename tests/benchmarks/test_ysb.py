"""The Yahoo benchmark: the log is repeatable and valid, the verdict strict, the page complete with what is lost."""

import json
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks.result import Run
from benchmarks.running import BenchError
from benchmarks.sections import HEAD, replaced
from benchmarks.ysb import events
from benchmarks.ysb.contest import Bed, judged
from benchmarks.ysb.entrants import Entrant
from benchmarks.ysb.log import feed
from benchmarks.ysb.render import chart, section
from benchmarks.ysb.rounds import Contest, Sizes, take_turns
from schemas.bare import decoder
from schemas.decode import Event
from schemas.reference import load_reference
from streams.engine.columns import is_plain
from tools.jars import ROOT

NUMBER = 2000


def records() -> list[bytes]:
    return list(events.records(NUMBER))


def test_the_same_seed_gives_the_same_log_and_another_seed_another() -> None:
    first = sha256(b"".join(records())).digest()

    assert first == sha256(b"".join(records())).digest()
    assert first != sha256(b"".join(events.records(NUMBER, seed=8))).digest()


def test_every_event_is_valid_to_the_declared_feed_and_finds_its_campaign(tmp_path: Path) -> None:
    events.write_reference(ROOT / "reference", tmp_path / "reference")
    reader = decoder(feed(), load_reference(tmp_path / "reference", lists=feed().lists))

    found = [reader.decode(value) for value in records()]

    assert all(isinstance(event, Event) and not event.flags for event in found)
    campaigns = {event.row["campaign"] for event in found if isinstance(event, Event)}
    assert campaigns <= set(events.world().campaign_of.values())
    assert is_plain(feed()), "else the engine would fold it record by record"


def test_the_truth_is_what_reading_the_json_says(tmp_path: Path) -> None:
    events.write_ads(tmp_path / "ads.csv")
    lines = (tmp_path / "ads.csv").read_text().splitlines()
    campaign_of = dict(line.split(",") for line in lines[1:])
    found, truth = Counter[str](), Counter[str]()
    for value in records():
        body = json.loads(value)
        if body["event_type"] == "view":
            found[f"{campaign_of[body['ad_id']]}:{int(body['event_time']) // 10_000}"] += 1
        events.recount(value, truth)

    assert lines[0] == "ad,campaign"
    assert found == truth
    assert len(campaign_of) == 1000
    assert len(set(campaign_of.values())) == 100


TRUTH = {"a:1": 2, "b:1": 1}


@pytest.mark.parametrize(("counts", "number", "is_exact"), [
    (TRUTH, 9, True), (TRUTH, 6, True), ({**TRUTH, "b:1": 2}, 9, False), ({"a:1": 2}, 9, False),
    ({**TRUTH, "c:1": 0}, 9, False), (TRUTH, 8, False),
])  # fmt: skip
def test_a_contestant_is_exact_if_every_window_and_the_number_of_events_agree(
    tmp_path: Path, counts: dict[str, int], number: int, is_exact: bool
) -> None:
    (tmp_path / "counts.json").write_text(json.dumps(counts))
    said = {"events": number, "cpu": 3.0, "wall": 1.5, "peak_mb": 80, "guarantee": "none",
            "counts_file": str(tmp_path / "counts.json")}  # fmt: skip

    run = judged(said, TRUTH, 9, 6)

    assert run == Run(6, 500_000.0, 4.0, is_exact, 80.0, "none")


def never(bed: Bed, number: int) -> Run:
    raise AssertionError


OURS = [Run(100, cpu, 50.0, True, 90.0, "exactly once") for cpu in (1.0, 2.0, 1.4)]
THEIRS = [Run(100, cpu, 60.0, True, 80.0, "none") for cpu in (0.5, 3.0, 0.7)]
FOUND = Contest(
    100, 253.4,
    (Entrant("ours", "`ioc worker`", 100, never), Entrant("fast", "A faster one", 100, never),
     Entrant("wrong", "A wrong one", 100, never), Entrant("none", "Not <here>", 100, None, "not installed: no JDK"),
     Entrant("broken", "A broken one", 100, never)),
    {"ours": OURS, "fast": THEIRS, "wrong": [*THEIRS[:2], Run(100, 0.1, 9.0, False, 1.0, "none")]},
    {"broken": "said nothing\nat all"},
    [1.4, 7.6],
)  # fmt: skip


def test_who_fails_is_out_and_all_others_drain_in_every_round(tmp_path: Path) -> None:
    def drain(bed: Bed, number: int) -> Run:
        return OURS[number]

    def fail(bed: Bed, number: int) -> Run:
        raise BenchError("said nothing")

    told: list[str] = []
    absent: Entrant[Run] = Entrant("none", "", 100, None, "no JDK")
    found = [Entrant("ours", "", 100, drain), Entrant("broken", "", 100, fail), absent]

    result = take_turns(Bed("", tmp_path), found, (0, 2), told.append)

    assert result.runs == {"ours": [OURS[0], OURS[2]]}
    assert result.failed == {"broken": "said nothing"}
    assert len(result.loads) == 3
    assert told == ["1/2, ours: 1.00 µs/event, 50/s, 90 MB, exact", "1/2, broken: failed: said nothing",
                    "2/2, ours: 1.40 µs/event, 50/s, 90 MB, exact"]


def test_the_table_tells_losses_wrong_results_and_absences() -> None:
    text = section(FOUND, {"processor": "slow", "Python": "3.11"})
    rows = [line for line in text.splitlines() if line.startswith("| ")]

    assert rows[2:] == [
        "| `ioc worker` | 100 | 1.40 (1.00–2.00) | 1.0 × | 50 (50–50) | 90 | exactly once | yes |",
        "| A faster one | 100 | 0.70 (0.50–3.00) | 0.5 × | 60 (60–60) | 80 | none | yes |",
        "| A wrong one | 100 | – | – | – | – | none | **no** |",
        "| Not <here> | 100 | – | – | – | – | – | not installed: no JDK |",
        "| A broken one | 100 | – | – | – | – | – | failed: said nothing at all |",
    ]


def test_a_shortened_log_is_said_to_favour_us() -> None:
    assert "**A shortened log**, 100 events instead of 3,000,000" in section(FOUND, {})
    assert "shortened" not in section(replace(FOUND, events=Sizes().events), {})


def test_how_loaded_the_machine_was_is_said() -> None:
    assert "Where: Python 3.11. Load average while measuring: 1 to 8." in section(FOUND, {"Python": "3.11"})


def test_the_target_is_judged_by_the_median_and_never_reached_by_a_wrong_result() -> None:
    assert "found 1.40: reached." in section(FOUND, {})
    slow = Contest(100, 1.0, FOUND.entrants, {"ours": [Run(100, 1.6, 1.0, True)]})
    assert "found 1.60: **not reached**." in section(slow, {})
    wrong = Contest(100, 1.0, FOUND.entrants, {"ours": [Run(100, 0.1, 1.0, False)]})
    assert "**not reached**, a result is not right" in section(wrong, {})


def test_the_chart_shows_right_results_only_the_thriftiest_first() -> None:
    whole = ET.fromstring(chart(FOUND))  # it is ours
    texts = [found.text for found in whole.iter("{http://www.w3.org/2000/svg}text")]

    assert texts[1:] == ["A faster one", "0.70", "ioc worker", "1.40"]


def test_a_section_is_written_anew_and_the_other_stays() -> None:
    page = replaced(replaced("", "province", "old\n\n## Province\n"), "ysb", "first")

    page = replaced(page, "ysb", "## Yahoo")

    assert page.startswith(HEAD)
    assert page.count("<!-- ysb -->") == page.count("<!-- province -->") == 1
    assert page.index("## Yahoo") < page.index("old\n\n## Province")
    assert "first" not in page

