"""Kikavu: river level of a mountain catchment, about hourly, 2022-2023 (L. Mdegela, KikuletwaData).

Each row is an `observed` of station KIKAVU: `level_m` as it stands, datum `kikavu`. Gaps of up to 24 days, readings
stuck at 0.94 m and spikes to 6.45 m are part of the recording and pass unaltered (T50): to doubt them is the engine's
task. The file says nothing of the quality of a reading; `quality` is `ok`, what an instrument sends that does not judge
itself. Times are UTC and are moved by whole weeks.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from streams.simulator.recordings.recording import Recorded, Recording, millis_of, recording

SOURCE: Final = "//foreign/kikavu"
HEADER: Final = ("time", "river_level (m)")
STATION: Final = "KIKAVU"


def recognises(header: Sequence[str]) -> bool:
    """Whether a file with this first line is ours."""
    return tuple(header) == HEADER


def read(path: Path) -> Recording:
    """The events of the file, in the order of their time."""
    unmapped: Counter[str] = Counter()
    with path.open(encoding="utf-8", newline="") as file:
        events = list(_events(csv.DictReader(file), unmapped))
    return recording(path.name, events, feed="hydromet", source=SOURCE, unmapped=unmapped)


def _events(rows: "csv.DictReader[str]", unmapped: Counter[str]) -> Iterator[Recorded]:
    for row in rows:
        if not row[HEADER[1]]:
            unmapped["no level"] += 1
            continue
        moment = datetime.fromisoformat(row["time"])
        data = {"station_id": STATION, "level_m": float(row[HEADER[1]]), "datum": "kikavu", "quality": "ok"}
        yield Recorded(millis_of(moment), f"kikavu-{moment:%Y%m%dT%H%M%SZ}", "observed", "kikavu", data)
