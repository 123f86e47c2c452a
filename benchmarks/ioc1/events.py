"""The generator of IOC-1: the Yahoo benchmark's events in our envelope, with what real senders do wrong; seeded.

Services are asked for by Zipf's law, and each belongs to a department. Of the events 1 % are sent again within ten
minutes, mostly soon; 5 % come up to 30 s out of order; 0.01 % are 20 minutes to an hour old, whatever one takes for the
watermark too late for a window of 15 minutes; 0.1 % are no JSON and 0.1 % of a type that nobody knows.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from heapq import heappop, heappush
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import NamedTuple
from uuid import UUID

from benchmarks.ysb.events import AD_TYPES, EVENT_TYPES
from benchmarks.ysb.events import world as yahoo

SERVICES, DEPARTMENTS, ZIPF = 2_000, 60, 1.1
BEGINNING = 1_767_574_800_000  # Monday, 5 January 2026, 08:00 in Lào Cai
A_SECOND = 2_000
MOST = 13 * 60 * A_SECOND
"""Of a longer log the windows of the beginning would be forgotten before its end, and could not be compared."""

SOURCE = "//laocai.gov.vn/ioc1/portal"
TYPE, UNKNOWN_TYPE = "vn.laocai.ioc1.happened.v1", "vn.laocai.ioc1.renamed.v1"
REPEATED_WITHIN_MS = 600_000
SEED = 9
HOME = timezone(timedelta(hours=7))

RECORD = (
    '{"specversion":"1.0","id":"%s","source":"' + SOURCE + '","type":"%s","subject":"%s","time":"%s","agency":"skhcn",'
    '"dataschema":"urn:ioc:ioc1:1","data":{"user_id":"%s","page_id":"%s","service_id":"%s","ad_type":"%s",'
    '"event_type":"%s","ip_address":"1.2.3.4"}}'
)


@dataclass(frozen=True, slots=True)
class Shares:
    """Which part of the events is sent again, out of order, late, no JSON, of an unknown type."""

    repeated: float = 0.01
    disordered: float = 0.05
    late: float = 0.0001
    no_json: float = 0.001
    unknown: float = 0.001


class Stored(NamedTuple):
    """One record as it is stored."""

    key: bytes
    value: bytes


@cache
def routes(seed: int = SEED) -> dict[str, str]:
    """Each service and its department, the service most asked for first."""
    random = Random(seed)
    names = [str(UUID(int=random.getrandbits(128), version=4)) for _ in range(SERVICES)]
    return {name: f"department-{random.randrange(DEPARTMENTS):02d}" for name in names}


def records(number: int, shares: Shares = Shares(), seed: int = SEED) -> Iterator[Stored]:
    """So many records, in the order in which they are stored; a repeat takes the place of a new event."""
    if number > MOST:
        raise ValueError(f"at most {MOST:,} events, not {number:,}")
    random, services, yahoos = Random(seed + 1), list(routes(seed)), yahoo()
    draw, choice = random.random, random.choice
    weights = list(accumulate(rank**-ZIPF for rank in range(1, SERVICES + 1)))
    again: list[tuple[int, int, Stored]] = []
    for place in range(number):
        if again and again[0][0] <= place:
            yield heappop(again)[2]
            continue
        now = BEGINNING + place * 1000 // A_SECOND
        is_late = draw() < shares.late
        at = now - _age(random, shares.disordered, is_late=is_late)
        [service] = random.choices(services, cum_weights=weights)
        fault = draw()
        kind = UNKNOWN_TYPE if fault < shares.unknown else TYPE
        value = RECORD % (f"e-{place:09d}", kind, service, text_of(at), choice(yahoos.users), choice(yahoos.pages),
                          service, choice(AD_TYPES), choice(EVENT_TYPES))
        if shares.unknown <= fault < shares.unknown + shares.no_json:
            value = value[: random.randrange(1, len(value))]
        stored = Stored(service.encode(), value.encode())
        if draw() < shares.repeated and not is_late:
            after = int(draw() ** 3 * REPEATED_WITHIN_MS) * A_SECOND // 1000
            heappush(again, (place + 1 + after, place, stored))
        yield stored


def _age(random: Random, disordered: float, *, is_late: bool) -> int:
    """By how many milliseconds an event comes after it happened."""
    if is_late:
        return random.randrange(1_200_000, 3_600_000)
    return random.randrange(30_000) if random.random() < disordered else 0


def text_of(at: int) -> str:
    """A moment on the wire: local time, milliseconds."""
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(HOME).isoformat(timespec="milliseconds")


def write_routes(path: Path) -> None:
    """The join table as every other contestant gets it: `ad,campaign`, as in the Yahoo benchmark."""
    path.write_text("\n".join(["ad,campaign", *map(",".join, routes().items()), ""]))


def write_reference(home: Path, folder: Path) -> None:
    """The join table as we get it, a dated list of a folder of reference data, and the source that sends."""
    shutil.copytree(home, folder, ignore=shutil.ignore_patterns("foreign"))
    lines = [f"{service},{department},2020-01-01,,generator,assumed" for service, department in routes().items()]
    (folder / "routes.csv").write_text("\n".join(["service,department,valid_from,valid_to,basis,status", *lines, ""]))
    with (folder / "sources.csv").open("a", encoding="utf-8") as file:
        file.write(f"{SOURCE},skhcn,ioc1,Bộ sinh IOC-1,Generator of IOC-1,no,,2020-01-01,,generator,assumed\n")
