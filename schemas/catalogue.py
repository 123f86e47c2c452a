"""All feeds there are: every file in schemas/feeds, its name the feed's name."""

from functools import cache
from importlib import import_module
from pathlib import Path

from schemas.errors import DeclarationError
from schemas.feed import Feed


@cache
def load_feeds() -> tuple[Feed, ...]:
    """Every declared feed, by name.

    Raises:
        DeclarationError: a file lacks FEED, or its name is not the feed's.
    """
    folder = Path(__file__).parent / "feeds"
    return tuple(_load(path.stem) for path in sorted(folder.glob("*.py")) if path.stem != "__init__")


def _load(name: str) -> Feed:
    feed = getattr(import_module(f"schemas.feeds.{name}"), "FEED", None)
    if not isinstance(feed, Feed):
        raise DeclarationError(f"schemas/feeds/{name}.py declares no FEED")
    expected = feed.name if feed.version == 1 else f"{feed.name}_v{feed.version}"
    if expected != name:
        raise DeclarationError(f"schemas/feeds/{name}.py declares feed {feed.name!r}: name the file {expected}.py")
    return feed


def find_feed(name: str) -> Feed:
    """The feed of that name.

    Raises:
        DeclarationError: there is none; names those there are.
    """
    for feed in load_feeds():
        if feed.name == name:
            return feed
    raise DeclarationError(f"there is no feed {name!r}; there are {', '.join(feed.name for feed in load_feeds())}")
