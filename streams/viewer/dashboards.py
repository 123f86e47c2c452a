"""The generated dashboards as they lie on disk, one folder per language; read anew each time, so a new one shows."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LANGUAGES = ("vi", "en")  # the first one is shown where nothing is said
LARGEST = 4_000_000  # bytes of one file
_number = re.compile(r"([0-9]+)")


@dataclass(frozen=True)
class Dashboard:
    """One file: what Grafana gets, or the reason why it cannot be shown."""

    lang: str
    uid: str
    content: dict[str, Any] = field(default_factory=dict)
    error: str = ""

    @property
    def base(self) -> str:
        """The uid without its language: the same for all builds of one dashboard."""
        return base_of(self.uid)

    @property
    def is_wall(self) -> bool:
        """Whether it fits a screen without scrolling; the others are for a desk."""
        return "wall" in self.content.get("tags", ())


def base_of(uid: str) -> str:
    """A uid without the language at its end."""
    head, _, tail = uid.rpartition("-")
    return head if head and tail in LANGUAGES else uid


def read_dashboards(folder: Path) -> list[Dashboard]:
    """Every dashboard under `<folder>/<language>`: by language, then by title with its numbers as numbers."""
    return [one for lang in LANGUAGES
            for one in sorted((_read(lang, file) for file in (folder / lang).glob("*.json")), key=_place)]


def find(dashboards: list[Dashboard], uid: str, lang: str = "") -> Dashboard | None:
    """The dashboard of a uid, in the language asked for; where none is asked for, the one whose uid it exactly is."""
    builds = [one for one in dashboards if one.base == base_of(uid)]
    exact = [one for one in builds if one.uid == uid] or builds
    wanted = [one for one in builds if one.lang == lang] if lang else exact
    return wanted[0] if wanted else None


def addresses(dashboards: list[Dashboard], home: str, provenance: str = "") -> Iterator[tuple[str, str]]:
    """Title and address of every dashboard, walls first and as a screen shall open them."""
    also = f"&provenance={provenance}" if provenance else ""
    for one in sorted(dashboards, key=lambda one: not one.is_wall):
        kiosk = "&kiosk" if one.is_wall else ""
        yield str(one.content.get("title", one.error)), f"{home}/w/{one.base}?lang={one.lang}{also}{kiosk}"


def _place(one: Dashboard) -> list[tuple[int, str]]:
    parts = _number.split(str(one.content.get("title", "")))
    return [(int(part), "") if part.isdigit() else (0, part) for part in parts]


def _read(lang: str, file: Path) -> Dashboard:
    try:
        if file.stat().st_size > LARGEST:
            raise ValueError(f"is larger than {LARGEST} bytes")
        content = json.loads(file.read_bytes())
        _check(content)
    except (OSError, ValueError) as error:
        return Dashboard(lang, file.stem, error=f"{lang}/{file.name}: {error}")
    return Dashboard(lang, str(content.get("uid") or file.stem), content)


def _check(content: Any) -> None:
    if not isinstance(content, dict):
        raise ValueError("is not a dashboard")
    if "apiVersion" in content:
        raise ValueError(f"is {content['apiVersion']}; only classic dashboard JSON is read")
    panels = content.get("panels")
    if not isinstance(panels, list) or not all(isinstance(one, dict) and "gridPos" in one for one in panels):
        raise ValueError('has no "panels", or one without gridPos')
