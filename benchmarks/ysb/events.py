"""The generator of the Yahoo Streaming Benchmark (data/src/setup/core.clj there), with skew; seeded, so repeatable.

The pace is one of event time alone: the log is stored as fast as it goes, and drained as fast as it goes.
"""

import shutil
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import NamedTuple
from uuid import UUID

CAMPAIGNS, ADS_EACH, USERS, PAGES = 100, 10, 100, 100
AD_TYPES = ("banner", "modal", "sponsored-search", "mail", "mobile")
EVENT_TYPES = ("view", "click", "purchase")
BEGINNING = 1_767_574_800_000  # Monday, 5 January 2026, 08:00 in Lào Cai
A_SECOND = 10_000
WINDOW = 10_000
SKEW, LATE, LATE_ONE_IN = 50, 60_000, 100_000
SEED = 7

RECORD = (
    '{"user_id": "%s", "page_id": "%s", "ad_id": "%s", "ad_type": "%s", "event_type": "%s", '
    '"event_time": "%d", "ip_address": "1.2.3.4"}'
)


class World(NamedTuple):
    """The sets from which events draw, and to which campaign each ad belongs."""

    users: list[str]
    pages: list[str]
    ads: list[str]
    campaign_of: dict[str, str]


@cache
def world(seed: int = SEED) -> World:
    """The sets of a seed."""
    random = Random(seed)
    campaigns, ads, users, pages = (
        [str(UUID(int=random.getrandbits(128), version=4)) for _ in range(number)]
        for number in (CAMPAIGNS, CAMPAIGNS * ADS_EACH, USERS, PAGES)
    )
    return World(users, pages, ads, {ad: campaigns[place // ADS_EACH] for place, ad in enumerate(ads)})


def records(number: int, seed: int = SEED, *, beginning: int = BEGINNING,
            a_second: int = A_SECOND) -> Iterator[bytes]:
    """So many events, in the order in which they are stored, at a pace of event time from a moment on."""
    of, random = world(seed), Random(seed + 1)
    draw, choice = random.random, random.choice
    for place in range(number):
        at = beginning + place * 1000 // a_second + int(draw() * 2 * SKEW) - SKEW
        if draw() * LATE_ONE_IN < 1:
            at -= int(draw() * LATE)
        yield (RECORD % (choice(of.users), choice(of.pages), choice(of.ads), choice(AD_TYPES), choice(EVENT_TYPES), at)
               ).encode()


def write_ads(path: Path) -> None:
    """The join table as every other contestant gets it: `ad,campaign`."""
    lines = [f"{ad},{campaign}" for ad, campaign in world().campaign_of.items()]
    path.write_text("\n".join(["ad,campaign", *lines, ""]))


def write_reference(home: Path, folder: Path) -> None:
    """The join table as we get it: a dated list of a folder of reference data, beside those of the province."""
    shutil.copytree(home, folder, ignore=shutil.ignore_patterns("foreign"))
    lines = [f"{ad},{campaign},2020-01-01,,generator,assumed" for ad, campaign in world().campaign_of.items()]
    (folder / "ads.csv").write_text("\n".join(["ad,campaign,valid_from,valid_to,basis,status", *lines, ""]))


def recount(value: bytes, found: Counter[str]) -> None:
    """Counts a view under its campaign and window, found in the bytes by place alone: no contestant's code."""
    parts = value.split(b'"')
    if parts[19] == b"view":
        found[f"{world().campaign_of[parts[11].decode()]}:{int(parts[23]) // WINDOW}"] += 1
