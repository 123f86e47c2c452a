"""The few forms of PromQL that our rules are made of, each in one place.

A state figure carries `topic`, `partition` and `provenance`. While a partition is handed over two workers may show it,
so the larger one counts; then the partitions are merged. `provenance` stays in every result: the three never meet.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, TypedDict

from schemas import names
from schemas.kpi import Limit
from schemas.reference.rows import LABELS

How = Literal["sum", "max", "min"]

PARTITION = ("topic", "partition")
PROVENANCE = "provenance"
STATES = ("live", "delayed", "clock_fault", "stale", "off")
"""States of a source, the better before the worse."""
ALIVE = ("live", "delayed", "clock_fault")
LIMIT = "ioc:limit_value"
ASSUMED = "ioc:limit_assumed"
MEMORY = "1d"
"""How long Prometheus itself may be away before a held value is lost."""


class Rule(TypedDict):
    """One recording rule, as Prometheus reads it."""

    record: str
    expr: str


class LabelledRule(Rule):
    """A recording rule that adds labels."""

    labels: Mapping[str, str]


def by(labels: Iterable[str]) -> str:
    """The grouping clause: each label once, and always the provenance."""
    return f"by ({', '.join(dict.fromkeys((*labels, PROVENANCE)))})"


def merged(metric: str, labels: Iterable[str], how: How) -> str:
    """One figure out of those of all partitions."""
    labels = tuple(labels)
    return f"{how} {by(labels)} (max {by((*labels, *PARTITION))} ({metric}))"


def ratio(metric: str, labels: Iterable[str], *, denominators: How = "sum") -> str:
    """Numerators over denominators, divided once; nothing where the denominator is 0."""
    labels = tuple(labels)
    above = merged(f"{metric}_numerator", labels, "sum")
    below = merged(f"{metric}_denominator", labels, denominators)
    return f"{above} / ({below} > 0)"


def newest(metric: str, labels: Iterable[str]) -> str:
    """The largest value that any worker shows."""
    return f"max {by(labels)} ({metric})"


def on(labels: Iterable[str]) -> str:
    """The matching clause: each label once, and always the provenance."""
    return f"on ({', '.join(dict.fromkeys((*labels, PROVENANCE)))})"


def alive(feed: str) -> str:
    """1 per provenance in which some source of the feed is neither stale nor off, else 0."""
    return f'max {by(())} (ioc_feed_state{{feed="{feed}", state=~"{"|".join(ALIVE)}"}})'


def incomplete(topic: str) -> str:
    """There if some partition of the topic is shown by no worker: a sum would be too small without a sign of it."""
    shown = f'count (max by (topic, partition) (ioc_next_offset{{topic="{topic}"}}))'
    return f'{shown} < max (ioc_feed_partitions{{topic="{topic}"}})'


def withheld(expression: str, feed: str, topic: str) -> str:
    """The expression, but nothing in a provenance in which every source is stale or off, or while a partition lacks."""
    return f"({expression}) unless {on(())} ({alive(feed)} == 0) unless on () ({incomplete(topic)})"


def living(feed: str, topic: str) -> str:
    """1 per provenance in which some source of the feed is live, else 0; nothing while a partition lacks."""
    return f'max {by(())} (ioc_feed_state{{feed="{feed}", state="live"}}) unless on () ({incomplete(topic)})'


def held(record: str, life: str, labels: Iterable[str]) -> str:
    """The value, or the last one until `life`, asked by these labels, says that it is gone (observability.md 5.4)."""
    return f"{record} or (last_over_time({record}:held[{MEMORY}]) unless {on(labels)} ({life}))"


def remembered(metric: str, labels: Iterable[str]) -> str:
    """What reference data says, or said last: while no worker lives, the limits stay in force."""
    record = names.recorded(metric)
    said = f"max by ({', '.join(labels)}) ({metric})"
    return f"{said} or (last_over_time({record}[{MEMORY}]) unless on () group ({metric}))"


def limit_for(value: str, limit: Limit, labels: Iterable[str], *, metric: str = LIMIT, pick: How = "min") -> str:
    """The limit in force for each series of a value: of its own subject, or else the one for all.

    Of several the stricter counts: `pick` is min for what must not rise, max for what must not fall.
    """
    row = f'limit="{limit.name}", level=~"|{limit.level}"'
    own = [
        f'({value} * 0 + on ({label}) group_left () {pick} by ({label}) ({metric}{{{row}, {label}!=""}}))'
        for label in labels
        if label in LABELS
    ]
    general = f"({value} * 0 + on () group_left () {pick} ({metric}:general{{{row}}}))"
    return " or ".join((*own, general))


def attainment(value: str, kpi: str, labels: Iterable[str], *, higher: bool) -> str:
    """A value over its target, or the target over a value that should be low; the subject's own target goes first."""
    labels = tuple(label for label in labels if label in LABELS)
    rows = f'ioc:kpi_target_ratio{{kpi="{kpi}"'
    own = [
        f'({value} * 0 + on ({label}) group_left () max by ({label}) ({rows}, {label}!=""}}))' for label in labels
    ]
    none = "".join(f', {label}=""' for label in LABELS)
    target = " or ".join((*own, f"({value} * 0 + on () group_left () max ({rows}{none}}}))"))
    return f"{value} / ({target})" if higher else f"({target}) / ({value} > 0)"


def general_limit(name: str) -> str:
    """The limit of a name that holds for all, without labels."""
    return f'max ({LIMIT}:general{{limit="{name}"}})'


def state(name: str, labels: Iterable[str]) -> str:
    """1 if this is the best state that is shown, else 0; each worker judges by its own partitions alone."""
    labels = tuple(labels)
    this = newest(f'ioc_feed_state{{state="{name}"}}', labels)
    better = "|".join(STATES[: STATES.index(name)])
    if not better:
        return this
    joined = ", ".join((*labels, PROVENANCE))
    others = newest(f'ioc_feed_state{{state=~"{better}"}}', labels)
    return f"{this} * on ({joined}) ({others} == bool 0)"
