"""The import contracts in pyproject.toml cover the house as it stands, so that a new room cannot slip past them."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tools.jars import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
CONTRACTS: dict[str, dict[str, Any]] = {one["name"]: one for one in PROJECT["contracts"]}
PROGRAMS = sorted(path.parent.name for path in (ROOT / "streams").glob("*/__init__.py"))
BESIDES = [name for name in PROGRAMS if name not in ("engine", "transport", "worker", "recount")]
ROOTS = ("schemas", "streams", "rules", "dashboards", "tools")
PACKAGES = [name for name in ROOTS if (ROOT / name / "__init__.py").exists()]
APART = ("only the worker runs the engine", "Faust is spoken in four files and the transport")


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_room_of_streams_has_its_layer(program: str) -> None:
    layers = CONTRACTS["programs stand side by side on transport, publisher and engine"]["layers"]
    assert f"streams.{program})" in " ".join(layers)


@pytest.mark.parametrize("program", BESIDES)
@pytest.mark.parametrize("contract", APART)
def test_programs_besides_the_worker_know_neither_engine_nor_faust(program: str, contract: str) -> None:
    assert f"streams.{program}" in CONTRACTS[contract]["source_modules"]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_of_the_house_is_watched(package: str) -> None:
    assert package in PROJECT["root_packages"]


PLANTED = [
    ("the house stands on its declarations", "schemas/names.py", "streams.settings"),
    ("dashboards do not run", "dashboards/words.py", "streams.settings"),
    ("three files know the SDK of Grafana", "dashboards/words.py", "grafana_foundation_sdk"),
    ("one file knows msgspec", "streams/settings.py", "msgspec"),
    ("the fast reader is asked in one place, where it is watched", "schemas/decode.py", "schemas.fast"),
    ("sentences depend on the language, never the reverse", "schemas/text.py", "schemas.feed"),
    ("programs stand side by side on transport, publisher and engine", "streams/settings.py", "streams.publisher"),
    ("the worker is wired in one place", "streams/worker/health.py", "streams.worker.app"),
    ("declarations, arithmetic and renderers know no infrastructure", "streams/engine/fold.py", "kafka"),
    ("the engine has no clock, no loop, no thread and no file", "streams/engine/fold.py", "time"),
    ("Faust is spoken in four files and the transport", "streams/operations/__init__.py", "faust"),
    ("private parts of aiokafka and Faust are the transport's alone", "streams/worker/agents.py", "aiokafka"),
    ("only the worker runs the engine", "streams/operations/__init__.py", "streams.engine.fold"),
    ("the recount shares declarations, nothing else", "streams/recount/__init__.py", "schemas.decode"),
    ("the recount shares declarations, nothing else", "streams/recount/__init__.py", "schemas.reader"),
]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the contracts look at."""
    copy = tmp_path_factory.mktemp("house")
    shutil.copyfile(ROOT / "pyproject.toml", copy / "pyproject.toml")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def test_every_contract_has_its_planted_import() -> None:
    assert {contract for contract, _, _ in PLANTED} == set(CONTRACTS)


@pytest.mark.parametrize(("contract", "file", "imported"), PLANTED)
def test_a_planted_import_breaks_its_contract(house: Path, contract: str, file: str, imported: str) -> None:
    before = (house / file).read_text()
    (house / file).write_text(f"{before}\nimport {imported}\n")
    linter = [str(Path(sys.prefix) / "bin/lint-imports"), "--no-cache"]
    done = subprocess.run(linter, cwd=house, capture_output=True, text=True, check=False)
    (house / file).write_text(before)
    assert done.returncode != 0
    assert f"{contract} BROKEN" in done.stdout, done.stdout
