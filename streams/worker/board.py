"""What the page may show: readings of confirmed snapshots, put there by the loop and read from any thread."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from streams.engine.plan import Plan
from streams.engine.readings import Reading, readings
from streams.engine.state import Lane, SourceFigures, State

Partition = tuple[str, int]


class Shown(NamedTuple):
    """What one snapshot shows; `sources` is what is judged by the clock when the page is asked for."""

    readings: tuple[Reading, ...]
    sources: State


def shown(plan: Plan, state: State) -> Shown:
    """What a state shows, in a form that no later record changes."""
    return Shown(tuple(readings(plan, state)), _sources(plan, state))


def _sources(plan: Plan, state: State) -> State:
    """A copy of the state with no more than the figures by which its sources are judged."""
    copy = State(state.topic, state.partition)
    for provenance, lane in state.lanes.items():
        copied = copy.lanes[provenance] = Lane(plan)
        for source, figures in lane.sources.items():
            one = copied.sources[source] = SourceFigures()
            one.last_event, one.last_arrival, one.fault = figures.last_event, figures.last_arrival, figures.fault
    return copy


class Board:
    """Immutable values behind one reference; each change swaps it."""

    def __init__(self) -> None:
        self.partitions: Mapping[Partition, Shown] = MappingProxyType({})

    def show(self, partitions: Mapping[Partition, Shown]) -> None:
        """Shows these partitions instead of what they showed so far."""
        self.partitions = MappingProxyType({**self.partitions, **partitions})

    def keep(self, partitions: Iterable[Partition]) -> None:
        """Shows these partitions only."""
        kept = set(partitions)
        self.partitions = MappingProxyType({key: value for key, value in self.partitions.items() if key in kept})
