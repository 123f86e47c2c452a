"""The page: one head per family over all partitions, escaped labels, nothing that is no number."""

import math

import pytest
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.parser import text_string_to_metric_families

from streams.engine.fold import fold
from streams.engine.readings import COMMON, Family, Reading, families
from streams.engine.state import State
from streams.worker.board import Board, Shown, shown
from streams.worker.exposition import Page, number
from tests.worker import probe

FAMILIES = (Family("ioc_probe_depth_meters", "gauge", "Độ sâu \\ depth\nof water."),
            Family("ioc_probe_size_seconds", "histogram", "Sizes."))


def page_of(*partitions: tuple[Reading, ...]) -> Page:
    board = Board()
    board.show({("t", number): Shown(readings, State("t", number)) for number, readings in enumerate(partitions)})
    registry = CollectorRegistry()
    dropped = Counter("ioc_samples_dropped", "Dropped.", ["reason"], registry=registry)
    return Page(board, FAMILIES, registry, dropped, lambda _: ())


def depth(value: float, **labels: str) -> Reading:
    return Reading("ioc_probe_depth_meters", tuple(labels.items()), value)


def test_the_whole_page_is_as_written_here() -> None:
    first = (depth(2, partition="0"), Reading("ioc_probe_size_seconds_bucket", (("le", "1.0"),), 3),
             Reading("ioc_probe_size_seconds_bucket", (("le", "+Inf"),), 4),
             Reading("ioc_probe_size_seconds_sum", (), 5.5), Reading("ioc_probe_size_seconds_count", (), 4))
    page = page_of(first, (depth(0.1, partition="1"),))
    assert page.render().decode() == """\
# HELP ioc_probe_depth_meters Độ sâu \\\\ depth\\nof water.
# TYPE ioc_probe_depth_meters gauge
ioc_probe_depth_meters{partition="0"} 2
ioc_probe_depth_meters{partition="1"} 0.1
# HELP ioc_probe_size_seconds Sizes.
# TYPE ioc_probe_size_seconds histogram
ioc_probe_size_seconds_bucket{le="1.0"} 3
ioc_probe_size_seconds_bucket{le="+Inf"} 4
ioc_probe_size_seconds_sum 5.5
ioc_probe_size_seconds_count 4
# HELP ioc_samples_dropped_total Dropped.
# TYPE ioc_samples_dropped_total counter
"""


def test_label_values_come_back_as_they_were() -> None:
    value = 'Sở "A"\\n\nHà Nội'
    found = list(text_string_to_metric_families(page_of((depth(1, station=value),)).render().decode()))
    assert found[0].samples[0].labels == {"station": value}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_left_out_and_counted(value: float) -> None:
    page = page_of((depth(value, a="1"), depth(1, a="2")))
    text = page.render().decode()
    assert "ioc_probe_depth_meters{" in text
    assert 'a="1"' not in text
    assert 'ioc_samples_dropped_total{reason="not_finite"} 1.0' in text


def test_a_sample_that_nobody_declared_is_left_out_and_counted() -> None:
    text = page_of((Reading("ioc_stranger", (), 1),)).render().decode()
    assert "ioc_stranger" not in text
    assert 'reason="undeclared"} 1.0' in text


def test_series_that_are_shown_no_more_are_not_remembered() -> None:
    page = page_of((depth(1, a="1"),))
    page.render()
    page.board.show({("t", 0): Shown((depth(1, a="2"),), State("t", 0))})
    page.render()
    assert [labels for _, labels in page._prefixes] == [(("a", "2"),)]


@pytest.mark.parametrize(("value", "text"), [(3, "3"), (3.0, "3"), (-2.0, "-2"), (0.1, "0.1"), (1e18, "1e+18"),
                                             (1767574802.0, "1767574802"), (1 << 60, "1.152921504606847e+18")])
def test_whole_numbers_have_no_point(value: float, text: str) -> None:
    assert number(value) == text


def test_everything_a_real_state_shows_is_declared_and_no_series_stands_twice() -> None:
    plan = probe.plan()
    state = State("ioc.feedback.v1", 0)
    fold(plan, state, probe.batch(0, [probe.event(1), probe.event(2, thing="b", weight=50), b"junk", None]))
    board = Board()
    board.show({("ioc.feedback.v1", 0): shown(plan, state)})
    registry = CollectorRegistry()
    dropped = Counter("ioc_samples_dropped", "Dropped.", ["reason"], registry=registry)
    text = Page(board, (*COMMON, *families(plan.feed)), registry, dropped, lambda _: ()).render().decode()
    series = [line.rpartition(" ")[0] for line in text.splitlines() if not line.startswith("#")]
    assert len(series) == len(set(series))
    assert 'reason="' not in text.split("ioc_samples_dropped_total", 1)[1]
    assert 'ioc_feed_records{feed="feedback",source="other",fate="rejected",topic="ioc.feedback.v1",' in text
