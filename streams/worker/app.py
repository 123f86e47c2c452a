"""The worker, wired: settings, feeds and reference data in; a Faust app, a page and a verdict on its health out."""

import argparse
import asyncio
import contextlib
import faulthandler
import gc
import io
import logging
import os
import platform
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import faust
from kafka.errors import KafkaError
from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector

from schemas import names
from schemas.catalogue import load_feeds
from schemas.errors import CompatibilityError, Flag, IocError, SettingError
from schemas.feed import Feed
from schemas.reader import ALL, MISSING, OFF, SWITCHED_OFF, Readers
from schemas.reference import Reference
from streams import __version__
from streams.engine.plan import Plan
from streams.engine.readings import COMMON, Reading, families, source_states
from streams.publisher import listens, read_reference
from streams.settings import Settings
from streams.telemetry import Telemetry, Vitals
from streams.transport import compatibility
from streams.transport.consumer import BatchConsumer
from streams.transport.driver import batch_topic, consumer_of, faust_app, install
from streams.transport.state_reader import topic_ids
from streams.transport.watchdog import Counters
from streams.worker.agents import Body
from streams.worker.board import Board, Partition, Shown
from streams.worker.clock import Receipt
from streams.worker.dead_letters import DeadLetters, Headers
from streams.worker.durability import Keeper
from streams.worker.exposition import Page
from streams.worker.health import Guard, answered, live, ready
from streams.worker.pending import Pending
from streams.worker.registry import Registry
from streams.worker.server import Server

PROGRAM = f"ioc-worker {__version__}"
LOOK_SECONDS = 10.0
RECOVERS_SECONDS = 5.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker, wired and not yet running."""

    app: faust.App
    keeper: Keeper
    page: Page
    vitals: Vitals
    pending: Pending


def create_app(settings: Settings, feeds: Sequence[Feed], reference: Reference) -> Worker:
    """Everything of one worker; nothing of it runs, and nothing is asked from the broker."""
    app = faust_app(settings)
    # a topic made anew is noticed after this, not after five minutes: the group drops one that is missing
    app.conf.consumer_metadata_max_age_ms = int(LOOK_SECONDS * 1000)
    readers = readers_of(settings, feeds)
    plans = {feed.topic: plan_of(feed, reference, settings, readers) for feed in feeds}
    vitals = Vitals(started=time.monotonic(), beat=time.monotonic())
    telemetry = telemetry_of(feeds, reference, vitals, readers)
    board = Board()
    keeper = Keeper(plans, settings, board, telemetry, consumer=lambda: consumer_of(app), send=sender(app))
    counters = install(app, keeper, plans, fast=settings.drain == "fast")
    dead_letters = DeadLetters(sender(app), program=PROGRAM, errors=telemetry.dead_letter_errors,
                               failing=lambda failing: note_failing(vitals, failing))
    for plan in plans.values():
        body = Body(plan, keeper, dead_letters, telemetry)
        app.agent(batch_topic(app, plan.feed.topic), name=plan.feed.topic)(body.agent())
    every(app, settings.snapshot_seconds, keeper.tick)
    every(app, LOOK_SECONDS, keeper.look_at_log)
    every(app, 1.0, coordinator_watch(lambda: consumer_of(app), counters, vitals))
    pending = Pending(settings.brokers, {feed.topic: (feed.name, feed.dead_letter_topic) for feed in feeds},
                      lambda: list(vitals.partitions))
    telemetry.register(lambda: transport_families(counters))
    telemetry.register(pending.families)
    registry = Registry(reference, feeds, settings.reference, lambda: read_reference(settings.reference, feeds),
                        partitions=settings.partitions, wall=lambda: keeper.clock.shared)
    telemetry.register(registry.families)
    ProcessCollector(registry=telemetry.registry)
    page = Page(board, (*COMMON, *(family for feed in feeds for family in families(feed))), telemetry.registry,
                telemetry.dropped, lambda shown: judge(plans, shown, int(keeper.clock.shared * 1000)))
    return Worker(app, keeper, page, vitals, pending)


def readers_of(settings: Settings, feeds: Iterable[Feed]) -> Readers:
    """The readers of the process; a difference between them is told in the log.

    Raises:
        SettingError: IOC_FAST_READER names a feed that there is not.
    """
    known, wanted = {feed.name for feed in feeds}, set(settings.fast_reader.split(","))
    if strange := wanted - known - {ALL, OFF}:
        raise SettingError(f"IOC_FAST_READER={settings.fast_reader!r}: there is no feed {', '.join(sorted(strange))}; "
                           f"allowed are {ALL}, {OFF}, or of {', '.join(sorted(known))} any, with commas between")
    return Readers(wanted, told=log.error)


def plan_of(feed: Feed, reference: Reference, settings: Settings, readers: Readers) -> Plan:
    """A feed compiled with what the settings say of fates, and with its reader."""
    plan = Plan(feed, reference, horizon_ms=settings.duplicate_horizon_seconds * 1000,
                future_ms=settings.future_seconds * 1000, max_bytes=settings.max_event_bytes, readers=readers)
    if (why := plan.decoder.reader.why) and why not in {SWITCHED_OFF, MISSING}:
        log.warning("feed %s is read by pydantic alone: %s", feed.name, why)
    return plan


def telemetry_of(feeds: Iterable[Feed], reference: Reference, vitals: Vitals, readers: Readers) -> Telemetry:
    """The figures of the process, with every known child at 0."""
    sources = {feed.name: sorted({row.source for row in reference.sources.rows if feed.name in row.feeds})
               if feed.bare is None else [feed.topic] for feed in feeds}
    flags = {feed.name: [*Flag, *(check.name for check in feed.checks)] for feed in feeds}
    return Telemetry(sources, flags, vitals, readers.made, build={
        "version": __version__, "python": platform.python_version(), **compatibility_labels()})


def compatibility_labels() -> dict[str, str]:
    """The versions that the transport was tested with, as labels."""
    return {package.replace("-", "_"): version for package, version in compatibility.VERSIONS.items()}


def sender(app: faust.App) -> Callable[..., Awaitable[Awaitable[Receipt]]]:
    """The app's producer: send(topic, key, value, partition, headers) -> a future of the broker's confirmation."""

    async def send(topic: str, key: bytes | None, value: bytes | None, partition: int,
                   headers: Headers | None = None) -> Awaitable[Receipt]:
        future: Awaitable[Receipt] = await app.producer.send(topic, key, value, partition, None, headers)
        return future

    return send


def every(app: faust.App, seconds: float, call: Callable[[], Awaitable[None]]) -> None:
    """Calls regularly while the app runs; what is raised ends the process."""

    async def turn() -> None:
        await call()

    app.timer(seconds, traced=False, name=f"{call!r}")(turn)


def note_failing(vitals: Vitals, failing: bool) -> None:
    """Notes since when dead letters cannot be written."""
    if not failing:
        vitals.dead_letters_failing_since = None
    elif vitals.dead_letters_failing_since is None:
        vitals.dead_letters_failing_since = time.monotonic()


def coordinator_watch(consumer: Callable[[], BatchConsumer], counters: Counters,
                      vitals: Vitals) -> Callable[[], Awaitable[None]]:
    """A call that notes since when the coordinator answers with errors, and when the consumer's thread last turned."""
    seen = counters.coordinator_errors
    newest = 0.0

    async def watch() -> None:
        nonlocal seen, newest
        now = time.monotonic()
        vitals.consumer_beat = consumer().heartbeat or None
        if counters.coordinator_errors != seen:
            seen, newest = counters.coordinator_errors, now
            vitals.coordinator_error_since = vitals.coordinator_error_since or now
        elif now - newest > RECOVERS_SECONDS:
            vitals.coordinator_error_since = None

    return watch


def transport_families(counters: Counters) -> Iterable[Metric]:
    """What the transport has met, as metrics."""
    for name, text, value in (
        ("coordinator_errors", "Errors of the group coordinator.", counters.coordinator_errors),
        ("commit_errors", "Refused commits of offsets.", counters.commit_errors),
        ("corrupt_fetches", "Fetches whose checksum was wrong, and which were made again.", counters.corrupt_fetches),
        ("rebalances", "Assignments of partitions.", counters.rebalances),
        ("holes", "Batches that began beyond the state, and were sought again.", counters.holes),
        ("replayed_records", "Records read again and skipped.", counters.replayed),
    ):
        yield CounterMetricFamily(names.metric(name), text, value=value)
    gaps = CounterMetricFamily(names.metric("gap_records"), "Records that the broker deleted unread.",
                               labels=["topic", "partition"])
    for (topic, partition), number in dict(counters.gap_records).items():
        gaps.add_metric([topic, str(partition)], number)
    yield gaps


def judge(plans: Mapping[str, Plan], shown: Mapping[Partition, Shown], now_ms: int) -> list[Reading]:
    """How the sources live, over the partitions that this worker shows."""
    by_topic: dict[str, list[Shown]] = {}
    for (topic, _), each in shown.items():
        by_topic.setdefault(topic, []).append(each)
    return [reading for topic, group in sorted(by_topic.items())
            for reading in source_states(plans[topic], [each.sources for each in group], now_ms)]


# -- the program -----------------------------------------------------------------------------------------------------


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None: everything is a setting, see docs/settings.md."""


def run(settings: Settings, args: argparse.Namespace) -> int:  # noqa: ARG001  # every verb takes both
    """Runs one worker until it is told to stop; answers the exit code.

    Raises:
        IocError: something is not as it must be; nothing was started.
    """
    feeds = load_feeds(settings.feeds)
    return serve(settings, feeds, read_reference(settings.reference, feeds))


def serve(settings: Settings, feeds: Sequence[Feed], reference: Reference) -> int:
    """Runs one worker of these feeds until it is told to stop; raises as `run`."""
    told = log_to_stderr()
    faulthandler.register(signal.SIGQUIT)  # tells where every thread stands, as Java does; Faust keeps SIGUSR1
    worker = create_app(settings, feeds, reference)
    compatibility.check_installed()
    compatibility.check_app(worker.app)
    clock = time.monotonic
    server = Server(settings.metrics_host, settings.metrics_port, metrics=worker.page.render,
                    live=lambda: live(worker.vitals, clock()), ready=lambda: ready(worker.vitals, clock()))
    try:
        check_broker(settings, feeds)
        gc.collect()
        gc.freeze()  # code, declarations and reference data stay: no search for garbage looks at them again
        return run_faust(worker, told)
    finally:
        server.close()
        worker.pending.stopping.set()


def check_broker(settings: Settings, feeds: Sequence[Feed]) -> None:
    """Compares the topics on the broker with what is needed.

    Raises:
        CompatibilityError: the broker does not answer, or a topic is missing or set otherwise.
    """
    if not any(listens(address.strip()) for address in settings.brokers.split(",")):
        raise CompatibilityError(f"nobody answers at IOC_BROKERS={settings.brokers}; start Kafka, or correct it")
    try:
        compatibility.check_topics(settings.brokers, [feed.topic for feed in feeds], settings.state_topic,
                                   settings.partitions, replication=settings.replication,
                                   largest_state=settings.snapshot_limit_bytes)
        topic_ids(settings.brokers, [feed.dead_letter_topic for feed in feeds])
    except (KafkaError, OSError) as error:
        raise CompatibilityError(f"Kafka at IOC_BROKERS={settings.brokers} does not answer ({error!r}); start it, or "
                                 f"correct the setting") from error


def run_faust(worker: Worker, told: "Sentences") -> int:
    """Runs the app in Faust's own worker, without its console output; answers the exit code."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    vitals = worker.vitals
    vitals.beat = time.monotonic()

    def ping(sent: float) -> None:
        loop.call_soon_threadsafe(lambda: answered(vitals, sent, time.monotonic()))

    guard = Guard(vitals, time.monotonic, ping, give_up)
    program = faust.Worker(worker.app, loop=loop, quiet=True, loglevel="warn", override_logging=False,
                           redirect_stdouts=False, stdout=io.StringIO(), stderr=io.StringIO())
    worker.pending.start()
    guard.start()
    try:
        program.execute_from_commandline()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        guard.stopping.set()
    reason = program.crash_reason or worker.app.crash_reason
    if isinstance(reason, IocError):
        told.tell(reason)
    return code


def give_up(reasons: tuple[str, ...]) -> None:
    """Ends a process that makes no progress; who supervises it starts it again."""
    with contextlib.suppress(OSError):  # the disk of the log may be full, which must not keep the process
        sys.stderr.write(f"ioc: not alive, leaving: {'; '.join(reasons)}\n")
        sys.stderr.flush()
    os._exit(1)


class Sentences(logging.Filter):
    """Lets an error of ours appear as one sentence, without the traces of those who passed it on."""

    def __init__(self) -> None:
        super().__init__()
        self.said = False

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is logged as it is."""
        error = record.exc_info[1] if record.exc_info else None
        for found in (error, *_errors(record.args)):
            if isinstance(found, IocError):
                self.tell(found)
                return False
        # what Faust says of its own end, after an error of ours was told, is no news
        return not self.said or (record.levelno >= logging.CRITICAL and record.name.startswith("streams"))

    def tell(self, error: IocError) -> None:
        """Says the first; those that follow from it are not said."""
        if not self.said:
            self.said = True
            with contextlib.suppress(OSError):  # as above
                sys.stderr.write(f"ioc: {error}\n")
                sys.stderr.flush()


def _errors(args: Any) -> tuple[Any, ...]:
    return args if isinstance(args, tuple) else ()


def log_to_stderr() -> Sentences:
    """Warnings and worse of all libraries to standard error, errors of ours as sentences."""
    sentences = Sentences()
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(sentences)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # what it cannot do is raised, and told by us
    return sentences
