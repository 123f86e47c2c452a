"""Everybody who takes part in the Yahoo Streaming Benchmark, in the order of a round, and why somebody does not."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from benchmarks.peers import java, python
from benchmarks.result import Run
from benchmarks.ysb.contest import Bed, ours, peer
from tools.errors import ToolError

JAVA_TITLES = {
    "streams-dsl": "Kafka Streams, DSL",
    "streams-store": "Kafka Streams, Processor API",
    "flink-window": "Flink, window",
    "flink-operator": "Flink, keyed operator",
}
OURS = {"ours": ("`ioc worker`", {}), "ours-pydantic": ("`ioc worker`, pydantic alone", {"IOC_FAST_READER": "off"})}
WARM_SHARE = 3
"""One in so many events warms a JVM up before the others are measured."""


@dataclass(frozen=True, slots=True)
class Entrant:
    """One row: `drain(bed, round)` runs it, None if it cannot run here, and then `why`; `number` events are read."""

    name: str
    title: str
    number: int
    drain: Callable[[Bed, int], Run] | None
    why: str = ""


def entrants(whole: int) -> list[Entrant]:
    """All of them, for a log of so many events; builds and installs what is missing, which takes minutes once."""
    return [*_ours(whole), *_python(whole), *_java(whole)]


def _ours(whole: int) -> Iterator[Entrant]:
    for name, (title, settings) in OURS.items():

        def drain(bed: Bed, number: int, name: str = name, settings: dict[str, str] = settings) -> Run:
            return ours(bed, state_of(name, number), settings)

        yield Entrant(name, title, whole, drain)


def state_of(name: str, number: int) -> str:
    """The state topic of one of our runs."""
    return f"bench.{name}.{number}"


def _python(whole: int) -> Iterator[Entrant]:
    for variant in python.variants():
        number = round(whole * variant.share)
        drain = None if variant.command is None else partial(_peer, variant.command, number, 0)
        yield Entrant(variant.name, variant.title, number, drain, variant.why)


def _java(whole: int) -> Iterator[Entrant]:
    for name, title in JAVA_TITLES.items():
        try:
            command = tuple(java.command(name))
        except ToolError as error:
            yield Entrant(name, title, whole, None, str(error))
        else:
            yield Entrant(name, f"{title}, warm", whole, partial(_peer, command, whole, whole // WARM_SHARE))
            yield Entrant(f"{name}-cold", f"{title}, cold", whole, partial(_peer, command, whole, 0))


def _peer(command: tuple[str, ...], number: int, warm: int, bed: Bed, _: int) -> Run:
    return peer(bed, command, number=number, warm=warm)
