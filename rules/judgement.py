"""Alert rules about numbers: judged on the held value, against the limit in force, each with its silent twin.

A station that dies keeps its alert, and its twin says that it is dead; only life ends the alert (observability.md 5.4).
Every label that two sides are matched by includes the provenance: a living simulated station never lets go a real one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NotRequired, TypedDict, cast

from rules import promql, texts
from rules.promql import LabelledRule, Rule
from schemas import names
from schemas.kpi import Alert, Severity
from schemas.reference.rows import LABELS
from schemas.text import Text

TWIN_WAITS = timedelta(minutes=2)
"""A worker that is started again is back within that time; a station is unknown after forty minutes at the earliest."""


SILENT = "#mất-dữ-liệu--no-data"
"""The heading of a runbook that speaks of the twin."""


class AlertRule(TypedDict):
    """One alert rule, as Prometheus reads it."""

    alert: str
    expr: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    keep_firing_for: NotRequired[str]  # and `for`, a word of Python that cannot be declared


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A recorded number on which alerts are judged.

    Attributes:
        labels: its labels without the provenance.
        life: an expression that is there while the number is known to live, or known to be gone.
        life_labels: the labels by which that is asked, beside the provenance.
        as_of: the series that holds the moment of the number, with `%q` for `as_of_labels`.
        fixed: constant labels that tell it from variants of the same name.
        only: the end of an expression, where more than the limit decides.
    """

    feed: str
    record: str
    labels: tuple[str, ...]
    title: Text
    unit: str
    life: str
    life_labels: tuple[str, ...]
    as_of: str
    as_of_labels: tuple[str, ...]
    duty: str
    basis: str = ""
    fixed: Mapping[str, str] | None = None
    only: str = ""


def chain(numbers: Iterable[tuple[Judged, Sequence[Alert]]]) -> Iterator[Rule | AlertRule]:
    """Held values, then limits, then alerts: each reads what stands above it, so they belong into one group."""
    numbers = list(numbers)
    yield from {judged.record: held(judged) for judged, _ in numbers}.values()
    pairs = [(judged, alert) for judged, declared in numbers for alert in declared]
    for judged, alert in pairs:
        yield from limits(judged, alert)
    for judged, alert in pairs:
        yield from alerts(judged, alert)


def held(judged: Judged) -> Rule:
    """The rule that keeps the last value of a number that died."""
    return {
        "record": f"{judged.record}:held",
        "expr": promql.held(judged.record, judged.life, judged.life_labels),
    }


def limits(judged: Judged, alert: Alert) -> Iterator[LabelledRule]:
    """The limit in force for each series of the number, and whether it is an assumed one."""
    value = _value(judged, alert)
    stricter: promql.How = "min" if alert.above else "max"
    forms: tuple[tuple[str, str, promql.How], ...] = (
        ("ioc:alert_limit", promql.LIMIT, stricter),
        ("ioc:alert_limit_assumed", promql.ASSUMED, "max"),
    )
    for record, metric, pick in forms:
        expression = promql.limit_for(value, alert.limit, judged.labels, metric=metric, pick=pick)
        yield {"record": record, "expr": expression, "labels": {"alert": alert.name}}


def alerts(judged: Judged, alert: Alert) -> Iterator[AlertRule]:
    """The alert and its twin; one at P1 calls at P2 where its limit is only assumed."""
    for severity, part in _severities(alert, _beyond(judged, alert)):
        yield _alert(judged, alert, part, severity)
    for severity, part in _severities(alert, _silent(judged, alert)):
        yield _alert(judged, alert, part, severity, twin=names.silent(alert.name))


def lost(judged: Judged, alert: Alert) -> Iterator[Rule | AlertRule]:
    """An alert about silence itself: the last value was beyond the limit, and nothing is known now."""
    yield from limits(judged, alert)
    for severity, part in _severities(alert, _silent(judged, alert)):
        yield _alert(judged, alert, part, severity, twin=alert.name)


def _beyond(judged: Judged, alert: Alert) -> str:
    limit = f'ioc:alert_limit{{alert="{alert.name}"}}'
    return f"{_value(judged, alert)} {_sign(alert)} ignoring (alert) {limit}{judged.only}"


def _silent(judged: Judged, alert: Alert) -> str:
    return f"({_beyond(judged, alert)}) unless {promql.on(judged.life_labels)} ({judged.life})"


def _severities(alert: Alert, expression: str) -> Iterator[tuple[Severity, str]]:
    if alert.severity != "P1":
        yield alert.severity, expression
        return
    assumed = f'ioc:alert_limit_assumed{{alert="{alert.name}"}} == 1'
    yield "P1", f"({expression}) unless ignoring (alert) ({assumed})"
    # an assumed limit never calls at P1
    yield "P2", f"({expression}) and ignoring (alert) ({assumed})"


def _value(judged: Judged, alert: Alert) -> str:
    fixed = {**(judged.fixed or {}), **({"window": alert.window} if alert.window else {})}
    inner = ", ".join(f'{name}="{value}"' for name, value in fixed.items())
    return f"{judged.record}:held" + (f"{{{inner}}}" if inner else "")


def _sign(alert: Alert) -> str:
    return ">=" if alert.above else "<"


def _alert(judged: Judged, alert: Alert, expression: str, severity: str, *, twin: str | None = None) -> AlertRule:
    labels = {"severity": severity, "duty": alert.duty or judged.duty, "feed": judged.feed, "kind": "kpi"}
    if alert.hazard:
        labels["hazard"] = "true"
    return rule(
        twin or alert.name,
        alert.title,
        expression,
        labels=labels,
        lasting=TWIN_WAITS if twin else alert.lasting,
        said={language: _said(judged, alert, language, twin=twin is not None) for language in texts.LANGUAGES},
        runbook=alert.name,
        dashboard=f"ioc-wall-{alert.wall}" if alert.wall else f"ioc-{judged.feed.replace('_', '-')}",
        by_provenance=True,
    )


def rule(
    name: str,
    title: Text,
    expression: str,
    *,
    labels: Mapping[str, str],
    lasting: timedelta,
    said: texts.Said,
    runbook: str,
    dashboard: str,
    by_provenance: bool,
    keep: timedelta = timedelta(0),
) -> AlertRule:
    """An alert rule with everything that every alert has; `said` is summary and description in each language."""
    annotations = {
        f"{part}_{language}": said[language][number]
        for number, part in enumerate(("summary", "description"))
        for language in texts.LANGUAGES
    }
    annotations |= {f"title_{language}": texts.local(title, language) for language in texts.LANGUAGES}
    annotations["runbook_url"] = names.runbook(runbook) + ("" if name == runbook else SILENT)
    annotations["dashboard_url"] = f"/d/{dashboard}" + (
        "?var-provenance={{ $labels.provenance }}" if by_provenance else ""
    )
    waits = {"for": _span(lasting)} if lasting else {}
    keeps = {"keep_firing_for": _span(keep)} if keep else {}
    return cast(
        AlertRule,
        {"alert": name, "expr": expression, **waits, **keeps, "labels": dict(labels), "annotations": annotations},
    )


def _span(length: timedelta) -> str:
    minutes, seconds = divmod(round(length.total_seconds()), 60)
    return f"{minutes}m" if not seconds else f"{round(length.total_seconds())}s"


# Words.

VERDICT: Mapping[str, Mapping[texts.Language, str]] = {
    ">=": {"vi": "≥ ngưỡng", "en": "≥ limit"},
    "<": {"vi": "< ngưỡng", "en": "< limit"},
}


def _said(judged: Judged, alert: Alert, language: texts.Language, *, twin: bool) -> tuple[str, str]:
    summary = (
        f"{texts.local(texts.MARK, language)}{_head(judged, alert, language, twin=twin)}: "
        f"{texts.place(judged.labels, language)} {texts.number(judged.unit, language)} "
        f"{VERDICT[_sign(alert)][language]} {_limit(judged, alert, language)}, "
        f"{texts.moment(judged.as_of, judged.as_of_labels, language)}"
    )
    return summary, f"{texts.local(texts.MARK, language)}{_description(judged, alert, language, twin=twin)}"


def _head(judged: Judged, alert: Alert, language: texts.Language, *, twin: bool) -> str:
    """The title; a held value says so."""
    title = texts.local(alert.title, language)
    lost = {"vi": "MẤT DỮ LIỆU, giá trị cuối", "en": "NO DATA, last value"}[language]
    if twin:
        return f"{title} ({lost})"
    return title + texts.asked(_life_query(judged), _life_values(judged), "", f" ({lost})")


def _life_query(judged: Judged) -> str:
    name, _, rest = judged.life.partition(" ")
    inner = name.partition("{")[2].rstrip("}")
    asked = texts.selector(_life_values(judged))
    return f"{name.partition('{')[0]}{{{', '.join(part for part in (inner, asked) if part)}}} {rest}"


def _life_values(judged: Judged) -> tuple[str, ...]:
    return (*judged.life_labels, promql.PROVENANCE)


def _limit(judged: Judged, alert: Alert, language: texts.Language) -> str:
    """The limit in force with its basis, and a word if it is only assumed."""
    labels = (*judged.labels, promql.PROVENANCE)
    value = texts.asked(
        f"ioc:alert_limit{{{texts.selector(labels, alert=alert.name)}}}",
        labels,
        texts.number(judged.unit, language, of=". | first | value"),
    )
    assumed = texts.asked(
        f"ioc:alert_limit_assumed{{{texts.selector(labels, alert=alert.name)}}} == 1",
        labels,
        {"vi": " giả định", "en": " (assumed)"}[language],
    )
    return f"{value}{assumed} ({_basis(judged, alert, language)})"


def _basis(judged: Judged, alert: Alert, language: texts.Language) -> str:
    """What the row in force states as its basis: the row of the subject, or else the one for all."""
    own = [label for label in judged.labels if label in LABELS]
    row = f'limit="{alert.limit.name}", level=~"|{alert.limit.level}"'
    found = '{{ . | first | label "basis" }}'
    text = {"vi": "chưa nêu căn cứ", "en": "no basis stated"}[language]
    general = ", ".join(f'{label}=""' for label in LABELS)
    text = texts.asked(f"ioc:limit_info{{{row}, {general}}}", (), found, text)
    for label in reversed(own):
        text = texts.asked(f'ioc:limit_info{{{row}, {label}=%q, {label}!=""}}', (label,), found, text)
    return text


def _description(judged: Judged, alert: Alert, language: texts.Language, *, twin: bool) -> str:
    window = {"vi": "cửa sổ", "en": "window"}[language]
    span = f", {window} {alert.window}" if alert.window else ""
    number = f"{texts.local(judged.title, language)}{span}"
    if language == "vi":
        basis = f" Căn cứ chỉ số: {judged.basis}." if judged.basis else ""
        end = (
            "Không còn số liệu mới: coi như tình hình vẫn xấu đi, kiểm tra bằng cách khác."
            if twin
            else "Cảnh báo chỉ hết khi có số liệu mới trong ngưỡng; mất số liệu không làm hết cảnh báo."
        )
        return f"{number} so với ngưỡng `{alert.limit.name}` trong reference/limits.csv.{basis} {end}"
    basis = f" Basis of the figure: {judged.basis}." if judged.basis else ""
    end = (
        "No new data: assume that it is getting worse, and check by other means."
        if twin
        else "It ends only when new data lies within the limit; data that dies does not end it."
    )
    return f"{number} against the limit `{alert.limit.name}` of reference/limits.csv.{basis} {end}"
