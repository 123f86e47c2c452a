"""The Python contestants of the Yahoo benchmark: who there is, the environment of each, its command line.

Faust and aiokafka run in the project's own environment; each of the others in one of its own below var/peers, made on
demand from requirements/peers/<name>.txt, locked with hashes.
"""

import hashlib
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from tools.jars import ROOT
from tools.progress import complaint, run


class NotInstalled(Exception):
    """A contestant cannot run here; says why."""


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
        python = environment(peer.lock, install=install) if peer.lock else Path(sys.executable)
    except NotInstalled as reason:
        return Variant(name, peer.title, None, f"not installed: {reason}", peer.share)
    return Variant(name, peer.title, (str(python), "-m", f"benchmarks.peers.{peer.module}"), "", peer.share)


def environment(lock: str, *, install: bool) -> Path:
    """The Python of the environment of a lock.

    Raises:
        NotInstalled: it cannot be made, or is not there and `install` is False.
    """
    requirements = ROOT / f"requirements/peers/{lock}.txt"
    home = ROOT / "var/peers" / lock
    stamp, log, python = home / "lock.sha256", ROOT / f"var/peers/{lock}.log", home / "bin/python"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == digest:
        return python
    if not install:
        raise NotInstalled(f"{home.relative_to(ROOT)} is not there: `make bench` makes it")
    shutil.rmtree(home, ignore_errors=True)
    log.unlink(missing_ok=True)
    for step in ([sys.executable, "-m", "venv", str(home)],
                 [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--retries", "2",
                  "--progress-bar", "off", "--no-deps", "--require-hashes", "-r", str(requirements)]):
        if run(step, log, environment={**os.environ, "PYTHONPATH": ""}) != 0:
            raise NotInstalled(f"{complaint(log)} (all of it: {log.relative_to(ROOT)})")
    stamp.write_text(digest)
    return python
