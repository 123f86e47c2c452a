"""The doors of the feeds that are shipped, and the steps that change their records."""

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from schemas.catalogue import load_feeds
from streams.publisher import read_reference
from tools.fuzz.target import Target
from tools.fuzz.trees import Steps
from tools.fuzz.words import Words, words
from tools.jars import ROOT


def target() -> Target:
    """All feeds, with the reference data of the house."""
    feeds = load_feeds()
    return Target(feeds, read_reference(ROOT / "reference", feeds))


def vocabulary(target: Target, inputs: Iterable[bytes]) -> list[Words]:
    """What the fields of each feed may say, also as the inputs have it."""
    seen: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for data in inputs:
        try:
            event = json.loads(data[1:])
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict):
            seen[data[0] % len(target.doors)].append(event)
    return [words(door.feed, door.plain.reader.schema, target.reference, seen[number])
            for number, door in enumerate(target.doors)]


def steps(target: Target, inputs: Iterable[bytes]) -> list[Steps]:
    """What changes the records of each feed."""
    return [Steps(each) for each in vocabulary(target, inputs)]
