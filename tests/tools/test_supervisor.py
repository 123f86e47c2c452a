"""The supervisor: what it starts again, when, and what it writes down."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tools.stack import places, programs, state, supervisor
from tools.stack.programs import Program


@pytest.fixture(autouse=True)
def run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "PROGRAMS", tmp_path / "programs")
    monkeypatch.setattr(places, "STATE", tmp_path / "processes.json")
    monkeypatch.setattr(supervisor, "PAUSE_AT_FIRST", 0.05)


@pytest.fixture
def make_charge(tmp_path: Path) -> Iterator[Callable[..., supervisor.Charge]]:
    made: list[supervisor.Charge] = []

    def make(code: str, *, finishes: bool = False) -> supervisor.Charge:
        program = Program("one", [sys.executable, "-c", code], str(tmp_path), str(tmp_path / "one.log"), order=1,
                          finishes=finishes)
        made.append(supervisor.Charge(program, state.Standings(), pause=0.05))
        return made[-1]

    yield make
    for charge in made:
        if charge.child:
            charge.child.kill()
            charge.child.wait()


def until(question: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def test_a_program_that_ends_is_started_again_and_counted(make_charge: Callable[..., supervisor.Charge]) -> None:
    charge = make_charge("raise SystemExit(3)")
    charge.start()
    until(lambda: bool(charge.check()) and charge.standings.restarts == 2)
    assert charge.standings.code == 3


def test_the_pause_doubles_up_to_a_minute(make_charge: Callable[..., supervisor.Charge]) -> None:
    charge = make_charge("")
    charge.pause = 1.0
    pauses = []
    for _ in range(8):
        charge.began = time.monotonic()
        charge.put_off(1)
        pauses.append(round(charge.due - time.monotonic()))
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]


def test_the_pause_is_short_again_after_a_steady_minute(make_charge: Callable[..., supervisor.Charge]) -> None:
    charge = make_charge("")
    charge.pause, charge.began = 60.0, time.monotonic() - supervisor.STEADY - 1
    charge.put_off(1)
    assert charge.due - time.monotonic() < 1


def test_a_good_end_of_what_may_finish_is_an_end(make_charge: Callable[..., supervisor.Charge]) -> None:
    charge = make_charge("", finishes=True)
    charge.start()
    until(charge.check)
    assert charge.standings.standing == "finished"
    assert not charge.check()


def test_a_command_that_does_not_exist_is_put_off_like_a_crash(tmp_path: Path) -> None:
    program = Program("one", ["/nowhere/at/all"], str(tmp_path), str(tmp_path / "one.log"), order=1)
    charge = supervisor.Charge(program, state.Standings())
    charge.start()
    assert charge.standings.code == 127
    assert "nowhere" in (tmp_path / "one.log").read_text()


def test_what_is_written_down_is_read_back(make_charge: Callable[..., supervisor.Charge]) -> None:
    charge = make_charge("import time; time.sleep(60)")
    charge.start()
    written = state.State(programs={"one": charge.standings})
    written.save()
    assert state.load() == written


def test_a_declared_program_is_read_back_until_withdrawn(make_charge: Callable[..., supervisor.Charge]) -> None:
    program = make_charge("").program
    program.declare()
    assert programs.declared() == {"one": program}
    program.withdraw()
    assert programs.declared() == {}
