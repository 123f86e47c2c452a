"""What joins feeds with reference data, or two KPIs; the rules stand in the group of the feed whose numbers they read.

Not built: LandslideTriggerWetGround. Its numbers are recorded (commune maxima of 24 h and of the 72 h before), but the
risk class of the communes is not verified, so no commune can be called one of high risk.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from rules import feed, judgement, promql
from rules.judgement import AlertRule, Judged
from rules.promql import Rule
from schemas.feed import Feed
from schemas.kpi import Alert, Limit
from schemas.text import Text

LEVELS = ("1", "2", "3")


def rules(name: str) -> list[Rule]:
    """The recording rules that join what one feed shows, in order."""
    return [{"record": record, "expr": expression} for record, expression in RECORDS.get(name, ())]


def judgement_rules(of: Feed) -> Iterator[Rule | AlertRule]:
    """Held values, limits and alerts of what is joined, after those of the feed itself."""
    match of.name:
        case "hydromet":
            yield from judgement.chain([(_rise(of), (RISING,))])
            yield from judgement.lost(_kpi(of, "level"), LOST)
        case "exchange":
            yield from judgement.chain([(_error_ratio(of), (LGSP,))])
        case "feedback":
            yield from judgement.chain([(_unaccepted(of), (UNACCEPTED,))])


def _reached(level: str) -> str:
    """1 where the living level has reached an alarm level, else 0; nothing where that level is not set."""
    limit = f'max by (station, level) (ioc:limit_value{{limit="flood", level="{level}", station!=""}})'
    return f"ioc:hydromet_level_meters >= bool on (station) group_left (level) {limit}"


def _distance(level: str) -> str:
    """Metres to an alarm level that is not reached yet."""
    limit = f'max by (station, level) (ioc:limit_value{{limit="flood", level="{level}", station!=""}})'
    return f"(0 - ioc:hydromet_level_meters + on (station) group_left (level) {limit} > 0)"


def _commune_maximum(station_values: str) -> str:
    placed = f"({station_values}) * on (station) group_left (commune, admin_version) ioc:station_place"
    return f"max by (commune, admin_version, window, provenance) ({placed})"


# a station that no reference row expects (a replay's, one taken out of service) counts only in its own provenance
EXPECTED = (
    'ioc:hydromet_rain_known{provenance="real"} '
    'and on (station) ioc:station_expected{feed="hydromet", kpi="rain"}'
)

RISE = 'max by (station, provenance) (ioc:hydromet_rise_meters_per_hour{window="1h"})'
PRIOR = (
    'ioc:hydromet_rain_millimeters{window="96h"} - ignoring (window) ioc:hydromet_rain_millimeters{window="24h"}'
)

HYDROMET = (
    ("ioc:hydromet_alarm_reached", " or ".join(f"({_reached(level)})" for level in LEVELS)),
    (
        "ioc:hydromet_alarm_level",
        "max by (station, provenance) ("
        + " or ".join(f'(ioc:hydromet_alarm_reached{{level="{level}"}} * {level})' for level in LEVELS)
        + ")",
    ),
    ("ioc:hydromet_next_level_meters", f"min by (station, provenance) ({' or '.join(map(_distance, LEVELS))})"),
    (
        "ioc:hydromet_next_level_seconds",
        f"ioc:hydromet_next_level_meters / {promql.on(('station',))} ({RISE} > 0) * 3600",
    ),
    (
        "ioc:hydromet_rain_commune_max_millimeters",
        _commune_maximum(
            f'ioc:hydromet_rain_millimeters{{window=~"1h|24h"}} or label_replace({PRIOR}, "window", "prior72h", "", "")'
        ),
    ),
    (
        "ioc:hydromet_rain_reporting_ratio",
        f'avg by (provenance) (({EXPECTED}) or ioc:hydromet_rain_known{{provenance!="real"}})',
    ),
)

BY_SERVICE = f"sum {promql.by(('service', 'window'))}"
EXCHANGE = (
    (
        "ioc:exchange_error_ratio",
        f"{BY_SERVICE} (ioc:exchange_errors) / ({BY_SERVICE} (ioc:exchange_calls) > 0)",
    ),
)

PRESENT = promql.merged('ioc_present_timestamp_seconds{topic="ioc.feedback.v1"}', (), "min")
FEEDBACK = (
    (
        "ioc:feedback_urgent_unaccepted_seconds",
        f"{PRESENT} - ioc:feedback_urgent_oldest_unaccepted_timestamp_seconds",
    ),
)

RECORDS = {"hydromet": HYDROMET, "exchange": EXCHANGE, "feedback": FEEDBACK}


RISING = Alert(
    "RiverRisingFast",
    "P2",
    Text("Nước sông lên nhanh", "River rising fast"),
    above=Limit("river.rise"),
    lasting=timedelta(minutes=20),
    hazard=True,
    wall="disaster",
)
LGSP = Alert(
    "LgspCriticalServiceErrors",
    "P2",
    Text("Dịch vụ dữ liệu trọng yếu bị lỗi", "Critical data service failing"),
    above=Limit("exchange.errors"),
    lasting=timedelta(minutes=10),
    wall="digital",
)
UNACCEPTED = Alert(
    "UrgentFeedbackNotAccepted",
    "P2",
    Text("Phản ánh khẩn chưa tiếp nhận", "Urgent report not accepted"),
    above=Limit("feedback.unaccepted"),
    duty="shift",
    hazard=True,
    wall="feedback",
)
LOST = Alert(
    "RiverStationLostInFlood",
    "P1",
    Text("Mất tín hiệu trạm thủy văn khi có lũ", "River station lost in flood"),
    above=Limit("flood", level=1),
    hazard=True,
    wall="disaster",
)


def _kpi(of: Feed, name: str) -> Judged:
    return feed.judged(of, next(kpi for kpi in of.kpis if kpi.name == name))


def _rise(of: Feed) -> Judged:
    """The rate of rise counts unless the next level is known to be far; where no level is set, nobody can say so."""
    far = f'ioc:hydromet_next_level_meters > on () group_left () max ({promql.LIMIT}:general{{limit="river.near"}})'
    return replace(_kpi(of, "rise"), only=f" unless {promql.on(('station',))} ({far})")


def _error_ratio(of: Feed) -> Judged:
    """Only services that reference data calls critical page."""
    critical = 'group by (service) (ioc:service_info{critical="yes"})'
    return replace(
        _kpi(of, "calls"),
        record="ioc:exchange_error_ratio",
        labels=("service", "window"),
        title=Text("Tỷ lệ lượt gọi bị lỗi", "Share of failed calls"),
        unit="ratio",
        only=f" and on (service) {critical}",
    )


def _unaccepted(of: Feed) -> Judged:
    return replace(
        _kpi(of, "urgent_oldest_unaccepted"),
        record="ioc:feedback_urgent_unaccepted_seconds",
        title=Text("Phản ánh khẩn chờ tiếp nhận lâu nhất", "Oldest urgent report that waits"),
        unit="seconds",
    )
