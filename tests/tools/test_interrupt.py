"""An interrupt that Python drops in a finaliser comes again, and only until it is taken."""

import os
import signal
import time

import pytest

from tools.stack.interrupt import AGAIN_SECONDS, insisting, taken


class Closing:
    """Is interrupted while it is finalised."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_in_a_finaliser_is_raised_again() -> None:
    with pytest.raises(KeyboardInterrupt), insisting():  # noqa: PT012  the interrupt comes from nowhere
        one = Closing()
        del one
        time.sleep(20 * AGAIN_SECONDS)


def test_one_that_is_taken_is_not() -> None:
    with insisting():
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        taken()
        assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_afterwards_everything_is_as_before() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGALRM)
    with insisting():
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGALRM)) == before
