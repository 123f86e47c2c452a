"""All feeds there are: every file in schemas/feeds, its name the feed's name."""

import sys
from functools import cache
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from schemas.errors import DeclarationError
from schemas.feed import Feed

HOME = Path(__file__).parent / "feeds"


@cache
def load_feeds(folder: str = "") -> tuple[Feed, ...]:
    """Every feed declared in a folder, by name; in schemas/feeds if none is named.

    Raises:
        DeclarationError: a file lacks FEED, or its name is not the feed's.
    """
    home = Path(folder) if folder else HOME
    if not home.is_dir():
        raise DeclarationError(f"the folder of feeds {home} does not exist")
    return tuple(_load(path) for path in sorted(home.glob("*.py")) if path.stem != "__init__")


def _load(path: Path) -> Feed:
    name, module = path.stem, _module(path)
    feed = getattr(module, "FEED", None)
    if not isinstance(feed, Feed):
        raise DeclarationError(f"{path} declares no FEED")
    expected = feed.name if feed.version == 1 else f"{feed.name}_v{feed.version}"
    if expected != name:
        raise DeclarationError(f"{path} declares feed {feed.name!r}: name the file {expected}.py")
    return feed


def _module(path: Path) -> ModuleType:
    """The module of a feed's file; one of another folder is no part of a package."""
    if path.parent == HOME:
        return import_module(f"schemas.feeds.{path.stem}")
    name = f"feeds of {path.parent}: {path.stem}"
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def find_feed(name: str, folder: str = "") -> Feed:
    """The feed of that name.

    Raises:
        DeclarationError: there is none; names those there are.
    """
    for feed in load_feeds(folder):
        if feed.name == name:
            return feed
    names = ", ".join(feed.name for feed in load_feeds(folder))
    raise DeclarationError(f"there is no feed {name!r}; there are {names}")
