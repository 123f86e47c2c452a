"""The walls of the house that runs: each drawn in a browser, nothing clipped, its numbers those of the API."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tools.browser import Screen, open_screen
from tools.jars import ROOT

pytestmark = [pytest.mark.stack, pytest.mark.kafka, pytest.mark.timeout(600)]

Waiting = Callable[..., Any]
CLIPPED = (ROOT / "tests/viewer/clipped.js").read_text(encoding="utf-8").split("\n", 1)[1]
GENERATED = ROOT / "dashboards/generated"
DRAWN = sorted((path.parent.name, path.stem) for path in GENERATED.glob("*/*.json"))
WALLS = [(lang, uid) for lang, uid in DRAWN if uid.startswith("ioc-wall-")]
SCROLLED = "(window.scrollTo(50, 50), [window.scrollX, window.scrollY])"
TEXT = "document.getElementById('page').innerText"


@pytest.fixture(scope="module")
def house(make_tree: Callable[[bool], Any], waiting: Waiting) -> Iterator[Any]:
    """A clone with the real programs and the simulated scenario, its numbers recorded."""
    clone = make_tree(False)
    done = clone.make("up", seconds=300)
    assert done.returncode == 0, done.stdout
    waiting(lambda: clone.query('ioc:feed_state{provenance="simulated"}'), "the state of a feed", 90)
    waiting(lambda: clone.query('ioc:dossier_open{provenance="simulated"}'), "open dossiers", 90)
    yield clone
    assert clone.make("down").returncode == 0


@pytest.fixture(scope="module")
def screen(house: Any) -> Iterator[Screen]:
    """One browser on the viewer of the house."""
    with open_screen(f"http://127.0.0.1:{house.viewer}") as opened:
        yield opened


def address(lang: str, uid: str, provenance: str) -> str:
    """Where a dashboard is; walls fill the screen."""
    kiosk = "&kiosk" if uid.startswith("ioc-wall-") else ""
    return f"/w/{uid}?lang={lang}&provenance={provenance}{kiosk}"


@pytest.mark.parametrize(("lang", "uid"), DRAWN)
def test_every_dashboard_is_drawn_without_a_fault(screen: Screen, lang: str, uid: str) -> None:
    for provenance in ("simulated", "real"):
        found = screen.open(address(lang, uid, provenance))
        assert found["failure"] is None
        assert [one for one in found["results"] if one["errors"]] == []
        assert screen.complaints == []


@pytest.mark.parametrize(("lang", "uid"), WALLS)
def test_a_wall_fits_the_screen_and_clips_no_text(screen: Screen, lang: str, uid: str) -> None:
    screen.open(address(lang, uid, "simulated"))
    assert screen.page.evaluate(SCROLLED) == [0, 0]
    assert screen.page.evaluate(CLIPPED) == []
    assert ("MÔ PHỎNG" if lang == "vi" else "SIMULATED") in screen.page.evaluate(TEXT)


def test_the_number_on_the_wall_is_the_one_of_the_api(house: Any, screen: Screen, waiting: Waiting) -> None:
    screen.open(address("en", "ioc-wall-administration-en", "simulated"))

    def agree() -> bool:
        [answer] = house.query('sum(ioc:dossier_open{provenance="simulated"})')
        words = screen.page.evaluate(TEXT).split("\n")
        return answer["value"][1] in words[words.index("Open") + 1:words.index("Open") + 2]

    waiting(agree, "the open dossiers of the API on the wall", 60)


def test_unknown_is_said_where_no_real_event_ever_came(screen: Screen) -> None:
    screen.open(address("vi", "ioc-wall-province", "real"))
    assert "CHƯA RÕ" in screen.page.evaluate(TEXT)
    assert "MÔ PHỎNG" not in screen.page.evaluate(TEXT)


def test_the_wall_turns_grey_when_the_worker_dies(house: Any, screen: Screen, waiting: Waiting) -> None:
    screen.open(address("vi", "ioc-wall-administration", "simulated"))
    known = json.dumps(screen.page.evaluate(TEXT), ensure_ascii=False).count("CHƯA RÕ")
    targets = Path(house.root) / "var/targets/workers.json"
    before = targets.read_text()
    targets.write_text(before.replace(str(house.metrics), "1"))  # to Prometheus it is dead: nothing answers there
    try:
        waiting(lambda: screen.page.evaluate(TEXT).count("CHƯA RÕ") > known, "grey tiles", 120)
    finally:
        targets.write_text(before)
