"""What a type hint says: its annotations, and the type without them."""

from typing import Annotated, Any, NotRequired, get_args, get_origin


def marks(hint: Any) -> tuple[Any, ...]:
    """The annotations of a type, those of an outer Annotated last."""
    if get_origin(hint) is NotRequired:
        return marks(get_args(hint)[0])
    if get_origin(hint) is Annotated:
        inner, *own = get_args(hint)
        return (*marks(inner), *own)
    return ()


def bare(hint: Any) -> Any:
    """A type without NotRequired and annotations."""
    while get_origin(hint) in (NotRequired, Annotated):
        hint = get_args(hint)[0]
    return hint
