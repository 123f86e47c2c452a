"""Pages of documentation that derive from the declarations: one a feed, all metrics, all settings."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

from prometheus_client.metrics_core import Metric

from rules import common, composites, pipeline, render
from rules import feed as recording
from rules import reference as reference_rules
from rules.judgement import SILENT
from rules.promql import Rule
from schemas import names
from schemas.entities import Case, Entity
from schemas.errors import Flag, Reason
from schemas.event import Attributes, IsTime
from schemas.feed import Feed
from schemas.hints import bare, marks
from schemas.kpi import Alert, Kpi
from schemas.labels import Listed
from schemas.reader import Reader
from streams.engine import readings
from streams.publisher import read_reference
from streams.settings import Settings
from streams.telemetry import PartitionVitals, Telemetry, Vitals
from streams.worker.registry import Registry
from tools import wording
from tools.published import both, schema, unit_of, words

GENERATED = "<!-- Sinh tự động bởi `make generate`, không sửa tay. Generated, do not edit. -->\n"

FORMS = {"rfc3339": "time (RFC 3339)", "millis": "time (ms, epoch)", "digits": "time (ms, epoch, as text)"}

BARE = (
    "Vỏ CloudEvents / envelope",
    """không có: bản ghi là dữ liệu, nguồn là chủ đề, không nhận ra bản lặp /
none: the record is the data, the topic its source, no repeats are recognised""",
)

KINDS = {str: "text", int: "integer", float: "number", bool: "boolean"}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; bars and line breaks inside a cell are taken care of."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(_cell(cell) for cell in line) + " |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def feed_page(feed: Feed) -> str:
    """What one feed is, how to send it, what is computed from it."""
    parts = (
        f"{GENERATED}\n# {both(feed.title)}\n",
        _about(feed),
        _section("Hành động", "Actions", table(("action", "type"), _actions(feed))),
        _section("Trường dữ liệu", "Fields of `data`", table(FIELDS, (_field(feed, name) for name in feed.hints))),
        _section("Chỉ số", "KPIs", table(KPIS, (_kpi(feed, kpi) for kpi in feed.kpis))),
        _alerts(feed),
        _section("Nghi vấn, vẫn nhận", "Flags: accepted, in doubt", table(("flag", "vi", "en"), _flags(feed))),
        _section("Lý do từ chối", "Reasons of dead letters", table(("reason", "vi", "en"), _reasons())),
        _section("Ví dụ", "Example", f"```json\n{json.dumps(feed.example, ensure_ascii=False, indent=2)}\n```\n"),
        _section("Chưa tính", "Not built", _not_built(feed)),
    )
    return "\n".join(part for part in parts if part)


def _not_built(feed: Feed) -> str:
    return "".join(f"- `{name}`: {why}\n" for name, why in feed.not_built.items()) or "-\n"


FIELDS = ("field", "vi", "en", "type", "unit", "plausible", "list")
KPIS = ("metric", "vi", "en", "labels", "over", "computed", "where", "unit", "basis")


def _section(vi: str, en: str, body: str) -> str:
    return f"## {vi} / {en}\n\n{body}"


def _about(feed: Feed) -> str:
    entity = {Case: "case", Entity: "entity"}.get(type(feed.entity), "-")
    covers = f"`{feed.covers}` (s)" if feed.covers else "-"
    return table(
        ("", ""),
        (
            ("Chủ đề / topic", f"`{feed.topic}`"),
            ("Bị từ chối / dead letters", f"`{feed.dead_letter_topic}`"),
            ("Khóa / key", f"`{feed.key}`" if feed.key else "-"),
            *([BARE, ("Thời gian sự kiện / time of the event", f"`{feed.bare}`")] if feed.bare is not None else []),
            ("Lược đồ / schema", f"`schemas/published/{feed.name}.v{feed.version}.json`, `{schema(feed)['$id']}`"),
            ("Chu kỳ gửi / expected every", wording.stretch(feed.every)),
            ("Thời đoạn / covers", covers),
            ("Ghi nhớ / remembers", f"{entity}: {', '.join(feed.entity.remembers)}" if feed.entity else "-"),
            ("Trực / duty", feed.duty),
        ),
    )


def _actions(feed: Feed) -> list[tuple[str, str]]:
    if feed.bare is not None:
        return [(action, "-") for action in feed.actions]
    return [(action, f"`{name}`") for name, action in feed.types.items()]


def _field(feed: Feed, name: str) -> tuple[str, ...]:
    text, span, listed = words(feed, name), feed.plausible(name), feed.listed(name)
    required = name in feed.payload.__required_keys__
    return (
        f"`{name}`{' *' if required else ''}",
        text.vi if text else "",
        text.en if text else "",
        _type(feed.hints[name]),
        unit_of(name),
        f"{span.low:g} .. {span.high:g}" if span else "",
        _list(listed) if listed else "",
    )


def _list(listed: Listed) -> str:
    law = " (bắt buộc / law)" if listed.law else ""
    return f"`{listed.name}`{law}{''.join(f', → `{column}`' for column in listed.gives)}"


def _type(hint: Any) -> str:
    for mark in marks(hint):
        if isinstance(mark, IsTime):
            return FORMS[mark.form]
    kind = bare(hint)
    if get_origin(kind) is None:
        return KINDS[kind]
    return " | ".join(f"`{value}`" for value in get_args(kind))


def _kpi(feed: Feed, kpi: Kpi) -> tuple[str, ...]:
    metric = feed.metric(kpi)
    fixed = [f'{name}="{value}"' for name, value in kpi.labels.items()]
    varying = [label for label in recording.labels(feed, metric) if label not in kpi.labels]
    return (
        f"`{metric}`",
        kpi.title.vi,
        kpi.title.en,
        ", ".join((*varying, *fixed)),
        wording.over(kpi),
        wording.aggregate(kpi.aggregate),
        wording.condition(kpi.where),
        feed.unit(kpi).suffix,
        kpi.basis,
    )


def _alerts(feed: Feed) -> str:
    alerts = [(kpi, alert) for kpi in feed.kpis for alert in kpi.alerts]
    head = ("alert", "severity", "vi", "en", "KPI", "limit", "lasting")
    body = table(head, (_alert(kpi, alert) for kpi, alert in alerts))
    joined = dict.fromkeys(
        rule["alert"]
        for rule in render.judgements(composites.judgement_rules(feed))
        if SILENT not in rule["annotations"]["runbook_url"]
    )
    others = ", ".join(f"[{name}](../{names.runbook(name).removeprefix('docs/')})" for name in joined)
    more = f"\nGhép từ nhiều chỉ số / joined: {others}\n" if joined else ""
    return _section("Cảnh báo khai báo", "Alerts declared", body + more) if alerts or joined else ""


def _alert(kpi: Kpi, alert: Alert) -> tuple[str, ...]:
    side, limit = ("≥", alert.above) if alert.above else ("<", alert.below)
    assert limit is not None
    levels = {each.above.level for each in kpi.alerts if each.above and each.above.name == limit.name}
    level = f", level {limit.level}" if len(levels) > 1 else ""
    where = f"{kpi.name} {alert.window or ''}".strip()
    lasting = wording.span(alert.lasting) if alert.lasting else ""
    name = f"[{alert.name}](../{names.runbook(alert.name).removeprefix('docs/')})"
    return name, alert.severity, alert.title.vi, alert.title.en, where, f"{side} `{limit.name}`{level}", lasting


def _flags(feed: Feed) -> list[tuple[str, str, str]]:
    general = [(f"`{flag}`", flag.text.vi, flag.text.en) for flag in Flag]
    return [*general, *((f"`{each.name}` ({each.effect})", each.title.vi, each.title.en) for each in feed.checks)]


def _reasons() -> list[tuple[str, str, str]]:
    return [(f"`{reason}`", reason.text.vi, reason.text.en) for reason in Reason]


METRICS = """\
Tên có dấu `:` là số toàn tỉnh đã gộp, dùng cho màn hình và cảnh báo. Số trạng thái mang thêm nhãn `topic`, `partition`,
`provenance`.

Names with a colon are recorded: merged over partitions and workers; walls and alerts read only those. Every figure of
state also carries `topic`, `partition`, `provenance`. What a number means: [numbers.md](numbers.md).
"""


def metrics_page(feeds: Sequence[Feed]) -> str:
    """Every name on /metrics and every name recorded from it."""
    reference = {family.name: family for family in _reference(feeds)}.values()
    parts = (
        f"{GENERATED}\n# Các chỉ số / Metrics\n",
        METRICS,
        *(_section(feed.title.vi, f"{feed.title.en} (`{feed.name}`)", _names(feed)) for feed in feeds),
        _section("Mọi luồng dữ liệu", "Every feed", _families(readings.COMMON)),
        _section("Gộp cho mọi luồng", "Recorded for every feed", _recorded(common.rules())),
        _section(
            "Dữ liệu tham chiếu",
            "Reference data, what is in force now",
            f"{table(PROCESS, sorted(map(_family, reference)))}\n{_recorded(reference_rules.rules())}",
        ),
        _section("Tiến trình xử lý", "The worker process", table(PROCESS, _process())),
        _section("Cảnh báo", "Alerts", f"{ALERTS}\n{_recorded([*pipeline.rules(), *ALERT_RECORDS])}"),
    )
    return "\n".join(parts)


PROCESS = ("metric", "type", "labels", "meaning")

ALERTS = """\
Mọi cảnh báo và sổ tay của chúng: [runbooks](runbooks/README.md). Tên có `:held` giữ giá trị cuối khi mất dữ liệu;
cảnh báo xét giá trị đó.

Every alert and its page: [runbooks](runbooks/README.md). A name with `:held` keeps the last value while data is lost,
and alerts are judged on it. `ioc:alert_limit{alert}` is the limit in force for each series that an alert judges,
`ioc:alert_limit_assumed` is 1 where it is only assumed, `ioc:feed_living` is 1 while some source of a feed is live and
no partition lacks.
"""
ALERT_RECORDS: tuple[Rule, ...] = tuple(
    {"record": name, "expr": ""} for name in ("ioc:alert_limit", "ioc:alert_limit_assumed", "ioc:feed_living")
)


A_DAY = 1_767_600_000.0


def _recorded(rules: Iterable[Rule]) -> str:
    return table(("recorded",), ((name,) for name in dict.fromkeys(f"`{rule['record']}`" for rule in rules)))


def _reference(feeds: Sequence[Feed]) -> Iterable[Metric]:
    """The families of reference data as the real lists make them, on a day of the example events."""
    folder = Path(__file__).resolve().parent.parent / "reference"
    reference = read_reference(folder)
    return Registry(reference, feeds, folder, lambda: reference, partitions=1, wall=lambda: A_DAY).families()


def _families(families: Iterable[readings.Family]) -> str:
    return table(("exposed", "type", "meaning"), ((f"`{each.name}`", each.kind, each.help) for each in families))


def _names(feed: Feed) -> str:
    exposed = _families(readings.families(feed))
    recorded = table(
        ("recorded", "labels"),
        ((f"`{name}`", ", ".join((*labels, "provenance"))) for name, labels in recorded_labels(feed).items()),
    )
    judged = (*recording.judgement_rules(feed), *composites.judgement_rules(feed))
    held = [rule for rule in render.recordings(judged) if rule["record"].endswith(":held")]
    more = [*recording.attainments(feed), *composites.rules(feed.name), *held]
    return "\n".join((exposed, recorded, *([_recorded(more)] if more else [])))


def recorded_labels(feed: Feed) -> dict[str, tuple[str, ...]]:
    """The labels of each recorded name of a feed, without the provenance."""
    found = {}
    for rule in recording.rules(feed):
        grouping = rule["expr"].partition(" by (")[2].partition(")")[0]
        found[rule["record"]] = tuple(label for label in grouping.split(", ") if label != "provenance")
    return found


def _process() -> list[tuple[str, str, str, str]]:
    partition = PartitionVitals(
        feed="feed", next_offset=0, moved=0, progress=0, log_end=0, committed=0, confirmed=0, snapshot_bytes=0
    )
    vitals = Vitals(started=0, beat=0, recovery_seconds=0, clock_offset=0, partitions={("topic", 0): partition})
    reader = Reader("feed", Attributes, (), wanted=False)
    registry = Telemetry({"feed": ()}, {"feed": ("flag",)}, vitals, [reader], build={"version": ""}).registry
    return sorted(_family(family) for family in registry.collect())


def _family(family: Metric) -> tuple[str, str, str, str]:
    labels = dict.fromkeys(label for sample in family.samples for label in sample.labels if label != "le")
    name = f"{family.name}_total" if family.type == "counter" else family.name
    return f"`{name}`", family.type, ", ".join(labels), family.documentation


SETTINGS = """\
Biến môi trường đọc khi khởi động; giá trị sai thì dừng và nêu tên biến.

Environment variables, read at start; a wrong value stops the start and is named.
"""


def settings_page() -> str:
    """Every setting, its default and what is allowed."""
    rows = [
        (
            f"`IOC_{name.upper()}`",
            f"`{about.default}`" if str(about.default) else "",
            _allowed(about.annotation, about.metadata),
            about.description or "",
        )
        for name, about in Settings.model_fields.items()
    ]
    body = table(("setting", "default", "allowed", "meaning"), rows)
    return f"{GENERATED}\n# Thiết lập / Settings\n\n{SETTINGS}\n{body}"


SIGNS = (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"), ("min_length", "length ≥"), ("pattern", "matches"))


def _allowed(kind: Any, limits: Iterable[Any]) -> str:
    if get_args(kind):
        return " | ".join(f"`{value}`" for value in get_args(kind))
    found = [
        f"{sign} {getattr(limit, name)}"
        for limit in limits
        for name, sign in SIGNS
        if getattr(limit, name, None) is not None
    ]
    return ", ".join([getattr(kind, "__name__", str(kind)), *found])
