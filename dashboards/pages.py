"""Dashboards as JSON: `wall` and `page` put the panels together.

They mend what the SDK leaves out and refuse what Grafana would silently move or cut.
"""

import json
from collections.abc import Iterable
from typing import Any

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from dashboards import queries, sizes
from dashboards.fields import SOURCE
from dashboards.panels import PROVENANCES, RENDERERS
from dashboards.pieces import Choice, FeedPage, Placed, Wall, uid
from dashboards.words import CRITICAL, Language, say
from schemas.text import Text

NUMBERED = Text("Màn hình", "Wall")


def wall(piece: Wall, language: Language) -> str:
    """A wall as classic JSON; ids of panels follow the order."""
    title = f"{say(NUMBERED, language)} {piece.number}: {say(piece.title, language)}"
    built = _begun(uid(f"wall-{piece.name}", language), title, say(piece.about, language), "wall")
    built = built.with_variable(_provenance(language).hide(models.VariableHide.HIDE_VARIABLE)).refresh("10s")
    for feed in piece.feeds:
        built = built.link(_link(uid(feed, language), feed))
    return _finished(_filled(built, piece.placed, language), tallest=sizes.ROWS)


def page(piece: FeedPage, language: Language) -> str:
    """The dashboard of a feed as classic JSON."""
    built = _begun(uid(piece.name, language), say(piece.title, language), say(piece.about, language), "feed")
    built = built.with_variable(_provenance(language)).refresh("30s")
    for choice in piece.choices:
        built = built.with_variable(_choice(choice, language))
    built = built.annotation(_calls(piece.name, language))
    tagged = dashboard.DashboardLink(say(Text("Màn hình", "Walls"), language))
    built = built.link(
        tagged.type(models.DashboardLinkType.DASHBOARDS)
        .tags(["ioc", "wall", language])
        .as_dropdown(True)
        .keep_time(True)
        .include_vars(True)
    )
    return _finished(_filled(built, piece.placed, language), tallest=None)


def _begun(uid_val: str, title: str, about: str, kind: str) -> dashboard.Dashboard:
    source = dashboard.DatasourceVariable("datasource").label("Data Source").type("prometheus")
    return (
        dashboard.Dashboard(title)
        .uid(uid_val)
        .description(about)
        .tags(["ioc", kind, "en" if uid_val.endswith("-en") else "vi"])
        .time("now-6h", "now")
        .timezone("Asia/Ho_Chi_Minh")
        .week_start("monday")
        .readonly()
        .with_variable(source)
    )


def _filled(built: dashboard.Dashboard, placed: Iterable[Placed], language: Language) -> dashboard.Dashboard:
    for number, (box, piece) in enumerate(placed, start=1):
        x, y, width, height = box
        panel = RENDERERS[type(piece)](piece, box, language)
        built = built.with_panel(panel.id(number).grid_pos(models.GridPos(h=height, w=width, x=x, y=y)))
    return built


def _finished(built: dashboard.Dashboard, *, tallest: int | None) -> str:
    """Mends what the SDK leaves out and refuses what Grafana would silently move or a screen would cut."""
    whole: dict[str, Any] = json.loads(JSONEncoder(sort_keys=True).encode(built.build()))
    whole["annotations"].setdefault("list", [])
    for panel in whole["panels"]:
        box = panel["gridPos"]
        if box["x"] + box["w"] > sizes.COLUMNS or (tallest and box["y"] + box["h"] > tallest):
            raise ValueError(f"{whole['uid']}: panel {panel['id']} leaves the screen: {box}")
    return json.dumps(whole, sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def _provenance(language: Language) -> dashboard.CustomVariable:
    label = say(Text("Nguồn gốc số liệu", "Provenance"), language)
    real = models.VariableOption(selected=True, text="real", value="real")
    return dashboard.CustomVariable("provenance").label(label).values(",".join(PROVENANCES)).current(real)


def _choice(choice: Choice, language: Language) -> dashboard.QueryVariable:
    title = say(choice.title, language)
    built = (
        dashboard.QueryVariable(choice.label)
        .label(title)
        .datasource(SOURCE)
        .include_all(True)
        .multi(True)
        .all_value(".*")
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .current(models.VariableOption(selected=True, text=["All"], value=["$__all"]))
    )
    if not choice.info:
        return built.query(f"label_values({choice.series}, {choice.label})")
    regex = f'/{choice.label}="(?<value>[^"]+)".*title_{language}="(?<text>[^"]+)"/'
    return built.query(f"query_result({choice.series})").regex(regex)


def _calls(feed: str, language: Language) -> dashboard.AnnotationQuery:
    expr = queries.firing(queries.one_of("severity", ("P1", "P2")), f'feed="{feed}"')
    name = say(Text("Cảnh báo P1, P2", "P1, P2 alerts"), language)
    return (
        dashboard.AnnotationQuery()
        .name(name)
        .datasource(SOURCE)
        .enable(True)
        .icon_color(CRITICAL)
        .expr(expr)
        .title_format("{{alertname}}")
        .text_format("{{severity}}")
    )


def _link(address: str, title: str) -> dashboard.DashboardLink:
    return (
        dashboard.DashboardLink(title)
        .type(models.DashboardLinkType.LINK)
        .url(f"/d/{address}")
        .keep_time(True)
        .include_vars(True)
    )
