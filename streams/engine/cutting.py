"""State too large to be written each second: what did not change since it was last written is not written again.

A state is a head and, once it is large, blocks. What was touched last (`Lane.fresh`, `Duplicates.fresh`) stands in the
head. When that is more than two blocks full, the part touched longest ago is cut off as a block, which never changes.
A later block wins over an earlier one, and the head over all. Of entities a block less than half of which still counts
is emptied: the rest becomes fresh again. A block of ids goes when all its ids are past the horizon. So a second costs
what was touched in it, two blocks at most, and a constant part of what was touched before; never the number of cases.

A small state never fills two blocks and stays one record.
"""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from xxhash import xxh3_64_intdigest

from schemas.errors import SnapshotError
from streams.engine.blocks import Block, Reference
from streams.engine.progress import Told
from streams.engine.sealed import seal, unseal
from streams.engine.state import Lane, Memory, State

VERSION = 1
ENTITIES = 1000
IDS = 2048
EMPTIED = 2
"""Blocks of entities that are emptied at a time at most."""


class Cut(NamedTuple):
    """What is new: bytes of blocks by name, and the names of blocks that count no more."""

    made: dict[str, bytes]
    dropped: list[str]


def cut(state: State) -> Cut:
    """Cuts off what the head has too much of, and drops what counts no more."""
    made: dict[str, bytes] = {}
    for name, lane in state.lanes.items():
        while len(lane.fresh) > 2 * ENTITIES:
            _cut_entities(state, name, lane, made)
    while len(state.duplicates.fresh) > 2 * IDS:
        ids = state.duplicates.cut(IDS)
        _add(state, made, None, {}, ids, state.duplicates.newest)
    return Cut(made, _drop(state))


def _cut_entities(state: State, name: str, lane: Lane, made: dict[str, bytes]) -> None:
    chosen = list(islice(lane.fresh, ENTITIES))
    lane.fresh = dict.fromkeys(islice(lane.fresh, ENTITIES, None))
    entities = {each: lane.entities[each] for each in chosen if each in lane.entities}
    number = _add(state, made, name, entities, b"", 0)
    for memory in entities.values():
        state.blocks.leave(memory.home)
        memory.home = number


def _add(state: State, made: dict[str, bytes], lane: str | None, entities: dict[str, Memory], ids: bytes,
         newest: int) -> int:
    name = state.blocks.next_name()
    body = {"block": name, "topic": state.topic, "partition": state.partition, "lane": lane, "newest": newest,
            "entities": entities}
    value = made[name] = seal(VERSION, body, ids)
    reference = Reference(name, xxh3_64_intdigest(value))
    return state.blocks.add(Block(reference, lane, list(entities), len(entities), newest, len(value)))


def _drop(state: State) -> list[str]:
    listed, dropped, emptied = state.blocks.listed, [], 0
    for number, block in list(listed.items()):
        if block.lane is None:
            if not state.duplicates.is_past(block.newest):
                continue
        elif block.live > 0:
            if 2 * block.live >= len(block.names) or emptied == EMPTIED:
                continue
            emptied += 1
            _empty(state.lanes[block.lane], number, block)
        dropped.append(block.reference.name)
        del listed[number]
    return dropped


def _empty(lane: Lane, number: int, block: Block) -> None:
    """What still counts of a block becomes fresh again."""
    for name in block.names:
        memory = lane.entities.get(name)
        if memory is not None and memory.home == number:
            lane.fresh.setdefault(name)


def lay(state: State, references: Sequence[Reference], found: Mapping[str, bytes], told: Told) -> None:
    """Lays the blocks of a head over a state that has its lanes, but no entities and ids yet; tells of each.

    Raises:
        SnapshotError: a block is missing, is not the one that the head names, or cannot be read.
    """
    missing = lacking(references, found)
    if missing:
        raise SnapshotError(f"{len(missing)} of {len(references)} blocks of the snapshot are missing or not those its "
                            f"head names, among them {missing[0]}")
    for done, reference in enumerate(references, 1):
        value = found[reference.name]
        body, ids = unseal(value, (VERSION,))
        try:
            _lay(state, reference, body, ids, len(value))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise SnapshotError(f"a block of a snapshot lacks what its format has: {error!r}") from error
        told("blocks", done, len(references))


def _lay(state: State, reference: Reference, body: dict[str, Any], ids: bytes, size: int) -> None:
    if (body["block"], body["topic"], body["partition"]) != (reference.name, state.topic, state.partition):
        raise SnapshotError(f"the block {reference.name} says that it is another one")
    packed, lane = body["entities"], body["lane"]
    number = state.blocks.add(Block(reference, lane, list(packed), len(packed), body["newest"], size))
    if lane is None:
        state.duplicates.lay(ids)
        return
    for name, plain in packed.items():
        enter(state, state.lanes[lane], name, plain).home = number


def enter(state: State, lane: Lane, name: str, plain: list[Any]) -> Memory:
    """An entity as plain data, in place of what an earlier block had of it."""
    before = lane.entities.get(name)
    if before is not None:
        state.blocks.leave(before.home)
    memory = lane.entities[name] = Memory.unpack(plain)
    return memory


def lacking(references: Sequence[Reference], found: Mapping[str, bytes]) -> list[str]:
    """The blocks that are not there as their head names them."""
    return [name for name, digest in references if name not in found or xxh3_64_intdigest(found[name]) != digest]
