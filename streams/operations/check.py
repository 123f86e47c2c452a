"""`ioc check`: asks all that can be asked of rules, routes, metrics and panels of a running stack, fault by fault."""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from streams.settings import Settings

PATIENCE = 60.0
ANSWERS = 10.0
STATED = re.compile(r'_millimeters\w* use base unit "meters" instead of "millimeters"')
"""Rain is in millimetres, everywhere and by everybody: the stated exception from base units."""


class Check(NamedTuple):
    """One thing that is checked; `faults` yields a sentence for each fault."""

    vi: str
    en: str
    faults: Callable[[], Iterator[str]]


class Unanswered(Exception):
    """A program does not answer; the message names it."""


@dataclass(frozen=True)
class House:
    """Where the files and the running programs are."""

    root: Path
    prometheus: str

    def checks(self) -> tuple[Check, ...]:
        """Files first, then what runs."""
        return (
            Check("Quy tắc", "Rules", self.rules),
            Check("Cấu hình Prometheus", "Configuration of Prometheus", self.configuration),
            Check("Định tuyến cảnh báo", "Routes of alerts", self.routes),
            Check("Đích thu thập", "Targets", self.up),
            Check("Quy tắc đang chạy", "Rules that run", self.running),
            Check("Giám sát cảnh báo", "Watchdog", self.watchdog),
            Check("Trang /metrics", "Metrics pages", self.metrics),
            Check("Ô trên màn hình", "Panels", self.panels),
        )

    def rules(self) -> Iterator[str]:
        """What promtool says of the rule files."""
        yield from _tool("promtool", "check", "rules", "--lint=all", "--lint-fatal", *map(str, self._rule_files()))

    def configuration(self) -> Iterator[str]:
        """What promtool says of the configuration."""
        yield from _tool("promtool", "check", "config", str(self.root / "deploy/prometheus/prometheus.yml"))

    def routes(self) -> Iterator[str]:
        """What amtool says of routes and texts."""
        yield from _tool("amtool", "check-config", str(self.root / "deploy/alertmanager/alertmanager.yml"))

    def up(self) -> Iterator[str]:
        """Targets that Prometheus cannot read, and jobs without any."""
        targets = self._ask("targets?state=active")["activeTargets"]
        for one in targets:
            if one["health"] != "up":
                yield f"{one['scrapePool']} {one['scrapeUrl']}: {one['lastError'] or 'not asked yet'}"
        for job in self._jobs() - {one["scrapePool"] for one in targets}:
            yield f"{job}: no target; its file of targets is missing or empty"

    def running(self) -> Iterator[str]:
        """Rules that fail, and rule files that are not what runs."""
        groups = self._ask("rules")["groups"]
        for group in groups:
            for rule in group["rules"]:
                if rule["health"] == "err":
                    yield f"{group['name']}/{rule['name']}: {rule['lastError']}"
        loaded = {group["name"] for group in groups}
        for name in sorted(self._rule_groups() ^ loaded):
            yield f"group {name} is {'not' if name not in loaded else 'still'} loaded: restart Prometheus"

    def watchdog(self) -> Iterator[str]:
        """Whether the way of an alert is whole: Prometheus, Alertmanager, receiver."""
        if not self._ask("alertmanagers")["activeAlertmanagers"]:
            yield "Prometheus hands its alerts to no Alertmanager"
        for one in self._ask("targets?state=active")["activeTargets"]:
            if one["scrapePool"] == "ioc-notify":
                health = _get(urllib.parse.urljoin(one["scrapeUrl"], "/healthz"))
                if (word := json.loads(health)["watchdog"]) != "beats":
                    yield f"the receiver at {one['scrapeUrl']} says of the Watchdog: {word}"

    def metrics(self) -> Iterator[str]:
        """What promtool says of every live page of ours."""
        for one in self._ask("targets?state=active")["activeTargets"]:
            if one["scrapePool"].startswith("ioc-") and one["health"] == "up":
                for fault in _tool("promtool", "check", "metrics", given=_get(one["scrapeUrl"])):
                    if not STATED.search(fault):
                        yield f"{one['scrapeUrl']}: {fault}"

    def panels(self) -> Iterator[str]:
        """Panels whose queries Prometheus refuses."""
        if (self.root / "dashboards/check.py").exists():
            command = (sys.executable, "-m", "dashboards.check", "--prometheus", self.prometheus)
            yield from _tool(*command, folder=self.root)

    def _rule_files(self) -> list[Path]:
        return sorted((self.root / "rules/generated").glob("*.yml"))

    def _rule_groups(self) -> set[str]:
        return {name for file in self._rule_files()
                for name in re.findall(r"^ *-? *name: (\S+)$", file.read_text(encoding="utf-8"), re.MULTILINE)}

    def _jobs(self) -> set[str]:
        text = (self.root / "deploy/prometheus/prometheus.yml").read_text(encoding="utf-8")
        return set(re.findall(r"job_name: (\S+)", text))

    def _ask(self, what: str) -> Any:
        return json.loads(_get(f"{self.prometheus}/api/v1/{what}"))["data"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the verb."""
    parser.add_argument("--root", type=Path, default=Path(), help="the folder of the project (default: this one)")


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Checks everything; 0 when there is no fault, 1 when there is one."""
    house = House(args.root.resolve(), settings.prometheus_url.rstrip("/"))
    found = sum(_report(check) for check in house.checks())
    print(f"\n{found} lỗi / faults" if found else "\nKhông có lỗi / no faults")
    return 1 if found else 0


def _report(check: Check) -> int:
    try:
        faults = list(check.faults())
    except Unanswered as error:
        faults = [str(error)]
    print(f"{'✗' if faults else '✓'} {check.vi} · {check.en}")
    for fault in faults:
        print(f"    {fault}")
    return len(faults)


def _tool(name: str, *arguments: str, given: str | None = None, folder: Path | None = None) -> list[str]:
    """The complaints of a program; none when it is content."""
    program = shutil.which(name)
    if program is None:
        return [f"{name} is missing; run: apt-get install prometheus prometheus-alertmanager"]
    try:
        # a file: a page is larger than a pipe, and the program may end before it has read all
        with tempfile.TemporaryFile("w+", encoding="utf-8") as page:
            page.write(given or "")
            page.seek(0)
            done = subprocess.run([program, *arguments], stdin=page, stdout=subprocess.PIPE,  # noqa: S603  our own words
                                  stderr=subprocess.STDOUT, text=True, timeout=PATIENCE, cwd=folder, check=False)
    except subprocess.TimeoutExpired:
        return [f"{name} does not end within {PATIENCE:.0f} s"]
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    return [] if done.returncode == 0 else lines or [f"{name} ended with code {done.returncode}"]


def _get(url: str) -> str:
    """The text behind a URL; proxies are for the world outside.

    Raises:
        Unanswered: nothing comes, or an error.
    """
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=ANSWERS) as answer:
            return str(answer.read().decode())
    except (OSError, urllib.error.URLError) as error:
        raise Unanswered(f"{url} does not answer ({error}); is the stack up? see IOC_PROMETHEUS_URL") from error
