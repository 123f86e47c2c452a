"""Packages from Debian: services stay off, and whoever is not root is told the command."""

from pathlib import Path

import pytest

from tools import debian
from tools.errors import ToolError


def test_services_are_kept_off_only_meanwhile(tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"
    with debian.services_kept_off(policy):
        assert "exit 101" in policy.read_text()
        assert policy.stat().st_mode & 0o111
    assert not policy.exists()


def test_a_policy_of_somebody_else_stays(tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"
    policy.write_text("theirs")
    with debian.services_kept_off(policy):
        assert policy.read_text() == "theirs"
    assert policy.read_text() == "theirs"


def test_who_is_not_root_is_told_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "apt-get").write_text("#!/bin/sh\n")
    (tmp_path / "apt-get").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(ToolError, match="sudo apt-get install --no-install-recommends maven"):
        debian.install(["maven"], tmp_path / "apt.log")


def test_no_network_is_said_with_the_complaint_of_apt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "apt-get").write_text("#!/bin/sh\necho 'E: Could not resolve deb.debian.org'\nexit 100\n")
    (tmp_path / "apt-get").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(debian, "POLICY", tmp_path / "policy-rc.d")
    with pytest.raises(ToolError, match=r"Could not resolve.*check the network"):
        debian.install(["maven"], tmp_path / "apt.log")


@pytest.mark.parametrize(("said", "missing"), [("17.0.15", False), ("21", False), ("11.0.2", True), ("1.8.0_1", True)])
def test_an_old_java_counts_as_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str, missing: bool) -> None:
    (tmp_path / "java").write_text(f"#!/bin/sh\necho 'openjdk version \"{said}\"' >&2\n")
    (tmp_path / "java").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert debian.java_is_missing() is missing
