"""Refuses to start on versions, private names, settings or topics that the transport was not tested with."""

import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import faust
from aiokafka.consumer import AIOKafkaConsumer
from aiokafka.consumer.consumer import SubscriptionState
from aiokafka.consumer.fetcher import Fetcher, FetchResult, PartitionRecords
from aiokafka.consumer.group_coordinator import GroupCoordinator
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.transport.consumer import Consumer
from faust.transport.drivers import aiokafka as faust_driver
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from mode import Service

from schemas.errors import CompatibilityError

VERSIONS = {"faust-streaming": "0.15.3", "aiokafka": "0.14.0", "mode-streaming": "0.7.1"}

COMPILED = ("faust._cython.streams", "faust.transport._cython.conductor", "aiokafka.record._crecords", "cramjam")
"""Parts that a wheel has and a build from source may lack; the pure-Python iterator of Faust loses events."""

METHODS: dict[Callable[..., Any], tuple[str, ...]] = {
    Consumer.perform_seek: (),
    Consumer.on_partitions_revoked: ("revoked",),
    Consumer.on_partitions_assigned: ("assigned", "generation_id"),
    Consumer.force_commit: ("topics", "start_new_transaction"),
    Consumer.on_buffer_drop: ("tp",),
    Consumer.resume_partitions: ("tps",),
    Consumer.stop_flow: (),
    Consumer._add_gap: ("tp", "offset_from", "offset_to"),
    Consumer._new_offset: ("tp",),
    Consumer._commit_offsets: ("offsets", "start_new_transaction"),
    Consumer._wait_next_records: ("timeout",),
    Consumer._get_active_partitions: (),
    faust_driver.Consumer._new_consumer_thread: (),
    faust_driver.Consumer._to_message: ("tp", "record"),
    faust_driver.Consumer.subscribe: ("topics",),
    faust_driver.Consumer.seek_wait: ("partitions",),
    faust_driver.AIOKafkaConsumerThread._fetch_records: ("consumer", "active_partitions", "timeout", "max_records"),
    faust_driver.AIOKafkaConsumerThread._commit: ("offsets",),
    faust_driver.AIOKafkaConsumerThread._ensure_consumer: (),
    faust_driver.AIOKafkaConsumerThread.earliest_offsets: ("partitions",),
    faust_driver.AIOKafkaConsumerThread.highwaters: ("partitions",),
    Service._crash: ("reason",),
    Recovery._wait: ("coro", "timeout"),
    FetchResult.check_assignment: ("tp",),
    FetchResult.getall: ("max_records",),
    FetchResult.has_more: (),
    FetchResult._update_position: (),
    PartitionRecords._consume_aborted_up_to: ("batch_offset",),
    PartitionRecords._contains_abort_marker: ("next_batch",),
    faust_driver.AIOKafkaConsumerThread._create_worker_consumer: ("transport",),
    Fetcher._notify: ("future",),
    Fetcher._create_fetch_waiter: (),
    SubscriptionState.wait_for_assignment: (),
    SubscriptionState.is_assigned: ("tp",),
    SubscriptionState.fetch_context: (),
    GroupCoordinator.check_errors: (),
}
"""What is overridden or called, with its parameters."""

ATTRIBUTES: dict[Callable[..., Any], tuple[str, ...]] = {
    Consumer.__init__: ("_acked", "_acked_index", "_read_offset", "_committed_offset"),
    vars(TableManager)["recovery"].fget: ("_recovery",),
    faust_driver.AIOKafkaConsumerThread.on_start: ("_consumer",),
    AIOKafkaConsumer.__init__: ("_closed", "_fetcher", "_coordinator", "_isolation_level", "_subscription"),
    Fetcher.__init__: ("_records", "_closed", "_subscriptions", "_wait_consume_future"),
    Fetcher._proc_fetch_request: ("MemoryRecords",),
    FetchResult.__init__: ("_topic_partition", "_partition_records", "_assignment"),
    PartitionRecords.__init__: ("_tp", "_records", "_aborted_producers", "_check_crcs", "_isolation_level",
                                "next_fetch_offset", "_records_iterator"),
    GroupCoordinator.__init__: ("_coordination_task", "_closing"),
}
"""What is read or set on instances, with the function that makes it."""

APP_SETTINGS = {"stream_wait_empty": False, "table_standby_replicas": 1, "topic_allow_declare": False,
                "web_enabled": False, "consumer_auto_offset_reset": "earliest"}


def check_installed() -> None:
    """Compares what is installed with what the transport was tested on.

    Raises:
        CompatibilityError: a version, a compiled part or a private name differs.
    """
    check_versions(VERSIONS)
    check_compiled(COMPILED)
    check_methods(METHODS)
    check_attributes(ATTRIBUTES)


def check_versions(wanted: Mapping[str, str]) -> None:
    """Raises CompatibilityError unless exactly these versions are installed."""
    for package, expected in wanted.items():
        try:
            found = version(package)
        except PackageNotFoundError:
            found = "none"
        if found != expected:
            raise CompatibilityError(f"{package} {expected} is needed, {found} is installed; install what the lock "
                                     f"file says, or run tests/contract and tests/transport and change VERSIONS")


def check_compiled(modules: Iterable[str]) -> None:
    """Raises CompatibilityError unless each module can be imported."""
    for name in modules:
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise CompatibilityError(f"{name} cannot be imported ({error}); install its wheel") from None


def check_methods(methods: Mapping[Callable[..., Any], tuple[str, ...]]) -> None:
    """Raises CompatibilityError unless each method has exactly these parameters behind `self`."""
    for method, expected in methods.items():
        found = tuple(name for name in inspect.signature(method).parameters if name != "self")
        if found != expected:
            raise CompatibilityError(f"{method.__module__}.{method.__qualname__} takes {found}, not {expected}: "
                                     f"the transport was written for another version")


def check_attributes(attributes: Mapping[Callable[..., Any], tuple[str, ...]]) -> None:
    """Raises CompatibilityError unless each function sets or reads these attributes."""
    for function, names in attributes.items():
        missing = [name for name in names if name not in inspect.unwrap(function).__code__.co_names]
        if missing:
            raise CompatibilityError(f"{function.__module__}.{function.__qualname__} knows no {', '.join(missing)}: "
                                     f"the transport was written for another version")


def check_app(app: faust.App) -> None:
    """Raises CompatibilityError when the app, with its agents declared, is not set as exact state needs."""
    for name, expected in APP_SETTINGS.items():
        found = getattr(app.conf, name)
        if found != expected:
            raise CompatibilityError(f"the Faust setting {name} is {found!r}, must be {expected!r}; use faust_app()")
    if app.conf.processing_guarantee.value != "at_least_once":
        raise CompatibilityError("the Faust setting processing_guarantee must be at_least_once; use faust_app()")
    if app.tables:
        raise CompatibilityError(f"the app has Faust tables ({', '.join(app.tables)}); state belongs to the keeper")
    for name, agent in app.agents.items():
        if agent.concurrency != 1:
            raise CompatibilityError(f"agent {name} has concurrency {agent.concurrency}; must be 1")


def check_topics(brokers: str, event_topics: Iterable[str], state_topic: str, partitions: int, *, replication: int = 1,
                 largest_state: int = 0) -> None:
    """Compares the topics on the broker with what exact state needs. Blocks: call it before the app runs.

    `replication`: the least number of copies; `largest_state`: bytes that one record of the state topic must be able
    to have.

    Raises:
        CompatibilityError: a topic is missing or set otherwise; names it and the remedy.
    """
    events = sorted(set(event_topics))
    admin = KafkaAdminClient(bootstrap_servers=brokers)
    try:
        described = {topic["name"]: topic for topic in admin.describe_topics([*events, state_topic])}
        # without this a missing topic is silence: Faust waits for it and says nothing
        for name in (*events, state_topic):
            _check_shape(name, described.get(name, {}), partitions, replication)
        settings = _settings_of(admin, [*events, state_topic])
    finally:
        admin.close()
    for name in (*events, state_topic):
        _check_setting(name, settings[name], "message.timestamp.type", "LogAppendTime")
    _check_setting(state_topic, settings[state_topic], "cleanup.policy", "compact")
    limit = int(settings[state_topic]["max.message.bytes"])
    if limit < largest_state:
        raise CompatibilityError(f"topic {state_topic} takes records of {limit} bytes, a snapshot may have "
                                 f"{largest_state}; raise its max.message.bytes, or lower IOC_SNAPSHOT_LIMIT_BYTES")


def _check_shape(name: str, topic: Mapping[str, Any], partitions: int, replication: int) -> None:
    found = topic.get("partitions", [])
    if topic.get("error_code", 3) != 0 or not found:
        raise CompatibilityError(f"topic {name} does not exist on the broker; make it with `ioc topics`")
    if len(found) != partitions:
        raise CompatibilityError(f"topic {name} has {len(found)} partitions, all event topics and the state topic need "
                                 f"{partitions} (IOC_PARTITIONS); the number of a topic with data must never change")
    copies = min(len(partition["replica_nodes"]) for partition in found)
    if copies < replication:
        raise CompatibilityError(f"topic {name} has {copies} copies, {replication} are needed (IOC_REPLICATION)")


def _settings_of(admin: KafkaAdminClient, topics: list[str]) -> dict[str, dict[str, str]]:
    wanted = [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in topics]
    answer = admin.describe_configs(wanted, config_filter="all")["topic"]
    return {topic: {name: entry["value"] for name, entry in answer[topic].items()} for topic in topics}


def _check_setting(topic: str, settings: Mapping[str, str], name: str, expected: str) -> None:
    if settings[name] != expected:
        raise CompatibilityError(f"topic {topic} has {name}={settings[name]}, must be {expected}; "
                                 f"set it with `ioc topics`, or kafka-configs")
