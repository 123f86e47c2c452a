"""What a log of IOC-1 comes to, counted slowly and obviously, apart from the engine and from every contestant.

Record by record, in the order of each partition: no JSON or of an unknown type: rejected; an id seen before: a
duplicate; older than the window of 15 minutes: late; all else is accepted, and a view counts for the department of its
service in the window of ten seconds in which it happened.
"""

import json
from collections import Counter
from datetime import datetime

from benchmarks.ioc1.events import TYPE, Stored, routes

WINDOW_MS, WINDOWS_OPEN = 10_000, 90
FATES = ("rejected", "duplicate", "late")


class Recount:
    """The counts so far: `department:window` its views, and under each of FATES how many records met it."""

    def __init__(self) -> None:
        self.counts = Counter[str]()
        self._seen: set[str] = set()
        self._newest: dict[int, int] = {}

    def take(self, partition: int, record: Stored) -> None:
        """One record more."""
        try:
            event = json.loads(record.value)
        except ValueError:
            event = {}
        if event.get("type") != TYPE:
            self.counts["rejected"] += 1
            return
        if event["id"] in self._seen:
            self.counts["duplicate"] += 1
            return
        self._seen.add(event["id"])
        window = round(datetime.fromisoformat(event["time"]).timestamp() * 1000) // WINDOW_MS
        newest = self._newest.get(partition, window)
        if window <= newest - WINDOWS_OPEN:
            self.counts["late"] += 1
            return
        self._newest[partition] = max(newest, window)
        if event["data"]["event_type"] == "view":
            self.counts[f"{routes()[event['data']['service_id']]}:{window}"] += 1
