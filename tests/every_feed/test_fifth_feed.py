"""A fifth feed is one new file: in a copy of the tree every derived part appears, and nothing else is edited."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KEPT = (
    "schemas",
    "rules",
    "dashboards",
    "streams",
    "tools",
    "docs",
    "reference",
    "tests/every_feed",
    "tests/conftest.py",
    "pyproject.toml",
)

BORDER_GATE = '''\
"""Trucks at the border gates: a snapshot of the yard, and each truck that is through."""

from datetime import timedelta
from typing import Annotated, Literal, NotRequired

from pydantic import Field

from schemas import Count, Feed, Histogram, Is, Kpi, Max, Mean, Payload, Rolling, Seconds, Text


class Gate(Payload):
    """One look at one gate."""

    gate_id: Literal["kim-thanh", "lao-cai"]
    direction: Literal["export", "import"]
    queued: NotRequired[Annotated[int, Field(ge=0, le=100_000)]]
    wait_s: NotRequired[Annotated[Seconds, Field(ge=0, le=604_800)]]


HOUR = Rolling(timedelta(hours=1))
BOTH = ("gate_id", "direction")

FEED = Feed(
    name="border_gate",
    title=Text("Cửa khẩu", "Border gate"),
    payload=Gate,
    actions=("looked", "passed"),
    key="gate_id",
    every=timedelta(minutes=5),
    duty="border",
    kpis=(
        Kpi("processed", Text("Xe đã qua", "Through"), Count(), over=HOUR, by=BOTH, where=Is("action", "passed")),
        Kpi("queue", Text("Xe chờ", "Trucks waiting"), Mean("queued"), over=HOUR, by=BOTH, unit="trucks"),
        Kpi("queue_peak", Text("Xe chờ nhiều nhất", "Longest queue"), Max("queued"), over=HOUR, by=BOTH),
        Kpi("wait", Text("Thời gian chờ", "Wait"), Histogram("wait_s", bounds=(3600, 43_200)), over=HOUR, by=BOTH),
    ),
    example={
        "specversion": "1.0", "id": "kim-thanh-1", "source": "//laocai.gov.vn/skhcn/lgsp", "agency": "bqlkkt",
        "type": "vn.laocai.border_gate.looked.v1", "time": "2026-01-05T08:00:00+07:00",
        "data": {"gate_id": "kim-thanh", "direction": "export", "queued": 41, "wait_s": 5400},
    },
    not_built={"goods_group": "no KPI asks for it"},
)
'''


WEIGHBRIDGE = '''\
"""Lorries on the weighbridges: records of a stranger's program, without our envelope."""

from datetime import timedelta
from typing import Annotated, Literal, NotRequired

from pydantic import Field

from schemas import Count, EpochText, Feed, Id, Is, Kpi, Listed, Mean, Payload, Rolling, Text


class Weighed(Payload):
    """One lorry."""

    counter_id: NotRequired[Annotated[Id, Listed("counters", gives=("commune",))]]
    axle: Literal["two", "three", "more"]
    tonnes: NotRequired[Annotated[int, Field(ge=0, le=200)]]
    at_ms: EpochText


HOUR = Rolling(timedelta(hours=1))

FEED = Feed(
    name="weighbridge",
    title=Text("Trạm cân", "Weighbridge"),
    payload=Weighed,
    actions=("weighed",),
    key="",
    bare="at_ms",
    every=timedelta(minutes=5),
    duty="border",
    kpis=(
        Kpi("lorries", Text("Xe đã cân", "Weighed"), Count(), over=HOUR, by=("axle",)),
        Kpi("heavy", Text("Xe nặng", "Heavy"), Count(), over=HOUR, by=("commune",), where=Is("axle", "more")),
        Kpi("load", Text("Tải trọng", "Load"), Mean("tonnes"), over=HOUR, by=("axle",), unit="tonnes"),
    ),
    example={"axle": "more", "tonnes": 38, "at_ms": "1767574800000"},
)
'''


def digests(root: Path) -> Mapping[str, str]:
    return {
        path.relative_to(root).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def run(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=tree, capture_output=True, text=True, timeout=240, check=False
    )


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what the declarations concern."""
    skipped = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
    for name in KEPT:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name, ignore=skipped)
        else:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize(("name", "text", "records"), [
    ("border_gate", BORDER_GATE, ("processed", "queue_trucks", "queue_peak", "wait_seconds_bucket")),
    ("weighbridge", WEIGHBRIDGE, ("lorries", "heavy", "load_tonnes")),
])  # fmt: skip
def test_a_fifth_feed_is_one_file(tree: Path, name: str, text: str, records: tuple[str, ...]) -> None:
    before, board = digests(tree), name.replace("_", "-")
    (tree / "schemas" / "feeds" / f"{name}.py").write_text(text, encoding="utf-8")

    told = run(tree, "-m", "tools.generate", "--check")
    assert told.returncode == 1, told.stderr
    assert f"stale: docs/feeds/{name}.md" in told.stdout

    made = run(tree, "-m", "tools.generate")
    assert made.returncode == 0, made.stderr
    assert run(tree, "-m", "tools.generate", "--check").returncode == 0

    after = digests(tree)
    derived = {
        f"schemas/published/{name}.v1.json", f"rules/generated/{name}.yml", f"docs/feeds/{name}.md",
        f"dashboards/generated/vi/ioc-{board}.json", f"dashboards/generated/en/ioc-{board}-en.json",
    }  # fmt: skip
    assert after.keys() - before.keys() == {f"schemas/feeds/{name}.py", *derived}
    # the walls that list every feed
    walls = {f"dashboards/generated/{folder}/ioc-wall-{wall}.json" for folder, names in
             (("vi", ("data", "shift")), ("en", ("data-en", "shift-en"))) for wall in names}
    assert {path for path in before if before[path] != after.get(path)} == {"docs/metrics.md", *walls}

    rules = (tree / "rules" / "generated" / f"{name}.yml").read_text(encoding="utf-8")
    for record in records:
        assert f"record: ioc:{name}_{record}\n" in rules

    tested = run(tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/every_feed/test_every_feed.py")
    assert tested.returncode == 0, tested.stdout[-4000:]
    assert (
        name in run(tree, "-m", "pytest", "--collect-only", "-q", "tests/every_feed/test_every_feed.py").stdout
    )
