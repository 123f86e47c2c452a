"""A large state tells at every step how far it is, and ends there when it is not wanted any more."""

import asyncio

import pytest

from streams.engine import cutting, standing
from streams.engine.fold import fold
from streams.engine.plan import Plan
from streams.telemetry import Vitals
from streams.transport.state_reader import StateRecord
from streams.worker.loading import Loading, OvertakenError, rebuilt
from streams.worker.owned import Candidates, choose, restore
from tests.engine.toys import CASES, batch, plan_of, record

START = 1_767_578_400_000
PLACE = (CASES.topic, 0)


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> tuple[Plan, dict[bytes, Candidates]]:
    """Fourteen cases: two blocks of four, and the rest in the head."""
    monkeypatch.setattr(cutting, "ENTITIES", 4)
    monkeypatch.setattr(standing, "TOGETHER", 6)
    plan = plan_of(CASES.name)
    owned = restore(plan, PLACE, {}, "id-1", 3_600_000)
    fold(plan, owned.state, batch(CASES, [record(CASES, number, "received", START, append=START, case_id=f"c{number}")
                                          for number in range(14)]))
    head = owned.pack()
    written = {**owned.unsent, owned.key: head}
    found = {key: choose(None, StateRecord(0, place, key, value)) for place, (key, value) in enumerate(written.items())}
    return plan, {key: kept for key, kept in found.items() if kept is not None}


async def test_every_step_is_told_with_the_moment_at_which_it_was_done(
        stored: tuple[Plan, dict[bytes, Candidates]]) -> None:
    plan, kept = stored
    vitals, told = Vitals(started=0, beat=0), list[str | None]()
    loading = Loading(vitals, lambda: 7.0, lambda: told.append(vitals.recovering))
    loading.begin("a/0")
    vitals.recovery_moved = None
    owned = await asyncio.to_thread(rebuilt, plan, PLACE, kept, "id-1", 3_600_000, loading.told)
    await asyncio.sleep(0)
    parts = ("1 of 2 blocks", "2 of 2 blocks", "6 of 14 entities", "12 of 14 entities", "14 of 14 entities")
    assert told == ["a/0", *(f"a/0: {part}" for part in parts)]
    assert str(vitals.recovery_moved) == "7.0"
    assert len(owned.state.lanes["real"].entities) == 14


async def test_what_is_not_wanted_any_more_ends_at_its_next_step_and_tells_nothing(
        stored: tuple[Plan, dict[bytes, Candidates]]) -> None:
    plan, kept = stored
    vitals = Vitals(started=0, beat=0)
    loading = Loading(vitals, lambda: 7.0, lambda: None)
    loading.stop()
    with pytest.raises(OvertakenError):
        await asyncio.to_thread(rebuilt, plan, PLACE, kept, "id-1", 3_600_000, loading.told)
    loading.step("late")
    assert vitals.recovering is None
