"""What "the readers agree" means: the fast one may refuse, but what it accepts pydantic accepts, as the same values."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError


@dataclass
class Tally:
    """How many documents there were, and which of the readers took them."""

    documents: int = 0
    both: int = 0
    left: int = 0


Parts = Callable[[bytes], tuple[Any, ...]]
Whole = Callable[[bytes], Mapping[str, Any]]


def difference(parts: Parts, whole: Whole, validate: Whole, taken: tuple[str, ...], value: bytes, tally: Tally) -> str:
    """Where the readers differ, "" if they do not."""
    tally.documents += 1
    try:
        judged = validate(value)
    except ValidationError:
        judged = None
    found = [_try(parts, value), _try(whole, value)]
    if found == [None, None]:
        tally.left += judged is not None
        return ""
    if judged is None:
        return f"pydantic refuses, the fast reader accepts {value!r} as {found}"
    wanted = tuple(map(judged.get, taken))
    if not (same(found[0], wanted) and same(found[1], judged)):
        return f"values differ: {value!r} is {judged}, the fast reader has {found}"
    tally.both += 1
    return ""


def _try(read: Callable[[bytes], Any], value: bytes) -> Any:
    try:
        return read(value)
    except Exception:  # noqa: BLE001  # a refusal may have any form
        return None


def same(one: Any, other: Any) -> bool:
    """Equal in type, order of keys and representation, all the way down."""
    if type(one) is not type(other) or repr(one) != repr(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    return not isinstance(one, tuple) or all(map(same, one, other))


def first_difference(parts: Parts, whole: Whole, validate: Whole, taken: tuple[str, ...], values: Iterable[bytes],
                     tally: Tally) -> str:
    """The first document on which the readers differ, "" if there is none."""
    return next(filter(None, (difference(parts, whole, validate, taken, value, tally) for value in values)), "")
