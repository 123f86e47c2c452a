"""The values of a row's labels, joined to the one text by which a cell is found."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from schemas.conditions import Row

SEPARATOR = "\x1f"
"""Joins the values of labels; it occurs in no label value."""

WORDS: Mapping[Any, str] = {True: "true", False: "false"}

Labeller = Callable[[Row], str]


def labeller(by: tuple[str, ...]) -> Labeller:
    """How a row's labels are joined; "" for one that is not there, so that no total lacks a row.

    Nearly every label is text, and nearly every KPI has three labels at most: these are joined without a loop.
    """
    match by:
        case (only,):
            return lambda row: value if type(value := row.get(only, "")) is str else WORDS[value]
        case (first, second):

            def two(row: Row) -> str:
                get = row.get
                try:
                    return SEPARATOR.join((get(first, ""), get(second, "")))
                except TypeError:
                    return _in_words(row, by)

            return two
        case (first, second, third):

            def three(row: Row) -> str:
                get = row.get
                try:
                    return SEPARATOR.join((get(first, ""), get(second, ""), get(third, "")))
                except TypeError:
                    return _in_words(row, by)

            return three
    return lambda row: _in_words(row, by)


def _in_words(row: Row, by: tuple[str, ...]) -> str:
    """The same where a label may be no text."""
    return SEPARATOR.join([value if type(value := row.get(name, "")) is str else WORDS[value] for name in by])


def split(labels: str, by: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Field and value of joined labels."""
    return zip(by, labels.split(SEPARATOR), strict=True) if by else iter(())
