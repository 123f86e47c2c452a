"""The proof itself must be able to fail: each of its judges is shown something wrong."""

import itertools
import json
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from schemas.catalogue import load_feeds
from schemas.decode import Decoder
from schemas.errors import Rejection
from streams.publisher import read_reference
from streams.recount import command
from streams.recount.judge import compare, shown_partitions
from streams.recount.pages import Page, parse_page
from tests.recount.toys import CALLS, event, log, new_replay, page_of
from tools.faults import bed as bed_module
from tools.faults import data, report, spoil
from tools.faults import stage as stage_module
from tools.faults.__main__ import main, parse
from tools.faults.bed import Bed
from tools.faults.judge import Judgement, lint, take_recount
from tools.faults.load import Ledger, Load, differences, mark
from tools.faults.matrix import SCENARIOS
from tools.faults.report import Outcome
from tools.faults.stage import Stage
from tools.faults.story import LANES, Shot, story
from tools.faults.waiting import NotSeen, until
from tools.faults.watch import Watch
from tools.faults.worker import Worker
from tools.jars import ROOT

FEEDS = {feed.name: feed for feed in load_feeds()}
REFERENCE = read_reference(ROOT / "reference")
NINE = 29_500_000  # minutes since the epoch, in 2026


def outcome(judgement: Judgement) -> Outcome:
    return Outcome(SCENARIOS[0], 7, judgement, ["kill"], [], 1.0)


def recounted(shown: int) -> tuple[int, str]:
    """The recount's answer about 20 events and a page that contains the first of them."""
    first = 1_772_600_400_000
    records = log(CALLS, *((first + number * 1000, event(CALLS, first + number * 1000, {"line": "1"}))
                           for number in range(20)))
    text = page_of(new_replay(CALLS).read(records[:shown]), 20)
    page = Page("worker", tuple(parse_page(text)), first + 60_000)
    replay = new_replay(CALLS).read(records)
    (one,) = shown_partitions(page, [CALLS])
    verdict = command.Verdict(CALLS.name, records=20, partitions=1, differences=compare(one, replay)[0])
    return verdict.code, command.as_json([verdict], [], verdict.code)


def judged(answer: tuple[int, str]) -> Judgement:
    found = Judgement()
    take_recount(answer, found)
    return found


def test_a_page_that_lacks_one_event_is_wrong() -> None:
    right, wrong = outcome(judged(recounted(20))), outcome(judged(recounted(19)))
    assert report.line(right).startswith("ĐÚNG / EXACT")
    assert report.line(wrong).startswith("SAI / WRONG")
    assert any("the recount has 20" in text for text in report.complaints(wrong)), report.complaints(wrong)
    assert "SAI / WRONG" in report.page([wrong], 17)


def test_what_is_not_judged_or_broken_is_wrong() -> None:
    not_judged = command.as_json([command.Verdict("calls")], [], command.NOT_JUDGED)
    assert not judged((command.NOT_JUDGED, not_judged)).exact
    assert not judged((1, "Traceback")).exact
    assert not judged((0, command.as_json([], ["127.0.0.1:1"], 0))).exact


def test_the_ledger_tells_what_was_lost_and_what_came_twice() -> None:
    one, two, three = (mark("t", b"k", b"%d" % number) for number in range(3))
    book = Ledger(Counter([one, two]), Counter([three]))
    assert differences(book, Counter([one, two])) == []
    assert differences(book, Counter([one, two, three])) == []
    assert differences(book, Counter([one])) == ["1 acknowledged records are not in the topic"]
    assert differences(book, Counter([one, one, two])) == [
        "1 records in the topic were never sent, or stand there twice"]
    assert mark("t", b"k", None) != mark("t", b"k", b"")


def test_a_number_that_steps_back_is_noted(tmp_path: Path) -> None:
    watch = Watch(Bed(tmp_path), lambda: 10)
    key = ("ioc_next_offset", (("partition", "0"), ("topic", "t")))
    for value in (5.0, 7.0):
        watch.compare({key: value})
    watch.compare({})
    assert watch.fallen == []
    watch.compare({key: 6.0})
    assert len(watch.fallen) == 1


def test_a_fault_without_load_proves_nothing(tmp_path: Path) -> None:
    bed = Bed(tmp_path)
    stage = Stage(bed, Load("127.0.0.1:1", iter(()), 1), Watch(bed, lambda: 0), Random(1))
    with pytest.raises(NotSeen, match="the load does not run"):
        stage.fault("nothing", lambda: None)


def test_a_recovery_counts_from_the_start_not_from_what_the_harness_did_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bed = Bed(tmp_path)
    stage = Stage(bed, Load("127.0.0.1:1", iter(()), 1), Watch(bed, lambda: 0), Random(1), faults=["a fault"])
    monkeypatch.setattr(stage_module, "shown", lambda _: {("topic", number): [1] for number in range(stage.partitions)})
    stage.hit = time.monotonic() - 100
    stage.from_now()
    stage.recover(5)
    assert not stage.remarks

    stage.hit = time.monotonic() - 100
    stage.recover(5)
    assert stage.remarks == ["recovery took 100 s, more than 5 s, after a fault"]


@pytest.mark.parametrize(("quick", "number"), [(True, 4000), (False, 100_000)])
def test_names_of_nobody_are_of_every_ugly_form_and_fewer_in_the_quick_run(
    *, quick: bool, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bed, sent = Bed(tmp_path), list[Shot]()
    stage = Stage(bed, Load("127.0.0.1:1", iter(()), 1), Watch(bed, lambda: 0), Random(1), quick)
    monkeypatch.setattr(data, "send", lambda _stage, _name, shots, _rate: sent.extend(shots))
    data.labels(stage)

    text = "".join(json.dumps(json.loads(shot.value or b""), ensure_ascii=False) for shot in sent)
    assert len(sent) == number
    assert [ugly for ugly in data.UGLY if json.dumps(ugly, ensure_ascii=False)[1:-1] not in text] == []
    assert '"agency": "a3999"' in text


def test_a_worker_that_ends_by_itself_again_and_again_is_a_crash_loop(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bed = Bed(tmp_path)

    def join(self: Bed) -> Worker:
        process = subprocess.Popen([sys.executable, "-c", "print('no')"], stdout=subprocess.DEVNULL)
        process.wait()
        (tmp_path / "log").write_text("no\n")
        self.workers.append(Worker("worker", 1, tmp_path / "log", process))
        return self.workers[-1]

    monkeypatch.setattr(Bed, "join", join)
    monkeypatch.setattr(bed_module, "PAUSES", (0.0,))
    bed.join()
    with pytest.raises(NotSeen, match="a crash loop: worker ended by itself with code 0: no"):
        bed.until(lambda: False, 60, "nothing")


def test_waiting_has_an_end_and_says_for_what() -> None:
    with pytest.raises(NotSeen, match="not within 0 s: rain"):
        until(lambda: False, 0.01, lambda: "rain")


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool comes with Prometheus; make prepare installs it")
def test_promtool_is_heard_except_about_rain() -> None:
    assert lint("# HELP ioc_a_seconds A.\n# TYPE ioc_a_seconds gauge\nioc_a_seconds 1\n") == []
    rain = "ioc_rain_millimeters"
    assert lint(f"# HELP {rain} A.\n# TYPE {rain} gauge\n{rain} 1\n") == []
    assert lint("# TYPE ioc_b_total gauge\nioc_b_total 1\n") != []
    assert lint("") != []


def told(seed: int, number: int) -> list[Shot]:
    return list(itertools.islice(story(seed, NINE, FEEDS, REFERENCE), number))


def test_the_same_seed_tells_the_same_story() -> None:
    assert told(5, 3000) == told(5, 3000)
    assert told(5, 3000) != told(6, 3000)


def test_the_story_has_every_feed_every_lane_and_every_fault() -> None:
    shots = told(5, 20_000)
    assert {shot.topic for shot in shots} == {feed.topic for feed in FEEDS.values()}
    for lane in LANES[1:]:
        assert sum(f'"provenance":"{lane}"'.encode() in (shot.value or b"") for shot in shots) > 4000
    assert sum(b"provenance" not in (shot.value or b"provenance") for shot in shots) > 4000
    reasons = Counter(reasons_of(shots))
    assert {"not_json", "not_cloudevent", "unknown_type", "unknown_schema", "schema_violation", "not_finite",
            "too_large", "unknown_source", "unknown_commune", "unknown_entity"} <= reasons.keys()
    assert 0.08 < reasons.total() / len(shots) < 0.12


def reasons_of(shots: list[Shot]) -> Iterator[str]:
    decoders = {feed.topic: Decoder(feed, REFERENCE) for feed in FEEDS.values()}
    for shot in shots:
        decoded = decoders[shot.topic].decode(shot.value)
        if isinstance(decoded, Rejection):
            yield decoded.reason.value


@pytest.mark.parametrize("kind", spoil.KINDS)
def test_every_kind_of_bad_record_is_bad(kind: spoil.Kind) -> None:
    feed = FEEDS["exchange"]
    good = {**feed.example, "data": {**feed.example["data"], "calls": 3}}
    decoded = Decoder(feed, REFERENCE).decode(kind(good))
    assert isinstance(decoded, Rejection) or kind in {spoil.wrong_key, spoil.future}


def test_an_unknown_scenario_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--only", "earthquake"])
    assert "T02" in capsys.readouterr().err
    assert parse(["--only", "T04", "X7", "--seed", "4"]).seed == 4


def test_the_page_has_a_row_for_each_scenario() -> None:
    outcomes = [outcome(Judgement(fates=Counter(accepted=1234)))._replace(scenario=one) for one in SCENARIOS]
    text = report.page(outcomes, len(spoil.KINDS))
    assert all(f"| {one.name} | ĐÚNG / EXACT | 7 |" in text and one.en in text for one in SCENARIOS)
    assert "1,234" in report.table(outcomes)


def test_what_cannot_run_says_why_and_is_no_success() -> None:
    hindered = outcome(Judgement())._replace(hindered="no freezer here")
    assert hindered.word == report.NOT_RUN
    assert report.line(hindered).startswith("KHÔNG CHẠY / NOT RUN")
    assert "no freezer here" in report.line(hindered)
    assert "ĐÚNG / EXACT |" not in report.page([hindered], 17)
    assert "- T01: no freezer here." in report.page([hindered], 17)


def test_the_names_of_the_scenarios_are_different_and_some_are_quick() -> None:
    assert len({one.name for one in SCENARIOS}) == len(SCENARIOS)
    assert any(one.quick for one in SCENARIOS)
