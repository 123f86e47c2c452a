"""What is known of the blocks of a state: what they have, and how much of it still counts. How: `cutting.py`."""

from dataclasses import dataclass
from typing import NamedTuple


class Reference(NamedTuple):
    """How a head names a block: its name, and the digest of its bytes."""

    name: str
    digest: int


@dataclass(slots=True, eq=False)
class Block:
    """A written block.

    Attributes:
        lane: whose entities it has; None for ids.
        names: of its entities; `live`: how many of them stand nowhere later.
        newest: append stamp of the newest of its ids.
        size: bytes.
    """

    reference: Reference
    lane: str | None
    names: list[str]
    live: int
    newest: int
    size: int


class Blocks:
    """The blocks that a state consists of beside its head, by number, oldest first.

    Attributes:
        writer: stands in the names of the blocks made here; whoever writes must have a name nobody had before.
    """

    __slots__ = ("last", "listed", "writer")

    def __init__(self) -> None:
        self.writer = ""
        self.last = 0
        self.listed: dict[int, Block] = {}

    @property
    def size(self) -> int:
        """Bytes of all blocks."""
        return sum(block.size for block in self.listed.values())

    def next_name(self) -> str:
        """The name of the next block made here."""
        return f"{self.writer}/{self.last + 1}"

    def add(self, block: Block) -> int:
        """List a block; answers its number."""
        self.last += 1
        self.listed[self.last] = block
        return self.last

    def leave(self, number: int) -> None:
        """An entity counts no more in the block of this number (0: it was in none)."""
        block = self.listed.get(number)
        if block is not None:
            block.live -= 1

    def references(self) -> list[Reference]:
        """The blocks that belong to the state, oldest first."""
        return [block.reference for block in self.listed.values()]
