"""Our Faust app: its settings, its topics, and the transport that delivers batches put in place."""

from collections.abc import Iterable
from typing import Any, cast

import faust
from faust.transport.drivers import aiokafka as faust_driver
from mode.supervisors import CrashingSupervisor

from streams.settings import Settings
from streams.transport.consumer import FLUSH_SHARE, BatchConsumer, Keeper
from streams.transport.drain import Drain, drain_fast, drain_simple, keep_packed
from streams.transport.patience import PatientTables
from streams.transport.watchdog import Counters

BUFFERED_BATCHES = 16  # of each topic, between transport and agent; a batch of 5000 events takes 2 MB
LARGEST_REQUEST = 4_000_000
ROOM = 1_000_000  # of a request around the largest snapshot


class BatchSchema(faust.Schema):  # type: ignore[misc]  # Faust is read as untyped
    """The value is a Batch already; nothing is decoded by Faust."""

    def loads_key(self, *_: Any, **__: Any) -> None:
        """No key: each record of the batch has its own."""

    def loads_value(self, app: Any, message: Any, **_: Any) -> Any:  # noqa: ARG002  # Faust passes it
        """The batch."""
        return message.value


class BatchTransport(faust_driver.Transport):  # type: ignore[misc]  # Faust is read as untyped
    """The transport of one app; `install` puts it in place."""

    Consumer = BatchConsumer
    keeper: Keeper
    topics: frozenset[str]
    drain: Drain
    counters: Counters
    leaving = False


def install(app: faust.App, keeper: Keeper, topics: Iterable[str], *, fast: bool = True) -> Counters:
    """Makes an app read `topics` in batches and keep its state with `keeper`; call it right after `faust_app`.

    `fast`: read the fetch buffer without ConsumerRecords; the simple way is the fallback. When the app stops, the state
    is flushed and committed while producer and consumer are still up.
    """
    transport = BatchTransport(app.conf.broker_consumer, app)
    transport.keeper = keeper
    transport.topics = frozenset(topics)
    transport.drain = drain_fast if fast else drain_simple
    if fast:
        keep_packed()
    transport.counters = Counters()
    app.transport = transport

    async def flush_at_the_end(*_: Any, **__: Any) -> None:
        await consumer_of(app).flush_and_commit(FLUSH_SHARE * app.conf.broker_rebalance_timeout)

    # Faust keeps only a weak reference to what is connected
    app.on_before_shutdown.connect(flush_at_the_end, weak=False)
    return transport.counters


def consumer_of(app: faust.App) -> BatchConsumer:
    """The consumer of an app on which `install` was called."""
    return cast(BatchConsumer, app.consumer)


def batch_topic(app: faust.App, name: str) -> Any:
    """An event topic for an agent: `async for event in stream.noack().events()`, where `event.value` is a Batch."""
    return app.topic(name, schema=BatchSchema(), maxsize=BUFFERED_BATCHES)


def faust_app(settings: Settings) -> faust.App:
    """The Faust app with every setting that exact state and a bounded end need."""
    settings.data.mkdir(parents=True, exist_ok=True)
    request_seconds = max(30.0, settings.session_seconds)  # Faust refuses a session longer than a request
    return faust.App(
        settings.group,
        broker=[f"kafka://{address.strip()}" for address in settings.brokers.split(",")],
        store="memory://",
        datadir=settings.data / "faust",
        autodiscover=False,
        web_enabled=False,
        key_serializer="raw",
        value_serializer="raw",
        broker_max_poll_records=settings.batch_records,
        consumer_max_fetch_size=2 << 20,  # compressed bytes of a partition; ten to twenty times more in memory
        stream_buffer_maxsize=BUFFERED_BATCHES,
        broker_commit_interval=1.0,
        broker_session_timeout=settings.session_seconds,
        broker_heartbeat_interval=min(3.0, settings.session_seconds / 3),
        broker_request_timeout=request_seconds,
        broker_rebalance_timeout=30.0,
        broker_max_poll_interval=60.0,
        consumer_group_instance_id=settings.instance or None,
        consumer_auto_offset_reset="earliest",
        stream_wait_empty=False,  # waits for ever on a held event, and after a crash of the consumer thread
        processing_guarantee="at_least_once",
        table_standby_replicas=1,  # there is no table: this alone keeps Faust's sticky, co-partitioning assignor
        TableManager=PatientTables,  # waits for a large state
        topic_allow_declare=False,
        topic_partitions=settings.partitions,
        topic_replication_factor=settings.replication,
        topic_disable_leader=True,
        reply_create_topic=False,
        producer_acks=-1,
        producer_linger=0.02,
        producer_max_batch_size=256 << 10,
        producer_compression_type=None,  # snapshots come compressed; dead letters need no codec to be read
        producer_max_request_size=max(LARGEST_REQUEST, settings.snapshot_limit_bytes + ROOM),
        producer_request_timeout=10.0,  # a dead broker is noticed after it; a hung one costs a flush three times this
        agent_supervisor=CrashingSupervisor,
    )
