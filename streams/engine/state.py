"""All that is remembered of one partition: plain data, whole numbers, its own next offset inside."""

from typing import Any

from streams.engine.blocks import Blocks
from streams.engine.duplicates import Duplicates
from streams.engine.plan import Plan

Cells = dict[str, dict[int, Any]]
"""Of one KPI: values of the labels, joined, to pane number to the aggregate's state.

A state is a list of whole numbers; that of a plain sum or count is the number alone, which costs no object a pane.
"""


class Memory:
    """What is remembered of one entity.

    Attributes:
        values: remembered and told fields.
        times: per field the time of the event it came from (of told fields: itself).
        seen: newest time of the entity's events.
        backwards: the case has been seen to close before it was opened.
        turn: time of the newest closing or reopening of a case, None before; `reopened` tells which.
        waiting: an event a check keeps waiting: [check's number, row, fields it carries, time, append stamp ...].
        home: number of the newest block that has the entity, 0 for none (derived).
    """

    __slots__ = ("backwards", "home", "reopened", "seen", "times", "turn", "values", "waiting")

    def __init__(self, home: int = 0) -> None:
        self.values: dict[str, Any] = {}
        self.times: dict[str, int] = {}
        self.seen = 0
        self.turn: int | None = None
        self.reopened = False
        self.backwards = False
        self.waiting: list[Any] | None = None
        self.home = home

    @property
    def is_open(self) -> bool:
        """Whether a case is open: begun, and not closed by its newest turn."""
        return "opened_at" in self.values and (self.turn is None or self.reopened)

    def copy(self) -> "Memory":
        """Another memory with the same content, to be changed in its place."""
        other = Memory.__new__(Memory)
        other.values, other.times = self.values.copy(), self.times.copy()
        other.seen, other.turn, other.reopened = self.seen, self.turn, self.reopened
        other.backwards, other.waiting, other.home = self.backwards, self.waiting, self.home
        return other

    def pack(self) -> list[Any]:
        """As plain data."""
        return [self.values, self.times, self.seen, self.turn, self.reopened, self.backwards, self.waiting]

    @classmethod
    def unpack(cls, packed: list[Any]) -> "Memory":
        """From plain data."""
        memory = cls()
        (memory.values, memory.times, memory.seen, memory.turn, memory.reopened, memory.backwards, memory.waiting) = (
            packed
        )
        return memory


class SourceFigures:
    """What is counted per source: newest event, newest arrival, fates by clock hour of arrival, slots seen (sorted)."""

    __slots__ = ("fault", "hours", "last_arrival", "last_event", "slots")

    def __init__(self) -> None:
        self.last_event: int | None = None
        self.last_arrival = 0
        self.fault = False
        self.hours: dict[int, list[int]] = {}
        self.slots: dict[str, list[int]] = {}

    def pack(self) -> list[Any]:
        """As plain data."""
        return [self.last_event, self.last_arrival, self.fault, self.hours, self.slots]

    @classmethod
    def unpack(cls, packed: list[Any]) -> "SourceFigures":
        """From plain data; JSON made text of the numbers that were keys."""
        figures = cls()
        figures.last_event, figures.last_arrival, figures.fault, hours, slots = packed
        figures.hours = {int(hour): counts for hour, counts in hours.items()}
        figures.slots = {entity: sorted(seen) for entity, seen in slots.items()}  # there are snapshots not in order
        return figures


class Lane:
    """The state of one provenance in one partition; lanes never meet.

    Attributes:
        watermark: how far event time has come; None before the first accepted record.
        present: the moment at which windows and deadlines are read.
        arrival: append stamp of the newest accepted record.
        heard: append stamp of the newest record of any fate.
        firsts: per span of the plan, the first moment any of its windows still reaches at the watermark (derived);
            `borders` the watermarks at which each must be worked out anew.
        oldest: the smallest of them (derived); `border` the watermark at which they must be worked out anew.
        fresh: entities touched since a block had them, in the order in which they were (`streams/engine/blocks.py`).
        swept: the watermark at which forgotten cases were last looked for (derived).
    """

    __slots__ = (
        "arrival",
        "border",
        "borders",
        "cells",
        "entities",
        "fates",
        "firsts",
        "fresh",
        "heard",
        "oldest",
        "present",
        "sources",
        "swept",
        "view",
        "watermark",
    )

    def __init__(self, plan: Plan) -> None:
        self.watermark: int | None = None
        self.present: int | None = None
        self.arrival = 0
        self.heard = 0
        self.cells: list[Cells] = [{} for _ in plan.windowed]
        self.entities: dict[str, Memory] = {}
        self.fresh: dict[str, None] = {}
        self.swept = -(1 << 62)
        self.sources: dict[str, SourceFigures] = {}
        self.fates: dict[str, int] = {}
        self.firsts: list[int] = [-(1 << 62)] * len(plan.spans)
        self.borders: list[int] = [-(1 << 62)] * len(plan.spans)
        self.oldest = -(1 << 62)
        self.border = -(1 << 62)
        self.view: Any = None


class State:
    """The state of one partition of one feed.

    Attributes:
        next_offset: the first offset that is not contained.
        topic_id: Kafka's id of the topic the offsets belong to.
        version: grows with every change; tells what has changed since a snapshot.
        blocks: the part that is written in blocks.
    """

    __slots__ = ("blocks", "duplicates", "lanes", "next_offset", "partition", "topic", "topic_id", "version")

    def __init__(
        self, topic: str, partition: int, *, horizon_ms: int = 3_600_000, next_offset: int = 0, topic_id: str = ""
    ) -> None:
        self.topic, self.partition = topic, partition
        self.next_offset = next_offset
        self.topic_id = topic_id
        self.version = 0
        self.lanes: dict[str, Lane] = {}
        self.duplicates = Duplicates(horizon_ms)
        self.blocks = Blocks()
