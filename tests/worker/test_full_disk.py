"""A worker whose log cannot be written any more still ends when it must."""

import os
import sys

import pytest

from schemas.errors import SnapshotError
from streams.worker import app


class Full:
    """What standard error is on a full disk."""

    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")

    def flush(self) -> None:
        raise OSError(28, "No space left on device")


@pytest.fixture(autouse=True)
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Full())


def test_a_process_without_progress_ends_though_it_cannot_say_why(monkeypatch: pytest.MonkeyPatch) -> None:
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    app.give_up(("stands",))
    assert codes == [1]


def test_an_error_of_ours_that_cannot_be_told_is_no_other_error() -> None:
    told = app.Sentences()
    told.tell(SnapshotError("no"))
    assert told.said
