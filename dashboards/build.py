"""All dashboards there are: one a feed, one a file of walls/, each in both languages."""

from importlib import import_module
from pathlib import Path

from dashboards import feed as derived
from dashboards import pages
from dashboards.pieces import Wall, uid
from dashboards.words import LANGUAGES
from schemas.catalogue import load_feeds

FOLDER = "dashboards/generated"
SHARED = {"__init__", "parts", "hazards", "platforms"}


def load_walls() -> tuple[Wall, ...]:
    """Every curated wall, by the name of its file."""
    folder = Path(__file__).parent / "walls"
    names = (path.stem for path in sorted(folder.glob("*.py")) if path.stem not in SHARED)
    return tuple(import_module(f"dashboards.walls.{name}").WALL for name in names)


def files() -> dict[str, str]:
    """Path under the root -> text, of every dashboard."""
    found: dict[str, str] = {}
    for language in LANGUAGES:
        for feed in load_feeds():
            found[f"{FOLDER}/{language}/{uid(feed.name, language)}.json"] = pages.page(derived.page(feed), language)
        for wall in load_walls():
            found[f"{FOLDER}/{language}/{uid(f'wall-{wall.name}', language)}.json"] = pages.wall(wall, language)
    return found
