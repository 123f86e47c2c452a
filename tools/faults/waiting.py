"""Waiting for what other processes do, always within a bound."""

import time
from collections.abc import Callable
from typing import TypeVar

from tools.errors import ToolError

Answer = TypeVar("Answer")


class NotSeen(ToolError):
    """Something did not come true within its time: the proof has failed, whatever the numbers say."""


def until(question: Callable[[], Answer], seconds: float, what: str | Callable[[], str],
          pause: float = 0.1) -> Answer:
    """Asks until the answer is true, and answers it.

    Raises:
        NotSeen: it never was; `what` names what was waited for.
    """
    end = time.monotonic() + seconds
    while not (answer := question()):
        if time.monotonic() > end:
            raise NotSeen(f"not within {seconds:.0f} s: {what if isinstance(what, str) else what()}")
        time.sleep(pause)
    return answer
