"""An extreme takes a short way with one row: to the same state as by its definition."""

from random import Random

import pytest

from schemas.aggregates import Max, Min


@pytest.mark.parametrize(("aggregate", "definition"), [(Max("x"), max), (Min("x"), min)])
def test_an_extreme_is_that_of_all_rows_in_any_order(aggregate: Max | Min, definition: object) -> None:
    random = Random(3)
    for _ in range(50):
        values = [random.randint(-5, 5) for _ in range(random.randint(1, 6))]
        state = aggregate.zero()
        for at, value in enumerate(values):
            aggregate.add(state, at, value)
        assert callable(definition)
        assert state == [definition(values)]
