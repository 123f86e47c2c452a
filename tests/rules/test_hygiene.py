"""Every rule of every file: names, labels, texts, pages, limits, provenance; and every alert is tested both ways."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from rules import render
from schemas import names
from schemas.catalogue import load_feeds
from schemas.kpi import Wall
from schemas.reference import load_reference
from tests.rules.promtool import FILES, ROOT, needs_promtool, run
from tools import runbooks

RULES: list[tuple[str, dict[str, Any]]] = [
    (path.stem, rule)
    for path in FILES
    for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
ALERTS = [rule for _, rule in RULES if "alert" in rule]
NAMES = sorted({rule["alert"] for rule in ALERTS})
DECLARED = {
    name
    for feed in load_feeds()
    for kpi in feed.kpis
    for alert in kpi.alerts
    for name in (alert.name, names.silent(alert.name))
}
"""Seen to fire and to stay silent in test_declared.py, by their declarations."""
PAGES = runbooks.pages(load_feeds())
every_alert = pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: f"{rule['alert']}-{rule['labels']['severity']}")

DUTIES = {"disaster", "pac", "feedback", "it", "shift"}
UIDS = {f"ioc-{feed.name.replace('_', '-')}" for feed in load_feeds()} | {f"ioc-wall-{wall}" for wall in get_args(Wall)}
TEXTS = ("title", "summary", "description")


@needs_promtool
def test_every_promtool_accepts_every_file() -> None:
    for done in run("check", "rules", "--lint=all", "--lint-fatal", *map(str, FILES)):
        assert done.returncode == 0, done.stdout + done.stderr


@every_alert
def test_it_has_a_name_a_severity_a_duty_and_no_label_that_changes(rule: dict[str, Any]) -> None:
    labels = rule["labels"]

    assert re.fullmatch(r"([A-Z][a-z0-9]*|BD[123])+h?", rule["alert"]), rule["alert"]
    assert labels["severity"] in {"P1", "P2", "P3", "P4"} or (rule["alert"], labels["severity"]) == ("Watchdog", "none")
    assert labels["duty"] in DUTIES | {feed.duty for feed in load_feeds()}
    assert not any("{{" in value for value in labels.values()), "a label that changes would make it another alert"


@every_alert
def test_it_waits_unless_life_is_at_stake(rule: dict[str, Any]) -> None:
    at_stake = rule["labels"]["severity"] == "P1" or rule["labels"].get("hazard") == "true"

    assert "for" in rule or at_stake or rule["alert"] == "Watchdog"


@every_alert
def test_it_speaks_both_languages(rule: dict[str, Any]) -> None:
    annotations = rule["annotations"]

    for text in TEXTS:
        vi, en = annotations[f"{text}_vi"], annotations[f"{text}_en"]
        assert vi.strip()
        assert en.strip()
        assert vi != en
    for language in ("vi", "en"):
        assert "+07:00" in annotations[f"summary_{language}"], "no time of day"
        assert " UTC" not in annotations[f"summary_{language}"]


@every_alert
def test_data_that_is_not_real_says_so_first(rule: dict[str, Any]) -> None:
    about_data = "provenance" in rule["annotations"]["dashboard_url"]

    for language, word in (("vi", "PHÁT LẠI"), ("en", "REPLAY")):
        for text in ("summary", "description"):
            first = rule["annotations"][f"{text}_{language}"].partition("}}{{ else")[0]
            assert (word in first) == about_data, text


@every_alert
def test_its_pages_exist(rule: dict[str, Any]) -> None:
    path, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    uid = rule["annotations"]["dashboard_url"].removeprefix("/d/").partition("?")[0]

    assert (ROOT / path).is_file()
    assert uid in UIDS
    if anchor:
        assert f"## {runbooks.LOST}" in (ROOT / path).read_text(encoding="utf-8")
        assert anchor == re.sub(r"[^\w -]", "", runbooks.LOST.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.alert)
def test_its_runbook_is_filled(page: runbooks.Page) -> None:
    text = (ROOT / page.path).read_text(encoding="utf-8")
    wanted = [section for section in runbooks.SECTIONS if section != runbooks.LOST or page.twin]
    if runbooks.is_stub(ROOT, page):
        pytest.skip(f"a stub, to be filled: {page.path}")

    assert faults(text, wanted) == []
    if page.alert != "Watchdog":
        command = text.partition("amtool silence add")[2]
        assert f'"{page.alert}' in command
        for part in ("--author=", "--comment=", "--duration="):
            assert part in command


def faults(text: str, sections: list[str]) -> list[str]:
    """The sections that are missing, out of order, or say less than a sentence in each language."""
    found = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)[1:]
    headings, bodies = found[::2], found[1::2]
    wrong = [] if headings == sections else [f"the headings are {headings}"]
    return wrong + [heading for heading, body in zip(headings, bodies, strict=True) if len(body.strip()) < 60]


def test_an_empty_runbook_is_found() -> None:
    stub = runbooks.stub(PAGES[0])
    wanted = [section for section in runbooks.SECTIONS if section != runbooks.LOST]

    assert faults(stub.replace(runbooks.STUB, ""), wanted) == wanted[:4]
    assert faults("", wanted) != []


def test_no_runbook_is_left_over() -> None:
    present = {path.name for path in (ROOT / "docs" / "runbooks").glob("*.md")}

    assert present == {f"{page.alert}.md" for page in PAGES} | {"README.md"}


@pytest.mark.parametrize("name", sorted(set(NAMES) - DECLARED))
def test_it_was_seen_to_fire_and_to_stay_silent(name: str) -> None:
    told = "\n".join(path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("test_*.py")))

    assert f'fires("{name}"' in told
    assert f'silent("{name}"' in told or name == "Watchdog"


def test_every_declared_alert_has_its_twin_of_the_same_severities() -> None:
    about_numbers = (rule for rule in ALERTS if rule["labels"].get("kind") == "kpi")
    severities = Counter((rule["alert"], rule["labels"]["severity"]) for rule in about_numbers)

    for name, severity in severities:
        if not name.endswith("Silent") and name != "RiverStationLostInFlood":
            assert severities[f"{name}Silent", severity] == 1


def test_every_p1_alert_about_a_number_calls_at_p2_where_its_limit_is_assumed() -> None:
    assumed = re.compile(r"unless ignoring \(alert\) \(ioc:alert_limit_assumed\{alert=\"\w+\"\} == 1\)$")
    for rule in ALERTS:
        if rule["labels"].get("kind") == "kpi" and rule["labels"]["severity"] == "P1":
            assert assumed.search(rule["expr"])


LITERAL = re.compile(r"(?:[<>]=?|==|!=)(?! bool)\s*-?\d+(?:\.\d+)?(?![\d\w\[])")
FLAGS = {"== 1", "== 0", "> 0", "< 1"}
"""There, not there, grown: whether, not how much."""


@every_alert
def test_no_limit_is_a_literal(rule: dict[str, Any]) -> None:
    assert set(LITERAL.findall(re.sub(r"\s+", " ", rule["expr"]))) <= FLAGS


def test_every_limit_that_a_rule_names_is_in_force() -> None:
    known = load_reference(ROOT / "reference").limits.values
    asked = {name for _, rule in RULES for name in re.findall(r'[{,]\s*limit="([^"]+)"', rule["expr"])}

    assert asked <= known
    assert len(asked) > 10


def test_every_rule_file_is_one_group_so_that_a_chain_is_evaluated_in_order() -> None:
    for path in FILES:
        assert len(yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]) == 1


def test_every_rule_stands_below_the_rules_of_its_file_that_it_reads() -> None:
    for stem, rules in render.files(load_feeds()).items():
        own = [rule.get("record") for rule in rules]
        for place, rule in enumerate(rules):
            for name in set(re.findall(r"ioc:[\w:]+", rule["expr"])) & set(own):
                if name != rule.get("record"):
                    assert own.index(name) < place, f"{stem}: {rule.get('record') or rule.get('alert')} reads {name}"


# Provenance.

PLAIN = re.compile(
    r"ioc[:_](limit_|kpi_target|station_(info|place|expected)|(service|source|agency|commune)_info|next_offset|feed_partitions"
    r"|partition_owner|consumer_lag|progress_|snapshot_|dead_letter|events_|reference_valid|reader_)"
)
"""Series of processes and of reference data: they have no provenance."""


def operand(text: str) -> str:
    """What stands behind a matching or grouping clause, to the end of its brackets."""
    text = re.sub(r"^\s*group_left \([^)]*\)", "", text).lstrip()
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign in "({[") - (sign in ")}]")
        if depth < 0:
            return text[:place]
        if depth == 0 and sign in ")}" and not text[place + 1 :].startswith((" (", "[")):
            return text[: place + 1]
    return text


def unmarked(expression: str) -> Iterator[str]:
    """The clauses that lose or ignore the provenance of something that has one."""
    for clause in re.finditer(r"\b(by|on) \(([^)]*)\)", expression):
        if "provenance" in clause[2]:
            continue
        read = operand(expression[clause.end() :])
        marked = [name for name in re.findall(r"ioc[:_][\w:]+", read) if not PLAIN.match(name)]
        if marked and 'provenance="real"' not in read:
            yield f"{clause[0]} {read}"


@pytest.mark.parametrize("stem", [path.stem for path in FILES])
def test_every_by_and_on_keeps_the_provenance(stem: str) -> None:
    losing = {rule.get("record") or rule["alert"]: list(unmarked(rule["expr"])) for of, rule in RULES if of == stem}

    assert {name: clauses for name, clauses in losing.items() if clauses} == {}


@pytest.mark.parametrize("broken", [
    "x:held or (last_over_time(x:held[1d]) unless on (station) (ioc:hydromet_level_known == 1))",
    "sum by (agency) (max by (agency, topic, partition, provenance) (ioc_dossier_open))",
    'a unless on () (ioc:feed_living{feed="dossier"} == 1)',
])  # fmt: skip
def test_a_clause_that_lets_go_of_the_provenance_is_found(broken: str) -> None:
    assert len(list(unmarked(broken))) == 1
