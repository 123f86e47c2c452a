"""Everybody who takes part in the Yahoo Streaming Benchmark, in the order of a round, and why somebody does not."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

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

Result = TypeVar("Result")
"""What a drain comes to; said in words by `str`."""


@dataclass(frozen=True, slots=True)
class Entrant(Generic[Result]):
    """One row: `drain(bed, round)` runs it, None if it cannot run here, and then `why`; `number` events are read."""

    name: str
    title: str
    number: int
    drain: Callable[[Bed, int], Result] | None
    why: str = ""


class Peer(Protocol):
    """How a contestant drains in a workload."""

    def __call__(self, bed: Bed, command: tuple[str, ...], *, number: int, warm: int = 0) -> Run:
        """So many events, of which the first so many warm it up."""


def entrants(whole: int) -> list[Entrant[Run]]:
    """All of them, for a log of so many events; builds and installs what is missing, which takes minutes once."""
    on_jvm = (each for name, title in JAVA_TITLES.items() for each in of_jvm(name, title, name, whole, peer))
    return [*of_ours(whole, ours), *_python(whole), *on_jvm]


def of_ours(whole: int, drain: Callable[[Bed, str, Mapping[str, str]], Run]) -> Iterator[Entrant[Run]]:
    """Our worker in its forms, in whichever workload; `drain(bed, state topic, settings)`."""
    for name, (title, settings) in OURS.items():

        def run(bed: Bed, number: int, name: str = name, settings: dict[str, str] = settings) -> Run:
            return drain(bed, state_of(name, number), settings)

        yield Entrant(name, title, whole, run)


def state_of(name: str, number: int) -> str:
    """The state topic of one of our runs."""
    return f"bench.{name}.{number}"


def _python(whole: int) -> Iterator[Entrant[Run]]:
    for variant in python.variants():
        number = round(whole * variant.share)
        run = None if variant.command is None else drain_of(peer, variant.command, number)
        yield Entrant(variant.name, variant.title, number, run, variant.why)


def of_jvm(name: str, title: str, variant: str, whole: int, drain: Peer) -> Iterator[Entrant[Run]]:
    """A program on the JVM, warm and cold, in whichever workload; one row that says why if it cannot be had."""
    try:
        command = tuple(java.command(variant))
    except ToolError as error:
        yield Entrant(name, title, whole, None, str(error))
    else:
        yield Entrant(name, f"{title}, warm", whole, drain_of(drain, command, whole, whole // WARM_SHARE))
        yield Entrant(f"{name}-cold", f"{title}, cold", whole, drain_of(drain, command, whole))


def drain_of(drain: Peer, command: tuple[str, ...], number: int, warm: int = 0) -> Callable[[Bed, int], Run]:
    """One drain of a contestant, the same in each round."""
    return lambda bed, _: drain(bed, command, number=number, warm=warm)
