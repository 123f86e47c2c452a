"""The consumer's thread: takes whole batches from aiokafka's buffer, one per partition and fetch."""

import asyncio
from typing import Any

from aiokafka.consumer.fetcher import FetchResult
from aiokafka.errors import ConsumerStoppedError, CorruptRecordException
from faust.types import TP

from streams.engine.batch import Batch
from streams.transport import watchdog
from streams.transport.drain import Drain, Fetched

AGAIN_SECONDS = 0.2
"""Before a fetch with a wrong checksum is made again: what is wrong on the disk must not keep a core busy."""


class BatchThread(watchdog.WatchedThread):
    """The consumer's thread: takes whole batches from aiokafka's buffer."""

    drain: Drain
    corrupt = False

    def _create_worker_consumer(self, transport: Any) -> Any:
        """Faust reads uncommitted records; those of an aborted transaction never happened."""
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"
        return consumer

    async def _fetch_records(self, consumer: Any, active_partitions: set[TP] | None,
                             timeout: float | None = None,  # noqa: ASYNC109  # Faust passes it
                             max_records: int | None = None) -> dict[Any, list[Batch]]:
        if not self.consumer.flow_active:
            return {}
        fetcher = consumer._fetcher
        if consumer._closed or fetcher._closed:
            raise ConsumerStoppedError
        if type(fetcher._records) is not Fetched:
            fetcher._records = Fetched(fetcher._records)
        now = asyncio.get_running_loop().time
        deadline = now() + (timeout or 0)
        with fetcher._subscriptions.fetch_context():
            while True:
                if fetcher._subscriptions.reassignment_in_progress:
                    await fetcher._subscriptions.wait_for_assignment()
                taken = self._take(fetcher, active_partitions, max_records)
                if self.corrupt:
                    self.corrupt = False
                    await asyncio.sleep(AGAIN_SECONDS)
                if taken or not await _arrived(fetcher, deadline - now()):
                    return taken

    def _take(self, fetcher: Any, active: set[TP] | None, max_records: int | None) -> dict[Any, list[Batch]]:
        taken: dict[Any, list[Batch]] = {}
        for partition in list(fetcher._records):
            if active is not None and partition not in active:
                if not fetcher._subscriptions.is_assigned(partition):
                    del fetcher._records[partition]
                continue
            entry = fetcher._records[partition]
            if type(entry) is FetchResult:
                batch = self._drained(entry, partition, max_records)
                if batch is not None:
                    taken[partition] = [batch]
                if not entry.has_more():
                    _drop(fetcher, partition)
            elif not taken:  # a failed fetch; with something taken it is raised by the next call
                _drop(fetcher, partition)
                entry.check_raise()
        return taken

    def _drained(self, entry: FetchResult, partition: TP, max_records: int | None) -> Batch | None:
        """The next records; none of a fetch with a wrong checksum, which is made again: the position stays."""
        try:
            return self.drain(entry, max_records)
        except CorruptRecordException as error:
            self.counters.corrupt_fetches += 1
            self.log.warning("fetch of %s-%s made again: %r", *partition, error)
            self.corrupt, entry._partition_records = True, None
            return None


def _drop(fetcher: Any, partition: Any) -> None:
    """Frees the place of a partition in the buffer, which lets aiokafka fetch it again."""
    del fetcher._records[partition]
    fetcher._notify(fetcher._wait_consume_future)


async def _arrived(fetcher: Any, seconds: float) -> bool:
    """Whether something was fetched within `seconds`; raises what aiokafka tells its waiters: a missing right."""
    if seconds <= 0:
        return False
    waiter = fetcher._create_fetch_waiter()
    done, _ = await asyncio.wait([waiter], timeout=seconds)
    if fetcher._closed:
        raise ConsumerStoppedError
    if not done:
        waiter.cancel()
        return False
    waiter.result()
    return True
