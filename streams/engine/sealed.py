"""A part of a state as bytes: versioned, compressed; no pickle, no marshal.

Layout: magic and version, length of the JSON part, JSON, packed ids; the whole compressed with zstd.
"""

from struct import Struct
from typing import Any

import cramjam
import orjson

from schemas.errors import SnapshotError
from streams.engine.state import Memory, SourceFigures

MAGIC = b"IOC"
_head = Struct("<3sBI")
_OPTIONS = orjson.OPT_NON_STR_KEYS


def seal(version: int, body: dict[str, Any], ids: bytes) -> bytes:
    """The bytes of a part."""
    text = orjson.dumps(body, default=_plain, option=_OPTIONS)
    return bytes(cramjam.zstd.compress(_head.pack(MAGIC, version, len(text)) + text + ids, level=1))


def unseal(data: bytes, versions: tuple[int, ...]) -> tuple[dict[str, Any], bytes]:
    """The JSON and the ids of a part.

    Raises:
        SnapshotError: the bytes are no such part, or one of a format this program does not know.
    """
    try:
        raw = bytes(cramjam.zstd.decompress(data))
        magic, version, length = _head.unpack_from(raw)
        if magic != MAGIC:
            raise SnapshotError("a record of the state topic is no snapshot: who else writes there?")
        if version not in versions:
            known = " and ".join(map(str, versions))
            raise SnapshotError(f"a snapshot has format {version}, this program knows {known}: upgrade or roll back")
        return orjson.loads(raw[_head.size : _head.size + length]), raw[_head.size + length :]
    except SnapshotError:
        raise
    except Exception as error:
        raise SnapshotError(f"a record of the state topic is no snapshot: {error}") from error


def _plain(value: object) -> list[Any]:
    if isinstance(value, Memory | SourceFigures):
        return value.pack()
    raise TypeError(f"{type(value).__name__} has no place in a snapshot")
