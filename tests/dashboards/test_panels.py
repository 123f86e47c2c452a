"""What the house functions promise beyond the SDK: unknown is grey, nothing leaves the screen, text is readable."""

import json
from typing import Any

import pytest

from dashboards import feed as derived
from dashboards import fields
from dashboards import pages as whole
from dashboards.pieces import Band, Box, Number, Piece, Rows, Wall
from dashboards.walls.parts import top
from dashboards.words import Word
from schemas.catalogue import find_feed
from schemas.text import Text
from tests.dashboards.every import pages

ABOUT = Text("để thử", "for a test")


def drawn(box: Box, piece: Piece) -> dict[str, Any]:
    """The panel as it stands in a wall's JSON."""
    wall = Wall(1, "test", ABOUT, ABOUT, (), (*top(ABOUT, "hydromet"), (box, piece)))
    return dict(json.loads(whole.wall(wall, "vi"))["panels"][-1])


def number(**changed: Any) -> Number:
    return Number(**{"name": Text("Mực nước", "Level"), "expr": "ioc:hydromet_level_meters", **changed})


def test_a_number_keeps_its_name_without_series() -> None:
    panel = drawn((0, 2, 6, 4), Band(ABOUT, (number(),)))
    assert panel["targets"][0]["expr"] == "(ioc:hydromet_level_meters) or on () vector(NaN)"
    assert panel["targets"][0]["legendFormat"] == "Mực nước"


def test_a_panel_beyond_the_edge_is_refused() -> None:
    with pytest.raises(ValueError, match="leaves the screen"):
        drawn((20, 2, 6, 4), Band(ABOUT, (number(),)))
    with pytest.raises(ValueError, match="leaves the screen"):
        drawn((0, 25, 6, 4), Band(ABOUT, (number(),)))


def test_text_too_small_for_four_metres_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        drawn((0, 2, 2, 4), Band(ABOUT, (number(name=Text("Một tên quá dài", "A name too long")),)))
    with pytest.raises(ValueError, match="do not fit"):
        drawn((0, 2, 8, 5), Rows(ABOUT, "ioc:hydromet_level_meters", limit=8))


def test_a_longer_unit_makes_the_number_smaller() -> None:
    short = drawn((0, 2, 4, 5), Band(ABOUT, (number(unit="suffix:m"),)))["options"]["text"]["valueSize"]
    longer = drawn((0, 2, 4, 5), Band(ABOUT, (number(unit="time:HH:mm DD/MM"),)))["options"]["text"]["valueSize"]
    assert longer < short <= 60


def test_names_come_from_the_language() -> None:
    rows = Rows(ABOUT, "max by (title_LANGUAGE) (ioc:station_info)")
    assert "title_vi" in drawn((0, 2, 12, 12), rows)["targets"][0]["expr"]


def test_words_cover_the_rest_that_orders_rows() -> None:
    first = fields.words({0: Word(ABOUT, "text"), 1: Word(ABOUT, "text")}, "vi")[0].options
    assert first.from_val == 0
    assert 0.999 < first.to < 1


@pytest.mark.parametrize("name", ["dossier", "exchange", "feedback", "hydromet"])
def test_every_kpi_of_a_feed_is_drawn(name: str) -> None:
    feed = find_feed(name)
    whole = json.dumps(pages()[f"ioc-{name}"])
    for kpi in feed.kpis:
        assert feed.metric(kpi).replace("ioc_", "ioc:") in whole, kpi.name


def test_variants_of_a_kpi_share_a_panel_and_what_their_titles_share() -> None:
    titles = [piece.title for _, piece in derived.page(find_feed("exchange")).placed if hasattr(piece, "title")]
    assert sum(title is not None and title.en.startswith("Errors in 5 min") for title in titles) == 2
    assert Text("Lượt lỗi trong 5 phút", "Errors in 5 min") in titles
