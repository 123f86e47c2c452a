"""The Python contestants of the Yahoo benchmark: who there is, the environment of each, its command line.

Faust and aiokafka run in the project's own environment; each of the others in one of its own below var/peers, made on
demand from requirements/peers/<name>.txt, locked with hashes.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from tools.apart import NotInstalled, environment


@dataclass(frozen=True, slots=True)
class Variant:
    """A contestant as the bench runs it.

    Attributes:
        name: short, for the command line.
        title: as the table calls it.
        command: the command line, run in the folder of the project; None if it cannot run here.
        why: the reason, if it cannot.
        share: how much of the log it drains, by its speed: all, or a part of it.
    """

    name: str
    title: str
    command: tuple[str, ...] | None
    why: str = ""
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Peer:
    """A contestant as it stands in this folder; `lock` is "" if it runs in the project's environment."""

    module: str
    title: str
    lock: str = ""
    share: float = 1.0


PEERS = {
    "aiokafka": Peer("plain_aiokafka", "aiokafka and pydantic, by hand"),
    "bytewax": Peer("bytewax_batch", "Bytewax, stateful_batch", "bytewax"),
    "pathway": Peer("pathway_groupby", "Pathway, groupby", "pathway", 0.5),
    "quix": Peer("quix_window", "Quix Streams, tumbling window", "quix", 0.1),
    "faust": Peer("faust_table", "stock Faust, a table", share=0.02),
}


def variants(*, install: bool = True) -> list[Variant]:
    """Every contestant; with `install`, environments that are missing are made, which takes minutes the first time."""
    return [variant(name, install=install) for name in PEERS]


def variant(name: str, *, install: bool = True) -> Variant:
    """One contestant, with its command line or the reason why there is none."""
    peer = PEERS[name]
    try:
        python = (environment(f"peers/{peer.lock}", install=install, verb="bench") if peer.lock
                  else Path(sys.executable))
    except NotInstalled as reason:
        return Variant(name, peer.title, None, f"not installed: {reason}", peer.share)
    return Variant(name, peer.title, (str(python), "-m", f"benchmarks.peers.{peer.module}"), "", peer.share)
