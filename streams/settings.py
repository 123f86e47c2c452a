"""Everything an operator may set: one frozen class, environment variables with the prefix IOC_."""

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas.errors import SettingError


class Settings(BaseSettings):
    """The settings of every program of ours; a wrong value names the setting, the value and what is allowed."""

    model_config = SettingsConfigDict(env_prefix="IOC_", frozen=True, extra="forbid")

    brokers: str = Field(
        "127.0.0.1:9092", min_length=1, description="Kafka bootstrap servers, host:port, comma separated."
    )
    group: str = Field("ioc", pattern=r"^[a-z0-9.-]{1,64}$", description="Consumer group of the workers.")
    instance: str = Field(
        "",
        pattern=r"^[a-z0-9.-]{0,64}$",
        description=(
            "Static membership id (KIP-345) of this worker slot; must be unique, empty turns static membership off."
        ),
    )
    partitions: int = Field(
        6, ge=1, le=1000, description="Partitions of every event topic and of the state topic; equal for all."
    )
    replication: int = Field(1, ge=1, le=5, description="Copies of each topic; 3 on a cluster.")
    state_topic: str = Field(
        "ioc.state.v1", pattern=r"^[a-z0-9._-]{1,200}$", description="The compacted topic of snapshots."
    )
    metrics_host: str = Field(
        "127.0.0.1", min_length=1, description="Address on which /metrics, /healthz and /readyz answer."
    )
    metrics_port: int = Field(9108, ge=1, le=65535, description="Port on which /metrics, /healthz and /readyz answer.")
    snapshot_seconds: float = Field(
        1.0, ge=0.1, le=60, description="Seconds between snapshots of changed state; what is shown is at most this old."
    )
    snapshot_limit_bytes: int = Field(
        16_000_000,
        ge=100_000,
        le=100_000_000,
        description="Largest record of a snapshot after compression, head or block; a larger one stops the worker.",
    )
    duplicate_horizon_seconds: int = Field(
        3600, ge=1, le=604800, description=("A repeat of (source, id) within this log-append time is a duplicate.")
    )
    future_seconds: int = Field(
        300, ge=0, le=86400, description="An event later than its arrival by more than this is rejected."
    )
    idle_seconds: float = Field(
        5.0,
        ge=1,
        le=3600,
        description="A partition caught up and without records for so long is idle: its present goes on by the clock.",
    )
    idle_step_seconds: float = Field(
        10.0, ge=1, le=3600, description="How often the present of an idle partition goes on."
    )
    max_event_bytes: int = Field(
        262_144, ge=1024, le=10_000_000, description="Largest event; a larger one is rejected `too_large`."
    )
    session_seconds: float = Field(
        10.0, ge=3, le=300, description="Kafka session timeout: how long partitions of a killed worker stay dark."
    )
    batch_records: int = Field(
        5000, ge=1, le=100_000, description="At most about this many records of a partition are folded without a pause."
    )
    drain: Literal["fast", "simple"] = Field(
        "fast",
        description=(
            "How fetched records are read: `fast` without ConsumerRecords, huge packed batches in pieces; `simple` "
            "through aiokafka's own, which unpacks every batch whole."
        ),
    )
    feeds: str = Field("", description="Folder of other feed declarations; empty: `schemas/feeds`.")
    fast_reader: str = Field(
        "all",
        pattern=r"^(all|off|[a-z0-9_]+(,[a-z0-9_]+)*)$",
        description=(
            "Feeds whose events are read by the second, faster reader: `all`, `off`, or names with commas between. "
            "What it does not cover pydantic reads, with the same results."
        ),
    )
    reference: Path = Field(Path("reference"), description="Folder of the dated reference data.")
    data: Path = Field(Path("var"), description="Folder for local files; nothing in it is needed after a restart.")
    targets: Path = Field(
        Path("var/targets/workers.json"),
        description="Prometheus file_sd file that lists the workers; read by `ioc recount` and `ioc check` too.",
    )
    prometheus_url: str = Field(
        "http://127.0.0.1:9090",
        pattern=r"^https?://[^\s/]+(/[^\s?#]*)?$",
        description="Where Prometheus answers; asked by `ioc check` and `ioc viewer`.",
    )
    notify_host: str = Field("127.0.0.1", min_length=1, description="Address on which `ioc notify` takes alerts.")
    notify_port: int = Field(9095, ge=1, le=65535, description="Port on which `ioc notify` takes alerts.")
    notify_folder: Path = Field(
        Path("var/notify"),
        description="Folder of what `ioc notify` writes: its lines, and what it remembers across restarts.",
    )
    notify_beat_seconds: float = Field(
        120.0, ge=1, le=3600, description="The Watchdog counts as lost when it was not heard for so long."
    )
    notify_confirm_seconds: float = Field(
        90.0,
        ge=1,
        le=3600,
        description=(
            "A `resolved` is passed on by a beat of the Watchdog that comes this much later; longer than Prometheus' "
            "resend delay, because the end of Prometheus ends all alerts about that far apart."
        ),
    )
    notify_release_seconds: float = Field(
        1200.0,
        ge=1,
        le=86400,
        description=(
            "A `resolved` kept back is passed on when the Watchdog has beaten again for so long and the alert has not "
            "come back; longer than the longest `for` of an alert."
        ),
    )
    viewer_host: str = Field("127.0.0.1", min_length=1, description="Address on which `ioc viewer` shows the walls.")
    viewer_port: int = Field(8088, ge=1, le=65535, description="Port on which `ioc viewer` shows the walls.")


def load_settings() -> Settings:
    """The settings of this process.

    Raises:
        SettingError: a value is wrong; names the variable, the value and what is allowed.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "IOC_" + "_".join(str(part) for part in first["loc"]).upper()
        allowed = (
            Settings.model_fields[str(first["loc"][0])].description
            if str(first["loc"][0]) in Settings.model_fields
            else "not a setting"
        )
        raise SettingError(f"{name}={first['input']!r}: {first['msg']}. {allowed}") from None
