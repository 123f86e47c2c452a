"""Dead letters that wait: each origin once, a replay's marker takes it off."""

from streams.worker.pending import Pending, Tail


def letter(offset: int, arrival: int = 5000) -> dict[str, bytes]:
    return {"ioc-origin": f"t/0/{offset}".encode(), "ioc-arrival": b"%d" % arrival}


def pending_of(tail: Tail) -> dict[str, float]:
    pending = Pending("", {"t": ("feedback", "t.dead")}, lambda: ())
    pending.tails = {("t", 0): tail}
    return {sample.name: sample.value for family in pending.families() for sample in family.samples}


def test_an_origin_counts_once_and_its_replay_takes_it_off() -> None:
    tail = Tail(4)
    for offset, headers in enumerate((letter(7, 9000), letter(8, 6000), letter(7, 9000), {"ioc-replayed": b"t/0/8"})):
        tail.take(offset, headers)
    assert pending_of(tail) == {"ioc_dead_letters_pending": 1, "ioc_dead_letter_oldest_timestamp_seconds": 9.0}


def test_a_letter_repeated_after_its_replay_does_not_wait_again() -> None:
    tail = Tail(0)
    tail.take(0, {"ioc-replayed": b"t/0/8"})
    tail.take(1, letter(8))
    assert pending_of(tail) == {"ioc_dead_letters_pending": 0}


def test_a_letter_of_a_topic_made_anew_waits_though_its_origin_was_replayed() -> None:
    tail = Tail(0)
    replayed = {"ioc-replayed": b"t/0/8", "ioc-arrival": b"5000"}
    for offset, headers in enumerate((letter(8, 5000), letter(8, 7000), replayed, letter(8, 5000), letter(8, 7000))):
        tail.take(offset, headers)
    assert pending_of(tail) == {"ioc_dead_letters_pending": 1, "ioc_dead_letter_oldest_timestamp_seconds": 7.0}


def test_nothing_is_said_before_all_was_read_that_was_there() -> None:
    tail = Tail(2)
    tail.take(0, letter(7))
    assert pending_of(tail) == {}
