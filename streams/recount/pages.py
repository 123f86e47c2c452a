"""The workers' pages: which there are, fetching one, reading its text format."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from schemas.errors import SettingError

SECONDS = 10
_SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?[ \t]+(\S+)(?:[ \t]+-?\d+)?\s*\Z")
_LABEL = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"\s*(?:,|\Z)')
_ESCAPE = re.compile(r"\\(.)")


class Sample(NamedTuple):
    """One line of a page."""

    name: str
    labels: dict[str, str]
    value: float


class Page(NamedTuple):
    """What one worker showed, and the wall clock, in milliseconds, when it had been read."""

    worker: str
    samples: tuple[Sample, ...]
    read_at: int


def list_workers(targets: Path) -> list[str]:
    """The addresses in a Prometheus file_sd file.

    Raises:
        SettingError: the file cannot be read.
    """
    try:
        groups = json.loads(targets.read_text(encoding="utf-8"))
        return sorted({str(target) for group in groups for target in group["targets"]})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingError(f"IOC_TARGETS={targets}: no list of workers can be read there ({error}); start the stack, "
                           "or name its file with --targets") from error


def fetch_page(worker: str, clock: Callable[[], float]) -> Page | None:
    """The page of a worker; None if it does not answer."""
    try:
        with urllib.request.urlopen(f"http://{worker}/metrics", timeout=SECONDS) as answer:
            text = answer.read().decode("utf-8")
    except (OSError, urllib.error.URLError, ValueError):
        return None
    return Page(worker, tuple(parse_page(text)), round(clock() * 1000))


def parse_page(text: str) -> Iterator[Sample]:
    """The samples of a page in the Prometheus text format.

    Raises:
        ValueError: a line is not of that format.
    """
    for line in text.split("\n"):
        if not line.strip() or line.startswith("#"):
            continue
        found = _SAMPLE.match(line)
        if found is None:
            raise ValueError(f"no sample: {line!r}")
        yield Sample(found[1], dict(_labels(found[2] or "")), float(found[3]))


def _labels(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    while text[position:].strip():
        found = _LABEL.match(text, position)
        if found is None:
            raise ValueError(f"no labels: {text!r}")
        yield found[1], _ESCAPE.sub(lambda escape: {"n": "\n"}.get(escape[1], escape[1]), found[2])
        position = found.end()
