"""Ids seen lately: which records repeat one that was read within the horizon of log-append time.

Judged exactly per record; sweeping forgotten ids away is housekeeping and never decides. Ids are kept as 64-bit hashes
of (provenance, source, id), beside the append stamp and 32 bits of a hash of the body.
"""

from array import array
from collections.abc import Iterable, Mapping
from itertools import islice

from xxhash import xxh3_64_intdigest

_LOW = 0xFFFFFFFF


class Duplicates:
    """The map of one partition: hash of the id -> append stamp modulo 2^32 ms (49 days), hash of the body.

    Attributes:
        fresh: the notes that no block has, in the order in which their ids came.
    """

    __slots__ = ("_asked", "_horizon", "_last", "_seen", "_sweep_at", "fresh")

    def __init__(self, horizon_ms: int) -> None:
        self._horizon = horizon_ms
        self._seen: dict[int, int] = {}
        self._last = 0
        self._sweep_at = 0
        self._asked: list[tuple[int, int | None]] = []
        self.fresh: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._seen)

    def ask(
        self, identities: Iterable[bytes], bodies: Iterable[bytes], appends: Iterable[int]
    ) -> list[bool | None]:
        """Note records. Of each, None: new; True: a repeat with the same body; False: its id has another body.

        Append stamps never go back within a partition; one that does is taken for the newest.
        """
        found: list[bool | None] = []
        seen, horizon, last, sweep_at = self._seen, self._horizon, self._last, self._sweep_at
        answer, fresh, asked = found.append, self.fresh, self._asked.append
        hashed = map(xxh3_64_intdigest, identities), map(xxh3_64_intdigest, bodies)
        for key, body, arrival in zip(*hashed, appends, strict=True):
            append = arrival
            if append < last:
                append = last
            if append >= sweep_at or append - last > horizon:
                self._last = last
                self._sweep(append)
                seen, sweep_at, fresh = self._seen, self._sweep_at, self.fresh
            last = append
            now = (append & _LOW) << 32 | body & _LOW
            before = seen.get(key)
            seen[key] = fresh[key] = now
            asked((key, before))
            if before is None or ((now >> 32) - (before >> 32)) & _LOW > horizon:
                answer(None)
            else:
                answer(not (before ^ now) & _LOW)
        self._last = last
        return found

    def settle(self) -> None:
        """What was noted so far stays."""
        self._asked.clear()

    def undo(self, number: int) -> None:
        """Take back so many of the newest notes: their records could not be folded and may be sent again."""
        for _ in range(number):
            key, before = self._asked.pop()
            if before is None:
                self._seen.pop(key, None)
                self.fresh.pop(key, None)
            else:
                self._seen[key] = self.fresh[key] = before

    def _sweep(self, append: int) -> None:
        """Forget what is older than the horizon; also keeps stamps apart that differ by 2^32 ms."""
        if append - self._last > self._horizon:
            self._seen.clear()
        else:
            low, horizon = append & _LOW, self._horizon
            self._seen = {key: note for key, note in self._seen.items() if (low - (note >> 32)) & _LOW <= horizon}
        self.fresh = {key: note for key, note in self.fresh.items() if key in self._seen}
        self._sweep_at = append + max(self._horizon // 4, 1000)

    @property
    def newest(self) -> int:
        """The newest append stamp."""
        return self._last

    def is_past(self, append: int) -> bool:
        """Whether nothing noted at that stamp can be asked for any more."""
        return self._last - append > self._horizon

    def dump(self) -> tuple[int, int, bytes]:
        """(newest append stamp, next sweep, keys and notes as little-endian 64-bit numbers)."""
        return self._last, self._sweep_at, _packed(self._seen)

    def dump_fresh(self) -> tuple[int, int, bytes]:
        """As `dump`, without what blocks have."""
        return self._last, self._sweep_at, _packed(self.fresh)

    def cut(self, number: int) -> bytes:
        """Keys and notes of so many fresh ids, the first noted first; they are fresh no more."""
        chosen = dict(islice(self.fresh.items(), number))
        for key in chosen:
            del self.fresh[key]
        return _packed(chosen)

    def load(self, last: int, sweep_at: int, packed: bytes) -> None:
        """Take back what `dump` gave, over what blocks gave."""
        notes = _unpacked(packed)
        self._seen.update(notes)
        self.fresh = notes
        self._last, self._sweep_at = last, sweep_at

    def lay(self, packed: bytes) -> None:
        """Take what a block has over what earlier ones gave."""
        self._seen.update(_unpacked(packed))


def _packed(notes: Mapping[int, int]) -> bytes:
    return array("Q", notes.keys()).tobytes() + array("Q", notes.values()).tobytes()


def _unpacked(packed: bytes) -> dict[int, int]:
    numbers = array("Q", packed)
    half = len(numbers) // 2
    return dict(zip(numbers[:half], numbers[half:], strict=True))
