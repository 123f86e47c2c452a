"""What every feed shows beside its KPIs: states of sources, records, times, the four words, lag; and its alerts.

The alerts about a feed's life are about real data: a replay that is over is no fault.
"""

from collections.abc import Iterator
from datetime import timedelta

from rules import promql, texts
from rules.judgement import AlertRule, rule
from rules.promql import LabelledRule, Rule
from schemas import names
from schemas.kpi import Severity
from schemas.text import Text

SOURCE = ("feed", "source")


def rules() -> list[Rule]:
    """The rules, once for all feeds; the states stand first."""
    return [*_states(), *_sources(), *_partitions(), *_held()]


def _states() -> Iterator[Rule]:
    """One state a feed and one a source, the best that holds; `ioc:feed_state` decides what is withheld."""
    for record, by in (("ioc:feed_state", ("feed",)), ("ioc:feed_source_state", SOURCE)):
        for name in promql.STATES:
            rule: LabelledRule = {"record": record, "expr": promql.state(name, by), "labels": {"state": name}}
            yield rule


def _sources() -> Iterator[Rule]:
    for figure in ("last_event_timestamp_seconds", "last_arrival_timestamp_seconds", "expected_interval_seconds"):
        metric = names.metric("feed", figure)
        yield {"record": names.recorded(metric), "expr": promql.newest(metric, SOURCE)}
    yield _rule("ioc_feed_records", promql.merged("ioc_feed_records", (*SOURCE, "fate"), "sum"))
    for word in ("validity", "quality"):
        metric = names.metric("feed", word, "ratio")
        yield _rule(metric, promql.ratio(metric, SOURCE))
    # every partition states what the whole source owes, so that denominator is not added
    metric = names.metric("feed", "completeness", "ratio")
    yield _rule(metric, promql.ratio(metric, SOURCE, denominators="max"))


def _partitions() -> Iterator[Rule]:
    for moment in ("watermark", "present"):
        metric = names.metric(moment, "timestamp_seconds")
        yield _rule(metric, promql.merged(metric, ("topic",), "min"))
    lag = "ioc_consumer_lag_events"
    yield _rule(lag, f"sum by (feed, topic) (max by (feed, topic, partition) ({lag}))")


def _rule(metric: str, expression: str) -> Rule:
    return {"record": names.recorded(metric), "expr": expression}


REAL = f'{promql.PROVENANCE}="real"'
LAST_EVENT = "ioc:feed_last_event_timestamp_seconds"
CRITICAL = 'group by (feed, source) (ioc:source_info{critical="yes"})'


def _held() -> Iterator[Rule]:
    """States and completeness as last known: the death of a worker ends no alert about a feed."""
    for record in ("ioc:feed_source_state", "ioc:feed_completeness_ratio"):
        yield {"record": f"{record}:held", "expr": promql.held(record, "ioc:feed_source_state", SOURCE)}
    grown = "sum by (feed, source, provenance) (increase(ioc_feed_records{}[15m]))"
    rejected = grown.replace("{}", '{fate="rejected"}')
    yield {"record": "ioc:feed_rejected_ratio", "expr": f"{rejected} / ({grown.replace('{}', '')} > 0)"}


def alerts() -> list[AlertRule]:
    """The alerts about feeds and their sources."""
    return [*_stale(), _missing(), _rejecting(), _clock_fault(), _incomplete(), _catching_up()]


def _stale() -> Iterator[AlertRule]:
    """Judged by the state, which knows office hours and the interval of each source; critical sources page."""
    stale = f'ioc:feed_source_state:held{{state="stale", {REAL}}} == 1'
    forms: tuple[tuple[Severity, str], ...] = (
        ("P2", f"and on (feed, source) {CRITICAL}"),
        ("P3", f"unless on (feed, source) {CRITICAL}"),
    )
    for severity, critical in forms:
        yield _about_source(
            "FeedStale",
            f"{stale} {critical}",
            severity,
            Text("Luồng dữ liệu ngừng cập nhật", "Feed stopped updating"),
            Text(
                f"sự kiện mới nhất {{last_vi}}, chu kỳ gửi {INTERVAL_VI}",
                f"newest event {{last_en}}, sends every {INTERVAL_EN}",
            ),
            Text(
                "Quá bốn chu kỳ không có sự kiện mới. Số liệu không còn hiển thị; cảnh báo đang mở vẫn giữ.",
                "No new event for more than four intervals. Its numbers are withheld; alerts that fire go on firing.",
            ),
            lasting=timedelta(minutes=2),
            keep=timedelta(minutes=5),
        )


def _missing() -> AlertRule:
    """Expected and never heard of; absent() could not say which."""
    heard = f"group by (feed, source) (last_over_time({LAST_EVENT}{{{REAL}}}[{promql.MEMORY}]))"
    registered = 'group by (feed, source) (ioc:source_info{status!="foreign"})'
    return _about_source(
        "FeedMissing",
        f"{registered} unless on (feed, source) {heard}",
        "P3",
        Text("Hệ thống đã đăng ký chưa gửi dữ liệu", "Registered source never sent"),
        Text("chưa có sự kiện thật nào", "no real event so far"),
        Text(
            "Có trong reference/sources.csv nhưng chưa có sự kiện thật nào được nhận.",
            "It stands in reference/sources.csv, and no real event of it was ever accepted.",
        ),
        lasting=timedelta(minutes=5),
        fixed={promql.PROVENANCE: "real"},
    )


def _rejecting() -> AlertRule:
    return _about_source(
        "FeedRejecting",
        f"ioc:feed_rejected_ratio > on () group_left () {promql.general_limit('feed.rejecting')}",
        "P3",
        Text("Tỷ lệ bị từ chối cao", "Too many events rejected"),
        texts.compared("feed.rejecting", "trong 15 phút", "in 15 min", "ratio"),
        Text(
            "Sự kiện bị từ chối không mất: xem lý do bằng `ioc dlq list`, báo cơ quan gửi, sửa rồi phát lại.",
            "Rejected events are kept: see the reasons with `ioc dlq list`, tell the agency, mend, replay.",
        ),
        lasting=timedelta(minutes=5),
        keep=timedelta(minutes=10),
    )


def _clock_fault() -> AlertRule:
    return _about_source(
        "FeedClockFault",
        'ioc:feed_source_state:held{state="clock_fault"} == 1',
        "P3",
        Text("Sai đồng hồ thiết bị", "Clock of a source is wrong"),
        Text("bản ghi mới nhất mang thời điểm tương lai", "its newest record lies in the future"),
        Text(
            "Sự kiện muộn hơn giờ nhận quá mức cho phép bị từ chối `future_time`.",
            "Events later than their arrival by more than is allowed are rejected `future_time`.",
        ),
        lasting=timedelta(minutes=5),
    )


def _incomplete() -> AlertRule:
    value = f"ioc:feed_completeness_ratio:held{{{REAL}}}"
    return _about_source(
        "FeedIncomplete",
        f"{value} < on () group_left () {promql.general_limit('feed.completeness')}",
        "P4",
        Text("Số liệu thiếu nhiều", "Data incomplete"),
        texts.compared("feed.completeness", "số lần đo trong 24 giờ", "of the readings of 24 h", "ratio"),
        Text(
            "Số lần đo nhận được trên số lần đo phải có trong 24 giờ của các trạm đã đăng ký.",
            "Readings received over readings owed in 24 h by the registered stations.",
        ),
        lasting=timedelta(hours=1),
    )


def _catching_up() -> AlertRule:
    """A backlog that drains is work, not a fault: for information."""
    waiting = "sum by (feed) (ioc:consumer_lag_events)"
    waits = texts.compared("feed.catching_up", "sự kiện đang chờ", "events wait")
    return rule(
        "FeedCatchingUp",
        CATCHING_UP,
        f"{waiting} > on () group_left () {promql.general_limit('feed.catching_up')}",
        labels={"severity": "P4", "duty": "it"},
        lasting=timedelta(minutes=1),
        said=texts.said(
            CATCHING_UP,
            Text("luồng {{ $labels.feed }}", "feed {{ $labels.feed }}"),
            Text(f"{waits.vi}, {texts.now('vi')}", f"{waits.en}, {texts.now('en')}"),
            Text(
                "Số liệu đang hiển thị nói về quá khứ cho đến khi hết hàng chờ; xem thời điểm số liệu trên màn hình.",
                "Until the backlog is gone the numbers speak of the past; the walls show as of when.",
            ),
        ),
        runbook="FeedCatchingUp",
        dashboard="ioc-wall-data",
        by_provenance=False,
    )


CATCHING_UP = Text("Đang xử lý bù", "Catching up")
INTERVAL = ("feed", "source")
INTERVAL_QUERY = f"last_over_time(ioc:feed_expected_interval_seconds{{{texts.selector(INTERVAL)}, {REAL}}}[1d])"
INTERVAL_VI = texts.asked(INTERVAL_QUERY, INTERVAL, texts.number("seconds", "vi", of=". | first | value"), "?")
INTERVAL_EN = texts.asked(INTERVAL_QUERY, INTERVAL, texts.number("seconds", "en", of=". | first | value"), "?")


def _about_source(
    name: str,
    expression: str,
    severity: Severity,
    title: Text,
    finding: Text,
    meaning: Text,
    *,
    lasting: timedelta,
    keep: timedelta = timedelta(0),
    fixed: dict[str, str] | None = None,
) -> AlertRule:
    labels = SOURCE if fixed else (*SOURCE, promql.PROVENANCE)  # without one the rule itself states it
    series = f"{LAST_EVENT}{{{texts.selector(labels, **(fixed or {}))}}}"
    last = {language: texts.moment(series, labels, language) for language in texts.LANGUAGES}
    place = {
        language: f"{texts.title('source', language)} ({{{{ $labels.feed }}}})" for language in texts.LANGUAGES
    }
    found = (
        Text(finding.vi.replace("{last_vi}", last["vi"]), finding.en.replace("{last_en}", last["en"]))
        if "{last_vi}" in finding.vi
        else Text(f"{finding.vi}, {texts.now('vi')}", f"{finding.en}, {texts.now('en')}")
    )
    return rule(
        name,
        title,
        expression,
        labels={"severity": severity, "duty": "it", **(fixed or {})},
        lasting=lasting,
        keep=keep,
        said=texts.said(title, Text(place["vi"], place["en"]), found, meaning, marked=not fixed),
        runbook=name,
        dashboard="ioc-wall-data",
        by_provenance=not fixed,
    )
