"""Alerts about ourselves: what must not fail for the numbers to be true, and the beat that tells that we still look.

They are about processes, not data, so they carry no provenance. When every worker is dead they fall silent with them:
WorkerAbsent speaks then, and the Watchdog when Prometheus itself is.
"""

from collections.abc import Iterator
from datetime import timedelta

from rules import texts
from rules.judgement import AlertRule, rule
from rules.promql import Rule, general_limit
from schemas.kpi import Severity
from schemas.text import Text

WORKER = 'job="ioc-worker"'
MINUTE = timedelta(minutes=1)
FAILED = 'reason=~"unknown_.*|internal_error|process_killer"'
"""Reasons that our own reference data, schemas or code decide: the others are the sender's."""

BURN: tuple[tuple[str, str, float, Severity, timedelta], ...] = (
    ("1h", "5m", 14.4, "P2", timedelta(minutes=2)),
    ("6h", "30m", 6, "P2", timedelta(minutes=15)),
    ("1d", "2h", 3, "P3", timedelta(hours=1)),
    ("3d", "6h", 1, "P3", timedelta(hours=3)),
)
"""Long and short window, how many times too fast the budget is spent, severity, how long it lasts (SRE workbook, 5)."""


def rules() -> list[Rule]:
    """What the alerts below are judged on."""
    windows = dict.fromkeys(window for long, short, *_ in BURN for window in (short, long))
    failed: Iterator[Rule] = (
        {"record": f"ioc:events_failed:ratio_rate{window}", "expr": _failed(window)} for window in windows
    )
    return [{"record": "ioc:consumer_lag_growing", "expr": _growing()}, *failed]


def _growing() -> str:
    """Growth, not height: a backlog that drains is work in progress."""
    lag = "ioc:consumer_lag_events"
    return f"{lag} > on () group_left () {general_limit('feed.lag_events')} and (delta({lag}[10m]) > 0)"


def _failed(window: str) -> str:
    """Rates first, then sums; replayed foreign sources are none of our promise."""
    foreign = 'unless on (source) group by (source) (ioc:source_info{status="foreign"})'
    failed = f"sum(sum by (source) (rate(ioc_events_rejected_total{{{FAILED}}}[{window}])) {foreign})"
    return f"{failed} / (sum(sum by (source) (rate(ioc_events_read_total[{window}])) {foreign}) > 0)"


def alerts() -> list[AlertRule]:
    """The alerts, the beat first."""
    ours = [*_workers(), *_lag(), *_durability(), *_killers(), *_budget(), *_house(), *_clocks(), *_monitoring()]
    return [_watchdog(), *ours]


def _watchdog() -> AlertRule:
    return _alert(
        "Watchdog",
        "vector(1)",
        "none",
        Text("Giám sát cảnh báo đang hoạt động", "The alerting works"),
        Text("IOC Lào Cai", "Lào Cai IOC"),
        Text("nhịp kiểm tra", "beat"),
        Text(
            "Luôn phát. Không còn nghe nhịp này nghĩa là Prometheus hoặc Alertmanager đã chết: phải gọi người trực.",
            "Always fires. A receiver that hears no beat must call: Prometheus or Alertmanager is dead.",
        ),
        timedelta(0),
    )


def _workers() -> Iterator[AlertRule]:
    yield _alert(
        "WorkerAbsent",
        f"absent(up{{{WORKER}}} == 1)",
        "P1",
        Text("Mất tiến trình xử lý", "No worker"),
        Text("IOC Lào Cai", "Lào Cai IOC"),
        Text("không tiến trình nào trả lời", "no worker answers"),
        Text(
            "Mọi số liệu ngừng cập nhật. Các cảnh báo đang mở giữ nguyên giá trị cuối. Không xóa chủ đề trạng thái.",
            "Every number stands still. Alerts that fire keep their last value. Never delete the state topic.",
        ),
        MINUTE,
    )
    shown = "count by (topic) (max by (topic, partition) (ioc_partition_owner))"
    wanted = "max by (topic) (ioc_feed_partitions)"
    yield _alert(
        "PartitionUnread",
        f"({wanted} - {shown} > 0) or ({wanted} unless {shown})",
        "P2",
        Text("Có phân vùng không ai đọc", "Partitions nobody reads"),
        Text("chủ đề {{ $labels.topic }}", "topic {{ $labels.topic }}"),
        Text(f"{PLAIN} phân vùng", f"{PLAIN} partitions"),
        Text(
            "Sự kiện của các phân vùng này chưa được tính; số tổng của luồng được giữ lại, không hiển thị thiếu.",
            "Their events are not counted yet; sums of the feed are withheld rather than shown too small.",
        ),
        2 * MINUTE,
    )


def _lag() -> Iterator[AlertRule]:
    title = Text("Xử lý chậm, hàng chờ tăng", "Processing falls behind")
    yield _alert(
        "ConsumerLagGrowing",
        "ioc:consumer_lag_growing",
        "P2",
        title,
        Text("chủ đề {{ $labels.topic }}", "topic {{ $labels.topic }}"),
        texts.compared("feed.lag_events", "sự kiện chờ", "events wait"),
        Text(
            "Sự kiện đến nhanh hơn xử lý trong hơn 15 phút.",
            "Events come faster than they are processed, for more than a quarter of an hour.",
        ),
        15 * MINUTE,
        keep=10 * MINUTE,
    )
    yield _alert(
        "AllFeedsLagging",
        "count(ioc:consumer_lag_growing) == count(ioc:consumer_lag_events)",
        "P1",
        Text("Mọi luồng xử lý chậm", "Every feed falls behind"),
        Text("IOC Lào Cai", "Lào Cai IOC"),
        Text(f"{PLAIN} chủ đề có hàng chờ tăng", f"the backlog grows on {PLAIN} topics"),
        Text(
            "Trung tâm đang mù dần: máy, đĩa hoặc Kafka có sự cố chung.",
            "The centre is going blind: machine, disk or Kafka has a common fault.",
        ),
        15 * MINUTE,
        keep=10 * MINUTE,
    )
    place, real = "by (topic, partition, provenance)", 'provenance="real"'
    arrivals = f'sum {place} (increase(ioc_feed_records{{fate="accepted", {real}}}[5m]))'
    mark = f"max {place} (changes(ioc_watermark_timestamp_seconds{{{real}}}[5m]))"
    yield _alert(
        "WatermarkStuck",
        f"({mark} == 0) and on (topic, partition, provenance) ({arrivals} > 0)",
        "P2",
        Text("Mốc thời gian đứng yên", "Watermark stuck"),
        Text(
            "chủ đề {{ $labels.topic }}, phân vùng {{ $labels.partition }}",
            "topic {{ $labels.topic }}, partition {{ $labels.partition }}",
        ),
        Text("có sự kiện đến nhưng thời gian sự kiện không tiến", "events arrive, event time does not move on"),
        Text(
            "Các sự kiện nhận được đều cũ hơn sự kiện mới nhất: hệ thống gửi đang gửi bù, hoặc đồng hồ đứng.",
            "Everything accepted is older than the newest event: a source sends old data, or its clock stands still.",
        ),
        5 * MINUTE,
    )


def _durability() -> Iterator[AlertRule]:
    moved, confirmed = (
        f"max by (topic, partition) (ioc_{name}_timestamp_seconds)" for name in ("progress", "snapshot_confirmed")
    )
    yield _alert(
        "SnapshotNotConfirmed",
        f"{moved} - {confirmed} > on () group_left () {general_limit('pipeline.unconfirmed')}",
        "P2",
        Text("Trạng thái chưa được Kafka xác nhận", "Snapshot not confirmed"),
        Text(
            "chủ đề {{ $labels.topic }}, phân vùng {{ $labels.partition }}",
            "topic {{ $labels.topic }}, partition {{ $labels.partition }}",
        ),
        texts.compared("pipeline.unconfirmed", "chưa xác nhận", "unconfirmed", "seconds"),
        Text(
            "Số liệu trên màn hình đứng yên vì chỉ hiển thị điều đã lưu bền; không mất sự kiện nào.",
            "The walls stand still, for only what is durable is shown; no event is lost.",
        ),
        MINUTE,
    )
    yield _alert(
        "DeadLettersOld",
        "time() - min by (feed) (ioc_dead_letter_oldest_timestamp_seconds) > on () group_left () "
        f"{general_limit('feed.dead_letter_age')} and on (feed) (sum by (feed) (max by (feed, topic, partition) "
        "(ioc_dead_letters_pending)) > 0)",
        "P3",
        Text("Sự kiện bị từ chối tồn đọng", "Dead letters left lying"),
        Text("luồng {{ $labels.feed }}", "feed {{ $labels.feed }}"),
        texts.compared("feed.dead_letter_age", "từ sự kiện cũ nhất", "since the oldest", "seconds"),
        Text(
            "Có sự kiện bị từ chối chưa ai xử lý: xem `ioc dlq list`, báo cơ quan, sửa rồi phát lại hoặc bỏ có lý do.",
            "They wait for a decision: `ioc dlq list`, tell the agency, mend and replay, or drop with a reason.",
        ),
        10 * MINUTE,
    )


def _killers() -> Iterator[AlertRule]:
    killers = 'ioc_events_rejected_total{reason="process_killer"}'
    yield _alert(
        "ProcessKillerQuarantined",
        # who sets a record aside may have begun to count a moment ago: to `increase` its first sample is no growth
        f"sum by (feed) (increase({killers}[1d]) > 0 or ({killers} unless {killers} offset 1d)) > 0",
        "P2",
        Text("Cách ly bản ghi làm dừng tiến trình", "A record that ends the worker was set aside"),
        Text("luồng {{ $labels.feed }}", "feed {{ $labels.feed }}"),
        Text(f"{PLAIN} bản ghi trong một ngày", f"{PLAIN} records in a day"),
        Text(
            "Không con số nào chứa nó; việc xử lý đi tiếp. Đó là lỗi chương trình: xem `ioc dlq list`, chưa phát lại.",
            "No number contains it, and the work goes on. The program is at fault: `ioc dlq list`, do not replay yet.",
        ),
        MINUTE,
    )


def _budget() -> Iterator[AlertRule]:
    for long, short, factor, severity, lasting in BURN:
        budget = f"({factor:g} * (1 - {general_limit('objective.acceptance')}))"
        parts = (f"ioc:events_failed:ratio_rate{window} > on () {budget}" for window in (long, short))
        yield _alert(
            "ErrorBudgetBurn",
            " and on () ".join(f"({part})" for part in parts),
            severity,
            Text("Tiêu hết hạn mức lỗi quá nhanh", "Error budget burns"),
            Text("IOC Lào Cai", "Lào Cai IOC"),
            Text(
                f"{texts.number('ratio', 'vi')} sự kiện bị từ chối vì lỗi phía trung tâm trong {long}, "
                f"mục tiêu {texts.general_limit('objective.acceptance', 'ratio', 'vi')}",
                f"{texts.number('ratio', 'en')} of events refused for faults on our side in {long}, "
                f"objective {texts.general_limit('objective.acceptance', 'ratio', 'en')}",
            ),
            Text(
                "Danh mục tham chiếu hoặc lược đồ của trung tâm không theo kịp thực tế, hoặc chương trình có lỗi.",
                "Our reference data or schemas lag behind what agencies send, or the program has a fault.",
            ),
            lasting,
            more={"window": long},
        )


def _house() -> Iterator[AlertRule]:
    yield _alert(
        "ScrapeLimitNear",
        f"max by (job, instance) (scrape_samples_scraped{{{WORKER}}}) > on () group_left () "
        f"{general_limit('scrape.samples')}",
        "P3",
        Text("Trang số liệu sắp quá giới hạn", "Page near its limit of samples"),
        Text("{{ $labels.instance }}", "{{ $labels.instance }}"),
        texts.compared("scrape.samples", "mẫu", "samples"),
        Text(
            "Quá giới hạn thì Prometheus bỏ cả trang và trung tâm mù. Tìm nhãn tăng nhiều nhất.",
            "Beyond the limit Prometheus refuses the whole page, and the centre is blind. Find the label that grew.",
        ),
        10 * MINUTE,
    )
    yield _alert(
        "ScrapeRefused",
        "increase(prometheus_target_scrapes_exceeded_sample_limit_total[10m]) > 0 "
        "or increase(prometheus_target_scrapes_exceeded_body_size_limit_total[10m]) > 0",
        "P1",
        Text("Prometheus từ chối trang số liệu", "Prometheus refuses a page"),
        Text("{{ $labels.instance }}", "{{ $labels.instance }}"),
        Text(f"{PLAIN} lần trong 10 phút", f"{PLAIN} times in 10 min"),
        Text(
            "Một trang vượt giới hạn mẫu hoặc dung lượng; số liệu của nó không được ghi.",
            "A page has more samples or bytes than allowed; nothing of it is recorded.",
        ),
        MINUTE,
    )
    yield _alert(
        "ReferenceInvalid",
        "min by (instance) (ioc_reference_valid) == 0",
        "P3",
        Text("Dữ liệu tham chiếu sai", "Reference data invalid"),
        Text("{{ $labels.instance }}", "{{ $labels.instance }}"),
        Text("giữ nguyên bản đúng trước đó", "the last valid one stays in force"),
        Text(
            "Nhật ký của tiến trình xử lý nêu tệp, dòng và cột. Thay đổi mới chưa có hiệu lực.",
            "The worker's log names file, line and field. The change is not in force.",
        ),
        MINUTE,
    )
    yield _alert(
        "ReadersDiffer",
        "sum by (feed) (increase(ioc_reader_differences_total[1d])) > 0",
        "P2",
        Text("Hai bộ đọc cho kết quả khác nhau", "Two readers differ"),
        Text("luồng {{ $labels.feed }}", "feed {{ $labels.feed }}"),
        Text("bộ đọc nhanh đã tự tắt", "the fast reader has switched itself off"),
        Text(
            "Một sự kiện được bộ đọc nhanh và pydantic hiểu khác nhau; sự kiện cũ có thể đã tính sai: `ioc recount`.",
            "Pydantic and the fast reader took an event differently; earlier ones may be counted wrong: `ioc recount`.",
        ),
        MINUTE,
    )


def _clocks() -> Iterator[AlertRule]:
    yield _alert(
        "ClockSkew",
        "max by (instance) (abs(ioc_worker_clock_offset_seconds)) > on () group_left () "
        f"{general_limit('pipeline.clock')}",
        "P2",
        Text("Đồng hồ máy lệch với Kafka", "Clock differs from Kafka's"),
        Text("{{ $labels.instance }}", "{{ $labels.instance }}"),
        texts.compared("pipeline.clock", "lệch", "apart", "seconds"),
        Text(
            "Số liệu theo đồng hồ của Kafka. Nếu mọi tiến trình cùng lệch thì chính Kafka sai giờ: giờ nhận sai theo.",
            "Numbers go by Kafka's clock. If every worker differs alike, Kafka's is wrong, and with it all arrivals.",
        ),
        2 * MINUTE,
    )


def _monitoring() -> Iterator[AlertRule]:
    parts = (
        (
            "RuleEvaluationFailing",
            "sum by (rule_group) (increase(prometheus_rule_evaluation_failures_total[5m])) > 0",
            "P2",
            Text("Quy tắc cảnh báo bị lỗi", "Rules fail"),
            Text("nhóm {{ $labels.rule_group }}", "group {{ $labels.rule_group }}"),
            Text("Cảnh báo của nhóm này có thể không phát.", "Alerts of this group may not fire."),
        ),
        (
            "AlertmanagerUnreachable",
            "max by (instance) (prometheus_notifications_alertmanagers_discovered) < 1",
            "P2",
            Text("Prometheus không thấy Alertmanager", "Prometheus finds no Alertmanager"),
            Text("{{ $labels.instance }}", "{{ $labels.instance }}"),
            Text("Không cảnh báo nào được gửi đi.", "No alert is sent."),
        ),
        (
            "NotificationsFailing",
            "sum by (integration) (increase(alertmanager_notifications_failed_total[5m])) > 0",
            "P2",
            Text("Gửi cảnh báo thất bại", "Notifications fail"),
            Text("kênh {{ $labels.integration }}", "channel {{ $labels.integration }}"),
            Text("Alertmanager gửi đi nhưng nơi nhận từ chối.", "Alertmanager sends, the receiver refuses."),
        ),
    )
    for name, expression, severity, title, where, meaning in parts:
        found = Text(f"{PLAIN} trong 5 phút", f"{PLAIN} in 5 min")
        yield _alert(name, expression, severity, title, where, found, meaning, 5 * MINUTE)


PLAIN = '{{ $value | printf "%.0f" }}'


def _alert(
    name: str,
    expression: str,
    severity: str,
    title: Text,
    where: Text,
    finding: Text,
    meaning: Text,
    lasting: timedelta,
    *,
    keep: timedelta = timedelta(0),
    more: dict[str, str] | None = None,
) -> AlertRule:
    found = Text(f"{finding.vi}, {texts.now('vi')}", f"{finding.en}, {texts.now('en')}")
    return rule(
        name,
        title,
        expression,
        labels={"severity": severity, "duty": "it", **(more or {})},
        lasting=lasting,
        keep=keep,
        said=texts.said(title, where, found, meaning),
        runbook=name,
        dashboard="ioc-wall-data",
        by_provenance=False,
    )
