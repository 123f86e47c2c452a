"""What is concluded from the note of an attempt: a model of workers that come, go and die decides what is true."""

import json

from hypothesis import given
from hypothesis import strategies as st

from streams.worker.attempts import CAREFUL_RECORDS, Attempt, following, is_note, note_key, pack, reach, unpack
from streams.worker.owned import Candidates, block_key, choose, key_of
from tests.worker.fakes import PLACE


def note(offset: int = 7, failures: int = 0, *, released: bool = False) -> Attempt:
    return Attempt("id-1", offset, failures, "before", released)


def test_the_first_attempt_has_nothing_behind_it() -> None:
    assert following(None, "id-1", 7, "me") == Attempt("id-1", 7, 0, "me")


def test_an_attempt_that_ended_where_it_began_without_a_word_was_a_failure() -> None:
    assert following(note(), "id-1", 7, "me").failures == 1
    assert following(note(failures=3), "id-1", 7, "me").failures == 4
    assert following(note(), "id-1", 5, "me").failures == 1, "an older state was found: there was no progress either"


def test_progress_ends_the_suspicion() -> None:
    assert following(note(failures=3), "id-1", 8, "me").failures == 0


def test_a_release_is_no_failure_and_no_acquittal() -> None:
    assert following(note(released=True), "id-1", 7, "me").failures == 0
    assert following(note(failures=2, released=True), "id-1", 7, "me").failures == 2


def test_another_assignment_of_the_same_process_is_no_failure() -> None:
    assert following(note(failures=1), "id-1", 7, "before").failures == 1


def test_a_topic_made_anew_has_no_past() -> None:
    assert following(note(failures=3), "id-2", 0, "me").failures == 0


def test_the_more_failures_the_further_care_reaches_but_not_for_ever() -> None:
    assert [reach(0), reach(1)] == [0, 0], "one end without progress suspects no record"
    reaches = [reach(failures) for failures in range(2, 100)]
    assert reaches[:3] == [CAREFUL_RECORDS, 2 * CAREFUL_RECORDS, 4 * CAREFUL_RECORDS]
    assert max(reaches) == 64 * CAREFUL_RECORDS == reaches[-1]


def test_a_note_is_read_as_it_was_written_and_anything_else_is_none() -> None:
    assert unpack(pack(note(failures=2, released=True))) == note(failures=2, released=True)
    for value in (b"", b"\xff", b"[]", b"null", b"{}", json.dumps({**note()._asdict(), "offset": "x"}).encode()):
        assert unpack(value) is None


def test_the_key_of_a_note_is_that_of_no_snapshot_and_no_block() -> None:
    assert is_note(note_key(PLACE))
    assert not is_note(key_of(PLACE))
    assert not is_note(block_key(PLACE, "w/1"))
    assert note_key(PLACE).count(b"/") == 0, "a program without notes takes it for the snapshot of nobody"


def test_of_notes_the_last_one_counts() -> None:
    from streams.transport.state_reader import StateRecord  # noqa: PLC0415

    kept: Candidates | None = None
    for number, value in enumerate([b"first", b"second"]):
        kept = choose(kept, StateRecord(0, number, note_key(PLACE), value))
    assert kept is not None
    assert (kept.block, kept.fault, kept.by_writer) == (b"second", None, {})


@given(st.lists(st.tuples(st.sampled_from(["die", "release", "again"]), st.booleans()), max_size=12))
def test_failures_are_the_deaths_in_a_row_since_the_last_progress(steps: list[tuple[str, bool]]) -> None:
    """Workers take the partition over one after another; each makes progress or not, then dies, goes or comes again."""
    attempt, offset, process, deaths = following(None, "id", 0, "0"), 0, 0, 0
    for how, progresses in steps:
        if progresses:
            offset, deaths = offset + 1, 0
        elif how == "die":
            deaths += 1
        if how == "release" and not progresses:
            attempt = attempt._replace(released=True)
        process += how != "again"
        attempt = following(attempt, "id", offset, str(process))
        assert attempt == Attempt("id", offset, deaths, str(process))
