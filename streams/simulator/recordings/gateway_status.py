"""nginx: status snapshots of a real gateway, every 5.1 s, 30 October 2015 (elastic/examples).

The counters run from the start of nginx; what a service did between two snapshots is their difference (T51): one
`summarised` a service (server zone) and pair of snapshots.

| file | event |
|---|---|
| time of the earlier snapshot, seconds to the later one | `window_start`, `window_s`; `time` is that of the later one |
| difference of requests, sent | `calls`, `bytes` |
| difference of responses 4xx, 5xx | `errors_4xx`, `errors_5xx` |
| the gateway (nginx) | `consumer` |

A counter that went back, or a new generation of nginx, is a reset: that pair says nothing and is counted, never a
negative rate. A pair without calls is a summary of 0 calls. Not mapped: discarded requests (neither answered nor failed
by a reason of ours); upstreams, because their calls are those of the zones once more; the state of their peers, two of
seven unhealthy throughout (T52), for which the feed has no field; caches and streams.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from streams.simulator.recordings.recording import Recorded, Recording, RecordingError, recording

SOURCE: Final = "//foreign/nginxplus"
CONSUMER: Final = "nginx"
PAUSE: Final = 5_100
"""Milliseconds between snapshots, and so between the rounds of the recording."""


def recognises(header: Sequence[str]) -> bool:
    """Whether a file with this first line is ours: the cells of a line of JSON, as a reader of CSV sees them."""
    line = ",".join(header)
    return line.startswith("{") and "nginx_version" in line and "load_timestamp" in line


def read(path: Path) -> Recording:
    """The events of the file, in the order of their time."""
    unmapped: Counter[str] = Counter()
    snapshots = sorted(_snapshots(path, unmapped), key=lambda snapshot: snapshot["timestamp"])
    events = [event for pair in pairwise(snapshots) for event in _events(*pair, unmapped)]
    return recording(path.name, events, feed="exchange", source=SOURCE, pause=PAUSE, unmapped=unmapped)


def _snapshots(path: Path, unmapped: Counter[str]) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                snapshot = json.loads(line)
            except ValueError as error:
                raise RecordingError(f"{path.name}, line {number} is no JSON: {error}") from error
            peers = [peer for upstream in snapshot["upstreams"].values() for peer in upstream["peers"]]
            unmapped["state of an upstream peer"] += len(peers)
            unmapped["  of these not up"] += sum(peer["state"] != "up" for peer in peers)
            yield snapshot


def _events(before: Mapping[str, Any], after: Mapping[str, Any], unmapped: Counter[str]) -> Iterator[Recorded]:
    restarted = any(before[name] != after[name] for name in ("generation", "load_timestamp"))
    for service, zone in after["server_zones"].items():
        change = None if restarted else difference(before["server_zones"].get(service, {}), zone)
        if change is None:
            unmapped["counter reset: no rate"] += 1
            continue
        unmapped["discarded requests"] += change.pop("discarded")
        yield Recorded(after["timestamp"], f"{service}-{_compact(after['timestamp'])}", "summarised", "nginx", {
            "kind": "api", "service_id": service, "consumer": CONSUMER, "window_start": before["timestamp"],
            "window_s": round((after["timestamp"] - before["timestamp"]) / 1000), **change,
        })  # fmt: skip


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, int] | None:
    """What happened between two readings of a zone's counters; None if one of them was reset or is new."""
    if not before:
        return None
    change = {
        "calls": after["requests"] - before["requests"],
        "bytes": after["sent"] - before["sent"],
        "errors_4xx": after["responses"]["4xx"] - before["responses"]["4xx"],
        "errors_5xx": after["responses"]["5xx"] - before["responses"]["5xx"],
        "discarded": after["discarded"] - before["discarded"],
    }
    return None if min(change.values()) < 0 else change


def _compact(at: int) -> str:
    moment = datetime.fromtimestamp(at / 1000, UTC)
    return f"{moment:%Y%m%dT%H%M%S}.{at % 1000:03d}Z"
