"""Steps on the tree of a record, to what bytes changed at random hardly ever come to: JSON still, and odd."""

import json
from collections.abc import Callable
from random import Random
from typing import Any, Final

from tools.fuzz.words import ODD, Place, Words, at

STEPS: Final = (1, 1, 2, 2, 3, 4)
MANY: Final = (1, 2, 20, 500)
FLOOD: Final = (10, 1000, 40_000)
LETTERS: Final = ("a", "0", "-", "Z", "%", " ", "\n", "\0", "\u0301", "\u0661", "\u1eaf", "\u212a", "\U0001f600",
                  "\ud800", "a" * 64)

Tree = dict[str, Any]


class Steps:
    """Changes records of one feed; what is drawn comes from the seed that libFuzzer gives for each."""

    def __init__(self, words: Words) -> None:
        self._words, self._places = words, tuple(words)
        self._raw: list[tuple[str, bytes]] = []
        self._kinds: tuple[Callable[[Random, Tree, Place], None], ...] = (
            *[self._say] * 5, *[self._drop] * 3, *[self._letters] * 2, self._odd, self._twice, self._other,
            self._strange, self._flood)

    def changed(self, value: bytes, seed: int) -> bytes | None:
        """The record with one to four things otherwise; None if it is no JSON object."""
        try:
            tree = json.loads(value)
        except (ValueError, RecursionError):
            return None
        if not isinstance(tree, dict):
            return None
        random, self._raw = Random(seed), []
        for _ in range(random.choice(STEPS)):
            random.choice(self._kinds)(random, tree, random.choice(self._places))
        text = json.dumps(tree, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
        for mark, raw in self._raw:
            text = text.replace(f'"{mark}"'.encode(), raw, 1)
        return text

    def _put(self, tree: Tree, place: Place, raw: bytes) -> None:
        """Lets a field say a text, which need not be JSON; an object on the way is made if there is none."""
        mark = f"@@{len(self._raw)}@@"
        self._raw.append((mark, raw))
        for name in place[:-1]:
            if not isinstance(tree.get(name), dict):
                tree[name] = {}
            tree = tree[name]
        tree[place[-1]] = mark

    def _say(self, random: Random, tree: Tree, place: Place) -> None:
        self._put(tree, place, random.choice(self._words[place] or ODD))

    def _odd(self, random: Random, tree: Tree, place: Place) -> None:
        self._put(tree, place, random.choice(ODD))

    def _drop(self, random: Random, tree: Tree, place: Place) -> None:
        """Beside the field is one less, perhaps this one."""
        above = at(tree, place[:-1])
        if isinstance(above, dict) and above:
            del above[random.choice(tuple(above))]

    def _twice(self, random: Random, tree: Tree, place: Place) -> None:
        """The same name two times; the last counts."""
        one, other = (random.choice((*self._words[place], *ODD)) for _ in range(2))
        self._put(tree, place, one + b"," + json.dumps(place[-1]).encode() + b":" + other)

    def _other(self, random: Random, tree: Tree, place: Place) -> None:
        """What another field may say."""
        self._put(tree, place, random.choice(self._words[random.choice(self._places)] or ODD))

    def _strange(self, random: Random, tree: Tree, place: Place) -> None:
        """Names that nobody knows, beside the field."""
        above = at(tree, place[:-1])
        if isinstance(above, dict):
            above.update((f"{random.choice(LETTERS)}{number or ''}", random.choice((0, None, [], "x")))
                         for number in range(random.choice(MANY)))

    def _flood(self, random: Random, tree: Tree, place: Place) -> None:
        """The same thing very often after the field: a name, or a value that opens or ends something."""
        more = random.choice((b',"":0', b',"' + random.choice(ODD) + b'":{}', b",{}", b" ", b"0", b"[", b"]"))
        self._put(tree, place, random.choice((b"0", b"[0", b'""')) + more * random.choice(FLOOD))

    def _letters(self, random: Random, tree: Tree, place: Place) -> None:
        """A letter more in a text, or a number beside the number."""
        said = at(tree, place)
        if isinstance(said, str):
            cut = random.randrange(len(said) + 1)
            said = said[:cut] + random.choice(LETTERS) + said[cut + random.randrange(2):]
        elif isinstance(said, int | float):
            said = said * random.choice((-1, 1, 2, 10, 10**9)) + random.choice((-1, 0, 1))
        else:
            return
        at(tree, place[:-1])[place[-1]] = said
