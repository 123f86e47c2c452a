"""Ours and stock Faust in UC2 come to what the recount says of every window, on a real broker; a wrong one is told."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from benchmarks.result import Run
from benchmarks.theodolite import log
from benchmarks.theodolite.contest import is_same, ours, peer, windows
from benchmarks.theodolite.render import section
from benchmarks.theodolite.rounds import FAUST
from benchmarks.ysb.contest import Bed
from benchmarks.ysb.entrants import Entrant
from benchmarks.ysb.log import make_topics, topic_of
from benchmarks.ysb.rounds import Contest
from tools.broker import Broker
from tools.jars import ROOT

NUMBER, BEGINNING = 15_000, 5_000
WINDOW = {"s_1:7": (2.0, 7.5, 1.0, 4.0, 2.5, 1.5)}


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    folder = tmp_path_factory.mktemp("uc2")
    with Broker(folder / "kafka") as broker:
        make_topics(broker.address, ["uc2.all", "uc2.off"], [topic_of(BEGINNING, NUMBER, log.feed())], log.feed())
        bed = Bed(broker.address, folder, log.store(broker.address, NUMBER, [BEGINNING]))
        log.write_reference(ROOT / "reference", bed.reference)
        yield bed


@pytest.mark.kafka
@pytest.mark.parametrize("reader", ["all", "off"])
def test_the_shipped_worker_is_exact_to_the_window(bed: Bed, reader: str) -> None:
    run = ours(bed, f"uc2.{reader}", {"IOC_FAST_READER": reader})

    assert run.is_exact
    assert run.events == NUMBER
    assert len(windows(bed, f"uc2.{reader}")) == len(bed.stored.truth[NUMBER]) >= 3 * log.SENSORS


@pytest.mark.kafka
def test_stock_faust_is_exact_to_the_window_and_a_wrong_value_is_told(bed: Bed) -> None:
    assert peer(bed, FAUST, number=BEGINNING).is_exact

    truth = bed.stored.truth[BEGINNING]
    name, figures = next(iter(truth.items()))
    planted = replace(bed.stored, truth={BEGINNING: {**truth, name: (*figures[:-1], figures[-1] * 1.001)}})
    assert not peer(replace(bed, stored=planted), FAUST, number=BEGINNING).is_exact


@pytest.mark.parametrize(("found", "verdict"), [
    (WINDOW, True),
    ({"s_1:7": WINDOW["s_1:7"][:5]}, False),
    ({"s_1:7": (2.0, 7.500002, 1.0, 4.0, 2.5, 1.5)}, False),
    ({"s_1:7": (2.0, 7.5, 1.0, 4.0, 2.5, 1.500002)}, False),
    ({"s_1:7": (2.0, 7.5 + 1e-12, 1.0, 4.0, 2.5, 1.5)}, True),
    ({**WINDOW, "s_1:8": WINDOW["s_1:7"]}, False),
    ({}, False),
])  # fmt: skip
def test_windows_are_the_same_if_all_are_there_and_none_more(
    found: dict[str, tuple[float, ...]], verdict: bool
) -> None:
    assert is_same(found, WINDOW) is verdict


OURS = Run(events=100, cpu_us=9.0, rate=50.0, peak_mb=90.0, guarantee="exactly once", is_exact=True)


def never(bed: Bed, number: int) -> Run:
    raise AssertionError


def test_the_page_says_how_ours_comes_to_the_variance() -> None:
    found = Contest(100, 60.0, (Entrant("ours", "`ioc worker`", 100, never),),
                    {"ours": [OURS]})

    text = section(found, {"Python": "3.11"})

    assert "| `ioc worker` | 100 | 9.00 (9.00–9.00) | 1.0 × | 50 (50–50) | 90 | exactly once | yes |" in text
    assert "variance is an aggregate that this feed brings along" in text
