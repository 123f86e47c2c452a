"""State to bytes and back: one record per partition, and blocks beside it once it is large (`cutting.py`).

A record without blocks has format 2, one that names blocks format 3: a program that knows no blocks refuses what it
would understand by half.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from schemas.errors import SnapshotError
from streams.engine import cutting, panes, quality
from streams.engine import memory as memories
from streams.engine.blocks import Reference
from streams.engine.plan import Plan
from streams.engine.progress import Told, untold
from streams.engine.sealed import seal, unseal
from streams.engine.state import Cells, Lane, Memory, SourceFigures, State
from streams.engine.watermark import reach

WHOLE = 2
HEAD = 3
SWEEPS = 64
"""How often forgotten cases are looked for while a case is kept, if there are many."""


class Written(NamedTuple):
    """A state to be written: new blocks by name first, the head when they are safe. `dropped`: blocks not in it."""

    head: bytes
    made: dict[str, bytes]
    dropped: list[str]


def dump(plan: Plan, state: State) -> bytes:
    """A state as one record, however large; drops on the way what can never be asked for again."""
    for lane in state.lanes.values():
        _tidy(plan, lane)
        _sweep(plan, state, lane)
    entities = {name: lane.entities for name, lane in state.lanes.items()}
    return _record(plan, state, entities, state.duplicates.dump(), [])


def write(plan: Plan, state: State) -> Written:
    """A state as a head and the blocks made for it; one record as by `dump` as long as it is small."""
    for lane in state.lanes.values():
        _tidy(plan, lane)
        if len(lane.entities) <= 2 * cutting.ENTITIES or (lane.watermark or 0) - lane.swept >= plan.kept_ms // SWEEPS:
            _sweep(plan, state, lane)
    made, dropped = cutting.cut(state)
    references = state.blocks.references()
    if references:
        entities, ids = {name: _fresh(lane) for name, lane in state.lanes.items()}, state.duplicates.dump_fresh()
    else:
        entities, ids = {name: lane.entities for name, lane in state.lanes.items()}, state.duplicates.dump()
    return Written(_record(plan, state, entities, ids, references), made, dropped)


def _fresh(lane: Lane) -> dict[str, Memory]:
    return {name: lane.entities[name] for name in lane.fresh if name in lane.entities}


def _record(plan: Plan, state: State, entities: Mapping[str, Mapping[str, Memory]], ids: tuple[int, int, bytes],
            references: list[Reference]) -> bytes:
    last, sweep_at, packed = ids
    body = {
        "topic": state.topic,
        "partition": state.partition,
        "topic_id": state.topic_id,
        "next_offset": state.next_offset,
        "version": state.version,
        "ids": [last, sweep_at],
        "lanes": {name: _pack(plan, lane, entities[name]) for name, lane in state.lanes.items()},
    }
    if references:
        body["blocks"] = [list(each) for each in references]
    return seal(HEAD if references else WHOLE, body, packed)


def load(plan: Plan, data: bytes, blocks: Mapping[str, bytes] | None = None, *, horizon_ms: int = 3_600_000,
         told: Told = untold) -> State:
    """The state in a snapshot; `blocks`: the bytes of those it names.

    Raises:
        SnapshotError: the bytes are no snapshot, or one of a format this program does not know, or a block is missing.
    """
    body, ids = unseal(data, (WHOLE, HEAD))
    try:
        state = State(
            body["topic"],
            body["partition"],
            horizon_ms=horizon_ms,
            next_offset=body["next_offset"],
            topic_id=body["topic_id"],
        )
        state.version = body["version"]
        state.lanes = {name: _unpack(plan, packed) for name, packed in body["lanes"].items()}
        cutting.lay(state, _references(body), blocks or {}, told)
        for name, packed in body["lanes"].items():
            lane = state.lanes[name]
            for entity, plain in packed["entities"].items():
                cutting.enter(state, lane, entity, plain)
            lane.fresh = dict.fromkeys(packed["entities"])
        last, sweep_at = body["ids"]
        state.duplicates.load(last, sweep_at, ids)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SnapshotError(f"a snapshot lacks what its format has: {error!r}") from error
    return state


def missing(data: bytes, blocks: Mapping[str, bytes]) -> list[str]:
    """The blocks that a snapshot names and that are not there as it names them.

    Raises:
        SnapshotError: as for `load`.
    """
    return cutting.lacking(_references(unseal(data, (WHOLE, HEAD))[0]), blocks)


def _references(body: Mapping[str, Any]) -> list[Reference]:
    return [Reference(*each) for each in body.get("blocks", ())]


def _tidy(plan: Plan, lane: Lane) -> None:
    panes.forget(plan, lane)
    quality.forget(plan, lane)


def _sweep(plan: Plan, state: State, lane: Lane) -> None:
    """Cases forgotten by now go."""
    if plan.case is None or lane.watermark is None:
        return
    lane.swept = lane.watermark
    gone = [name for name, memory in lane.entities.items() if memories.forgotten(plan, memory, lane.watermark)]
    for name in gone:
        state.blocks.leave(lane.entities.pop(name).home)
        if lane.view is not None:
            lane.view.changed.add(name)


def _pack(plan: Plan, lane: Lane, entities: Mapping[str, Memory]) -> dict[str, Any]:
    return {
        "watermark": lane.watermark,
        "present": lane.present,
        "arrival": lane.arrival,
        "heard": lane.heard,
        "cells": dict(zip(plan.fingerprints, lane.cells, strict=True)),
        "entities": entities,
        "sources": lane.sources,
        "fates": lane.fates,
    }


def _unpack(plan: Plan, packed: dict[str, Any]) -> Lane:
    lane = Lane(plan)
    lane.watermark, lane.present = packed["watermark"], packed["present"]
    lane.arrival, lane.heard, lane.fates = packed["arrival"], packed["heard"], packed["fates"]
    lane.sources = {name: SourceFigures.unpack(plain) for name, plain in packed["sources"].items()}
    lane.cells = [_cells(packed["cells"].get(fingerprint, {})) for fingerprint in plan.fingerprints]
    if lane.watermark is not None:
        reach(plan, lane, lane.watermark)
    return lane


def _cells(packed: dict[str, dict[str, Any]]) -> Cells:
    return {labels: {int(pane): state for pane, state in cells.items()} for labels, cells in packed.items()}
