"""Records that end the process, tried in children: which one it is, what its neighbours become, what is left behind."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.decode import Decoder
from schemas.errors import Fate, Reason
from streams.engine.batch import Batch
from streams.engine.fold import Folded, fold, set_aside
from streams.engine.plan import Plan
from streams.engine.readings import readings
from streams.engine.state import State
from streams.worker import trial
from tests.worker import probe

KILLER = b"killer"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return probe.plan()


@pytest.fixture
def deadly(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    """Plants what happens to who reads a killer."""
    decode = Decoder.decode

    def plant(end: Callable[[], Any]) -> None:
        def planted(self: Decoder, value: bytes | None) -> Any:
            if value is not None and KILLER in value:
                end()
            return decode(self, value)

        monkeypatch.setattr(Decoder, "decode", planted)

    return plant


def killer(number: int) -> bytes:
    return probe.event(number, id=f"{KILLER.decode()}-{number}")


def batch(kinds: list[bool], first: int = 0) -> Batch:
    values = [killer(number) if is_killer else probe.event(number) for number, is_killer in enumerate(kinds, first)]
    return probe.batch(first, list(values))


async def folded(plan: Plan, state: State, records: Batch) -> list[tuple[int, Reason]]:
    letters = []
    async for part, how in trial.parts(plan, state, records):
        letters += [(letter.offset, letter.reason) for letter in how(plan, state, part).dead_letters]
    return letters


def segfault() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


@pytest.mark.parametrize("end", [lambda: os._exit(139), lambda: os._exit(0), segfault])
async def test_the_record_that_ends_a_process_is_found(
        plan: Plan, deadly: Callable[[Callable[[], Any]], None], end: Callable[[], Any]) -> None:
    deadly(end)
    state = State("ioc.feedback.v1", 0, topic_id="id")
    assert await trial.died_at(plan, state, batch([False, False, True, False]), 1) == 2
    assert (state.next_offset, state.lanes) == (0, {}), "nothing has happened here"


async def test_a_batch_without_a_killer_passes_whole(plan: Plan) -> None:
    state, before = State("ioc.feedback.v1", 0), set(psutil.Process().children())
    parts = [(len(part), how) async for part, how in trial.parts(plan, state, batch([False] * 5))]
    assert parts == [(5, fold)]
    assert set(psutil.Process().children()) <= before, "a child is left behind"


async def test_killers_are_set_aside_unread_and_their_neighbours_count(
        plan: Plan, deadly: Callable[[Callable[[], Any]], None]) -> None:
    deadly(lambda: os._exit(139))
    state = State("ioc.feedback.v1", 0)
    letters = await folded(plan, state, batch([False, True, False, True, True, False]))
    assert letters == [(offset, Reason.PROCESS_KILLER) for offset in (1, 3, 4)]
    assert state.next_offset == 6
    counts = {key.rpartition("\0")[2]: number for key, number in state.lanes["real"].fates.items()}
    assert sorted(state.lanes["real"].fates.values()) == [3, 3], counts


@pytest.mark.parametrize("deaths", [1, 2])
async def test_who_ends_a_child_once_only_is_innocent(
        plan: Plan, deadly: Callable[[Callable[[], Any]], None], tmp_path: Path, deaths: int) -> None:
    """Somebody kills the child that folds all, or also the one with the record alone in hand; the next one folds it."""
    def dead() -> int:
        return len(list(tmp_path.iterdir()))

    def mostly() -> None:
        if dead() < deaths:
            (tmp_path / str(os.getpid())).touch()
            segfault()

    deadly(mostly)
    state = State("ioc.feedback.v1", 0)
    assert await folded(plan, state, batch([False, True, False])) == []
    assert dead() == deaths
    assert list(state.lanes["real"].fates.values()) == [3]


async def test_records_that_are_deadly_together_only_are_folded_one_by_one(
        plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    def deadly_together(plan: Plan, state: State, records: Batch) -> Folded:
        if len(records) > 1:
            os._exit(139)
        return fold(plan, state, records)

    monkeypatch.setattr(trial, "fold", deadly_together)
    state = State("ioc.feedback.v1", 0)
    assert await folded(plan, state, batch([False] * 4)) == []
    assert (state.next_offset, list(state.lanes["real"].fates.values())) == (4, [4])


async def test_a_record_that_never_ends_is_a_killer(plan: Plan, deadly: Callable[[Callable[[], Any]], None],
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    def spin() -> None:
        while True:
            pass

    monkeypatch.setattr(trial, "FOLD_SECONDS", 0.2)
    deadly(spin)
    assert await trial.died_at(plan, State("ioc.feedback.v1", 0), batch([False, True]), 1) == 1


async def test_a_trial_that_takes_too_long_proves_nothing(plan: Plan, deadly: Callable[[Callable[[], Any]], None],
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "TRIAL_SECONDS", 0.2)
    deadly(lambda: time.sleep(60))
    began = time.monotonic()
    assert await trial.died_at(plan, State("ioc.feedback.v1", 0), batch([False, True]), 1) is None
    assert time.monotonic() - began < 20


async def test_what_is_raised_is_left_to_the_fold_itself(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    def raises(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("streams.worker.trial.fold", raises)
    assert await trial.died_at(plan, State("ioc.feedback.v1", 0), batch([False]), 1) is None


@pytest.mark.parametrize("is_removed", [False, True])
async def test_offsets_that_compaction_has_removed_stay_covered(plan: Plan, is_removed: bool) -> None:
    records = batch([False] * 4, 10)
    if is_removed:
        records.offsets = [11, 14, 15, 20]
        records.next_offset = 30
    parts = [records.part(since, until) for since, until in ((0, 1), (1, 3), (3, 4), (4, 4))]
    assert parts[0].first == 10
    assert [part.next_offset for part in parts[:-1]] == [part.first for part in parts[1:]]
    assert parts[-1].first == parts[-1].next_offset == records.next_offset
    assert [offset for part in parts for offset in part.offsets] == records.offsets
    assert (records.part(0, 0).first, records.part(0, 0).next_offset) == (10, 10)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.booleans(), max_size=8))
async def test_with_or_without_killers_the_state_is_that_of_the_others(
        plan: Plan, deadly: Callable[[Callable[[], Any]], None], kinds: list[bool]) -> None:
    deadly(lambda: os._exit(139))
    tried, plain = State("ioc.feedback.v1", 0), State("ioc.feedback.v1", 0)
    letters = await folded(plan, tried, batch(kinds))
    assert [offset for offset, _ in letters] == [offset for offset, is_killer in enumerate(kinds) if is_killer]
    for place, is_killer in enumerate(kinds):
        (set_aside if is_killer else fold)(plan, plain, batch(kinds).part(place, place + 1))
    assert tried.next_offset == plain.next_offset == len(kinds)
    assert list(readings(plan, tried)) == list(readings(plan, plain))


async def test_a_killer_is_a_rejected_record_of_nobody(plan: Plan) -> None:
    state = State("ioc.feedback.v1", 0)
    result = set_aside(plan, state, batch([True]))
    (letter,) = result.dead_letters
    assert (letter.fate, letter.reason, letter.source, letter.provenance) == (
        Fate.REJECTED, Reason.PROCESS_KILLER, "other", "real")
    assert (letter.value, letter.detail) == (killer(0), f"{len(killer(0))} bytes")
    assert (result.read, result.fates, state.next_offset) == (1, {("other", Fate.REJECTED): 1}, 1)
