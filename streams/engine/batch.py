"""The records of one partition from one fetch: what the transport hands over and the engine folds."""

from dataclasses import dataclass


@dataclass(slots=True)
class Batch:
    """Records of one partition; covers every offset in [first, next_offset), also those that compaction removed.

    The four lists are parallel, one entry a record. `timestamps` are the broker's append stamps in milliseconds since
    the epoch (topics use LogAppendTime); a value of None is a tombstone.
    """

    topic: str
    partition: int
    first: int
    next_offset: int
    offsets: list[int]
    timestamps: list[int]
    keys: list[bytes | None]
    values: list[bytes | None]

    def __len__(self) -> int:
        return len(self.values)

    def part(self, since: int, until: int) -> "Batch":
        """The records from one place to before another; what it covers ends where the next part begins."""
        places = slice(since, until)
        return Batch(self.topic, self.partition, self._border(since), self._border(until), self.offsets[places],
                     self.timestamps[places], self.keys[places], self.values[places])

    def _border(self, place: int) -> int:
        if not place:
            return self.first
        return self.offsets[place] if place < len(self.offsets) else self.next_offset

    def let_go(self) -> None:
        """Keep only what the batch covers: folded, it waits for its snapshot, and its records must not wait along."""
        self.offsets, self.timestamps, self.keys, self.values = [], [], [], []
