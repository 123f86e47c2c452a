"""State to bytes and back: one versioned record per partition, compressed; no pickle, no marshal.

Layout: magic and version, length of the JSON part, JSON, packed ids; the whole compressed with zstd.
"""

from struct import Struct
from typing import Any

import cramjam
import orjson

from schemas.errors import SnapshotError
from streams.engine import memory as memories
from streams.engine import panes, quality
from streams.engine.plan import Plan
from streams.engine.state import Cells, Lane, Memory, SourceFigures, State
from streams.engine.watermark import reach

MAGIC = b"IOC"
VERSION = 2
_head = Struct("<3sBI")
_OPTIONS = orjson.OPT_NON_STR_KEYS


def dump(plan: Plan, state: State) -> bytes:
    """A state as compressed bytes; drops on the way what can never be asked for again."""
    for lane in state.lanes.values():
        _tidy(plan, lane)
    last, sweep_at, ids = state.duplicates.dump()
    body = {
        "topic": state.topic,
        "partition": state.partition,
        "topic_id": state.topic_id,
        "next_offset": state.next_offset,
        "version": state.version,
        "ids": [last, sweep_at],
        "lanes": {name: _pack(plan, lane) for name, lane in state.lanes.items()},
    }
    text = orjson.dumps(body, default=_plain, option=_OPTIONS)
    return bytes(cramjam.zstd.compress(_head.pack(MAGIC, VERSION, len(text)) + text + ids, level=1))


def load(plan: Plan, data: bytes, *, horizon_ms: int = 3_600_000) -> State:
    """The state in a snapshot.

    Raises:
        SnapshotError: the bytes are no snapshot, or one of a format this program does not know.
    """
    body, ids = _open(data)
    try:
        state = State(
            body["topic"],
            body["partition"],
            horizon_ms=horizon_ms,
            next_offset=body["next_offset"],
            topic_id=body["topic_id"],
        )
        state.version = body["version"]
        last, sweep_at = body["ids"]
        state.duplicates.load(last, sweep_at, ids)
        state.lanes = {name: _unpack(plan, packed) for name, packed in body["lanes"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SnapshotError(f"a snapshot lacks what format {VERSION} has: {error!r}") from error
    return state


def next_offset(data: bytes) -> tuple[str, int]:
    """(topic id, next offset) of a snapshot, to tell the newest.

    Raises:
        SnapshotError: as for `load`.
    """
    body, _ = _open(data)
    return body["topic_id"], body["next_offset"]


def _open(data: bytes) -> tuple[dict[str, Any], bytes]:
    try:
        raw = bytes(cramjam.zstd.decompress(data))
        magic, version, length = _head.unpack_from(raw)
        if magic != MAGIC:
            raise SnapshotError("a record of the state topic is no snapshot: who else writes there?")
        if version != VERSION:
            raise SnapshotError(f"a snapshot has format {version}, this program knows {VERSION}: upgrade or roll back")
        return orjson.loads(raw[_head.size : _head.size + length]), raw[_head.size + length :]
    except SnapshotError:
        raise
    except Exception as error:
        raise SnapshotError(f"a record of the state topic is no snapshot: {error}") from error


def _tidy(plan: Plan, lane: Lane) -> None:
    panes.forget(plan, lane)
    quality.forget(plan, lane)
    if plan.case is not None and lane.watermark is not None:
        gone = [name for name, memory in lane.entities.items() if memories.forgotten(plan, memory, lane.watermark)]
        for name in gone:
            del lane.entities[name]
            if lane.view is not None:
                lane.view.changed.add(name)


def _pack(plan: Plan, lane: Lane) -> dict[str, Any]:
    return {
        "watermark": lane.watermark,
        "present": lane.present,
        "arrival": lane.arrival,
        "heard": lane.heard,
        "cells": dict(zip(plan.fingerprints, lane.cells, strict=True)),
        "entities": lane.entities,
        "sources": lane.sources,
        "fates": lane.fates,
    }


def _unpack(plan: Plan, packed: dict[str, Any]) -> Lane:
    lane = Lane(plan)
    lane.watermark, lane.present = packed["watermark"], packed["present"]
    lane.arrival, lane.heard, lane.fates = packed["arrival"], packed["heard"], packed["fates"]
    lane.entities = {name: Memory.unpack(plain) for name, plain in packed["entities"].items()}
    lane.sources = {name: SourceFigures.unpack(plain) for name, plain in packed["sources"].items()}
    lane.cells = [_cells(packed["cells"].get(fingerprint, {})) for fingerprint in plan.fingerprints]
    if lane.watermark is not None:
        reach(plan, lane, lane.watermark)
    return lane


def _cells(packed: dict[str, dict[str, Any]]) -> Cells:
    return {labels: {int(pane): state for pane, state in cells.items()} for labels, cells in packed.items()}


def _plain(value: object) -> list[Any]:
    if isinstance(value, Memory | SourceFigures):
        return value.pack()
    raise TypeError(f"{type(value).__name__} has no place in a snapshot")
