"""What is sent and when: steps of a steady pace, written once to files that every engine is sent from; their truth.

Event times go on from step to step at the pace of the step, so that an event is as old as the plan says.
"""

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ysb import events
from benchmarks.ysb.log import PARTITIONS

VIEW = b"view"


@dataclass(frozen=True, slots=True)
class Step:
    """So many events a second for so many seconds."""

    a_second: int
    seconds: int

    @property
    def events(self) -> int:
        """How many in all; the partitions take them in turn and evenly."""
        return self.a_second * self.seconds // PARTITIONS * PARTITIONS


@dataclass(frozen=True, slots=True)
class Load:
    """A step as it is sent.

    Attributes:
        step: its pace.
        file: its events, one a line.
        places: the places of the views among them, from 0.
        before: how many views the steps before it have.
        truth: views by campaign and window after it, the steps before it included.
    """

    step: Step
    file: Path
    places: Sequence[int]
    before: int
    truth: Mapping[str, int]

    @property
    def total(self) -> int:
        """How many views there are after it."""
        return self.before + len(self.places)

    def due(self, begun: float) -> list[float]:
        """The planned moment of each view, if the step begins at `begun`."""
        return [begun + place / self.step.a_second for place in self.places]

    def acknowledged(self, ends: Sequence[int]) -> int:
        """How many views are among the first events of each partition, if this is the first step."""
        return sum(place // PARTITIONS < ends[place % PARTITIONS] for place in self.places)


def write(folder: Path, steps: Sequence[Step]) -> list[Load]:
    """Makes the events of all steps."""
    loads: list[Load] = []
    seen = Counter[str]()
    beginning = events.BEGINNING
    for number, step in enumerate(steps):
        file, places, before = folder / f"step{number}.jsonl", array("I"), seen.total()
        with file.open("wb") as out:
            for place, value in enumerate(events.records(step.events, beginning=beginning, a_second=step.a_second)):
                out.write(value + b"\n")
                if value.split(b'"', 20)[19] == VIEW:
                    places.append(place)
                events.recount(value, seen)
        beginning += step.seconds * 1000
        loads.append(Load(step, file, places, before, dict(seen)))
    return loads
