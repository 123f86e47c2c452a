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

    Nearly every KPI has one label or two: these are spared the loop.
    """
    match by:
        case (only,):
            return lambda row: value if type(value := row.get(only, "")) is str else WORDS[value]
        case (first, second):

            def two(row: Row) -> str:
                one, other = row.get(first, ""), row.get(second, "")
                if type(one) is not str:
                    one = WORDS[one]
                return f"{one}{SEPARATOR}{other if type(other) is str else WORDS[other]}"

            return two
    return lambda row: SEPARATOR.join([value if type(value := row.get(name, "")) is str else WORDS[value]
                                       for name in by])


def split(labels: str, by: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Field and value of joined labels."""
    return zip(by, labels.split(SEPARATOR), strict=True) if by else iter(())
