"""A view is kept up to date entity by entity: it never differs from one built anew, and keeps no more than differs."""

from streams.engine.fold import fold
from streams.engine.readings import readings
from streams.engine.snapshot import dump, load
from streams.engine.watermark import advance
from tests.engine.toys import CASES, batch, fresh, plan_of, record

START = 1_767_578_400_000  # Monday 2026-01-05 09:00 +07:00
HOUR = 3_600_000
DUE = "2026-01-20T17:00:00+07:00"


def test_what_many_cases_give_alike_is_kept_once_and_only_as_long_as_one_of_them_gives_it() -> None:
    plan, state = plan_of(CASES.name), fresh(CASES)
    fold(plan, state, batch(CASES, [record(CASES, number, "received", START, append=START, case_id=f"c{number}",
                                           due_at=DUE) for number in range(300)]))
    readings(plan, state)
    view = next(iter(state.lanes.values())).view
    assert [given.holders for given in view.alike.values()] == [300]
    fold(plan, state, batch(CASES, [record(CASES, 300 + number, "closed", START + number, append=START + number,
                                           case_id=f"c{number}") for number in range(300)], 300))
    found = {reading.name: reading.value for reading in readings(plan, state)}
    assert [given.holders for given in view.alike.values()] == [300]
    assert found["ioc_toycase_open"] == 0


def test_every_question_of_time_turns_at_its_hour_without_an_event() -> None:
    plan, state = plan_of(CASES.name), fresh(CASES)
    fold(plan, state, batch(CASES, [record(CASES, 0, "received", START, append=START, case_id="a", due_at=DUE)]))
    answers = set()
    for hour in range(1, 24 * 24):
        advance(state, START + hour * HOUR, 5000)
        kept = sorted(readings(plan, state))
        assert kept == sorted(readings(plan, load(plan, dump(plan, state))))
        answers.add(tuple(reading.value for name in ("due_soon", "overdue", "long_overdue") for reading in kept
                          if reading.name == f"ioc_toycase_{name}"))
    assert answers == {(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 1, 1)}
