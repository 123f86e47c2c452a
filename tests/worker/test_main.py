"""The verbs of `ioc`: loaded one at a time, errors in one sentence, the right exit code."""

import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from schemas.errors import SettingError
from streams import __main__ as ioc
from streams import __version__


def verb(monkeypatch: pytest.MonkeyPatch, run: Any) -> None:
    """Replaces every verb's module."""
    module = SimpleNamespace(add_arguments=lambda parser: parser.add_argument("--flag"), run=run)
    monkeypatch.setattr(ioc, "import_module", lambda name: module)


def test_the_overview_names_every_verb_and_loads_none(capsys: pytest.CaptureFixture[str],
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ioc, "import_module", None)
    with pytest.raises(SystemExit) as end:
        ioc.main(["--help"])
    assert end.value.code == 0
    text = capsys.readouterr().out
    assert all(f"  {name} " in text for name in ioc.VERBS)


def test_a_verb_gets_settings_and_its_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, str] = {}

    def run(settings: Any, args: Any) -> int:
        seen.update(group=settings.group, flag=args.flag)
        return 3

    verb(monkeypatch, run)
    assert ioc.main(["topics", "--flag", "x"]) == 3
    assert seen == {"group": "ioc", "flag": "x"}


def test_an_error_of_ours_is_one_sentence_and_exit_code_1(capsys: pytest.CaptureFixture[str],
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    def run(settings: Any, args: Any) -> int:
        raise SettingError("IOC_X=1 is wrong")

    verb(monkeypatch, run)
    assert ioc.main(["dlq"]) == 1
    assert capsys.readouterr().err == "ioc: IOC_X=1 is wrong\n"


def test_a_wrong_setting_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    verb(monkeypatch, lambda settings, args: 0)
    monkeypatch.setenv("IOC_METRICS_PORT", "x")
    assert ioc.main(["topics"]) == 1
    assert "IOC_METRICS_PORT='x'" in capsys.readouterr().err


def test_an_interruption_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(settings: Any, args: Any) -> int:
        raise KeyboardInterrupt

    verb(monkeypatch, run)
    assert ioc.main(["topics"]) == 130


def test_no_verb_and_an_unknown_verb_are_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert ioc.main([]) == 2
    with pytest.raises(SystemExit) as end:
        ioc.main(["bogus"])
    assert end.value.code == 2


def test_the_worker_s_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        ioc.main(["worker", "--help"])
    assert "examples:\n  ioc worker" in capsys.readouterr().out
    assert "streams.worker.app" in sys.modules


def test_the_version_is_the_package_s() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert project["project"]["version"] == __version__
