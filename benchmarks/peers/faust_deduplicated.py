"""IOC-1 on stock Faust: a table of the ids seen, tables of newest windows and of counts, all with their changelogs.

Keys of the tables carry the partition, since in Faust a partition's changelog must hold what is its own. Records are
read raw and validated in the agent, so that one that is refused is counted and does not end the worker. Of Faust's
validation: an unknown field is passed over.

With BENCH_SHOWN it may have been killed before, and is at its end when nothing more comes.
"""

import os
import time
from collections import Counter
from datetime import datetime
from typing import Any

import faust
from faust.models.fields import StringField

from benchmarks.contestant import app, make_changelogs, start
from benchmarks.peers.faust_fields import Choice
from benchmarks.peers.race import PARTITIONS, TOPIC, WINDOW_MS, Race, campaigns

MAY_BE_KILLED = "BENCH_SHOWN" in os.environ
QUIET_SECONDS = 6.0
WINDOWS_OPEN = 90
TYPE, SOURCE = "vn.laocai.ioc1.happened.v1", "//laocai.gov.vn/ioc1/portal"

race = Race("faust")
department_of = campaigns()
program = app("ioc1-faust")


class Request(faust.Record, validation=True):  # type: ignore[misc, call-arg]
    """What somebody did with a service."""

    user_id: str = StringField(min_length=36, max_length=36)
    page_id: str = StringField(min_length=36, max_length=36)
    service_id: str = StringField(min_length=36, max_length=36)
    ad_type: str = Choice("banner", "modal", "sponsored-search", "mail", "mobile")
    event_type: str = Choice("view", "click", "purchase")
    ip_address: str = StringField(min_length=7, max_length=15)


class Event(faust.Record, serializer="json", validation=True, coerce=True):  # type: ignore[misc, call-arg]
    """The envelope."""

    specversion: str = Choice("1.0")
    id: str = StringField(min_length=1, max_length=64)
    source: str = Choice(SOURCE)
    type: str = Choice(TYPE)
    time: datetime
    agency: str = StringField(min_length=1, max_length=64)
    data: Request
    subject: str | None = None
    dataschema: str | None = None


def table(name: str, default: Any) -> Any:
    """A plain table."""
    return program.Table(name, default=default, partitions=PARTITIONS)


arrivals = program.topic(TOPIC, key_type=bytes, key_serializer="raw", value_type=bytes, value_serializer="raw")
seen, newest, counts = table("seen", bool), table("newest", int), table("counts", int)


def read(key: bytes, value: bytes) -> Any:
    """The event in a record; None if there is none."""
    try:
        event = Event.loads(value)
        department = department_of[event.data.service_id]
    except (ValueError, TypeError, LookupError, AttributeError, faust.exceptions.DecodeError):
        return None
    return (event, department) if event.data.service_id.encode() == key else None


def judged(key: bytes, value: bytes, partition: int) -> str:
    """The window in which a view counts, the name of a fate, or "" for what is accepted and is no view."""
    found = read(key, value)
    if found is None:
        return "rejected"
    event, department = found
    if seen[event.id]:
        return "duplicate"
    seen[event.id] = True
    window = int(event.time.timestamp() * 1000) // WINDOW_MS
    before = newest[partition] or window
    if window <= before - WINDOWS_OPEN:
        return "late"
    if window > before or before == window:
        newest[partition] = window
    return f"{department}:{window}" if event.data.event_type == "view" else ""


@program.agent(arrivals)  # type: ignore[untyped-decorator]
async def judge(stream: Any) -> None:
    """Counts views, and what is refused, repeated or late."""
    async for arrival in stream.events():
        race.take()
        partition = arrival.message.partition
        name = judged(arrival.key, arrival.value, partition)
        if name:
            counts[f"{partition}:{name}"] += 1
        if race.is_over:
            await finish()


async def finish() -> None:
    """Says the result."""
    await program.producer.flush()
    race.stop()
    whole = Counter[str]()
    for name, number in counts.items():
        whole[name.partition(":")[2]] += number
    race.finish(whole, "at least once")


if MAY_BE_KILLED:

    @program.timer(1.0)  # type: ignore[untyped-decorator]
    async def end() -> None:
        """Finishes when nothing more comes."""
        if race.read and time.monotonic() - race.taken > QUIET_SECONDS:
            await finish()


if __name__ == "__main__":
    make_changelogs(seen, newest, counts)
    start(program)
