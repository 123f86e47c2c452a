"""What a scenario is: its bed, what happens there, and what it asserts beyond the invariants that hold for each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from tools.faults.house import PLAIN, House
from tools.faults.stage import Stage

RATE: Final = 400.0
"""Records a second of the load: a worker on half a core keeps up with it, and catches up after a fault."""


def always() -> str:
    """Runs on every machine."""
    return ""


@dataclass(frozen=True)
class Scenario:
    """One row of the matrix.

    Attributes:
        vi, en: what happens.
        also: what is asserted beyond I1 to I8.
        act: does it, and raises or remarks what is not as it must be.
        faults: how many faults there must have been.
        workers: how many there are at first.
        hindered: why it cannot run on this machine; empty if it can.
        known: why it fails for now; then it runs only when it is asked for by its name.
        parts: parts of the row that do not run, each with the reason.
        quick: whether it is part of the short run.
    """

    name: str
    vi: str
    en: str
    also: str
    act: Callable[[Stage], None]
    faults: int
    workers: int = 2
    rate: float = RATE
    house: House = PLAIN
    hindered: Callable[[], str] = always
    known: str = ""
    parts: Sequence[str] = ()
    quick: bool = False
