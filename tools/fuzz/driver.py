"""What runs in the environment of atheris: `python -m tools.fuzz.driver <folder> <options of libFuzzer>`.

The folder holds seeds/ and takes findings/. A finding does not end the run: each is kept once, with the shortest input
that shows it.
"""

import sys
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # at run time these are imported where their branches are counted
    from tools.fuzz.target import Finding

MARKS: Final = 20_000
"""Answers that are told apart."""

MOST: Final = 5
"""Findings of one check that are kept, so that one fault in many places hides no other."""


def main(words: list[str]) -> None:
    """Fuzzes until libFuzzer ends the process."""
    import atheris  # noqa: PLC0415  # only its own environment has it

    with atheris.instrument_imports(include=["schemas"]):
        from tools.fuzz.wiring import steps, target  # noqa: PLC0415

        doors = target()  # the fast reader and the feeds are imported now
    folder = Path(words[0])
    kept, marks = Kept(folder / "findings"), Marks(atheris.instrument_func)
    changes = steps(doors, (path.read_bytes() for path in sorted((folder / "seeds").iterdir())))
    for door in doors.doors:
        door.wrap(atheris.instrument_func)

    def ask(data: bytes) -> None:
        door, answer, finding = doors.ask(data)
        for key in door.marks(answer):
            marks.reach((door.feed.name, *key))
        for pair in door.pairs(answer):
            marks.reach((door.feed.name, "pair", *pair), again=False)
        kept.asked += 1
        if finding is not None:
            kept.keep(finding, data)

    def change(data: bytes, most: int, seed: int) -> bytes:
        """Three times of four steps on the tree, else libFuzzer's own on the bytes."""
        made = changes[data[0] % len(changes)].changed(data[1:], seed) if data and seed % 4 else None
        return bytes(atheris.Mutate(data, most)) if made is None or len(made) >= most else data[:1] + made

    atheris.Setup([sys.argv[0], *words[1:]], ask, custom_mutator=change)
    atheris.Fuzz()


class Marks:
    """Lets libFuzzer see an answer as a branch: most of them are given in Rust and C, where none is counted."""

    def __init__(self, count: Callable[[Callable[[], None]], Callable[[], None]]) -> None:
        self._count, self._known = count, dict[tuple[str, ...], Callable[[], None]]()

    def reach(self, key: tuple[str, ...], *, again: bool = True) -> None:
        """Counts a branch that belongs to the key alone; one that is known only if `again`."""
        if key not in self._known:
            if len(self._known) >= MARKS:
                return
            self._known[key] = self._count(_branch())
        elif not again:
            return
        self._known[key]()


def _branch() -> Callable[[], None]:
    return lambda: None


class Kept:
    """The findings of a run, as files: the input, and beside it what is wrong with it."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._began = folder, time.monotonic()
        self._known: dict[tuple[str, str, str], tuple[int, str]] = {}
        self.asked = 0

    def keep(self, finding: "Finding", data: bytes) -> None:
        """Writes what is new, or shorter than what is known of the same."""
        key = (finding.feed, finding.check, finding.place)
        length, first = self._known.get(key, (0, ""))
        others = sum(check == finding.check for _, check, _ in self._known)
        if (first and len(data) >= length) or (not first and others >= MOST):
            return
        first = first or f"after {time.monotonic() - self._began:.1f} s and {self.asked:,} records"
        self._known[key] = len(data), first
        path = self._folder / f"{finding.check}-{finding.feed}-{sha256(repr(key).encode()).hexdigest()[:8]}"
        path.write_bytes(data)
        path.with_suffix(".txt").write_text(f"{finding.feed}: {finding.check} {finding.place}\nfirst {first}\n"
                                            f"{finding.story}\n", encoding="utf-8", errors="backslashreplace")


if __name__ == "__main__":
    main(sys.argv[1:])
