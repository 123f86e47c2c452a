"""CoSeLoG: receipt of environmental permits in a Dutch municipality, 2010-2012 (J.C.A.M. Buijs, 4TU.ResearchData).

| file | event |
|---|---|
| case:startdate | `received`, by the office case:department |
| first "Confirmation of receipt" | `accepted` |
| a step by another org:group than before | `assigned` to that group, at the time of the step |
| case:enddate | `resolved`, by case:department; no end date: the dossier stays open, 105 of them (T46) |
| case:enddate_planned, case:deadline | `original_due_at`, `due_at` |
| case:channel Internet, Desk, Post | `channel` online, counter, postal |

The planned end is the original deadline: 389 of 1,329 finished cases ended after it and 377 after the deadline, which
lies later in 33 cases and else, but for 4, within 20 ms of it. When it was moved is not recorded, so that there is
no `extended`. A step by the group that already has the dossier, or by no group (EMPTY), is none of our actions; nor
is an intermediate step a request for supplements or an answer to the citizen: the file does not say so.

Times come with and without fraction and with +01:00 or +02:00 (T44). The hour on the wall is kept and read as Lào Cai
time, so that office hours stay; no comparison of an end with its deadline changes by this. The file is grouped by case
and is put in order (T45). Values are those of the file.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from streams.simulator.recordings.recording import Recorded, Recording, recording, wall

SOURCE: Final = "//foreign/coselog"
HEADER: Final = frozenset({"case:concept:name", "case:startdate", "case:enddate_planned", "time:timestamp"})
CHANNELS: Final = {"Internet": "online", "Desk": "counter", "Post": "postal"}

Row = dict[str, str]


def recognises(header: Sequence[str]) -> bool:
    """Whether a file with this first line is ours."""
    return set(header) >= HEADER


def read(path: Path) -> Recording:
    """The events of the file, in the order of their time."""
    unmapped: Counter[str] = Counter()
    with path.open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["case:concept:name"])
    cases = (list(group) for _, group in groupby(rows, key=lambda row: row["case:concept:name"]))
    events = [event for case in cases for event in _events(case, unmapped)]
    return recording(path.name, events, feed="dossier", source=SOURCE, renamed=("dossier_id",), unmapped=unmapped)


def moment(text: str) -> int:
    """A time of the file, whatever its precision and offset."""
    return wall(datetime.fromisoformat(text))


def _events(case: list[Row], unmapped: Counter[str]) -> Iterator[Recorded]:
    about, dossier = case[0], case[0]["case:concept:name"]
    office = _office(about["case:department"])
    began = moment(about["case:startdate"])
    yield Recorded(began, f"{dossier}.received", "received", office, _receipt(about, unmapped))
    yield from _steps(dossier, office, sorted(case, key=lambda row: moment(row["time:timestamp"])), unmapped)
    if not about["case:enddate"]:
        unmapped["no end date: the dossier stays open"] += 1
        return
    ended = moment(about["case:enddate"])
    yield Recorded(ended, f"{dossier}.resolved", "resolved", office, {"dossier_id": dossier, "resolved_at": ended})


def _receipt(about: Row, unmapped: Counter[str]) -> dict[str, Any]:
    data: dict[str, Any] = {
        "dossier_id": about["case:concept:name"], "procedure_code": "coselog-receipt", "domain": "coselog-permit",
        "received_at": moment(about["case:startdate"]), "original_due_at": moment(about["case:enddate_planned"]),
        "due_at": moment(about["case:deadline"]),
    }  # fmt: skip
    if data["due_at"] > data["original_due_at"]:
        unmapped["extension: the file does not say when the deadline was moved"] += 1
    if channel := CHANNELS.get(about["case:channel"]):
        data["channel"] = channel
    else:
        unmapped[f"channel {about['case:channel']!r}: sent without channel"] += 1
    return data


def _steps(dossier: str, office: str, steps: list[Row], unmapped: Counter[str]) -> Iterator[Recorded]:
    holder, accepted = "", False
    for step in steps:
        group = "" if step["org:group"] == "EMPTY" else step["org:group"]
        at, action = moment(step["time:timestamp"]), "assigned"
        if step["concept:name"] == "Confirmation of receipt" and not accepted:
            action, accepted = "accepted", True
        elif not group:
            unmapped["step of no group"] += 1
            continue
        elif group == holder:
            unmapped["step of the group that already has the dossier"] += 1
            continue
        holder = group or holder
        agency = _office(group) if group else office
        yield Recorded(at, step["concept:instance"], action, agency, {"dossier_id": dossier})


def _office(name: str) -> str:
    return f"coselog-{name.lower().replace(' ', '-')}"
