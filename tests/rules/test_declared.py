"""What every declared alert gets for free, in whatever feed: it fires, waits, is held, has its twin, and is let go."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from rules import feed as recording
from rules import render
from schemas import names
from schemas.catalogue import find_feed, load_feeds
from schemas.feed import Feed
from schemas.kpi import Alert, Kpi, Limit
from schemas.text import Text
from tests.rules.promtool import Series, fires, judge, limit, needs_promtool, run, series, silent, states
from tools import runbooks

FEEDS = load_feeds()


class Declared(NamedTuple):
    """One alert and where it is declared."""

    feed: Feed
    kpi: Kpi
    alert: Alert


DECLARED = [Declared(feed, kpi, alert) for feed in FEEDS for kpi in feed.kpis for alert in kpi.alerts]
every_alert = pytest.mark.parametrize("declared", DECLARED, ids=lambda declared: declared.alert.name)

LIMIT = 0.5


def labels(declared: Declared) -> dict[str, str]:
    """The labels of one series of the KPI."""
    _, kpi, alert = declared
    own = {names.label(name): "x" for name in kpi.by} | dict(kpi.labels)
    return own | ({"window": alert.window or kpi.windows[0].label} if kpi.windows else {})


def shown(declared: Declared, values: str, life: str, provenance: str) -> Iterator[Series]:
    """The KPI over time, and its life: that of its entity, or of its feed."""
    feed, kpi, _ = declared
    metric = feed.metric(kpi)
    place = {"topic": feed.topic, "partition": "0", "provenance": provenance}
    if kpi.aggregate.shape == "ratio":
        yield series(f"{metric}_numerator", values, **labels(declared), **place)
        yield series(f"{metric}_denominator", 1, **labels(declared), **place)
    else:
        yield series(metric, values, **labels(declared), **place)
    if feed.by_entity(kpi):
        entity = {names.label(feed.key): "x"}
        yield series(names.metric(feed.name, kpi.name, "known"), life, **entity, **place)
    dead = " ".join(f"{1 - int(part[0])}{part[1:]}" for part in life.split())
    yield from states(feed.name, {"live": life, "stale": dead}, provenance=provenance)


@needs_promtool
@every_alert
def test_it_fires_is_held_through_silence_with_its_twin_and_is_let_go_by_life(
    tmp_path: Path, declared: Declared
) -> None:
    """One series of the KPI over time.

    steps     10        as long as it lasts, and 10     20              20
    value     within    beyond                          (withheld)      within
    life      1         1                               0               1
    """
    feed, _, alert = declared
    step = timedelta(minutes=10) if alert.lasting >= timedelta(hours=1) else timedelta(minutes=1)
    long = alert.lasting // step + 10
    beyond, within = (0.75, 0.25) if alert.above else (0.25, 0.75)
    values = f"{within}x9 {beyond}x{long - 1} stale _x18 {within}x20"
    inputs = [
        *limit(alert.limit.name, LIMIT, level=str(alert.limit.level)),
        *shown(declared, values, f"1x{9 + long} 0x19 1x20", "real"),
        *shown(declared, f"{within}x3000", "1x3000", "simulated"),
    ]
    twin, of = names.silent(alert.name), {"severity": alert.severity, "provenance": "real"}

    def at(steps: int) -> str:
        return f"{round(steps * step.total_seconds())}s"

    waiting = [silent(alert.name, "not long enough yet")] if alert.lasting else []
    judge(
        tmp_path,
        ("common", render.stem(feed)),
        inputs,
        {
            at(8): [silent(alert.name, "within its limit"), silent(twin, "within its limit")],
            at(10 + long - 11): waiting,
            at(10 + long - 2): [fires(alert.name, **of), silent(twin, "it lives")],
            at(10 + long + 15): [fires(alert.name, **of), fires(twin, **of)],
            at(10 + long + 35): [silent(alert.name, "a living value lies within"), silent(twin, "it lives")],
        },
        interval=f"{step.seconds}s",
    )


@needs_promtool
@every_alert
def test_it_is_silent_without_a_limit(tmp_path: Path, declared: Declared) -> None:
    values = "1000x3000" if declared.alert.above else "-1000x3000"
    inputs = [*limit("another", LIMIT), *shown(declared, values, "1x3000", "real")]

    judge(
        tmp_path,
        ("common", render.stem(declared.feed)),
        inputs,
        {"9h": [silent(declared.alert.name, "no limit is in force: not computable, never 0")]},
        interval="10m",
    )


@needs_promtool
def test_a_new_feed_gets_its_alerts_and_stubs_to_be_filled_from_its_declaration_alone(tmp_path: Path) -> None:
    """A copy of a feed under a new name, with one alert more."""
    old = find_feed("dossier")
    alert = Alert(
        "TrucksWaiting", "P3", Text("Ùn ứ", "Queue"), above=Limit("dossier.lateness"), lasting=timedelta(minutes=5)
    )
    kpis = tuple(replace(kpi, alerts=(alert,) if kpi.name == "open" else ()) for kpi in old.kpis)
    example = {
        **old.example,
        "type": "vn.laocai.border_gate.received.v1",
        "dataschema": "urn:ioc:border_gate:1",
    }
    new = replace(old, name="border_gate", kpis=kpis, example=example)

    rules = render.of_feed(new)
    path = tmp_path / "rules.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "new", "rules": rules}]}), encoding="utf-8")
    stubs = runbooks.missing(tmp_path, [new])

    assert [done.returncode for done in run("check", "rules", "--lint=all", "--lint-fatal", str(path))] == [0] * len(
        run("--version")
    )
    alerts = render.judgements(rules)
    assert [rule["alert"] for rule in alerts] == ["TrucksWaiting", "TrucksWaitingSilent"]
    assert {rule["annotations"]["dashboard_url"] for rule in alerts} == {
        "/d/ioc-border-gate?var-provenance={{ $labels.provenance }}"
    }
    assert runbooks.STUB in stubs["docs/runbooks/TrucksWaiting.md"]
    assert 'alertname=~"TrucksWaiting(Silent)?"' in stubs["docs/runbooks/TrucksWaiting.md"]
    listed = [line for line in runbooks.index(tmp_path, [new]).splitlines() if line.startswith("| [TrucksWaiting]")]
    assert len(listed) == 1
    assert "stub" in listed[0]


def test_a_feed_without_alerts_has_no_held_values() -> None:
    bare = replace(find_feed("hydromet"), kpis=tuple(replace(kpi, alerts=()) for kpi in find_feed("hydromet").kpis))

    assert list(recording.judgement_rules(bare)) == []
