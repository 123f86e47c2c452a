"""Rows of walls hold the longest names that reference data has: a name that breaks its line would be cut."""

import csv
import re
from pathlib import Path

import pytest

from dashboards import build, sizes
from dashboards.pieces import Rows, Wall
from dashboards.words import LANGUAGES, LOST, Language, say

REFERENCE = Path(__file__).resolve().parents[2] / "reference"
FILES = {"station": "stations.csv", "service": "services.csv", "source": "sources.csv", "agency": "agencies.csv"}
BESIDE = {"station": " 128.88 m", "service": " 100.0%", "source": " 10000 phút", "agency": ""}
"""Values that stand in a row's name, behind it."""


def longest(label: str, language: Language, letters: int) -> float:
    """Width of the longest title, cut as the query cuts it."""
    with (REFERENCE / FILES[label]).open(encoding="utf-8") as file:
        titles = [row[f"title_{language}"] for row in csv.DictReader(file)]
    return max(sizes.em(title if len(title) <= letters + 1 else f"{title[:letters]}…") for title in titles)


def needed(piece: Rows, language: Language) -> float:
    """Pixels of the longest row."""
    words = max([0.0, *(sizes.em(say(word.text, language)) for word in (piece.scale or {}).values())])
    value = max(words, sizes.em("88:88 88/88") if piece.unit.startswith("time:") else 0) or sizes.em("88888")
    codes = max([0.0, *(sizes.em(say(text, language)) for read in piece.codes.values() for text in read.values())])
    letters = min([int(found) for found in re.findall(r"\(\.\{(\d+)\}\)", piece.expr)], default=0)
    if "alertname" in piece.expr:
        places = not piece.expr.startswith("max by (alertname) ")
        return codes + value + places * (sizes.em("… P1") + 0.55 * letters)
    if "kpi" in piece.codes:
        return codes + value + sizes.em(" 100.0%")
    shown = [label for label in FILES if f'"{label}_title", "$1…"' in piece.expr] or ["agency"]
    return max(
        max(
            longest(label, language, letters) + bool("(value)" in piece.expr) * sizes.em(BESIDE[label]) + value,
            longest(label, language, letters) + bool("NaN" in piece.expr) * sizes.em(say(LOST, language)),
        )
        for label in shown
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("wall", build.load_walls(), ids=lambda wall: wall.name)
def test_the_longest_name_and_word_fit_on_one_line(wall: Wall, language: Language) -> None:
    for box, piece in wall.placed:
        if isinstance(piece, Rows):
            room, asked = sizes.inner_row(box), sizes.LEAST * needed(piece, language)
            assert asked <= room, f"{piece.about.en}: {asked:.0f} px of {room:.0f} px"
