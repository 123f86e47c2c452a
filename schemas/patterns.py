"""Regular expressions that mean the same to Rust's engine, which pydantic uses, and to Python's.

Anchored at both ends, ASCII only, no class but plain lists and ranges: far less than either can do, and all that a
code, an id or an address of ours needs. And few ways to match a text, because Python's engine may try them all.
"""

import re
from collections.abc import Callable
from typing import Final

WAYS_MOST: Final = 100_000
WAYS_ENDLESS: Final = 10_000
"""What a repetition without an end counts as: one there may be, and little beside it."""

_MEMBER = r"(?:[A-Za-z]-[A-Za-z]|[0-9]-[0-9]|[A-Za-z0-9 ._:/|@+,=#%])"
_TOKENS = re.compile(
    rf"(?P<atom>\[{_MEMBER}+-?\]|[A-Za-z0-9 _:/@,=#%-]|\\\.)|(?P<open>\()|(?P<close>\))|(?P<either>\|)|(?P<maybe>\?)"
    r"|(?P<endless>[*+]|\{[0-9]{1,3},\})|(?P<times>\{(?P<least>[0-9]{1,3})(?:,(?P<most>[0-9]{1,3}))?\})"
)
_AFTER: Final = {"maybe": {"atom", "close"}, "endless": {"atom"}, "times": {"atom"}}
"""What may be repeated: never a group, in which something may be repeated already."""


def whole(pattern: str) -> Callable[[str], object] | None:
    """What tells whether a text is all of the pattern; None if the two engines might not agree on it, or take long."""
    if not (pattern.startswith("^") and pattern.endswith("$") and _plain(pattern[1:-1])):
        return None
    try:
        return re.compile(pattern[1:-1], re.ASCII).fullmatch
    except re.error:
        return None


def _plain(body: str) -> bool:
    """Whether a pattern between its anchors is made of known parts only, and matches in few ways."""
    place, depth, before, ways = 0, 0, "open", 1
    while place < len(body):
        token = _TOKENS.match(body, place)
        if token is None:
            return False
        kind = str(token.lastgroup)
        depth += (kind == "open") - (kind == "close")
        if depth < 0 or before not in _AFTER.get(kind, {before}) or (kind == "either" and not depth):
            return False
        match kind:
            case "either" | "maybe":
                ways *= 2
            case "endless":
                ways *= WAYS_ENDLESS
            case "times":
                ways *= int(token["most"] or token["least"]) - int(token["least"]) + 1
        place, before = token.end(), kind
    return depth == 0 and ways <= WAYS_MOST
