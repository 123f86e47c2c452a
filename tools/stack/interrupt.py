"""Ctrl-C that is not lost.

Python drops an exception that is raised while a finaliser runs, and closing an HTTP answer is one: about one Ctrl-C in
a hundred that met `make up` waiting for an answer was lost. So it is raised again until somebody has taken it.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

AGAIN_SECONDS = 0.5


def taken() -> None:
    """Says that the interrupt has arrived: it is not raised again."""
    signal.setitimer(signal.ITIMER_REAL, 0)


@contextmanager
def insisting() -> Iterator[None]:
    """Within it, SIGINT raises KeyboardInterrupt each half second until `taken`."""
    before = {number: signal.signal(number, _raise) for number in (signal.SIGINT, signal.SIGALRM)}
    try:
        yield
    finally:
        taken()
        for number, handler in before.items():
            signal.signal(number, handler)


def _raise(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001  the form of a handler
    signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS)
    raise KeyboardInterrupt
