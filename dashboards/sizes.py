"""How large a text can be on a wall of 1920 x 1080: what fits into a cell, and is still read at four metres."""

import re
from unicodedata import combining, normalize

from dashboards.pieces import Band, Box, Number
from dashboards.queries import in_language
from dashboards.words import NOT_KNOWN, Language, say

COLUMNS, ROWS = 24, 27
COLUMN, ROW, GAP = 79.0, 38, 8
PADDING = 16
"""Pixels at 1920 x 1080 in kiosk: a column and a row with their gap, what a panel keeps for its border."""

LEAST, LARGEST_NAME, LARGEST = 24, 30, 60
"""Pixels of text on a wall: readable at four metres from 24 on."""

EMS = {
    letter: width
    for width, letters in (
        (0.28, " Iijl"),
        (0.32, "!',.:;·"),
        (0.36, "`t|"),
        (0.40, "()/[\\]fr"),
        (0.44, "1{}"),
        (0.48, "-^_"),
        (0.52, '"*'),
        (0.56, "?ksxz"),
        (0.60, "57EFJLacehnouvy"),
        (0.64, "23689#PZbdgpqđ"),
        (0.68, "04$&+<=>BRST~"),
        (0.72, "ADKVXY"),
        (0.76, "CGHNUĐ"),
        (0.80, "OQ"),
        (0.84, "w"),
        (0.92, "Mm…"),
        (1.0, "%@W"),
    )
    for letter in letters
}
"""Widths of the letters of Inter Medium, Grafana's font, for a size of 1; others are taken for wide."""

SAMPLES = {"percentunit": "100.0", "dthms": "88:88:88"}
"""The longest number in a unit, without the unit."""
UNIT_SIZE = 0.65
"""How large a unit is beside its number."""


def em(text: str) -> float:
    """Width of a text for a font size of 1; marks above and below a letter do not change its width."""
    return sum(EMS.get(letter, 1.0) for letter in normalize("NFD", text) if not combining(letter))


def longest(number: Number, language: Language) -> float:
    """Width of the longest text a number may show, for a font size of 1."""
    kind, _, form = in_language(number.unit, language).partition(":")
    counted = {
        "time": em(re.sub("[A-Za-z]", "8", form)),
        "suffix": em("8888.8") + UNIT_SIZE * em(f" {form}"),
        "none": em("8" * number.digits),
    }
    own = counted.get(kind) or em(SAMPLES[number.unit]) + UNIT_SIZE * em("%")
    if number.scale is not None:
        own = max(own if kind == "time" else 0, *(em(say(word.text, language)) for word in number.scale.values()))
    return max(own, em(say(NOT_KNOWN, language)))


def inner(box: Box, cells: int) -> tuple[float, float]:
    """Pixels of text width and height in each of the cells side by side."""
    width = (box[2] * COLUMN - GAP - PADDING - 3 * (cells - 1)) / cells
    height = box[3] * ROW - GAP - PADDING
    border = 24 if height > 100 else 16
    return width - border, height - border


def inner_row(box: Box) -> float:
    """Pixels of text width in a row."""
    return box[2] * COLUMN - GAP - PADDING - 16


def fitting(ems: float, width: float, largest: float = LARGEST) -> int:
    """The largest size in which a text fits.

    Raises:
        ValueError: it would not be readable at four metres.
    """
    size = int(min(largest, width / ems))
    if size < LEAST:
        raise ValueError(f"a text {ems * LEAST:.0f} px long in {LEAST} px does not fit into {width:.0f} px")
    return size


def stacked(piece: Band, box: Box, language: Language) -> tuple[int, int]:
    """Pixels of names and numbers, one above the other."""
    width, height = inner(box, len(piece.numbers))
    name = fitting(max(em(say(number.name, language)) for number in piece.numbers), width, LARGEST_NAME)
    value = fitting(max(longest(number, language) for number in piece.numbers), width, (height - name * 1.2) / 1.2)
    return name, value


def flat(piece: Band, box: Box, language: Language) -> tuple[int, int]:
    """Pixels of names and numbers on one line."""
    width, height = inner(box, len(piece.numbers))
    whole = max(em(say(number.name, language)) + longest(number, language) + em(" ") for number in piece.numbers)
    size = fitting(whole, width, min(LARGEST_NAME, height / 1.2))
    return size, size
