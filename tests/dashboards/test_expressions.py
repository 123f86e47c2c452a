"""Every expression is PromQL, and every name in it is one that the worker exposes or a rule records."""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest
import yaml

from dashboards import queries
from dashboards.check import BUILT_IN, filled
from dashboards.walls.parts import alert_titles
from rules import render
from schemas.catalogue import load_feeds
from tests.dashboards.every import expressions, pages
from tests.rules.promtool import programs

PROMETHEUS = {"ALERTS", "ALERTS_FOR_STATE"}
"""Series that Prometheus makes itself."""


@cache
def asked() -> tuple[str, ...]:
    """Every expression once, with variables replaced."""
    found: dict[str, None] = {}
    for page in pages().values():
        values = {variable["name"]: "real" for variable in page["templating"]["list"]}
        found.update(dict.fromkeys(filled(expr, {**BUILT_IN, **values}) for expr in expressions(page)))
    return tuple(found)


@pytest.mark.skipif(not programs(), reason="promtool (Debian: prometheus) is not installed")
def test_promtool_reads_every_expression(tmp_path: Path) -> None:
    rules = [{"record": f"asked:{number}", "expr": expr} for number, expr in enumerate(asked())]
    file = tmp_path / "asked.yml"
    file.write_text(
        yaml.safe_dump({"groups": [{"name": "asked", "rules": rules}]}, allow_unicode=True), encoding="utf-8"
    )
    for promtool in programs():
        told = subprocess.run([str(promtool), "check", "rules", str(file)], capture_output=True, text=True, check=False)
        assert told.returncode == 0, told.stdout + told.stderr


def test_names_are_recorded() -> None:
    """Walls read the province's numbers, never those of a process or a partition."""
    every = (dict(rule) for rules in render.files(load_feeds()).values() for rule in rules)
    recorded = {rule["record"] for rule in every if "record" in rule}
    used = {name for expr in asked() for name in names(expr)}
    assert len(used) > 50
    assert used <= recorded | PROMETHEUS, sorted(used - recorded - PROMETHEUS)


def names(expr: str) -> set[str]:
    """Names of series: words that stand neither in quotes nor in braces, and name neither labels nor functions."""
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', expr)
    bare = re.sub(r"\{[^{}]*\}", "", bare)
    bare = re.sub(r"\b(?:by|on|ignoring|group_left|group_right|without)\s*\([^()]*\)", "", bare)
    words = re.finditer(r"[A-Za-z_:][\w:]*", bare)
    return {word[0] for word in words if word[0] not in WORDS and not bare[word.end() :].lstrip().startswith("(")}


WORDS = {"or", "and", "unless", "bool", "NaN", "group_left", "group_right", "on", "by", "ignoring"}


def test_the_names_of_a_known_expression() -> None:
    expr = 'max by (a) (ioc:x{b="ioc:y"}) * on (c) group_left (d) ioc:z:held > bool 1 or vector(NaN)'
    assert names(expr) == {"ioc:x", "ioc:z:held"}


def test_every_alert_is_read_by_its_title() -> None:
    titles = alert_titles(60)
    declared = {alert["alert"] for alert in render.alerts(load_feeds())}
    assert set(titles) == declared
    for name, title in titles.items():
        assert "{" not in title.vi + title.en, (name, title)
        assert title.vi not in {name, ""}, (name, title)


def test_rows_keep_the_codes_of_names_that_may_be_cut_alike() -> None:
    """Prometheus refuses a vector in which two series have the same labels."""
    cut = [expr for expr in asked() if "$1…" in expr]
    assert len(cut) > 10
    for expr in cut:
        for kept in re.findall(r"label_replace\(max by \(([^()]*)\)", expr):
            assert set(kept.split(", ")) & set(queries.CODES), expr
