"""The section of scale says what was measured, and what did not come to its end."""

from contextlib import nullcontext
from pathlib import Path

import pytest

from benchmarks import scale
from benchmarks.scale import Found, Scaled, Shape, shapes
from benchmarks.scale_render import section

FOUND: Found = {
    "cases": [Scaled(Shape(1000, 6, 1), 0.1, 100_000, 2e6, 200, 10.0),
              Scaled(Shape(101_000, 6, 1), 0.2, 400_000, 9e6, 400, 12.0),
              (Shape(10**6, 6, 1), "not within 300 s, or the worker ended (1)")],
    "partitions": [Scaled(Shape(1000, 1, 1), 0.1, 100_000, 2e6, 200, 10.0)],
    "workers": [Scaled(Shape(1000, 4, 1), 0.1, 100_000, 2e6, 200, 10.0),
                Scaled(Shape(1000, 4, 3), 0.3, 100_000, 2e6, 500, 10.0)],
}


def test_the_sentences_follow_from_the_figures() -> None:
    text = section(FOUND, {"processor": "some, 2 logical"}, "1 to 2")
    assert "101 times the cases: CPU 2.0 times, bytes written 4.0 times" in text
    assert "2000 bytes and 20 µs a case more" in text
    assert "150 MB each" in text
    assert "Load average while measuring: 1 to 2" in text


def test_a_shape_that_did_not_come_to_its_end_has_a_reason_and_no_figure() -> None:
    text = section(FOUND, {}, "")
    assert "| 1,000,000 | 6 | 1 | – | – | – | – | **not within 300 s, or the worker ended (1)** |" in text


def test_one_row_alone_says_nothing_of_growth() -> None:
    assert "from 1 to" not in section(FOUND, {}, "")


def test_a_shape_that_stands_in_several_tables_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = list[Shape]()

    def one(_: object, shape: Shape, *__: object) -> tuple[Shape, str]:
        measured.append(shape)
        return shape, "not measured"

    monkeypatch.setattr(scale, "_one", one)
    found = scale.measured(lambda name: nullcontext((name, Path())), print, is_quick=False)
    assert len(set(measured)) == len(measured) == 8
    assert [shape for rows in found.values() for shape, _ in rows] == [  # type: ignore[misc]  # all are such pairs
        shape for each in shapes(is_quick=False).values() for shape in each]


def test_each_table_varies_one_thing() -> None:
    for is_quick in (True, False):
        for name, each in shapes(is_quick=is_quick).items():
            fixed = [(shape.cases, shape.partitions, shape.workers) for shape in each]
            place = ("cases", "partitions", "workers").index(name)
            assert len({row[:place] + row[place + 1:] for row in fixed}) == 1
