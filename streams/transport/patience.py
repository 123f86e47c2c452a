"""Bounds that end what stands still, not what takes long: a large state is taken over however long it takes.

Faust waits for the seek to the state no longer than a request may take, and then neither seeks nor reads on. There are
no tables here: what its recovery waits for is that seek alone, and the seek bounds itself.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery

Result = TypeVar("Result")


async def while_it_gets_on(work: Callable[[Callable[[], None]], Awaitable[Result]], seconds: float) -> Result:
    """Awaits `work(got_on)`; whenever it calls `got_on`, in the loop, it has `seconds` again.

    Raises:
        TimeoutError: it has not got on for so long.
    """
    now = asyncio.get_running_loop().time
    async with asyncio.timeout(seconds) as bound:
        is_done = False

        def got_on() -> None:
            if not is_done and not bound.expired():
                bound.reschedule(now() + seconds)

        try:
            return await work(got_on)
        finally:
            is_done = True


class PatientRecovery(Recovery):  # type: ignore[misc]  # Faust is read as untyped
    """Faust's recovery, which waits for the seek as long as it takes; another rebalance and a stop still end it."""

    async def _wait(self, coro: Any, timeout: Any = None) -> None:  # noqa: ARG002, ASYNC109  # Faust passes it
        await super()._wait(coro)


class PatientTables(TableManager):  # type: ignore[misc]  # Faust is read as untyped
    """Faust's manager of tables with that recovery."""

    _recovery: PatientRecovery | None = None

    @property
    def recovery(self) -> PatientRecovery:
        """The recovery, made once."""
        if self._recovery is None:
            self._recovery = PatientRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery
