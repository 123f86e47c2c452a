"""The files in deploy/ as the programs that read them see them."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tools.jars import ROOT


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool comes with Prometheus; make prepare installs it")
def test_prometheus_accepts_its_configuration() -> None:
    done = subprocess.run(["promtool", "check", "config", str(ROOT / "deploy/prometheus/prometheus.yml")],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_no_file_names_a_host_of_its_own() -> None:
    text = (ROOT / "deploy/prometheus/prometheus.yml").read_text()
    assert "static_configs" not in text
    assert "127.0.0.1" not in text


@pytest.mark.parametrize("lock", ["runtime", "dev"])
def test_every_locked_package_has_hashes_and_no_registry(lock: str) -> None:
    lines = (ROOT / f"requirements/{lock}.txt").read_text().splitlines()
    pinned = [line for line in lines if "==" in line and not line.startswith((" ", "#"))]
    assert pinned
    assert all(line.endswith(" \\") for line in pinned)
    assert not [line for line in lines if "://" in line or line.startswith("-")]


def test_the_lock_has_every_version_of_pyproject() -> None:
    import tomllib  # noqa: PLC0415  needed here only

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    locked = (ROOT / "requirements/dev.txt").read_text().lower()
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    assert [one for one in wanted if f"\n{one.lower()} \\" not in locked] == []


def test_scripts_can_be_run() -> None:
    assert [path for path in (".ci/run", "tools/python.sh") if not Path(ROOT / path).stat().st_mode & 0o100] == []
