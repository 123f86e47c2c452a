"""`ioc publish <feed> [file]`: JSON lines to a feed; each refused line is explained in both languages."""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from schemas.catalogue import find_feed
from schemas.errors import Reason, Rejection
from streams.publisher import Publisher, PublishError, Refused
from streams.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the verb."""
    parser.add_argument("feed", help="name of the feed, for example hydromet")
    parser.add_argument("file", nargs="?", default="-", help="JSON lines, one event a line; - is standard input")


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Publish every good line; 1 if any was refused."""
    feed = find_feed(args.feed, settings.feeds)
    with opened(args.file) as lines, Publisher(
        settings.brokers, feed, reference=settings.reference, max_bytes=settings.max_event_bytes
    ) as publisher:
        sent, refused = publish_lines(publisher, lines, sys.stderr)
    print(f"{publisher.feed.topic}: đã gửi / sent {sent}, từ chối / refused {refused}")
    return 1 if refused else 0


@contextmanager
def opened(name: str) -> Iterator[TextIO]:
    """The lines of a file or of standard input.

    Raises:
        PublishError: the file cannot be read.
    """
    if name == "-":
        yield sys.stdin
        return
    try:
        file = Path(name).open(encoding="utf-8", errors="replace")  # noqa: SIM115  closed below
    except OSError as error:
        raise PublishError(f"{name} cannot be read: {error.strerror}") from error
    with file:
        yield file


def publish_lines(publisher: Publisher, lines: Iterable[str], report: TextIO) -> tuple[int, int]:
    """Send what is good, report what is not; how many of each."""
    sent = refused = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            publisher.send(parse(line))
            sent += 1
        except Refused as refusal:
            refused += 1
            print(explain(number, refusal.rejection), file=report)
    publisher.flush()
    return sent, refused


def parse(line: str) -> dict[str, Any]:
    """One event of a line.

    Raises:
        Refused: the line is no JSON object.
    """
    try:
        event = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Refused(Rejection(Reason.NOT_JSON, "", str(error))) from error
    if not isinstance(event, dict):
        raise Refused(Rejection(Reason.NOT_CLOUDEVENT, "", "the line is no JSON object"))
    return event


def explain(number: int, rejection: Rejection) -> str:
    """A refusal in four lines: where, why in Vietnamese, why in English, what exactly."""
    text = rejection.reason.text
    return (f"dòng / line {number}: {rejection.reason.value}, trường / field {rejection.pointer or '/'}\n"
            f"  vi: {text.vi}\n  en: {text.en}\n  {rejection.detail}")
