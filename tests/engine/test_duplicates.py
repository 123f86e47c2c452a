"""Repeats: by an independent model, over whatever order of notes, notes taken back, blocks cut off, and reloading."""

from hypothesis import given
from hypothesis import strategies as st

from streams.engine.duplicates import Duplicates

HORIZON = 60_000
IDS = [f"id-{number}".encode() for number in range(12)]
BODIES = [b"one", b"other"]

notes = st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(BODIES), st.integers(0, 25_000)), max_size=6)
steps = st.lists(st.tuples(notes, st.integers(0, 6), st.integers(0, 4)), max_size=12)


def ask(duplicates: Duplicates, some: list[tuple[bytes, bytes, int]]) -> list[bool | None]:
    return duplicates.ask(*([each[place] for each in some] for place in range(3)))  # type: ignore[arg-type]


class Model:
    """Every note there ever was; the newest of an id counts."""

    def __init__(self) -> None:
        self.noted: list[tuple[bytes, bytes, int]] = []

    def ask(self, identity: bytes, body: bytes, append: int) -> bool | None:
        before = next((each for each in reversed(self.noted) if each[0] == identity), None)
        self.noted.append((identity, body, append))
        if before is None or append - before[2] > HORIZON:
            return None
        return before[1] == body


@given(steps)
def test_repeats_are_those_of_a_list_of_all_notes_also_after_reloading(taken: list[tuple[list[tuple[bytes, bytes, int]],
                                                                                          int, int]]) -> None:
    duplicates, model, now, blocks = Duplicates(HORIZON), Model(), 1_000_000, []
    for asked, undone, cut in taken:
        some = []
        for identity, body, more in asked:
            now += more
            some.append((identity, body, now))
        duplicates.settle()
        assert ask(duplicates, some) == [model.ask(*each) for each in some]
        number = min(undone, len(some))
        duplicates.undo(number)
        del model.noted[len(model.noted) - number:]
        if cut:
            fresh = len(duplicates.fresh)
            blocks.append(duplicates.cut(cut))
            assert len(duplicates.fresh) == max(fresh - cut, 0)
    again = Duplicates(HORIZON)
    for block in blocks:
        again.lay(block)
    again.load(*duplicates.dump_fresh())
    last = [(identity, body, now) for identity in IDS for body in BODIES]
    assert ask(again, last) == ask(duplicates, last) == [model.ask(*each) for each in last]


def test_a_stamp_that_steps_back_is_taken_for_the_newest() -> None:
    duplicates = Duplicates(HORIZON)
    ask(duplicates, [(b"a", b"one", 1_000_000), (b"b", b"one", 5)])
    assert duplicates.newest == 1_000_000
    assert ask(duplicates, [(b"b", b"one", 1_000_000 + HORIZON), (b"b", b"other", 0)]) == [True, False]
