"""Blocks and heads under crashes between any two records, lost owners who write on, and compaction at any time.

The broker is a list of records of which some prefix is there; everything else is the shipped code. A head is confirmed
when it is in the list, and a commit is taken only from the newest owner.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine import cutting
from streams.engine.fold import fold
from streams.engine.plan import Plan
from streams.transport.state_reader import StateRecord
from streams.worker.owned import Candidates, Owned, choose, restore
from tests.engine.test_properties import content
from tests.worker import probe
from tests.worker.fakes import PLACE, TOPIC

LOG = 120
THINGS = 40


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "ENTITIES", 3)
    monkeypatch.setattr(cutting, "IDS", 4)


@dataclass
class Owner:
    """One worker that had the partition at some time; `committed` is what the group has taken from it."""

    owned: Owned
    committed: int = -1


@dataclass
class Topic:
    """The state topic, and who owns the partition."""

    plan: Plan
    records: list[StateRecord] = field(default_factory=list)
    owners: list[Owner] = field(default_factory=list)
    newest_head: int = -1  # offset of the newest head of an owner who was one at the time
    offsets: Iterator[int] = field(default_factory=count)

    def kept(self) -> dict[bytes, Candidates]:
        found: dict[bytes, Candidates] = {}
        for record in self.records:
            kept = choose(found.get(record.key), record)
            if kept is None:
                found.pop(record.key, None)
            else:
                found[record.key] = kept
        return found

    def recover(self) -> Owner:
        self.owners.append(Owner(restore(self.plan, PLACE, self.kept(), "id-1", 3_600_000)))
        return self.owners[-1]

    def append(self, key: bytes, value: bytes | None) -> None:
        self.records.append(StateRecord(0, next(self.offsets), key, value))

    def flush(self, owner: Owner, crash_after: int | None) -> bool:
        """As the keeper does: blocks and deletions, then the head, then the commit; False: not all of it."""
        owned = owner.owned
        head, gone = owned.pack(), owned.deletable(owner.committed)
        first = [*((key, None) for key in gone), *owned.unsent.items()]
        written = first if crash_after is None else first[:crash_after]
        for key, value in written:
            self.append(key, value)
            owned.unsent.pop(key, None)
        if len(written) < len(first) or crash_after == len(first):
            return False
        self.append(owned.key, head)
        if owner is self.owners[-1]:
            self.newest_head = self.records[-1].offset
            owner.committed = owned.state.next_offset
        return True

    def compact(self, upto: int) -> None:
        """Keeps of each key the newest record of what is not active: that never has the newest owner's last head."""
        old = [record for record in self.records if record.offset <= min(upto, self.newest_head)]
        newest = {record.key: record for record in old}
        self.records = [record for record in old if newest[record.key] is record and record.value is not None] + [
            record for record in self.records if record.offset > min(upto, self.newest_head)]


def read(owner: Owner, number: int) -> None:
    """Folds some more of the log."""
    first = owner.owned.state.next_offset
    places = range(first, min(first + number, LOG))
    things = [f"t{place * 7919 % THINGS}" for place in places]
    batch = probe.batch(first, [probe.event(place, thing=thing) for place, thing in zip(places, things, strict=True)])
    batch.keys = [thing.encode() for thing in things]
    fold(owner.owned.plan, owner.owned.state, batch)


steps = st.lists(st.one_of(
    st.tuples(st.just("read"), st.integers(1, 25), st.integers(0, 2)),
    st.tuples(st.just("flush"), st.none() | st.integers(0, 6), st.integers(0, 2)),
    st.tuples(st.just("flush"), st.none(), st.just(0)),
    st.tuples(st.just("recover"), st.just(0), st.just(0)),
    st.tuples(st.just("compact"), st.integers(0, 200), st.just(0)),
), max_size=40)


@given(steps)
@settings(max_examples=100, deadline=None)
def test_every_recovery_is_the_state_of_the_log_up_to_its_offset(way: list[tuple[str, int | None, int]]) -> None:
    topic = Topic(probe.plan())
    topic.recover()
    for what, number, back in way:
        owner = topic.owners[max(len(topic.owners) - 1 - back, 0)]
        match what:
            case "read":
                read(owner, number or 0)
            case "flush":
                topic.flush(owner, number)
            case "recover":
                committed = topic.owners[-1].committed
                assert topic.recover().owned.state.next_offset >= committed
                judge(topic)
            case _:
                topic.compact(number or 0)
    topic.recover()
    judge(topic)
    read(topic.owners[-1], LOG)
    judge(topic)


def judge(topic: Topic) -> None:
    """The newest state against the log counted anew."""
    plan, state = topic.plan, topic.owners[-1].owned.state
    fresh = Owner(restore(plan, PLACE, {}, "id-1", 3_600_000))
    read(fresh, state.next_offset)
    assert content(plan, state) == content(plan, fresh.owned.state)


def test_what_no_head_names_is_deleted_once_the_group_has_taken_a_commit_beyond() -> None:
    topic = Topic(probe.plan())
    first = topic.recover()
    for _ in range(5):
        read(first, 20)
        topic.flush(first, None)
    assert not topic.flush(first, 0)
    second = topic.recover()
    before = {record.key for record in topic.records}
    for _ in range(3):
        read(second, 6)
        topic.flush(second, None)
    there = {key for key in topic.kept() if key.startswith(f"{TOPIC}/0/".encode())}
    named = {f"{TOPIC}/0/{name}".encode() for name, _ in second.owned.state.blocks.references()}
    waiting = {key for _, key in second.owned.let_go}
    assert named <= there <= named | waiting
    assert len(before) > len(there)
