"""Expressions of rain and rivers, for the walls that show them."""

from dashboards import queries
from dashboards.queries import pick
from schemas.text import Text

ONE_HOUR, DAY = 'window="1h"', 'window="24h"'
YEAR_2025 = 'admin_version="2025"'
RAIN_AT, LEVEL_AT = (queries.known_at(f"hydromet_{kpi}", "station") for kpi in ("rain", "level"))

MAP_TITLE = Text("Mưa 1 giờ theo xã, mm", "Rain in 1 h, mm")
MAP_ABOUT = Text(
    "Mưa 1 giờ lớn nhất trong xã, so với ngưỡng đang có hiệu lực; dấu ! là vượt ngưỡng; xã không có trạm để trống.",
    "Heaviest rain of 1 h in each commune; ! is above the limit in force; communes without a gauge stay blank.",
)


def against(value: str, limit: str) -> str:
    """0 below the limit, 1 above it, 2 above one that is assumed; not known without a limit in force."""
    in_force, assumed = (f'max({name}:general{{limit="{limit}"}})' for name in ("ioc:limit_value", "ioc:limit_assumed"))
    judged = f"(({value}) >= bool on () group_left () {in_force}) * on () group_left () (1 + {assumed})"
    return f"{judged} or ({value}) * NaN"


def beside(judged: str, value: str, suffix: str, step: str, letters: int) -> str:
    """Rows of stations: name and value, then the word; the value is text, so that the word can take its place."""
    text = queries.written(value, "station", "value", suffix, step)
    shown = f"({judged}) * on (station) group_left (value) {text}"
    return queries.by_title(shown, "station", "value", letters=letters)


def _marks(rain: str) -> str:
    """Each commune's word, with the value as text; the exclamation mark says without colour that it is too much."""
    judged = f"({against(rain, 'rain.1h')})"
    plain, loud = (queries.written(rain, "commune", "shown", suffix, "1") for suffix in ("", "!"))
    parts = ((f"{judged} == 0", plain), (f"{judged} != {judged}", plain), (f"{judged} > 0", loud))
    return " or ".join(f"({which}) * on (commune) group_left (shown) {text}" for which, text in parts)


RAIN_BY_COMMUNE = _marks(f"max by (commune) ({pick('hydromet_rain_commune_max_millimeters', ONE_HOUR, YEAR_2025)})")

_RAIN = f"max by (station) ({pick('hydromet_rain_millimeters', ONE_HOUR)})"
_JUDGED_RAIN = against(_RAIN, "rain.1h")
# of gauges with the same word the wetter stands first
RAIN_ROWS = beside(f"({_JUDGED_RAIN}) + clamp_max({_RAIN}, 999) / 1000", _RAIN, " mm", "0.1", 24)

_LEVEL = pick("hydromet_level_meters")
_ALARM = f"max by (station) ({pick('hydromet_alarm_level')})"
_UNKNOWN = f"max by (station) (({pick('hydromet_level_known')} == 0) * NaN)"
RIVER_ROWS = " or ".join(
    (
        beside(_ALARM, f"max by (station) ({_LEVEL})", " m", "0.01", 30),
        # a level without an alarm level in force is shown all the same
        beside(f"(max by (station) ({_LEVEL}) * 0 - 1) unless on (station) {_ALARM}",
               f"max by (station) ({_LEVEL})", " m", "0.01", 30),
        queries.by_title(_UNKNOWN, "station", letters=33),
    )
)
_FIRST = 'max by (station) (ioc:limit_value{limit="flood", level="1"})'
TO_ALARM_1 = f"max({_LEVEL} - on (station) group_left () {_FIRST})"
