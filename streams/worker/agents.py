"""The agent body, one for all feeds: the fence on both sides, the fold, dead letters, the hold. Knows no Prometheus."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from streams.engine.batch import Batch
from streams.engine.fold import Folded, fold
from streams.engine.plan import Plan
from streams.telemetry import Telemetry
from streams.worker import trial
from streams.worker.dead_letters import DeadLetters, internal_run
from streams.worker.durability import Keeper
from streams.worker.owned import Owned


class Body:
    """Takes the batches of one feed's topic, in their order."""

    def __init__(self, plan: Plan, keeper: Keeper, dead_letters: DeadLetters, telemetry: Telemetry) -> None:
        self.plan = plan
        self.keeper = keeper
        self.dead_letters = dead_letters
        self.telemetry = telemetry

    def agent(self) -> Callable[[Any], Awaitable[None]]:
        """The function that Faust calls with the stream."""

        async def body(stream: Any) -> None:
            async for event in stream.noack().events():
                await self.take(event)
                await asyncio.sleep(0)  # other partitions, the snapshot and the scrape have their turn

        return body

    async def take(self, event: Any) -> None:
        """One batch: dropped, sought again, or folded; it is acknowledged with the snapshot that contains it.

        Raises:
            LineStopped: its dead letters cannot be written, or are our own fault; the process ends.
        """
        batch: Batch = event.value
        partition = batch.topic, batch.partition
        owned = self.keeper.owned(partition)
        if owned is not None and (batch.first < owned.state.next_offset or not batch.first):
            # a fetch under way during a seek, or the first records of a topic made anew under the same name: a state
            # that has nothing of the one before looks like its own, and would count them again once the new id is known
            await self.keeper.verify({batch.topic})
            owned = self.keeper.owned(partition)
        if owned is None:
            return  # revoked, or not yet recovered: the seek brings it again
        async with owned.lock:
            if self.keeper.owned(partition) is not owned:
                return
            if batch.first <= owned.state.next_offset:
                await self._take(owned, batch)
                batch.let_go()
                owned.held.append(event)
                return
        await self.keeper.seek_back(owned)  # a hole: what came before was lost on its way, and is read again

    async def _take(self, owned: Owned, batch: Batch) -> None:
        """Folds a batch; record by record in a child first, where one of them may have ended a process."""
        if owned.state.next_offset >= owned.careful_until:
            await self._fold(owned, batch, fold)
            return
        async for part, how in trial.parts(self.plan, owned.state, batch):
            await self._fold(owned, part, how)
        if self.keeper.consumer().caught_up(owned.partition, owned.state.next_offset):
            owned.careful_until = 0  # no process that died can have had more in hand

    async def _fold(self, owned: Owned, batch: Batch, how: trial.Fold) -> None:
        try:
            folded = how(self.plan, owned.state, batch)
            owned.internal_run = internal_run(owned.internal_run, batch, folded.dead_letters)
            if folded.dead_letters:
                await self.dead_letters.write(batch, self.plan.feed.dead_letter_topic, folded.dead_letters)
        except BaseException:
            owned.failed = True  # the state contains what is set aside nowhere: it must not become durable
            raise
        self.keeper.moved(owned)
        self._count(folded)

    def _count(self, folded: Folded) -> None:
        self.keeper.consumer().counters.replayed += folded.skipped
        self.telemetry.count(self.plan.feed.name, folded.fates, folded.reasons, folded.flags, folded.delays)
