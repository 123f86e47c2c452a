"""The log of Theodolite's UC2 and its recount."""

import json
from itertools import islice
from pathlib import Path

import pytest

from benchmarks.events import Record
from benchmarks.log import partition_of
from benchmarks.theodolite import log
from benchmarks.theodolite.readings import BEGINNING, TOPIC, WINDOW_MS, Recount, readings, recount
from benchmarks.ysb.snapshots import plan_of
from streams.engine.batch import Batch
from streams.engine.fold import fold
from streams.engine.readings import readings as shown
from streams.engine.state import State
from tools.jars import ROOT

PARTITIONS = 4


def of(sensor: str, at: int, watts: object) -> Record:
    value = json.dumps({"identifier": sensor, "timestamp": at, "valueInW": watts})
    return Record(TOPIC, sensor.encode(), value.encode())


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    once, again, other = (list(islice(readings(7, seed=seed, late=0.1, invalid=0.1), 500)) for seed in (5, 5, 6))
    assert once == again != other


def test_each_sensor_sends_once_a_second() -> None:
    found = [json.loads(record.value) for record in islice(readings(7), 70)]
    assert [one["identifier"] for one in found] == [f"s_{number}" for number in range(7)] * 10
    assert [one["timestamp"] for one in found] == [BEGINNING + 1000 * (number // 7) for number in range(70)]


def test_what_theodolite_sends_is_counted_whole() -> None:
    found = recount(islice(readings(10), 1000), PARTITIONS)
    assert (found.late, found.rejected) == (0, 0)
    assert sum(figures[0] for figures in found.windows.values()) == 1000


def test_what_is_sent_late_or_broken_is_late_or_rejected() -> None:
    found = recount(islice(readings(10, late=0.05, invalid=0.05), 4000), PARTITIONS)
    assert found.rejected == pytest.approx(200, abs=60)
    # of the late ones some still find their window open
    assert 50 < found.late < 200
    assert sum(figures[0] for figures in found.windows.values()) == 4000 - found.late - found.rejected


def test_the_figures_of_a_window() -> None:
    window = BEGINNING // WINDOW_MS
    found = recount([of("a", BEGINNING, 1), of("a", BEGINNING + 1, 2.5), of("a", BEGINNING + 2, 4)], PARTITIONS)
    assert found == Recount({f"a:{window}": (3, 7.5, 1, 4, 2.5, 1.5)}, late=0, rejected=0)


def test_ours_shows_all_six_statistics_of_a_window(tmp_path: Path) -> None:
    log.write_reference(ROOT / "reference", tmp_path / "reference")
    plan, state = plan_of(log.feed(), tmp_path / "reference"), State(log.feed().topic, 0)
    records = [of("s_1", BEGINNING + place, watts) for place, watts in enumerate((1, 2.5, 4))]

    fold(plan, state, Batch(state.topic, 0, 0, 3, [0, 1, 2], [BEGINNING + WINDOW_MS] * 3,
                            [record.key for record in records], [record.value for record in records]))

    assert {one.name.removeprefix("ioc_uc2_power_"): one.value
            for one in shown(plan, state) if ("window", "1m") in one.labels} == {
        "count": 3, "sum_watts": 7.5, "min_watts": 1, "max_watts": 4,
        "mean_watts_numerator": 7.5, "mean_watts_denominator": 3, "variance_square_watts": 1.5,
    }  # fmt: skip


def test_lateness_is_a_matter_of_the_partition() -> None:
    home = partition_of(b"a", PARTITIONS)
    other = next(name for name in "bcdefgh" if partition_of(name.encode(), PARTITIONS) != home)
    start = BEGINNING - BEGINNING % WINDOW_MS
    newer = of("a", start + WINDOW_MS, 1)
    assert recount([newer, of("a", start + WINDOW_MS - 1, 2)], PARTITIONS).late == 1
    assert recount([newer, of("a", start + WINDOW_MS, 2)], PARTITIONS).late == 0
    assert recount([newer, of(other, start, 2)], PARTITIONS).late == 0


@pytest.mark.parametrize("value", [b"", b"[]", b"{", b'{"identifier":"a","timestamp":1}', b"\xff", of("b", 1, 1).value,
                                   of("a", -1, 1).value, of("a", 1, "1").value, of("a", 1, True).value,
                                   of("a", 1, float("nan")).value])
def test_what_is_no_reading_is_rejected(value: bytes) -> None:
    assert recount([Record(TOPIC, b"a", value)], PARTITIONS) == Recount({}, late=0, rejected=1)
