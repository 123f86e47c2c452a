"""Regular expressions that mean the same to Rust's engine, which pydantic uses, and to Python's.

Anchored at both ends, ASCII only, no class but plain lists and ranges, no repetition of a repetition: far less than
either can do, and all that a code, an id or an address of ours needs.
"""

import re
from collections.abc import Callable

_MEMBER = r"(?:[A-Za-z]-[A-Za-z]|[0-9]-[0-9]|[A-Za-z0-9 ._:/|@+,=#%])"
_TOKENS = re.compile(
    rf"(?P<atom>\[{_MEMBER}+-?\]|[A-Za-z0-9 _:/@,=#%-]|\\\.)|(?P<open>\()|(?P<close>\))|(?P<either>\|)"
    r"|(?P<times>[?*+]|\{[0-9]{1,3}(?:,[0-9]{0,3})?\})"
)


def whole(pattern: str) -> Callable[[str], object] | None:
    """What tells whether a text is all of the pattern; None if the two engines might not agree on it."""
    if not (pattern.startswith("^") and pattern.endswith("$") and _plain(pattern[1:-1])):
        return None
    try:
        return re.compile(pattern[1:-1], re.ASCII).fullmatch
    except re.error:
        return None


def _plain(body: str) -> bool:
    """Whether a pattern between its anchors is made of known parts only."""
    place, depth, before = 0, 0, "open"
    while place < len(body):
        token = _TOKENS.match(body, place)
        if token is None:
            return False
        kind = str(token.lastgroup)
        depth += (kind == "open") - (kind == "close")
        if depth < 0 or (kind == "times" and before not in {"atom", "close"}) or (kind == "either" and not depth):
            return False
        place, before = token.end(), kind
    return depth == 0
