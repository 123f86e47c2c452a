"""The page of the benchmarks: ratios, verdicts, and no speed for a wrong result."""

from dataclasses import replace

import pytest

from benchmarks import report
from benchmarks.drain import Drained, Stored
from benchmarks.latency import Latency
from benchmarks.recovery import Recovered, Recovery
from benchmarks.render import Measured, page, ratios, spread, targets
from benchmarks.result import Run
from benchmarks.running import BenchError, Page
from benchmarks.sections import replaced

OURS = [Run(100, 10.0, 50_000, True, 200.0), Run(100, 20.0, 40_000, True, 210.0), Run(100, 10.0, 60_000, True, 190.0)]
THEIRS = [Run(10, 400.0, 1000, True), Run(10, 400.0, 2000, True), Run(10, 500.0, 1500, True)]
STORED = Stored(100, {"dossier": 75, "hydromet": 25}, 431.4)
DRAINED = Drained(STORED, {"ours": OURS, "loop": THEIRS, "packed": THEIRS, "tables": THEIRS})
LATENCY = Latency(160, 500, 0.61, 1.4, 1.5, 20.0)
STARTS = (Recovery(6.0, 3.0, 1.0, 350.0), Recovery(7.0, 7.5, 2.0, 360.0))
RECOVERED = Recovered(100_000, True, (800_000, 810_000), STARTS)
MEASURED = Measured({"processor": "a slow one"}, DRAINED, LATENCY, RECOVERED)


def test_ratios_are_those_of_each_round() -> None:
    assert ratios(DRAINED, "tables") == [40.0, 20.0, 50.0]
    assert spread(ratios(DRAINED, "tables"), "{:.1f}") == "40.0 (20.0–50.0)"


def test_each_target_has_its_verdict() -> None:
    assert [row[3] for row in targets(MEASURED)] == ["reached", "reached", "reached", "**not reached**"]


def test_a_wrong_result_has_no_speed_and_reaches_no_target() -> None:
    wrong = replace(DRAINED, runs={**DRAINED.runs, "tables": [replace(THEIRS[0], is_exact=False), *THEIRS[1:]]})
    assert ratios(wrong, "tables") == []
    text = page(replace(MEASURED, drained=wrong))
    assert "| stock Faust, one table a KPI | 10 | – | – | **no** |" in text
    assert "no speed: a result is wrong | **not reached** |" in text


def test_a_wrong_recovery_reaches_no_target() -> None:
    fast = replace(RECOVERED, is_exact=False, starts=(Recovery(1.0, 0.5, 0.5, 300.0),))
    (row,) = targets(Measured({}, recovered=fast))
    assert row[2:] == ("wrong", "**not reached**")


def test_the_page_tells_targets_then_ratios_then_figures_then_where() -> None:
    text = page(MEASURED)
    heads = [line for line in text.splitlines() if line.startswith("#")]
    assert heads == ["## The four feeds of the province", "### Targets", "### Draining a stored log: ratios",
                     "### Draining a stored log: figures", "### Latency", "### Recovery: 100,000 open dossiers",
                     "### What is compared", "### Where"]
    assert "dossier 75%, hydromet 25%" in text


def test_a_page_of_one_part_tells_only_that_part() -> None:
    text = page(Measured({}, latency=LATENCY))
    assert "1.40 s" in text
    assert "Recovery" not in text
    assert "Draining" not in text


def test_samples_of_a_worker_are_read_by_name_and_label() -> None:
    shown = Page('# HELP a b\na{x="1",y="two"} 3\na{x="2",y="a\\"b"} 4\nab{x="1"} 100\na 0.5\n')
    assert shown.samples("a") == [({"x": "1", "y": "two"}, 3.0), ({"x": "2", "y": 'a\\"b'}, 4.0), ({}, 0.5)]
    assert shown.total("a") == 7.5
    assert shown.total("a", x="2") == 4
    assert shown.largest("nothing") == 0


def test_a_part_that_cannot_be_measured_is_told_and_the_others_are_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    went: list[str] = []

    def fails(*, is_quick: bool) -> None:
        raise BenchError(f"no broker, quick {is_quick}")

    monkeypatch.setattr(report, "RUNS", {"ysb": fails, "uc2": lambda *, is_quick: went.append(f"uc2 {is_quick}")})
    assert report.main(["ysb", "uc2"]) == 1
    assert went == ["uc2 False"]
    assert "ysb: no broker, quick False" in capsys.readouterr().err


def test_that_a_page_is_of_one_run_ends_with_the_next_part_measured_alone() -> None:
    whole = replaced(replaced("", "ysb", "of ysb"), "run", "all at once")
    assert whole.index("all at once") < whole.index("of ysb")
    assert "all at once" not in replaced(whole, "uc2", "of uc2")
    assert "of ysb" in replaced(whole, "uc2", "of uc2")
