"""MyLA311: service requests of the City of Los Angeles, 27-31 December 2017 (city open data).

| file | event |
|---|---|
| CreatedDate | `received`, by the department Owner |
| ClosedDate, Status Closed | `resolved` |
| ClosedDate, Status Cancelled or Referred Out | `rejected` (withdrawn; outside the city's competence) |
| ServiceDate | `original_due_at` and `due_at`: the planned day; absent in 500 |
| RequestType | `category`, registered under its own name |
| RequestSource Call and Voicemail, Mobile App, Walk-in | `channel` 1022, app, counter; others without channel |

Times have no offset; the hour on the wall is read as Lào Cai time, so that office hours stay. A ServiceDate at midnight
is taken as it stands, although the city means the whole day: a request closed on its planned day counts as late, and
1,774 are overdue at once. On-time shares of this recording are therefore low, by the file. Twelve requests are closed
before they were created (T47); that is for the engine to flag. Areas (APC, NCName) are no units of the province and
carry no code, and coordinates lie outside it: both are left out, as are UpdatedDate and ActionTaken. The file has no
urgency.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from streams.simulator.recordings.recording import Recorded, Recording, recording, wall

SOURCE: Final = "//foreign/myla311"
HEADER: Final = frozenset({"SRNumber", "CreatedDate", "ServiceDate", "ClosedDate", "RequestType"})
CHANNELS: Final = {"Call": "1022", "Voicemail": "1022", "Mobile App": "app", "Walk-in": "counter"}
ENDS: Final = {"Closed": "resolved", "Cancelled": "rejected", "Referred Out": "rejected"}

Row = dict[str, str]


def recognises(header: Sequence[str]) -> bool:
    """Whether a file with this first line is ours."""
    return set(header) >= HEADER


def read(path: Path) -> Recording:
    """The events of the file, in the order of their time."""
    unmapped: Counter[str] = Counter()
    with path.open(encoding="utf-8", newline="") as file:
        events = [event for row in csv.DictReader(file) for event in _events(row, unmapped)]
    return recording(path.name, events, feed="feedback", source=SOURCE, renamed=("report_id",), unmapped=unmapped)


def moment(text: str) -> int:
    """A time of the file, 12/31/2017 11:59:58 PM."""
    return wall(datetime.strptime(text, "%m/%d/%Y %I:%M:%S %p"))  # noqa: DTZ007  the zone is set by `wall`


def _events(row: Row, unmapped: Counter[str]) -> Iterator[Recorded]:
    report, agency = row["SRNumber"], f"la-{row['Owner'].lower()}"
    created = moment(row["CreatedDate"])
    yield Recorded(created, f"{report}.received", "received", agency, _receipt(row, created, unmapped))
    action = ENDS.get(row["Status"])
    if row["ClosedDate"] and action:
        yield Recorded(moment(row["ClosedDate"]), f"{report}.{action}", action, agency, {"report_id": report})
    elif row["ClosedDate"]:
        unmapped[f"closed with status {row['Status']!r}: the report stays open"] += 1
    else:
        unmapped["not closed: the report stays open"] += 1


def _receipt(row: Row, created: int, unmapped: Counter[str]) -> dict[str, Any]:
    category = _category(row["RequestType"])
    data: dict[str, Any] = {"report_id": row["SRNumber"], "category": category, "received_at": created}
    if row["ServiceDate"]:
        data["original_due_at"] = data["due_at"] = moment(row["ServiceDate"])
    else:
        unmapped["no ServiceDate: sent without deadline"] += 1
    if channel := CHANNELS.get(row["RequestSource"]):
        data["channel"] = channel
    else:
        unmapped[f"channel {row['RequestSource']!r}: sent without channel"] += 1
    if row["APC"] or row["NCName"]:
        unmapped["area of Los Angeles: sent without unit"] += 1
    if row["Latitude"] or row["Longitude"]:
        unmapped["coordinates outside the province: left out"] += 1
    return data


def _category(request: str) -> str:
    return "la-" + re.sub(r"[^a-z0-9]+", "-", request.lower()).strip("-")
