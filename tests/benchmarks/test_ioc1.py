"""IOC-1: the log is repeatable and wrong as it says, the recount strict, the page complete with what is lost."""

import json
from collections import Counter
from hashlib import sha256

import pytest

from benchmarks.ioc1 import events
from benchmarks.ioc1.contest import whole
from benchmarks.ioc1.entrants import beginnings
from benchmarks.ioc1.events import Shares, Stored
from benchmarks.ioc1.kills import Killed, differences
from benchmarks.ioc1.log import feed
from benchmarks.ioc1.recount import Recount
from benchmarks.ioc1.render import section
from benchmarks.ioc1.rounds import Found
from benchmarks.result import Run
from benchmarks.ysb.contest import Bed
from benchmarks.ysb.entrants import Entrant
from benchmarks.ysb.rounds import Contest

NUMBER = 40_000
CLEAN = Shares(repeated=0, disordered=0, late=0, no_json=0, unknown=0)


def recounted(records: list[Stored], partition: int = 0) -> Counter[str]:
    recount = Recount()
    for record in records:
        recount.take(partition, record)
    return recount.counts


def test_the_same_seed_gives_the_same_log_and_another_seed_another() -> None:
    once, again, other = (sha256(b"".join(each.value for each in events.records(500, seed=seed))).digest()
                          for seed in (9, 9, 10))

    assert once == again != other


def test_a_clean_log_has_valid_events_only_and_each_once() -> None:
    found = [json.loads(record.value) for record in events.records(1000, CLEAN)]

    assert len({event["id"] for event in found}) == 1000
    assert {event["type"] for event in found} == set(feed().types)
    assert all(record.key.decode() == event["data"]["service_id"]
               for record, event in zip(events.records(1000, CLEAN), found, strict=True))
    counts = recounted(list(events.records(1000, CLEAN)))
    assert counts.total() == sum(event["data"]["event_type"] == "view" for event in found)


@pytest.mark.parametrize(("fate", "shares", "about"), [
    ("rejected", Shares(no_json=0.02, unknown=0.03), 0.05), ("duplicate", Shares(repeated=0.1), 0.024),
    ("late", Shares(late=0.02), 0.02),
])  # fmt: skip
def test_what_is_wrong_with_the_log_meets_its_fate(fate: str, shares: Shares, about: float) -> None:
    """Of repeats most lie beyond the end of a log of 20 s; the others are told by their share."""
    assert recounted(list(events.records(NUMBER, shares)))[fate] / NUMBER == pytest.approx(about, rel=0.2)


def test_services_are_asked_for_by_zipf() -> None:
    asked = Counter(record.key for record in events.records(NUMBER, CLEAN))
    first, second = (asked[name.encode()] for name in list(events.routes())[:2])

    assert first / second == pytest.approx(2**1.1, rel=0.1)


def test_a_log_whose_beginning_would_be_forgotten_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 1,560,000 events"):
        next(events.records(events.MOST + 1))


def test_the_slow_drain_a_fixed_beginning_and_less_of_a_short_log() -> None:
    assert (beginnings(1_400_000), beginnings(60_000)) == ({6_000, 20_000}, {1_500, 5_000})


def test_late_is_what_the_window_of_a_quarter_does_not_hold_and_is_asked_by_partition() -> None:
    [one] = events.records(1, CLEAN)
    event = json.loads(one.value)

    def at(name: str, millis: int) -> Stored:
        body = {**event, "id": name, "time": events.text_of(events.BEGINNING + millis)}
        body["data"] |= {"event_type": "view"}
        return Stored(one.key, json.dumps(body).encode())

    held, late = at("b", 20_000), at("c", 19_999)
    assert recounted([at("a", 910_000), held])["late"] == 0
    assert recounted([at("a", 910_000), late])["late"] == 1
    assert recounted([at("a", 910_000), late, late])["duplicate"] == 1
    elsewhere = Recount()
    elsewhere.take(0, at("a", 910_000))
    elsewhere.take(1, late)
    assert elsewhere.counts["late"] == 0


def test_a_fate_counted_by_windows_is_put_together() -> None:
    assert whole({"a:1": 2, "late:7": 1, "late:8": 2, "duplicate": 3}) == {"a:1": 2, "late": 3, "duplicate": 3}


@pytest.mark.parametrize(("found", "said"), [
    ({"a:1": 2, "late": 1}, ""),
    ({"a:1": 5, "b:1": 1, "late": 1}, "2 windows of 2 wrong, +4 events in all"),
    ({"a:1": 1, "late": 1}, "1 windows of 2 wrong, -1 events in all"),
    ({"a:1": 2}, "late 0 instead of 1"),
    ({"a:1": 2, "late": 1, "duplicate": 1}, "duplicate 1 instead of 0"),
])  # fmt: skip
def test_what_is_wrong_after_a_kill_is_said(found: dict[str, int], said: str) -> None:
    assert differences(found, {"a:1": 2, "late": 1}) == said


OURS = Run(events=100, cpu_us=9.0, rate=50.0, peak_mb=90.0, guarantee="exactly once", is_exact=True)


def never(bed: Bed, number: int) -> Run:
    raise AssertionError


def killed(bed: Bed, seed: int) -> Killed:
    raise AssertionError


def test_the_page_tells_of_kills_who_was_right_who_was_wrong_and_who_was_not_killed() -> None:
    drains = Contest(100, 470.0, (Entrant("ours", "`ioc worker`", 100, never),),
                     {"ours": [OURS]})
    names = ("right", "wrong", "spared", "failed")
    victims = (*(Entrant(name, name, 100, killed) for name in names), Entrant("absent", "absent", 100, None, "no JDK"))
    runs = {
        "right": [Killed((0.2, 0.5), ""), Killed((0.3,), "")],
        "wrong": [Killed((0.2,), ""), Killed((0.4,), "late 0 instead of 1")],
        "spared": [Killed((0.2,), ""), Killed((), "")],
    }
    found = Found(drains, {"rejected": 3, "duplicate": 2, "late": 1},
                  Contest(100, 470.0, victims, runs, {"failed": "said\nnothing"}))

    text = section(found, {"Python": "3.11"})

    assert "| `ioc worker` | 100 | 9.00 (9.00–9.00) | 1.0 × | 50 (50–50) | 90 | exactly once | yes |" in text
    assert "| right | 2 × 100 | 3 of 4 | 20%, 50%, 30% | exact |" in text
    assert "| wrong | 2 × 100 | 2 of 4 | 20%, 40% | **no**, in 1 of 2 runs: late 0 instead of 1 |" in text
    assert "| spared | 2 × 100 | 1 of 4 | 20% | not shown: 1 of 2 runs ended before the kill |" in text
    assert "| failed | – | – | – | **no**: said nothing |" in text
    assert "| absent | – | – | – | no JDK |" in text
    assert "3 rejected, 2 repeated, 1 late" in text
