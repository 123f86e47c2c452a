"""The fuzzer without atheris: what it asks of every record, and that each of its questions can be answered wrongly."""

import json
import re
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemas.decode import Event
from schemas.errors import Reason, Rejection
from tools.errors import ToolError
from tools.fuzz import __main__ as program
from tools.fuzz.driver import MARKS, MOST, Kept, Marks
from tools.fuzz.seeds import LARGEST, seeds
from tools.fuzz.target import Door, Finding, Restless, Target
from tools.fuzz.trees import Steps
from tools.fuzz.wiring import steps, target, vocabulary
from tools.fuzz.words import dictionary

HOUSE = target()
SEEDS = seeds([door.feed for door in HOUSE.doors], HOUSE.reference)
LINE = re.compile(r'"([ !#-\[\]-~]|\\x[0-9a-f]{2})+"')


@pytest.fixture
def door() -> Door:
    """A door of its own, for a test to break."""
    return Door(next(door.feed for door in HOUSE.doors if door.feed.name == "hydromet"), HOUSE.reference)


def good(door: Door, **data: Any) -> bytes:
    return json.dumps({**door.feed.example, "data": {**door.feed.example["data"], **data}}).encode()


def test_all_holds_of_the_seeds_of_every_feed() -> None:
    reached: dict[str, set[tuple[str, ...]]] = {}
    for data in SEEDS:
        door, answer, finding = HOUSE.ask(data)
        assert finding is None, finding
        reached.setdefault(door.feed.name, set()).update(door.marks(answer))
    assert len(reached) == len(HOUSE.doors)
    assert all({("source",), ("schema_violation",)} <= seen for seen in reached.values())
    assert len(reached["hydromet"] & {(str(reason),) for reason in Reason}) >= 6, "the poison corpus"


def test_the_first_byte_chooses_the_feed_and_nothing_is_an_input_too() -> None:
    assert [HOUSE.ask(bytes([number]))[0] for number in range(8)] == [*HOUSE.doors, *HOUSE.doors]
    assert HOUSE.ask(b"")[1:] == (HOUSE.doors[0].plain.decode(b""), None)


def test_the_fast_reader_is_asked_of_every_record_however_many_it_refused(door: Door) -> None:
    for _ in range(1000):
        assert door.ask(b"{")[1] is None
    before = door.quick.reader.fast
    door.ask(good(door))
    assert isinstance(door.quick.reader, Restless)
    assert door.quick.reader.fast > before


def raising(answer: Any) -> Any:
    raise RuntimeError("planted")


def lying(answer: Any) -> Any:
    if isinstance(answer, Event):
        answer.row["rain_mm"] = 18
    return answer


def slow(answer: Any) -> Any:
    until = time.thread_time() + 0.03
    while time.thread_time() < until:
        pass
    return answer


def large(answer: Any) -> Any:
    assert bytearray(40 << 20)
    return answer


def unheard(answer: Any) -> Any:
    return ("made_up", "", "a reason that nobody knows")


PLANTED: list[tuple[str, tuple[str, ...], Callable[[Any], Any]]] = [
    ("raises", ("plain",), raising), ("raises", ("quick",), raising), ("readers", ("plain",), lying),
    ("readers", ("quick",), lying), ("slow", ("plain",), slow), ("slow", ("quick",), slow),
    ("memory", ("plain",), large), ("memory", ("quick",), large), ("reason", ("plain", "quick"), unheard),
]  # fmt: skip


@pytest.mark.parametrize(("check", "doors", "change"), PLANTED,
                         ids=[f"{check} {' '.join(doors)}" for check, doors, _ in PLANTED])
def test_a_planted_fault_of_a_decoder_is_found(
    door: Door, check: str, doors: tuple[str, ...], change: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert door.ask(good(door))[1] is None
    for name in doors:
        decoder = getattr(door, name)
        monkeypatch.setattr(decoder, "decode", lambda value, decode=decoder.decode: change(decode(value)))

    found = door.ask(good(door))[1]

    assert found is not None
    assert (found.feed, found.check) == ("hydromet", check)


@pytest.mark.parametrize(("which", "value"), [("_parts", {}), ("_whole", {}), ("_whole", {"severitynumber": 1})])
def test_a_fast_reader_that_takes_what_pydantic_refuses_or_takes_it_otherwise_is_found(
    door: Door, which: str, value: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = door.quick.reader
    read = getattr(reader, which)
    if which == "_parts":  # a value that is too long
        short = good(door)
        monkeypatch.setattr(reader, "_parts", lambda value: read(short))
        asked = good(door, datum="x" * 33)
    else:
        monkeypatch.setattr(reader, "_whole", lambda given: {**read(given), **value} if value else {})
        asked = good(door)

    found = door.ask(asked)[1]

    assert found is not None
    assert found.check == "readers"


def test_what_is_read_otherwise_a_second_time_or_when_written_anew_is_found(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, quick, asked = door.plain.decode, door.quick.decode, iter([True])
    refused = Rejection(Reason.SCHEMA_VIOLATION, "/id", "")
    with monkeypatch.context() as patch:
        patch.setattr(door.quick, "decode", lambda value: quick(value) if next(asked, False) else refused)
        found = door.ask(good(door))[1]
        assert found is not None
        assert found.check == "again"
    monkeypatch.setattr(door.plain, "decode", lambda value: plain(value) if b": " in value else refused)
    found = door.ask(good(door))[1]
    assert found is not None
    assert (found.check, found.place) == ("re-encoded", "schema_violation at /id")


def test_a_label_of_no_closed_set_is_found(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door.plain, "label", lambda value: ("//anybody", "real"))
    found = door.ask(b"{}")[1]
    assert found is not None
    assert found.check == "label"


def test_the_dictionary_has_the_names_and_words_of_every_feed_as_libfuzzer_reads_them() -> None:
    text = dictionary(vocabulary(HOUSE, SEEDS))
    lines = text.splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    assert len(lines) == len(set(lines)) > 500
    for door in HOUSE.doors:
        names = {*door.feed.hints, *json.loads(json.dumps(door.feed.example))}
        assert [name for name in names if f'"\\x22{name}\\x22:"' not in lines] == []
    for word in ("suspect", "1000", "LC-R-0042", "vn.laocai.dossier.received.v1", "//laocai.gov.vn/kttv/vrain"):
        assert any(word in line for line in lines), word


def test_steps_on_the_tree_reach_what_seeds_alone_do_not() -> None:
    for (number, door), change in zip(enumerate(HOUSE.doors), steps(HOUSE, SEEDS), strict=True):
        value, seen = json.dumps(door.feed.example).encode(), set[tuple[str, ...]]()
        changed = [change.changed(value, seed) for seed in range(600)]
        assert changed == [change.changed(value, seed) for seed in range(600)], "of the seed alone"
        answers = []
        for one in changed:
            assert one is not None
            _, answer, finding = HOUSE.ask(bytes([number]) + one[:LARGEST - 1])
            assert finding is None, finding
            answers.append(answer)
            seen.update((*door.marks(answer), *door.pairs(answer)))
        accepted = sum(isinstance(answer, Event) for answer in answers)
        assert len(answers) / 20 < accepted < len(answers) / 2, f"{door.feed.name}: {accepted} are accepted"
        known = {pair for data in SEEDS if data[0] == number for pair in door.pairs(door.plain.decode(data[1:]))}
        assert len(seen - known) > 100, f"{door.feed.name}: {len(seen - known)} answers are new"


@pytest.mark.parametrize("value", [b"", b"{", b"[1]", b"\xff", b"[" * 100_000])
def test_there_is_no_step_on_what_is_no_object(value: bytes) -> None:
    assert Steps({("id",): ()}).changed(value, 1) is None


def test_marks_are_one_branch_for_each_answer_up_to_a_bound() -> None:
    counted: list[Callable[[], None]] = []
    marks = Marks(lambda branch: counted.append(branch) or branch)  # type: ignore[func-returns-value]
    for number in range(MARKS + 10):
        marks.reach((str(number),))
        marks.reach((str(number),))
    assert len(counted) == MARKS


def test_a_finding_is_kept_once_with_its_shortest_input(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    for data in (b"3-long", b"3-longer", b"3-s"):
        kept.asked += 1
        kept.keep(Finding("hydromet", "raises", "KeyError in _read", f"of {data!r}"), data)
    [story] = tmp_path.glob("*.txt")
    assert story.with_suffix("").read_bytes() == b"3-s"
    assert "and 1 records" in story.read_text()
    assert "b'3-s'" in story.read_text()
    for number in range(MOST + 5):
        kept.keep(Finding("hydromet", "raises", str(number), ""), b"x")
    assert len(list(tmp_path.glob("*.txt"))) == MOST
    kept.keep(Finding("hydromet", "slow", "", ""), b"x")
    assert len(list(tmp_path.glob("*.txt"))) == MOST + 1, "of each check"


def test_a_finding_is_asked_again_without_atheris(
    door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    doors, path = Target([door.feed], HOUSE.reference), tmp_path / "finding"
    path.write_bytes(b"\0" + good(door))
    assert program.repeat(doors, path) == 0
    monkeypatch.setattr(doors.doors[0].plain, "decode", raising)
    assert program.repeat(doors, path) == 1
    assert f"{program.FOUND}: raises RuntimeError in raising" in capsys.readouterr().out
    with pytest.raises(ToolError, match="cannot be read: No such file"):
        program.repeat(doors, tmp_path / "nowhere")


def test_where_atheris_cannot_be_installed_it_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "requirements/fuzz").mkdir(parents=True)
    (tmp_path / "requirements/fuzz/atheris.txt").write_text(f"/nowhere/atheris.whl --hash=sha256:{'0' * 64}\n")
    monkeypatch.setattr("tools.apart.ROOT", tmp_path)
    with pytest.raises(ToolError, match=r"needs atheris.*atheris.whl.*var/fuzz/atheris.log.*this is Python 3"):
        program.main(["--seconds", "1"])


RUN = """#!/bin/sh
echo '#12	NEW    cov: 7 ft: 8 corp: 3/9Kb lim: 4 exec/s: 1 rss: 1Mb L: 1/1 MS: 1 Custom-'
echo '#1234	DONE   cov: 17 ft: 18 corp: 4/9Kb lim: 4 exec/s: 1 rss: 1Mb'
"""
ENDS = {
    "good": ("", 0, program.HELD),
    "a finding": ('echo x > "$3/findings/slow-a-1"; echo "a: slow" > "$3/findings/slow-a-1.txt"', 1, "a: slow"),
    "it died of an input": ('echo x > "$3/findings/crash-1"; exit 77', 1, "the process ended or hung"),
    "it broke": ("exit 3", 1, program.BROKEN),
}


@pytest.mark.parametrize("name", ENDS)
def test_what_a_run_came_to_is_told_in_a_few_lines(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    more, code, told = ENDS[name]
    fake = tmp_path / "python"
    fake.write_text(RUN + more + "\n")
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(program, "ROOT", tmp_path)
    (tmp_path / "fuzz/findings").mkdir(parents=True)
    (tmp_path / "fuzz/findings/of-yesterday").touch()

    assert program.fuzz(fake, 1, 7, tmp_path / "fuzz") == code

    said = capsys.readouterr().out
    assert "1,234 records, 17 branches and 18 features reached, 4 inputs kept" in said
    assert told in said
    assert "of-yesterday" not in said
    assert (name == "good") == (said.splitlines()[-1] == program.HELD)
    assert len(said.splitlines()) < 8
    assert {path.read_bytes() for path in (tmp_path / "fuzz/seeds").iterdir()} == set(SEEDS)
