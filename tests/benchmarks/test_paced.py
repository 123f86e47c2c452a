"""The paced contest: the plan is an open loop, counts are set against it rightly, and the page tells what is lost."""

from bisect import bisect_right
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from math import inf
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks.paced.contest import Paced, Sizes
from benchmarks.paced.curves import curves
from benchmarks.paced.kills import Killed, differences
from benchmarks.paced.ladder import Climbed
from benchmarks.paced.plan import Step, write
from benchmarks.paced.producer import due
from benchmarks.paced.render import section
from benchmarks.paced.timeline import Timeline, percentile, waits
from benchmarks.ysb import events
from benchmarks.ysb.log import PARTITIONS


def timeline(*shown: tuple[float, int]) -> Timeline:
    found = Timeline()
    for moment, total in shown:
        found.add(moment, total)
    return found


def test_each_event_is_due_at_its_planned_moment_and_in_its_partition() -> None:
    a_second, number = 100, 40
    for place in range(number):
        lane, index = place % PARTITIONS, place // PARTITIONS
        at = place / a_second
        assert due(lane, at + 1e-6, a_second) == index + 1
        assert due(lane, at - 1e-6, a_second) == index


def test_nothing_is_due_before_the_beginning() -> None:
    assert [due(place, -0.5, 100) for place in range(PARTITIONS)] == [0] * PARTITIONS


def test_steps_go_on_where_the_one_before_ended(tmp_path: Path) -> None:
    first, second = write(tmp_path, [Step(402, 2), Step(1000, 1)])
    lines = [load.file.read_bytes().splitlines() for load in (first, second)]
    truth = Counter[str]()
    for value in [*lines[0], *lines[1]]:
        events.recount(value, truth)

    assert [len(each) for each in lines] == [804, 1000]
    assert second.truth == truth
    assert (first.before, second.before) == (0, len(first.places))
    assert second.total == truth.total() == first.total + len(second.places)
    assert all(b'"view"' in lines[1][place] for place in second.places)
    times = [int(value.split(b'"')[23]) - events.BEGINNING for value in lines[1]]
    assert 1900 < sorted(times)[len(times) // 2] - 500 < 2100
    assert second.due(50.0)[0] == 50.0 + second.places[0] / 1000


def test_what_was_acknowledged_is_counted_by_partition(tmp_path: Path) -> None:
    [load] = write(tmp_path, [Step(400, 1)])
    views = [b'"view"' in value for value in load.file.read_bytes().splitlines()]

    assert load.acknowledged([100] * PARTITIONS) == load.total
    assert load.acknowledged([0] * PARTITIONS) == 0
    assert load.acknowledged([3, 0, 0, 1]) == views[0] + views[4] + views[8] + views[3]


def test_the_kth_view_waits_until_k_are_visible() -> None:
    shown = timeline((1.0, 2), (2.0, 1), (3.0, 5))

    assert list(waits([0.0, 0.5, 0.9], 0, shown)) == [1.0, 0.5, 2.1]
    assert list(waits([2.5, 2.75], 3, shown)) == [0.5, 0.25]
    assert list(waits([2.5, 2.75], 4, shown)) == [0.5, inf]


def test_an_engine_that_stops_for_a_second_is_not_excused() -> None:
    planned = [place / 10 for place in range(20)]
    steady = timeline(*((moment, number) for number, moment in enumerate(planned, 1)))
    stopped = timeline(*((1.0 if moment < 1 else moment, bisect_right(planned, max(moment, 0.95)))
                         for moment in planned))  # fmt: skip

    assert set(waits(planned, 0, steady)) == {0.0}
    assert max(waits(planned, 0, stopped)) == 1.0
    assert sum(waits(planned, 0, stopped)) == pytest.approx(sum(1 - place / 10 for place in range(10)))


def test_who_looks_once_a_second_sees_the_newest_at_that_moment() -> None:
    shown = timeline((0.2, 1), (0.9, 3), (2.5, 4)).scraped(1.0)

    assert (shown.moments, shown.totals) == ([1.0, 3.0], [3, 4])


def test_the_first_moment_after_a_kill_counts() -> None:
    shown = timeline((1.0, 10), (2.0, 3), (5.0, 12))

    assert shown.reached(10, 0.5) == 1.0
    assert shown.reached(10, 1.0) == 5.0
    assert shown.reached(13, 0.0) is None


def test_more_than_was_sent_is_an_excess() -> None:
    planned = [1.0, 2.0, 3.0]

    assert timeline((1.0, 1), (2.5, 2), (3.1, 3)).excess(planned) == 0
    assert timeline((1.0, 1), (2.5, 3), (3.1, 3)).excess(planned) == 1
    assert Timeline().excess(planned) == 0


@pytest.mark.parametrize(("share", "value"), [(0.0, 1.0), (0.5, 2.0), (0.51, 3.0), (0.99, 4.0), (1.0, 4.0)])
def test_percentiles_are_values_by_nearest_rank(share: float, value: float) -> None:
    assert percentile([1.0, 2.0, 3.0, 4.0], share) == value


def test_losses_and_doubles_do_not_cancel_out() -> None:
    assert differences({"a:1": 2, "b:1": 4}, {"a:1": 3, "b:1": 3}) == (1, 1)
    assert differences({"a:1": 1}, {"a:1": 1, "c:1": 2}) == (2, 0)
    assert differences({"a:1": 1, "c:1": 2}, {"a:1": 1}) == (0, 2)


GOOD = Climbed(1000, 0.61, 1.2, 1.1, 1.9, 20.4, 0.02, 0.012, True, True)
FOUND = Paced(
    Sizes((Step(500, 2), Step(1000, 5), Step(20_000, 5)), Step(2000, 30), 2),
    {"ours": "`ioc worker`", "fast": "A <faster> one", "none": "An absent one"},
    {"ours": [GOOD, replace(GOOD, a_second=20_000, kept_up=False, p50=inf)],
     "fast": [replace(GOOD, p50=0.1), replace(GOOD, a_second=20_000, is_exact=False)]},
    {"ours": Killed((4.25, 6.0), 0, 0, 0, 3), "fast": Killed((1.0, 1.2), 0, 7, 9, 3)},
    {"none": "not installed:\nno JDK"},
    [1.2, 7.6],
)  # fmt: skip


def test_the_tables_tell_losses_wrong_results_and_absences() -> None:
    text = section(FOUND, {"processor": "slow"})
    rows = [line for line in text.splitlines() if line.startswith("| ") and "---" not in line]

    assert rows[1:7] == [
        "| 1,000 | `ioc worker` | 0.61 s | 1.20 s | 1.10 s | 1.90 s | 20.4 | 0.02 | 12 ms | yes | yes |",
        "| 1,000 | A <faster> one | 0.10 s | 1.20 s | 1.10 s | 1.90 s | 20.4 | 0.02 | 12 ms | yes | yes |",
        "| 1,000 | An absent one | – | – | – | – | – | – | – | – | failed: not installed: no JDK |",
        "| 20,000 | `ioc worker` | – | – | – | – | 20.4 | 0.02 | 12 ms | **no** | yes |",
        "| 20,000 | A <faster> one | – | – | – | – | – | 0.02 | 12 ms | yes | **no** |",
        "| 20,000 | An absent one | – | – | – | – | – | – | – | – | failed: not installed: no JDK |",
    ]
    assert rows[8:] == [
        "| `ioc worker` | 4.2, 6.0 | 5.1 s | 3 | 0 | 0 | 0 | yes |",
        "| A <faster> one | 1.0, 1.2 | 1.1 s | 3 | 0 | 7 | 9 | **no** |",
        "| An absent one | – | – | – | – | – | – | failed: not installed: no JDK |",
    ]
    assert "Load average while measuring: 1 to 8." in text


def test_a_shortened_run_says_so() -> None:
    assert "**A shortened run**; a whole one has steps of 1,000, 5,000," in section(FOUND, {})
    assert "shortened" not in section(replace(FOUND, sizes=Sizes()), {})


def test_the_curves_hold_good_steps_only_the_slower_higher() -> None:
    name = "{http://www.w3.org/2000/svg}"
    whole = ET.fromstring(curves(FOUND))  # it is ours
    lines = [line.attrib["points"].split() for line in whole.iter(f"{name}polyline")]
    ours50, ours99, fast50, _, absent50, _ = lines

    assert [len(points) for points in lines] == [1, 1, 1, 1, 0, 0]
    assert absent50 == []
    down = [float(points[0].split(",")[1]) for points in (ours99, ours50, fast50)]
    assert all(higher < lower for higher, lower in pairwise(down))
    assert "A <faster> one" in [text.text for text in whole.iter(f"{name}text")]
