"""What is remembered of one entity: memory, told fields, deadlines, open or not (docs/numbers.md, section 4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from schemas.conditions import Working
from schemas.entities import Case, Entity, ServiceLevel
from schemas.reference import Reference
from streams.recount.moments import millis
from streams.recount.worktime import WorkTime

Kind = Entity | Case


@dataclass
class Thing:
    """One entity as its events left it."""

    memory: dict[str, tuple[Any, int]] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)  # told fields
    state: tuple[str, int] | None = None
    turn: tuple[bool, int] | None = None  # whether the newest closing or reopening was a reopening, and when
    seen_at: int | None = None

    def copy(self) -> "Thing":
        """The same, to try an event on."""
        return Thing(dict(self.memory), dict(self.times), self.state, self.turn, self.seen_at)

    @property
    def values(self) -> dict[str, Any]:
        """What is remembered, without when."""
        return {name: value for name, (value, _) in self.memory.items()}

    @property
    def is_open(self) -> bool:
        """Whether a case is open."""
        return "opened_at" in self.times and (self.turn is None or self.turn[0])

    @property
    def closed_before_opened(self) -> bool:
        """Whether the end lies before the beginning."""
        return "closed_at" in self.times and "opened_at" in self.times and (
            self.times["closed_at"] < self.times["opened_at"])

    def is_forgotten(self, kind: Kind, asked_at: int | None) -> bool:
        """Whether the case is over for longer than it is kept."""
        if not isinstance(kind, Case) or self.is_open or asked_at is None or self.seen_at is None:
            return False
        return asked_at > self.seen_at + millis(kind.kept)

    def take(self, kind: Kind, row: Mapping[str, Any]) -> bool:
        """Take an event; answers whether it told anything new."""
        time, action = row["time"], row["action"]
        created = self.seen_at is None
        self.seen_at = time if self.seen_at is None else max(self.seen_at, time)
        news = [self._remember(name, row[name], time) for name in kind.remembers if name in row]
        news += [self._newest(name, time) for name, actions in kind.last.items() if action in actions]
        if isinstance(kind, Case):
            news += self._live(kind, action, time)
        return created or any(news)

    def _live(self, case: Case, action: str, time: int) -> list[bool]:
        news = [self._earliest(name, time) for name, actions in case.first.items() if action in actions]
        if action in case.opens:
            news.append(self._earliest("opened_at", time))
        for name, actions in (("closed_at", case.closes), ("reopened_at", case.reopens)):
            if action in actions:
                news.append(self._newest(name, time))
                news.append(self._turn(name == "reopened_at", time))
        if action in case.states and (self.state is None or time >= self.state[1]):
            self.state = (action, time)
            news.append(True)
        return news

    def _remember(self, name: str, value: Any, time: int) -> bool:
        if name in self.memory and time < self.memory[name][1]:
            return False
        self.memory[name] = (value, time)
        return True

    def _newest(self, name: str, time: int) -> bool:
        if name in self.times and time <= self.times[name]:
            return False
        self.times[name] = time
        return True

    def _earliest(self, name: str, time: int) -> bool:
        if name in self.times and time >= self.times[name]:
            return False
        self.times[name] = time
        return True

    def _turn(self, reopened: bool, time: int) -> bool:
        if self.turn is not None and time < self.turn[1]:
            return False
        self.turn = (reopened, time)
        return True

    def told(self, kind: Kind, reference: Reference, worktime: WorkTime) -> dict[str, Any]:
        """The told fields, with the deadlines."""
        told: dict[str, Any] = dict(self.times)
        if self.state is not None:
            told["state"] = self.state[0]
        if isinstance(kind, Case) and "opened_at" in self.times:
            for name, stretch in kind.deadlines.items():
                due = self._due(stretch, self.times["opened_at"], reference, worktime)
                if due is not None:
                    told[name] = due
        return told

    def _due(self, stretch: Working | timedelta | ServiceLevel, since: int, reference: Reference,
             worktime: WorkTime) -> int | None:
        if isinstance(stretch, timedelta):
            return since + millis(stretch)
        if isinstance(stretch, Working):
            return worktime.add(since, round(stretch.hours * 3_600_000))
        labels = self._labels(stretch, since, reference)
        fitting = [row for row in reference.service_levels.by_id.get(stretch.name, ())
                   if row.valid_from <= since < row.valid_to and labels.issuperset(row.labels)]
        if not fitting:
            return None
        row = max(fitting, key=lambda one: len(one.labels))
        length = round(row.hours * 3_600_000)
        return worktime.add(since, length) if row.clock == "working" else since + length

    def _labels(self, level: ServiceLevel, since: int, reference: Reference) -> set[str]:
        """By what a service level knows the case."""
        values = self.values
        labels = {f"{level.by}={values[level.by]}"} if level.by in values else set()
        category = values.get(level.hazard) if level.hazard else None
        for row in reference.categories.by_id.get(str(category), ()):
            if row.valid_from <= since < row.valid_to:
                labels.add("hazard=yes" if row.hazard else "hazard=no")
        return labels
