"""House functions for Grafana panels, one for each kind of piece."""

from collections.abc import Callable, Mapping
from typing import Any

from grafana_foundation_sdk.builders import common, dashboard, geomap, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.models import common as kinds
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import geomap as maps

from dashboards import queries, sizes
from dashboards.fields import (
    SOURCE,
    instant,
    organised,
    over_time,
    overridden,
    readings,
    ref_ids,
    rows_of,
    steps,
    unknown,
    words,
)
from dashboards.pieces import Band, Banner, Box, Codes, CommuneMap, Listing, Number, Piece, Rows, Timeline, Trend
from dashboards.words import BANNER, LOST, NOT_KNOWN, OK, PLAIN, UNKNOWN, Language, say
from schemas.text import Text

GEOJSON = "public/ioc/lao_cai_communes_2025_simplified_100m.geojson"

Built = Any
"""A panel of the SDK before it has its place; its builders share no type."""

BANNERS = {
    0: Text("SỐ LIỆU THẬT", "REAL DATA"),
    1: Text("PHÁT LẠI", "REPLAYED"),
    2: Text("MÔ PHỎNG", "SIMULATED"),
}
PROVENANCES = ("real", "replay", "simulated")
NO_ROWS = Text("Không có dòng nào", "No rows")


def banner(piece: Banner, box: Box, language: Language) -> Built:
    """The name of the wall and whose data it shows: quiet when real, bright when not."""
    title = say(piece.title, language).upper()
    shown = {
        str(value): models.ValueMappingResult(
            text=f"{title} · {say(text, language)}" if value == 0 else f"{say(text, language)} · {title}",
            color=PLAIN if value == 0 else BANNER,
            index=value,
        )
        for value, text in BANNERS.items()
    }
    lanes = " or ".join(
        f'label_replace(vector({number}), "provenance", "{name}", "", "")' for number, name in enumerate(PROVENANCES)
    )
    expr = f'label_replace(vector(1), "provenance", "$provenance", "", "") * on (provenance) ({lanes})'
    size = sizes.fitting(max(sizes.em(result.text or "") for result in shown.values()), sizes.inner(box, 1)[0], 40)
    panel = _numbers(piece.about, language).mappings([models.ValueMap(options=shown), unknown(NOT_KNOWN, language)])
    panel = panel.text_mode(kinds.BigValueTextMode.VALUE).text(common.VizTextDisplayOptions().value_size(size))
    return panel.with_target(instant(expr, language, say(piece.title, language)))


def band(piece: Band, box: Box, language: Language) -> Built:
    """Numbers side by side; each turns grey and keeps its name when its series vanish."""
    name, value = (sizes.flat if piece.flat else sizes.stacked)(piece, box, language)
    panel = (
        _numbers(piece.about, language)
        .orientation(kinds.VizOrientation.VERTICAL)
        .wide_layout(piece.flat)
        .text_mode(kinds.BigValueTextMode.VALUE_AND_NAME)
        .text(common.VizTextDisplayOptions().title_size(name).value_size(value))
    )
    for position, number in enumerate(piece.numbers):
        ref = ref_ids(position)
        expr = f"({number.expr}) or on () {queries.NOTHING}"
        panel = panel.with_target(instant(expr, language, say(number.name, language), ref))
        panel = panel.override_by_query(ref, _look(number, language))
    return panel


def rows(piece: Rows, box: Box, language: Language) -> Built:
    """One row a series; a single row that says so when there is none."""
    empty = f'label_replace({queries.NOTHING}, "none", "{say(NO_ROWS, language)}", "", "")'
    order = "sort" if piece.lowest_first else "sort_desc"
    expr = f"{order}({piece.expr}) or on () {empty}"
    height = (box[3] * sizes.ROW - sizes.GAP - sizes.PADDING) / piece.limit - 3
    if height < sizes.LEAST * 1.2 + sizes.PADDING:
        raise ValueError(f"{piece.about.en}: {piece.limit} rows of {sizes.LEAST} px do not fit into {box}")
    # on the value alone: a mapping of nothing would take every text for nothing
    look = overridden(
        unit=piece.unit,
        decimals=piece.decimals,
        thresholds=steps((None, piece.calm)).build(),
        mappings=words(piece.scale, language, LOST),
        noValue=say(LOST, language),
    )
    panel = (
        _numbers(piece.about, language)
        .orientation(kinds.VizOrientation.HORIZONTAL)
        .wide_layout(True)
        .reduce_options(
            common.ReduceDataOptions().calcs(["lastNotNull"]).values(True).limit(piece.limit).fields("/^Value$/")
        )
        .text_mode(kinds.BigValueTextMode.VALUE_AND_NAME)
        .text(common.VizTextDisplayOptions().title_size(sizes.LEAST).value_size(sizes.LEAST))
        .mappings([])
        .no_value("")
        .override_by_name("Value", look)
        .with_transformation(organised(dict.fromkeys(queries.CODES, True)))
        .with_target(rows_of(expr, language))
    )
    for label, codes in piece.codes.items():
        panel = panel.override_by_name(label, overridden(mappings=[readings(codes, language)]))
    return panel


def timeline(piece: Timeline, box: Box, language: Language) -> Built:
    """States over time: a picture of calm or unrest; the words stand in tiles."""
    del box
    panel = (
        statetimeline.Panel()
        .description(say(piece.about, language))
        .datasource(SOURCE)
        .unit("none")
        .mappings(words(piece.scale, language))
        .no_value(say(LOST, language))
        .thresholds(steps((None, UNKNOWN)))
        .color_scheme(_by_thresholds())
        .merge_values(True)
        .row_height(0.8)
        .fill_opacity(90)
        .show_value(kinds.VisibilityMode.NEVER)
        .legend(
            common.VizLegendOptions()
            .show_legend(False)
            .display_mode(kinds.LegendDisplayMode.LIST)
            .placement(kinds.LegendPlacement.BOTTOM)
        )
        .with_target(over_time(piece.expr, language, piece.legend))
    )
    return _titled(_renamed(panel, piece.codes, language), piece.title, language)


def trend(piece: Trend, box: Box, language: Language) -> Built:
    """Lines over time, from zero where that makes sense."""
    del box
    legend = common.VizLegendOptions().show_legend(piece.title is not None)
    panel = (
        timeseries.Panel()
        .description(say(piece.about, language))
        .datasource(SOURCE)
        .unit(piece.unit)
        .decimals(piece.decimals)
        .no_value(say(LOST, language))
        .mappings([unknown(NOT_KNOWN, language)])
        .line_width(3)
        .fill_opacity(8)
        .show_points(kinds.VisibilityMode.NEVER)
        .span_nulls(False)
        .legend(legend.display_mode(kinds.LegendDisplayMode.LIST).placement(kinds.LegendPlacement.BOTTOM))
        .tooltip(common.VizTooltipOptions().mode(kinds.TooltipDisplayMode.MULTI).sort(kinds.SortOrder.DESCENDING))
    )
    for position, line in enumerate(piece.lines):
        legend_of = line.legend if isinstance(line.legend, str) else say(line.legend, language)
        panel = panel.with_target(over_time(line.expr, language, legend_of, ref_ids(position)))
    panel = panel.min(0) if piece.from_zero else panel
    if piece.title is None:  # a wall's line: what it is stands beside it, and no hue says more
        panel = panel.color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.FIXED).fixed_color(OK))
    return _titled(_renamed(panel, piece.codes, language), piece.title, language)


def commune_map(piece: CommuneMap, box: Box, language: Language) -> Built:
    """Outlines of the communes, and where there is a value a mark with its text; no base map, no internet."""
    del box
    outlines = {"src": GEOJSON, "style": {"color": {"fixed": "#59636e"}, "opacity": 0.25, "lineWidth": 1}, "rules": []}
    marks = {
        "showLegend": False,
        "style": {
            "color": {"field": "Value", "fixed": UNKNOWN},
            "opacity": 0.95,
            "size": {"fixed": 20, "min": 20, "max": 20},
            "symbol": {"mode": "fixed", "fixed": "img/icons/marker/circle.svg"},
            "text": {"mode": "field", "field": "shown", "fixed": ""},
            "textConfig": {
                "fontSize": sizes.LEAST,
                "offsetX": 0,
                "offsetY": 0,
                "textAlign": "center",
                "textBaseline": "middle",
            },
        },
    }
    place = common.FrameGeometrySource().mode(kinds.FrameGeometrySourceMode.LOOKUP).lookup("commune").gazetteer(GEOJSON)
    colours = steps(
        *((value if index else None, word.colour) for index, (value, word) in enumerate(piece.scale.items()))
    )
    return (
        geomap.Panel()
        .description(say(piece.about, language))
        .datasource(SOURCE)
        .unit("none")
        .override_by_name("Value", overridden(mappings=words(piece.scale, language), thresholds=colours.build()))
        .color_scheme(_by_thresholds())
        .no_value(say(LOST, language))
        .view(geomap.MapViewConfig().id(maps.MapCenterID.FIT).all_layers(True))
        .controls(geomap.ControlsOptions().show_zoom(False).mouse_wheel_zoom(False).show_attribution(False))
        .basemap(common.MapLayerOptions().type("none").name("none"))
        .layers(
            [
                common.MapLayerOptions().type("geojson").name("outlines").config(outlines),
                common.MapLayerOptions().type("markers").name("marks").config(marks).location(place),
            ]
        )
        .with_target(rows_of(piece.expr, language))
    )


def listing(piece: Listing, box: Box, language: Language) -> Built:
    """A table for a desk: named columns, the value's unit on the value alone."""
    del box
    value = say(piece.value, language)
    hidden = {label: True for label in ("Time", "__name__", *queries.CODES) if label not in piece.columns}
    headings = {**{name: say(text, language) for name, text in piece.columns.items()}, "Value": value}
    look = overridden(unit=piece.unit, decimals=piece.decimals, mappings=words(piece.scale, language))
    return (
        table.Panel()
        .title(say(piece.title, language))
        .description(say(piece.about, language))
        .datasource(SOURCE)
        .no_value(say(NOT_KNOWN, language))
        .mappings([unknown(NOT_KNOWN, language)])
        .thresholds(steps((None, "text")))
        .show_header(True)
        .cell_height(kinds.TableCellHeight.SM)
        .with_transformation(organised(hidden, headings))
        .override_by_name(value, look)
        .with_target(rows_of(f"sort_desc({piece.expr})", language))
    )


RENDERERS: Mapping[type[Piece], Callable[[Any, Box, Language], Built]] = {
    Banner: banner,
    Band: band,
    Rows: rows,
    Timeline: timeline,
    Trend: trend,
    CommuneMap: commune_map,
    Listing: listing,
}


def _numbers(about: Text, language: Language) -> stat.Panel:
    """What all tiles share."""
    return (
        stat.Panel()
        .description(say(about, language))
        .datasource(SOURCE)
        .unit("none")
        .decimals(0)
        .thresholds(steps((None, PLAIN)))
        .mappings([unknown(NOT_KNOWN, language)])
        .no_value(say(NOT_KNOWN, language))
        .color_mode(kinds.BigValueColorMode.BACKGROUND_SOLID)
        .graph_mode(kinds.BigValueGraphMode.NONE)
        .justify_mode(kinds.BigValueJustifyMode.AUTO)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    )


def _look(number: Number, language: Language) -> list[models.DynamicConfigValue]:
    levels = [(None, number.calm)] if number.loud is None else [(None, number.calm), (0.000001, number.loud)]
    return overridden(
        unit=queries.in_language(number.unit, language),
        decimals=number.decimals,
        mappings=words(number.scale, language),
        thresholds=steps(*levels).build(),
    )


def _renamed(panel: Built, codes: Codes, language: Language) -> Built:
    for code, text in codes.items():
        panel = panel.override_by_name(code, overridden(displayName=say(text, language)))
    return panel


def _titled(panel: Built, title: Text | None, language: Language) -> Built:
    return panel if title is None else panel.title(say(title, language))


def _by_thresholds() -> dashboard.FieldColor:
    return dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS)
