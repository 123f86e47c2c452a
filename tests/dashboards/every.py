"""Every dashboard as it is rendered now, and small ways to look into one."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from dashboards import build

Json = dict[str, Any]


@cache
def texts() -> dict[str, str]:
    """Path -> JSON text."""
    return build.files()


@cache
def pages() -> dict[str, Json]:
    """Dashboards by uid."""
    return {page["uid"]: page for page in map(json.loads, texts().values())}


def walls() -> dict[str, Json]:
    """The curated walls."""
    return {uid: page for uid, page in pages().items() if uid.startswith("ioc-wall-")}


def panels(pages: dict[str, Json]) -> Iterator[tuple[str, Json]]:
    """Each panel with words that name it."""
    for uid, page in pages.items():
        for panel in page["panels"]:
            yield f"{uid}, panel {panel['id']} ({panel['type']})", panel


def expressions(page: Json) -> Iterator[str]:
    """Every PromQL expression of a dashboard."""
    for panel in page["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))
    yield from (annotation["expr"] for annotation in page["annotations"]["list"])


def overrides(panel: Json) -> Iterator[tuple[str, Any]]:
    """Field options of every override."""
    for override in panel["fieldConfig"].get("overrides", ()):
        for option in override["properties"]:
            yield option["id"], option.get("value")


def options(panel: Json, name: str) -> list[Any]:
    """What a field option is set to, for all fields and by overrides."""
    defaults = panel["fieldConfig"]["defaults"]
    own = [defaults[name]] if name in defaults else []
    return own + [value for key, value in overrides(panel) if key == name]
