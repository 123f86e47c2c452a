"""Theodolite's UC2, "Downsampling": what sensors send, seeded, and what their windows must come to.

Each sensor sends one reading a period; its key is its name. By sensor, windows of a minute without grace: a reading is
late, and is not counted, when a newer reading of its partition lies behind the end of its window.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import fsum, isfinite
from random import Random
from typing import Any

from benchmarks.events import Record
from benchmarks.log import partition_of

TOPIC = "uc2"
WINDOW_MS = 60_000
PERIOD_MS = 1_000
BEGINNING = 1_700_000_000_000
SEED = 2


def readings(sensors: int, *, seed: int = SEED, late: float = 0.0, invalid: float = 0.0) -> Iterator[Record]:
    """Readings in the order of their times, without end.

    `late` and `invalid` say which part of them is sent late or broken; Theodolite itself sends neither.
    """
    random, now = Random(seed), BEGINNING
    while True:
        for number in range(sensors):
            sensor = f"s_{number}"
            at = now - random.randrange(2 * WINDOW_MS) if random.random() < late else now
            reading = {"identifier": sensor, "timestamp": at, "valueInW": round(random.uniform(0, 3_000), 3)}
            value = _broken(reading, random) if random.random() < invalid else json.dumps(reading)
            yield Record(TOPIC, sensor.encode(), value.encode())
        now += PERIOD_MS


def _broken(reading: dict[str, Any], random: Random) -> str:
    """A reading with one fault."""
    faults: list[dict[str, Any]] = [
        {"identifier": reading["identifier"] + "0"}, {"identifier": 1}, {"timestamp": str(reading["timestamp"])},
        {"timestamp": -1}, {"valueInW": "1.5"}, {"valueInW": None}, {"unit": "W"},
    ]  # fmt: skip
    text = json.dumps(reading)
    missing = json.dumps({name: reading[name] for name in random.sample(sorted(reading), 2)})
    return random.choice([text[:-1], f"{text} 1", f"[{text}]", missing, *(json.dumps(reading | one) for one in faults)])


@dataclass(frozen=True, slots=True)
class Recount:
    """What a log comes to; `windows`: by sensor:window its count, sum, smallest, largest, mean, population variance."""

    windows: dict[str, tuple[float, ...]]
    late: int
    rejected: int


def recount(records: Iterable[Record], partitions: int) -> Recount:
    """Counts slowly and obviously: every value of a window is kept to its end."""
    values: dict[str, list[float]] = {}
    newest: dict[int, int] = {}
    late = rejected = 0
    for record in records:
        found = _valid(record)
        if found is None:
            rejected += 1
            continue
        at, watts = found
        partition = partition_of(record.key, partitions)
        newest[partition] = max(newest.get(partition, 0), at)
        window = at // WINDOW_MS
        if (window + 1) * WINDOW_MS <= newest[partition]:
            late += 1
        else:
            values.setdefault(f"{record.key.decode()}:{window}", []).append(watts)
    return Recount({name: _figures(found) for name, found in values.items()}, late, rejected)


def _valid(record: Record) -> tuple[int, float] | None:
    try:
        found = json.loads(record.value)
    except ValueError:
        return None
    if not isinstance(found, dict) or found.keys() != {"identifier", "timestamp", "valueInW"}:
        return None
    at, watts = found["timestamp"], found["valueInW"]
    is_valid = (found["identifier"] == record.key.decode() and type(at) is int and at >= 0
                and type(watts) in {int, float} and isfinite(watts))
    return (at, float(watts)) if is_valid else None


def _figures(values: list[float]) -> tuple[float, ...]:
    mean = fsum(values) / len(values)
    variance = fsum((value - mean) ** 2 for value in values) / len(values)
    return (float(len(values)), fsum(values), min(values), max(values), mean, variance)
