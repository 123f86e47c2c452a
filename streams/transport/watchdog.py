"""Collects the coordinator's errors that Faust never asks for, and lets no crash leave the process alive and deaf.

Faust fetches below aiokafka's public methods, which alone look for a parked error of the group coordinator; and a
crash of its consumer thread stops the application without ending the process.
"""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata
from faust.transport.drivers import aiokafka as faust_driver
from faust.types import TP
from mode import Service

CHECK_SECONDS = 1.0
ERRORS_IN_A_ROW = 60
CRASH_SECONDS = 10.0
STOP_SECONDS = 20.0
EXIT_CODE = 70  # EX_SOFTWARE of sysexits.h

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Counters:
    """What the transport has met since the process began; plain numbers that only grow."""

    rebalances: int = 0
    recoveries: int = 0
    holes: int = 0  # batches that began beyond the state, and were sought again
    replayed: int = 0  # records skipped because the state contained them; the agent body counts them
    coordinator_errors: int = 0
    commit_errors: int = 0
    corrupt_fetches: int = 0  # whose checksum was wrong, and which were made again
    flush_errors: int = 0  # flushes before partitions went that failed or took too long
    gap_records: dict[tuple[str, int], int] = field(default_factory=dict)  # deleted by the broker unread, by partition


def exit_in(seconds: float, why: str) -> threading.Timer:
    """Ends the process after `seconds` without asking anybody, unless it has ended by itself by then."""

    def leave() -> None:
        log.critical("not ended %s s after: %s; leaving", seconds, why)
        os._exit(EXIT_CODE)

    timer = threading.Timer(seconds, leave)
    timer.daemon = True
    timer.start()
    return timer


class WatchedThread(faust_driver.AIOKafkaConsumerThread):  # type: ignore[misc]  # mode's classes are untyped
    """The consumer's thread, under watch."""

    counters: Counters
    taken: dict[tuple[str, int], int]  # by partition the newest offset whose commit the group has taken from us
    heartbeat: float = 0.0  # monotonic seconds of the newest check: a value that stands still is a dead thread
    seeking = False  # the state is being taken over, under a bound of its own
    errors_in_a_row = 0
    _leaving = False

    @Service.task  # type: ignore[untyped-decorator]  # mode's decorators are untyped
    async def _watch(self) -> None:
        while not self.should_stop:
            await asyncio.sleep(CHECK_SECONDS)
            self.heartbeat = time.monotonic()
            self.stay_in_group()
            await self.check_coordinator()

    def stay_in_group(self) -> None:
        """Says that a worker lives that has no partitions, and waits for one that dies, or takes over their state.

        Neither fetches; aiokafka takes that for a program that hangs, leaves the group after the longest interval
        between polls, and joins again only once something is fetched: without partitions never.
        """
        consumer: Any = self._consumer
        if consumer is not None and (self.seeking or not consumer.assignment()):
            with consumer._subscription.fetch_context():
                pass

    async def check_coordinator(self) -> None:
        """Takes the coordinator's parked error, which lets it try again; crashes when it is dead or never recovers."""
        coordinator: Any = getattr(self._consumer, "_coordinator", None)
        task = getattr(coordinator, "_coordination_task", None)
        if task is None:
            return
        if task.done() and not coordinator._closing.done():
            await self.crash(RuntimeError("the coordination task is dead"))
            return
        try:
            coordinator.check_errors()
        except Exception as error:  # noqa: BLE001  # whatever was parked
            await self._count(error)
        else:
            self.errors_in_a_row = 0

    async def _count(self, error: Exception) -> None:
        self.errors_in_a_row += 1
        self.counters.coordinator_errors += 1
        self.log.error("group coordination error, joining again: %r", error)
        if self.errors_in_a_row >= ERRORS_IN_A_ROW:
            await self.crash(error)

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """Commits, and takes a refusal for an answer: committed offsets serve lag only, the driver tries them again."""
        owned = self.assignment()
        mine = {tp: offset for tp, offset in offsets.items() if tp in owned}
        try:
            await self._ensure_consumer().commit({faust_driver.ensure_aiokafka_TP(tp): OffsetAndMetadata(offset, "")
                                                  for tp, offset in mine.items()})
        except (KafkaError, TimeoutError) as error:
            self.counters.commit_errors += 1
            self.log.warning("commit refused, tried again later: %r", error)
            return False
        self.taken |= mine
        return True

    async def crash(self, exc: BaseException) -> None:
        """Stops the app, and ends the process when that hangs."""
        self._leave(exc)
        await super().crash(exc)

    def _crash(self, reason: BaseException) -> None:
        # a crash anywhere above this thread passes here, too
        self._leave(reason)
        super()._crash(reason)

    def _leave(self, reason: BaseException) -> None:
        if not self._leaving:
            self._leaving = True
            exit_in(CRASH_SECONDS, f"crash: {reason!r}")
