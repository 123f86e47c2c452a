"""The few forms of PromQL that our rules are made of, each in one place.

A state figure carries `topic`, `partition` and `provenance`. While a partition is handed over two workers may show it,
so the larger one counts; then the partitions are merged. `provenance` stays in every result: the three never meet.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, TypedDict

How = Literal["sum", "max", "min"]

PARTITION = ("topic", "partition")
PROVENANCE = "provenance"
STATES = ("live", "delayed", "clock_fault", "stale", "off")
"""States of a source, the better before the worse."""
ALIVE = ("live", "delayed", "clock_fault")


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


def alive(feed: str) -> str:
    """1 per provenance in which some source of the feed is neither stale nor off, else 0."""
    return f'max {by(())} (ioc:feed_state{{feed="{feed}", state=~"{"|".join(ALIVE)}"}})'


def withheld(expression: str, feed: str) -> str:
    """The expression, but nothing in a provenance in which every source of the feed is stale or off."""
    return f"({expression}) unless on ({PROVENANCE}) ({alive(feed)} == 0)"


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
