"""Asks Prometheus every question of every dashboard: `python -m dashboards.check --prometheus URL`.

Prints each panel whose query is refused, with --empty also each that has no answer; exit code 1 if there is one.
"""

import argparse
import json
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "generated"
PATIENCE = 10.0
BUILT_IN = {"__rate_interval": "1m", "__interval": "15s", "__range": "1h"}
ALL = ".*"
HOUR, STEP = 3600, 60


@dataclass(frozen=True, slots=True)
class Question:
    """One query of one panel, as the dashboard would ask it."""

    uid: str
    panel: str
    kind: str
    ref: str
    expr: str
    instant: bool

    def __str__(self) -> str:
        return f"{self.uid}, panel {self.panel}, query {self.ref}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: how many series, or why none."""

    series: int = 0
    error: str = ""


def read(folder: Path = FOLDER) -> list[dict[str, Any]]:
    """Every generated dashboard."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*/*.json"))]


def questions(dashboards: Iterable[dict[str, Any]], provenance: str) -> Iterator[Question]:
    """Every question, of panels and annotations, each wording once."""
    asked: set[tuple[str, bool]] = set()
    for one in dashboards:
        for question in _of(one, provenance):
            if (question.expr, question.instant) not in asked:
                asked.add((question.expr, question.instant))
                yield question


def _of(dashboard: dict[str, Any], provenance: str) -> Iterator[Question]:
    names = [variable["name"] for variable in dashboard["templating"]["list"]]
    values = {**BUILT_IN, **dict.fromkeys(names, ALL), "provenance": provenance}
    for panel in dashboard["panels"]:
        named = f'{panel["id"]} "{panel.get("title") or panel.get("description", "")}"'
        for target in panel.get("targets", ()):
            expr, instant = filled(target["expr"], values), bool(target.get("instant"))
            yield Question(dashboard["uid"], named, panel["type"], target["refId"], expr, instant)
    for annotation in dashboard["annotations"]["list"]:
        expr = filled(annotation["expr"], values)
        yield Question(dashboard["uid"], annotation["name"], "annotation", "A", expr, instant=False)


def filled(expr: str, values: dict[str, str]) -> str:
    """The expression with its variables replaced; a name that is no variable stays, and Prometheus refuses it."""
    return re.sub(r"\$(\w+)", lambda found: values.get(found[1], found[0]), expr)


def ask(prometheus: str, question: Question) -> Answer:
    """Puts one question, of this moment or over the last hour."""
    try:
        return Answer(len(result(prometheus, question)))
    except urllib.error.HTTPError as refused:
        return Answer(error=_reason(refused.read()))
    except OSError as unreachable:
        return Answer(error=f"{prometheus}: {unreachable}")


def result(prometheus: str, question: Question) -> list[Any]:
    """The series that Prometheus answers.

    Raises:
        urllib.error.HTTPError: it refuses the question.
        OSError: it does not answer.
    """
    now = time.time()
    form = {"query": question.expr}
    form |= {"time": str(now)} if question.instant else {"start": str(now - HOUR), "end": str(now), "step": str(STEP)}
    address = f"{prometheus.rstrip('/')}/api/v1/{'query' if question.instant else 'query_range'}"
    request = urllib.request.Request(address, urllib.parse.urlencode(form).encode())  # noqa: S310  the caller's address
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
        return list(json.load(answer)["data"]["result"])


def _reason(body: bytes) -> str:
    try:
        return str(json.loads(body)["error"])
    except (ValueError, KeyError):
        return body.decode(errors="replace")[:200]


def faults(prometheus: str, asked: Iterable[Question], *, empty: bool) -> Iterator[str]:
    """A sentence for each panel that Prometheus refuses, or does not answer if that is asked too."""
    for question in asked:
        answer = ask(prometheus, question)
        if answer.error:
            yield f"{question}: {answer.error}"
        elif empty and not answer.series and question.kind != "annotation":
            yield f"{question}: no series"


def main(arguments: list[str] | None = None) -> int:
    """The command; answers its exit code."""
    parser = argparse.ArgumentParser(prog="python -m dashboards.check", description=__doc__)
    parser.add_argument("--prometheus", required=True, help="its address, http://127.0.0.1:9090")
    parser.add_argument("--provenance", default="real", choices=("real", "replay", "simulated"))
    parser.add_argument("--empty", action="store_true", help="print panels without an answer too")
    options = parser.parse_args(arguments)
    found = list(faults(options.prometheus, questions(read(), options.provenance), empty=options.empty))
    sys.stdout.writelines(f"{fault}\n" for fault in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
