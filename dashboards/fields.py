"""How the SDK says queries, colours and readings: what several kinds of panels share."""

import json
from collections.abc import Mapping
from typing import Any

from grafana_foundation_sdk.builders import dashboard, prometheus
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards import queries
from dashboards.pieces import Codes
from dashboards.words import NOT_KNOWN, UNKNOWN, Language, Scale, Word, say
from schemas.text import Text

SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
REST = 0.9995
"""The largest rest that orders rows of the same word."""


def steps(*levels: tuple[float | None, str]) -> dashboard.ThresholdsConfig:
    """Colours from values on; the first has no value."""
    thresholds = [models.Threshold(value=value, color=colour) for value, colour in levels]
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(thresholds)


def unknown(text: Text, language: Language) -> models.SpecialValueMap:
    """What no data and NaN look like; noValue alone would keep the colour of the first step."""
    shown = models.ValueMappingResult(text=say(text, language), color=UNKNOWN, index=99)
    match = models.SpecialValueMatch.NULL_AND_NAN
    return models.SpecialValueMap(options=models.DashboardSpecialValueMapOptions(match=match, result=shown))


def words(scale: Scale | None, language: Language, lost: Text = NOT_KNOWN) -> list[Any]:
    """Mappings of numbers to words, each up to the next whole one, and of nothing to the word for it."""
    return [
        *(_word(value, word, index, language) for index, (value, word) in enumerate((scale or {}).items())),
        unknown(lost, language),
    ]


def _word(value: int, word: Word, index: int, language: Language) -> models.RangeMap:
    shown = models.ValueMappingResult(text=say(word.text, language), color=word.colour, index=index)
    return models.RangeMap(options=models.DashboardRangeMapOptions(from_val=value, to=value + REST, result=shown))


def readings(codes: Codes, language: Language) -> models.ValueMap:
    """Mappings of codes to what is read instead."""
    return models.ValueMap(
        options={
            code: models.ValueMappingResult(text=say(text, language), index=index)
            for index, (code, text) in enumerate(codes.items())
        }
    )


def instant(expr: str, language: Language, legend: str = "__auto", ref: str = "A") -> prometheus.Dataquery:
    """A query of this moment: what is gone is gone."""
    query = prometheus.Dataquery().ref_id(ref).expr(queries.in_language(expr, language)).instant().legend_format(legend)
    return query.format(PromQueryFormat.TIME_SERIES)


def rows_of(expr: str, language: Language) -> prometheus.Dataquery:
    """A query of this moment, one row a series."""
    return instant(expr, language).format(PromQueryFormat.TABLE)


def over_time(expr: str, language: Language, legend: str, ref: str = "A") -> prometheus.Dataquery:
    """A query over the dashboard's time range."""
    query = prometheus.Dataquery().ref_id(ref).expr(queries.in_language(expr, language)).range().legend_format(legend)
    return query.format(PromQueryFormat.TIME_SERIES)


def organised(hidden: Mapping[str, bool], headings: Mapping[str, str] | None = None) -> models.DataTransformerConfig:
    """Hides columns, and gives those that stay their headings and order."""
    named = headings or {}
    order = {name: index for index, name in enumerate(named)}
    options = {"excludeByName": dict(hidden), "includeByName": {}, "indexByName": order, "renameByName": dict(named)}
    return models.DataTransformerConfig(id_val="organize", options=options)


def ref_ids(number: int) -> str:
    """A, B, C ..."""
    return chr(ord("A") + number)


def as_json(part: Any) -> Any:
    """Plain data of a part that stands where the SDK takes any object."""
    return json.loads(JSONEncoder().encode(part))


def overridden(**properties: Any) -> list[models.DynamicConfigValue]:
    """Field options of an override, those that are given."""
    return [models.DynamicConfigValue(id_val=name, value=as_json(value)) for name, value in properties.items()]
