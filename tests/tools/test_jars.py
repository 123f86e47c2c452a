"""Kafka's libraries: a half-finished copy is never taken for a whole one."""

from pathlib import Path

import pytest

from tools import jars
from tools.maven import STAMP


@pytest.fixture
def maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Maven that copies two jars, slowly told apart from a real one by nobody."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "mvn"
    script.write_text('#!/bin/sh\nfor word; do case $word in -DoutputDirectory=*) to=${word#*=};; esac; done\n'
                      'mkdir -p "$to" && touch "$to/a.jar" "$to/b.jar"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return script


def test_a_fetched_folder_is_complete(maven: Path, tmp_path: Path) -> None:
    assert jars.are_complete(jars.fetch(tmp_path / "libs"))


def test_a_half_finished_folder_is_fetched_again(maven: Path, tmp_path: Path) -> None:
    libs = jars.fetch(tmp_path / "libs")
    (libs / "b.jar").unlink()
    assert not jars.are_complete(libs)
    assert (jars.fetch(libs) / "b.jar").exists()


def test_a_folder_without_its_stamp_is_not_complete(maven: Path, tmp_path: Path) -> None:
    libs = jars.fetch(tmp_path / "libs")
    (libs / STAMP).unlink()
    assert not jars.are_complete(libs)


def test_another_pom_makes_the_folder_old(maven: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    libs = jars.fetch(tmp_path / "libs")
    other = tmp_path / "pom.xml"
    other.write_text("<project/>")
    monkeypatch.setattr(jars, "POM", other)
    assert not jars.are_complete(libs)


def test_a_failed_download_leaves_nothing_and_says_why(maven: Path, tmp_path: Path) -> None:
    maven.write_text('#!/bin/sh\necho "[ERROR] Unknown host"\nexit 1\n')
    with pytest.raises(jars.JarsError, match=r"Unknown host.*check the network"):
        jars.fetch(tmp_path / "libs")
    assert list(tmp_path.glob("libs*")) == []


def test_a_missing_maven_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(jars.JarsError, match="apt-get install maven"):
        jars.fetch(tmp_path / "libs")
