"""UC2 whole: who takes part, the log stored once, rounds in which everybody drains it."""

import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from benchmarks.result import Run
from benchmarks.running import ROOT
from benchmarks.theodolite import log
from benchmarks.theodolite.contest import ours, peer
from benchmarks.ysb.contest import Bed
from benchmarks.ysb.entrants import OURS, Entrant, drain_of, of_jvm, of_ours, state_of
from benchmarks.ysb.log import make_topics, topic_of
from benchmarks.ysb.rounds import Contest, Turn, take_turns

FAUST = (sys.executable, "-m", "benchmarks.peers.faust_windowed")
FAUST_SHARE = 0.02
STREAMS_TITLE = "Kafka Streams, DSL"


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many events, how many rounds; of more than an hour of readings the beginning would be forgotten."""

    events: int = 300_000
    rounds: int = 5


def contest(broker: str, folder: Path, sizes: Sizes, say: Callable[[str], None],
            turn: Turn = nullcontext) -> Contest[Run]:
    """Stores the log and runs all rounds; `turn` is entered around each drain."""
    say("getting the contestants ready")
    found = entrants(sizes.events)
    lengths = {each.number for each in found}
    states = [state_of(name, number) for name in OURS for number in range(sizes.rounds)]
    make_topics(broker, states, [topic_of(number, sizes.events, log.feed()) for number in lengths], log.feed())
    say(f"making and storing {sizes.events:,} readings")
    bed = Bed(broker, folder, log.store(broker, sizes.events, lengths))
    log.write_reference(ROOT / "reference", bed.reference)
    return take_turns(bed, found, range(sizes.rounds), lambda text: say(f"uc2 {text}"), turn)


def entrants(whole: int) -> list[Entrant[Run]]:
    """All of them, for a log of so many readings."""
    slow = round(whole * FAUST_SHARE)
    faust = Entrant("faust", "stock Faust, a tumbling table", slow, drain_of(peer, FAUST, slow))
    return [*of_ours(whole, ours), *of_jvm("streams", STREAMS_TITLE, "streams-uc2", whole, peer), faust]
