"""What a person asked for: ports, number of workers and data, from the environment of `make up`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.errors import ToolError

KAFKA, METRICS, PROMETHEUS = "IOC_KAFKA_PORT", "IOC_METRICS_PORT", "IOC_PROMETHEUS_PORT"
ALERTMANAGER, NOTIFY, VIEWER = "IOC_ALERTMANAGER_PORT", "IOC_NOTIFY_PORT", "IOC_VIEWER_PORT"

PARTITIONS = 6  # as in streams/settings.py; a worker more than there are partitions would have nothing to read


@dataclass(frozen=True)
class Plan:
    """`workers` and `data` are None when nothing was said about them: then what runs stays as it is."""

    kafka_port: int
    metrics_port: int  # of the first worker; the others follow
    prometheus_port: int
    alertmanager_port: int
    notify_port: int
    viewer_port: int
    workers: int | None
    data: Path | None
    speed: str


def read_plan(environment: Mapping[str, str] = os.environ) -> Plan:
    """The plan in the environment.

    Raises:
        ToolError: a value is wrong; names the variable, the value and what is allowed.
    """
    return Plan(
        kafka_port=_number(environment, KAFKA, 1024, 65535) or 9092,
        metrics_port=_number(environment, METRICS, 1024, 65535 - 64) or 9108,
        prometheus_port=_number(environment, PROMETHEUS, 1024, 65535) or 9090,
        alertmanager_port=_number(environment, ALERTMANAGER, 1024, 65535) or 9093,
        notify_port=_number(environment, NOTIFY, 1024, 65535) or 9095,
        viewer_port=_number(environment, VIEWER, 1024, 65535) or 8088,
        workers=_number(environment, "WORKERS", 1, _number(environment, "IOC_PARTITIONS", 1, 1000) or PARTITIONS),
        data=_data(environment.get("DATA", "")),
        speed=environment.get("SPEED", ""),
    )


def _number(environment: Mapping[str, str], name: str, least: int, most: int) -> int | None:
    said = environment.get(name, "")
    if not said:
        return None
    if not said.isascii() or not said.isdigit() or not least <= int(said) <= most:
        raise ToolError(f"{name}={said!r} is not a whole number from {least} to {most}")
    return int(said)


def _data(said: str) -> Path | None:
    if not said:
        return None
    path = Path(said).resolve()
    if not path.exists():
        raise ToolError(f"DATA={said!r} does not exist; name a file or folder, "
                        "or leave DATA out for a simulated scenario")
    return path
