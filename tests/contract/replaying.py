"""Runs a verb of the simulator on feeds of the test's own, in a process that a test may kill.

Arguments: module of the verb, versions of the feeds as JSON (name -> version), then those of the verb.
"""

import argparse
import json
import sys
from dataclasses import replace
from importlib import import_module

from schemas.catalogue import find_feed
from schemas.feed import Feed
from streams.settings import load_settings


def versioned(name: str, version: int) -> Feed:
    """A feed as declared, under another version."""
    feed = find_feed(name)
    example = {**feed.example, "type": feed.example["type"].rsplit(".v", 1)[0] + f".v{version}"}
    example.pop("dataschema", None)
    return replace(feed, version=version, example=example)


def main(module: str, versions: str, *words: str) -> int:
    """The exit code of the verb."""
    verb = import_module(module)
    feeds = tuple(versioned(name, version) for name, version in json.loads(versions).items())
    verb.load_feeds = lambda _: feeds  # type: ignore[attr-defined]
    parser = argparse.ArgumentParser()
    verb.add_arguments(parser)
    return int(verb.run(load_settings(), parser.parse_args(words)))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
