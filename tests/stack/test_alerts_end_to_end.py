"""An alert from the river to the receiver's file, through everything that can die on its way; no containers.

reading 84,10 m   station silent   worker killed   Prometheus killed       both back        reading 81,50 m
PHÁT SINH         (goes on)        WorkerAbsent    CHƯA XÁC NHẬN HẾT       VẪN TIẾP DIỄN    ĐÃ HẾT
"""

import shutil
import time
from collections.abc import Iterator

import pytest

from tests.stack.alerting import Chain, Waiting
from tools import alertmanager
from tools.stack.readiness import answers

pytestmark = [pytest.mark.stack, pytest.mark.kafka, pytest.mark.timeout(240),
              pytest.mark.skipif(not shutil.which("prometheus") or not alertmanager.program(),
                                 reason="Prometheus and Alertmanager come with make prepare")]

FLOOD, LEVEL = ("RiverAboveBD3:", "Trạm thủy văn Lào Cai"), "84,10 m"
KNOWN_SECONDS = 2400.0  # four intervals of ten minutes


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory, waiting: Waiting) -> Iterator[Chain]:
    made = Chain(tmp_path_factory.mktemp("chain"))
    made.start("worker")
    waiting(lambda: answers(f"http://127.0.0.1:{made.metrics}/readyz"), "a worker that is ready", 60)
    made.start("notify", "alertmanager", "prometheus")
    yield made
    made.close()


@pytest.fixture(scope="module")
def flood(chain: Chain, waiting: Waiting) -> float:
    """A flood level that becomes unknown soon; how long it took to the receiver."""
    waiting(lambda: chain.query('up{job="ioc-worker"} == 1'), "a worker that is scraped", 60)
    chain.publish("LC-L-0002", 50.0)  # brings the present of the partition to now
    chain.publish("LC-L-0001", 84.1, before=KNOWN_SECONDS - 25)
    began = time.monotonic()
    told(chain, waiting, *FLOOD, "PHÁT SINH", LEVEL, seconds=40)
    return time.monotonic() - began


def told(chain: Chain, waiting: Waiting, *words: str, seconds: float = 60) -> str:
    """The first line with these words, waited for."""
    try:
        return str(waiting(lambda: chain.lines(*words), f"a line with {words}", seconds)[0])
    except AssertionError as error:
        raise AssertionError(f"{error}\n{chain.said()}") from None


def test_a_flood_level_reaches_the_receiver_in_vietnamese_within_seconds(chain: Chain, flood: float) -> None:
    assert flood < 20
    (line,) = chain.lines(*FLOOD, "PHÁT SINH")
    assert "| oncall | P1 KHẨN CẤP |" in line
    assert "83,50 m" in line
    assert "+07:00" in line
    assert "docs/runbooks/RiverAboveBD3.md" in line


def test_a_station_that_falls_silent_keeps_it_firing(chain: Chain, flood: float, waiting: Waiting) -> None:
    silent = 'ioc:hydromet_level_known{station="LC-L-0001",provenance="real"} == 0'
    waiting(lambda: chain.query(silent), "the station unknown", 60)
    told(chain, waiting, "RiverAboveBD3Silent:", "MẤT DỮ LIỆU", seconds=40)
    assert chain.query('ALERTS{alertname="RiverAboveBD3",alertstate="firing",provenance="real"}')
    assert chain.lines(*FLOOD, "ĐÃ HẾT") == []


def test_a_killed_worker_keeps_it_firing_and_pages(chain: Chain, flood: float, waiting: Waiting) -> None:
    # with `for` as short as here it may have called before the first scrape, and is over since
    before = chain.lines("WorkerAbsent:", "PHÁT SINH")
    chain.kill("worker")
    waiting(lambda: len(chain.lines("WorkerAbsent:", "PHÁT SINH", "P1 KHẨN CẤP")) > len(before), "a page", 60)
    assert chain.query('ALERTS{alertname="RiverAboveBD3",alertstate="firing",provenance="real"}')
    assert chain.lines(*FLOOD, "ĐÃ HẾT") == []


def test_a_killed_prometheus_brings_no_resolved(chain: Chain, flood: float, waiting: Waiting) -> None:
    chain.kill("prometheus")
    told(chain, waiting, "MẤT GIÁM SÁT CẢNH BÁO")
    # Alertmanager did send "resolved": it is kept back, and said so
    told(chain, waiting, *FLOOD, "CHƯA XÁC NHẬN HẾT")
    assert chain.lines(*FLOOD, "ĐÃ HẾT") == []


def test_a_living_low_reading_resolves_it(chain: Chain, flood: float, waiting: Waiting) -> None:
    before = chain.lines("WorkerAbsent:", "ĐÃ HẾT")
    chain.start("prometheus", "worker")
    told(chain, waiting, "CÓ LẠI GIÁM SÁT CẢNH BÁO")
    told(chain, waiting, *FLOOD, "VẪN TIẾP DIỄN")
    assert chain.lines(*FLOOD, "ĐÃ HẾT") == []
    chain.publish("LC-L-0001", 81.5)
    told(chain, waiting, *FLOOD, "ĐÃ HẾT")
    # fired again by the new Prometheus it ends as usual; else after a while in which it did not come back
    waiting(lambda: len(chain.lines("WorkerAbsent:", "ĐÃ HẾT")) > len(before), "the page of the worker over", 60)
