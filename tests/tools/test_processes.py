"""Records of processes: the same number is not the same process."""

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from tools.stack import processes
from tools.stack.processes import Process


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as child:
        yield child
        child.kill()


def test_a_process_is_alive_until_it_ends(sleeper: subprocess.Popen[bytes]) -> None:
    process = Process.of(sleeper.pid)
    assert process.is_alive()
    sleeper.kill()
    sleeper.wait()
    assert not process.is_alive()


def test_one_that_ended_but_was_not_collected_counts_as_ended(sleeper: subprocess.Popen[bytes]) -> None:
    process = Process.of(sleeper.pid)
    os.kill(sleeper.pid, signal.SIGKILL)
    assert process.wait(5)
    assert sleeper.returncode is None


@pytest.mark.parametrize(("born", "boot"), [(1, None), (None, "another")])
def test_one_born_at_another_moment_is_a_stranger(sleeper: subprocess.Popen[bytes], born: int | None,
                                                  boot: str | None) -> None:
    real = Process.of(sleeper.pid)
    stranger = Process(real.pid, born or real.born, boot or real.boot)
    assert not stranger.is_alive()
    processes.end([stranger], 0.1)
    assert sleeper.poll() is None


def test_the_number_of_nobody_is_an_error() -> None:
    with pytest.raises(ProcessLookupError):
        Process.of(2**22 + 1)


def test_a_stopped_process_is_ended_too(sleeper: subprocess.Popen[bytes]) -> None:
    sleeper.send_signal(signal.SIGSTOP)
    processes.end([Process.of(sleeper.pid)], 5)
    assert sleeper.wait(1) == -signal.SIGTERM


def test_a_process_that_does_not_hear_is_killed() -> None:
    with subprocess.Popen(["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"], stdout=subprocess.PIPE,
                          start_new_session=True) as deaf:
        assert deaf.stdout
        deaf.stdout.readline()
        processes.end([Process.of(deaf.pid)], 0.3)
        assert deaf.wait(1) == -signal.SIGKILL


def test_a_name_with_spaces_and_parentheses_is_read() -> None:
    with subprocess.Popen(["sh", "-c", "printf 'a ) (b' > /proc/$$/comm; echo ready; read x"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as odd:
        assert odd.stdout
        odd.stdout.readline()
        assert Process.of(odd.pid).is_alive()
        odd.kill()
