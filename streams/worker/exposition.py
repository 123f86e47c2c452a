"""Readings and telemetry -> the text that Prometheus reads (format 0.0.4). Knows neither Kafka nor Faust."""

import math
from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, generate_latest

from streams.engine.readings import Family, Reading
from streams.worker.board import Board, Partition, Shown

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Judge = Callable[[Mapping[Partition, Shown]], Iterable[Reading]]

SUFFIXES = ("_bucket", "_sum", "_count")

EXACT = float(1 << 53)
"""Below it a float of a whole number is that number."""


class Page:
    """Renders /metrics; one renderer at a time, in whatever thread.

    `judge` answers what is told of the shown partitions by the clock.
    """

    def __init__(self, board: Board, families: Iterable[Family], registry: CollectorRegistry, dropped: Counter,
                 judge: Judge) -> None:
        self.board = board
        self.judge = judge
        self.families = {family.name: family for family in families}
        self.registry = registry
        self.dropped = dropped
        self._family_of = {sample: family.name for family in self.families.values() for sample in samples_of(family)}
        self._prefixes: dict[tuple[str, tuple[tuple[str, str], ...]], str] = {}

    def render(self) -> bytes:
        """The page: state of confirmed snapshots, then the figures of the process."""
        lines: dict[str, list[str]] = {}
        used: dict[tuple[str, tuple[tuple[str, str], ...]], str] = {}
        partitions = self.board.partitions
        for readings in (*(each.readings for each in partitions.values()), self.judge(partitions)):
            for reading in readings:
                self._add(reading, lines, used)
        self._prefixes = used  # forgets what is shown no more
        text = "".join(self._head(name) + "".join(found) for name, found in sorted(lines.items()))
        return text.encode() + generate_latest(self.registry)

    def _add(self, reading: Reading, lines: dict[str, list[str]],
             used: dict[tuple[str, tuple[tuple[str, str], ...]], str]) -> None:
        family = self._family_of.get(reading.name)
        if family is None:
            self.dropped.labels("undeclared").inc()
        elif not math.isfinite(reading.value):
            self.dropped.labels("not_finite").inc()
        else:
            key = (reading.name, reading.labels)
            prefix = used[key] = self._prefixes.get(key) or prefix_of(*key)
            lines.setdefault(family, []).append(f"{prefix}{number(reading.value)}\n")

    def _head(self, name: str) -> str:
        family = self.families[name]
        text = family.help.replace("\\", r"\\").replace("\n", r"\n")
        return f"# HELP {name} {text}\n# TYPE {name} {family.kind}\n"


def samples_of(family: Family) -> tuple[str, ...]:
    """The names its samples have."""
    if family.kind == "histogram":
        return tuple(f"{family.name}{suffix}" for suffix in SUFFIXES)
    return (family.name,)


def prefix_of(name: str, labels: Iterable[tuple[str, str]]) -> str:
    """Everything of a line before its value."""
    inner = ",".join(f'{label}="{escape(value)}"' for label, value in labels)
    return f"{name}{{{inner}}} " if inner else f"{name} "


def escape(value: str) -> str:
    """A label value as the format wants it between its quotes."""
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def number(value: float) -> str:
    """A value, whole ones without exponent or point."""
    return str(int(value)) if value == int(value) and abs(value) < EXACT else repr(float(value))

