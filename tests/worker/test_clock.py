"""The broker's clock, learnt from stamps: within one round trip, whatever happens to either clock."""

import pytest

from streams.worker.clock import Clock
from tests.worker.fakes import Stamp

AHEAD = 1_767_600_000.0


class World:
    """A monotonic clock, a broker and a worker's own clock on the wall."""

    def __init__(self) -> None:
        self.now, self.ahead, self.own = 1000.0, AHEAD, AHEAD
        self.clock = Clock(lambda: self.now, lambda: self.now + self.own)

    def confirm(self, there: float, back: float) -> None:
        """A record that is stamped so many seconds after it was handed over, and confirmed so many later."""
        sent = self.now
        self.now += there
        stamp = Stamp(round((self.now + self.ahead) * 1000))
        self.now += back
        self.clock.learn(stamp, sent)

    @property
    def error(self) -> float:
        """How far the broker's clock is ahead of what is taken for it."""
        assert self.clock.broker is not None
        return self.now + self.ahead - self.clock.broker


def test_before_the_first_stamp_only_the_own_clock_is_known() -> None:
    world = World()
    world.own = AHEAD + 600
    assert (world.clock.broker, world.clock.offset) == (None, None)
    assert world.clock.shared == world.now + world.own
    world.clock.learn(Stamp(5, timestamp_type=0), world.now)
    world.clock.learn(Stamp(None), world.now)
    assert world.clock.broker is None, "the sender's own stamp tells nothing"


def test_it_is_never_taken_to_be_ahead_and_a_slow_answer_spoils_nothing() -> None:
    world = World()
    world.confirm(0.02, 0.03)
    assert world.error == pytest.approx(0.03, abs=0.001)
    world.confirm(5, 20)
    assert world.error == pytest.approx(0.03, abs=0.001)
    world.confirm(3, 0.01)
    assert world.error == pytest.approx(0.01, abs=0.001), "a quick answer is a better bound"


@pytest.mark.parametrize("step", [-3600, -300, 300, 3600])
def test_a_broker_s_clock_that_is_set_anew_is_followed_with_the_next_confirmation(step: int) -> None:
    world = World()
    world.confirm(0.02, 0.03)
    world.ahead += step
    world.confirm(0.02, 0.03)
    assert abs(world.error) <= 0.051


@pytest.mark.parametrize("step", [-3600, -300, 300, 3600])
def test_a_step_of_the_own_clock_moves_nothing_but_the_offset_that_is_told(step: int) -> None:
    world = World()
    world.confirm(0.02, 0.03)
    world.own += step
    assert world.error == pytest.approx(0.03, abs=0.001)
    assert world.clock.shared == world.clock.broker
    assert world.clock.offset == pytest.approx(step + 0.03, abs=0.001)


def test_a_clock_that_runs_faster_is_followed_for_days() -> None:
    world = World()
    for _ in range(2000):
        world.confirm(0.02, 0.03)
        world.now += 60
        world.ahead -= 60 * 1e-3
        assert abs(world.error) <= 0.2
