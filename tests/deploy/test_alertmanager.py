"""Alertmanager's own tools on the files that make up and compose give it: routes, texts, and every alert there is."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.notify.payload import Channel
from tests.notify.scene import FLOOD, TEXTS, alert, body
from tools.jars import ROOT

CONFIGURATION = ROOT / "deploy/alertmanager/alertmanager.yml"
TEMPLATES = ROOT / "deploy/alertmanager/templates"
ROUTES: dict[str, Any] = yaml.safe_load(CONFIGURATION.read_text())

pytestmark = pytest.mark.skipif(not shutil.which("amtool"), reason="amtool comes with Alertmanager; see make prepare")


def amtool(*arguments: str) -> str:
    done = subprocess.run(["amtool", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def routed(**labels: str) -> str:
    """The receiver of an alert with these labels."""
    words = [f"{name}={value}" for name, value in labels.items()]
    return amtool("config", "routes", "test", f"--config.file={CONFIGURATION}", *words).strip()


def alerts() -> list[dict[str, Any]]:
    """Every alert rule that Prometheus loads."""
    files = sorted((ROOT / "rules/generated").glob("*.yml"))
    groups = [group for file in files for group in yaml.safe_load(file.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def expected(labels: dict[str, str]) -> str:
    """Whom domain.md 8.1 wants to call."""
    if labels.get("severity") in ("P1", "P2") or labels.get("hazard") == "true":
        return "oncall"
    return {"P3": "desk", "P4": "log"}[labels["severity"]]


def test_the_configuration_is_accepted() -> None:
    assert "SUCCESS" in amtool("check-config", str(CONFIGURATION))


@pytest.mark.parametrize(("labels", "receiver"), [
    ({"severity": "P1"}, "oncall"), ({"severity": "P2"}, "oncall"), ({"severity": "P3"}, "desk"),
    ({"severity": "P3", "hazard": "true"}, "oncall"), ({"severity": "P4"}, "log"), ({"severity": "P9"}, "desk"),
    ({"severity": "P1", "provenance": "real"}, "oncall"), ({"severity": "P1", "provenance": "replay"}, "rehearsal"),
    ({"severity": "P3", "hazard": "true", "provenance": "simulated"}, "rehearsal"),
    ({"severity": "P1", "provenance": "of a new kind"}, "rehearsal"),
    ({"alertname": "Watchdog", "severity": "none"}, "watchdog")])
def test_a_row_of_the_severity_table_lands_at_its_receiver(labels: dict[str, str], receiver: str) -> None:
    assert routed(**labels) == receiver


def test_every_alert_there_is_reaches_whom_its_severity_says_and_nobody_when_it_is_not_real() -> None:
    wrong = []
    kinds = {json.dumps(rule["labels"] | {"alertname": rule["alert"]}, sort_keys=True) for rule in alerts()}
    for labels in map(json.loads, sorted(kinds)):
        if labels["alertname"] == "Watchdog":
            assert routed(**labels) == "watchdog"
            continue
        found = tuple(routed(**(labels | lane)) for lane in ({}, {"provenance": "real"}, {"provenance": "simulated"}))
        if found != (expected(labels), expected(labels), "rehearsal"):
            wrong.append((labels, found))
    assert wrong == []


def test_every_receiver_is_a_channel_of_the_first_receiver() -> None:
    urls = {one["name"]: one["webhook_configs"][0]["url"] for one in ROUTES["receivers"]}
    assert urls == {channel.value: f"http://notify:9095/v1/alertmanager/{channel}" for channel in Channel}


def test_the_watchdog_is_repeated_often_enough_to_be_missed() -> None:
    (route,) = [one for one in ROUTES["route"]["routes"] if one["receiver"] == "watchdog"]
    assert (route["group_wait"], route["group_interval"], route["repeat_interval"]) == ("0s", "30s", "25s")


def render(tmp_path: Path, name: str, **labels: str) -> str:
    """A text as Alertmanager makes it."""
    sent = json.loads(body(alert(labels=FLOOD | labels, texts=TEXTS)))
    sent["commonLabels"] = FLOOD | labels
    data = tmp_path / "data.json"
    data.write_text(json.dumps(sent))
    return amtool("template", "render", f"--template.glob={TEMPLATES}/*.tmpl", f"--template.data={data}",
                  f'--template.text={{{{ template "{name}" . }}}}')


def test_the_subject_is_vietnamese_and_short(tmp_path: Path) -> None:
    assert render(tmp_path, "ioc.subject") == "P1 KHẨN CẤP PHÁT SINH: RiverAboveBD3 (1)"


def test_the_subject_of_a_rehearsal_says_so_first(tmp_path: Path) -> None:
    assert render(tmp_path, "ioc.subject", provenance="replay").startswith("PHÁT LẠI P1")


def test_the_text_has_both_languages_local_time_and_what_to_do(tmp_path: Path) -> None:
    assert render(tmp_path, "ioc.text").splitlines() == [
        f"P1 KHẨN CẤP | PHÁT SINH | {TEXTS['summary_vi']} | từ 16:46:40 25/11/2026 (+07:00)",
        f"  {TEXTS['summary_en']}",
        f"  Hướng dẫn / runbook: {TEXTS['runbook_url']}"]
