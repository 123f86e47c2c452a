"""A copy of the tree with ports of its own, in which `make up` may do what it likes."""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tools import environment, jars
from tools.jars import ROOT
from tools.ports import free_ports
from tools.stack.processes import Process

LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "var", "__pycache__", ".*_cache", "*.egg-info", ".hypothesis")
FAKE = Path(__file__).with_name("fake_streams.py")
FAKE_RULE = """groups:
  - name: fake
    rules:
      - record: ioc:fake_number
        expr: max(fake_number)
"""


@dataclass
class Tree:
    """One clone: run its verbs with `make`, look at its files and at its Prometheus."""

    root: Path
    kafka: int
    metrics: int
    prometheus: int
    alertmanager: int
    notify: int
    viewer: int
    environment: dict[str, str] = field(default_factory=dict)

    def ports(self) -> dict[str, str]:
        """The settings that give it ports of its own."""
        names = ("kafka", "metrics", "prometheus", "alertmanager", "notify", "viewer")
        return {f"IOC_{name.upper()}_PORT": str(getattr(self, name)) for name in names}

    def make(self, verb: str, *, seconds: float = 150, **said: object) -> subprocess.CompletedProcess[str]:
        """Runs a verb as a person would; `said` are variables on its command line."""
        known = {key: value for key, value in os.environ.items() if not key.startswith(("IOC_", "MAKE", "MFLAGS"))}
        given = {key: str(value) for key, value in {**self.ports(), **self.environment, **said}.items()}
        return subprocess.run(["make", verb], cwd=self.root, env={**known, **given}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=seconds, check=False)

    def state(self) -> dict[str, Any]:
        """What the supervisor wrote last; empty when there is nothing."""
        file = self.root / "var/run/processes.json"
        return dict(json.loads(file.read_text())) if file.exists() else {}

    def processes(self) -> dict[str, Process]:
        """Everything that is recorded as running, the supervisor included."""
        state = self.state()
        programs = {name: one["process"] for name, one in state.get("programs", {}).items()}
        found = {**programs, "supervisor": state.get("supervisor")}
        return {name: Process(**one) for name, one in found.items() if one}

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What its Prometheus answers to an instant query."""
        address = f"http://127.0.0.1:{self.prometheus}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
        with urllib.request.urlopen(address, timeout=5) as answer:
            return list(json.load(answer)["data"]["result"])

    def strangers(self) -> list[str]:
        """Processes that still run inside this tree, recorded or not."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                inside = (process / "cwd").readlink().is_relative_to(self.root)
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if inside and command:
                found.append(f"{process.name} {command[:150]}")
        return found


def wait_for(question: Callable[[], Any], what: str | Callable[[], str], seconds: float = 60) -> Any:
    """Asks until the answer is true; tells the last answer when it never is."""
    until, answer = time.monotonic() + seconds, None
    while time.monotonic() < until:
        answer = question()
        if answer:
            return answer
        time.sleep(0.2)
    raise AssertionError(f"{what() if callable(what) else what}: not within {seconds:.0f} s, last answer {answer!r}")


@pytest.fixture(scope="session")
def waiting() -> Callable[..., Any]:
    """`wait_for`, for tests."""
    return wait_for


@pytest.fixture(scope="module")
def make_tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[bool], Tree]]:
    """A function that makes a clone, with the real `streams` or with fakes; all are taken down at the end."""
    os.environ["IOC_VENV"], before = sys.prefix, os.environ.get("IOC_VENV")
    ready = environment.is_ready("dev")
    if before is None:
        del os.environ["IOC_VENV"]
    else:
        os.environ["IOC_VENV"] = before
    if not ready:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("run by a Python that `make prepare` did not prepare")
    made: list[Tree] = []

    def make(fake: bool) -> Tree:
        root = tmp_path_factory.mktemp("clone") / "tree"
        shutil.copytree(ROOT, root, ignore=LEFT_OUT)
        if fake:
            shutil.rmtree(root / "streams", ignore_errors=True)
            (root / "streams").mkdir()
            shutil.copyfile(FAKE, root / "streams/__main__.py")
            (root / "streams/__init__.py").touch()
            shutil.rmtree(root / "rules/generated", ignore_errors=True)
            (root / "rules/generated").mkdir(parents=True)
            (root / "rules/generated/fake.yml").write_text(FAKE_RULE)
        kafka, metrics, prometheus, alertmanager, notify, viewer = _ports()
        tree = Tree(root, kafka, metrics, prometheus, alertmanager, notify, viewer,
                    {"IOC_VENV": sys.prefix, "IOC_KAFKA_LIBS": str(jars.fetch())})
        made.append(tree)
        return tree

    yield make
    for tree in made:
        tree.make("down")
        shutil.rmtree(tree.root, ignore_errors=True)


def _ports() -> list[int]:
    """A port for each field of Tree; the one after that of the metrics is for a second worker."""
    while True:
        ports = free_ports(6)
        if ports[1] + 1 not in ports:
            return ports


@pytest.fixture(scope="module")
def tree(make_tree: Callable[[bool], Tree]) -> Tree:
    """One clone with fakes for the whole module."""
    return make_tree(True)
