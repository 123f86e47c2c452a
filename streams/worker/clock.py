"""The broker's clock as this process knows it: the one clock that all workers share, whatever their machines say.

A confirmed record of a topic with LogAppendTime brings the broker's stamp. The broker stamped it after we had sent it
and before we heard of it, so each confirmation puts two bounds on how far its clock is ahead of our monotonic one. What
is kept moves only when it must, to the nearer bound: the error is at most one round trip, a slow answer spoils
nothing, and a clock set anew on either side is followed with the next confirmation.
"""

import time
from collections.abc import Callable
from typing import Protocol


class Receipt(Protocol):
    """What the broker says of a record that it took."""

    @property
    def timestamp(self) -> int | None:
        """Milliseconds since the epoch."""

    @property
    def timestamp_type(self) -> int | None:
        """1: the broker's stamp; 0: the sender's own."""


class Clock:
    """The clocks of a worker, in seconds: monotonic, its own on the wall, and the broker's."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic,
                 wall: Callable[[], float] = time.time) -> None:
        self.monotonic = monotonic
        self.wall = wall
        self._ahead: float | None = None

    def learn(self, receipt: Receipt, sent: float) -> None:
        """Takes the stamp of a record that was handed over at `sent` (monotonic) and is confirmed now."""
        if receipt.timestamp_type != 1 or receipt.timestamp is None:
            return
        stamp = receipt.timestamp / 1000
        low, high = stamp - self.monotonic(), stamp - sent
        self._ahead = low if self._ahead is None else min(max(self._ahead, low), high)

    @property
    def broker(self) -> float | None:
        """What the broker's clock shows now; None before the first confirmed record."""
        return None if self._ahead is None else self.monotonic() + self._ahead

    @property
    def shared(self) -> float:
        """The broker's clock; this machine's own for the moment until the broker's is known."""
        broker = self.broker
        return self.wall() if broker is None else broker

    @property
    def offset(self) -> float | None:
        """How far this machine's clock is ahead of the broker's; None before the first confirmed record."""
        broker = self.broker
        return None if broker is None else self.wall() - broker
