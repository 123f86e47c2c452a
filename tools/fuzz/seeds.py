"""Records to begin with: the examples of the feeds, a stretch of the load of the fault matrix, the poison corpus."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import islice
from typing import Final

from schemas.decode import MAX_BYTES
from schemas.event import millis
from schemas.feed import Feed
from schemas.reference import Reference
from streams.publisher import encode
from tools.faults.corpus import corpus
from tools.faults.story import story

SEED: Final = 1
SINCE: Final = millis("2026-01-05T08:00:00+07:00") // 60_000
TOLD: Final = 4000
EACH: Final = 80
"""Records of the story for each feed."""

LARGEST: Final = MAX_BYTES + 2
"""Bytes of an input: the one for the feed, and a record that is one too large."""


def seeds(feeds: Sequence[Feed], reference: Reference) -> list[bytes]:
    """Inputs: the number of the feed as one byte, then a record."""
    values: defaultdict[str, list[bytes]] = defaultdict(list)
    for feed in feeds:
        values[feed.topic].append(encode(feed.example))
    for shot in islice(story(SEED, SINCE, {feed.name: feed for feed in feeds}, reference), TOLD):
        if shot.value is not None and len(values[shot.topic]) < EACH:
            values[shot.topic].append(shot.value)
    for feed in feeds:
        if feed.name == "hydromet":
            values[feed.topic] += (kind.value for kind in corpus(feed.example) if kind.value is not None)
    return [bytes([number]) + value for number, feed in enumerate(feeds) for value in dict.fromkeys(values[feed.topic])
            if len(value) <= LARGEST]
