"""How who loads a large state tells that it gets on."""

from collections.abc import Callable

Told = Callable[[str, int, int], None]
"""told(what, done, of): so many of so many are done; what it raises ends the loading."""


def untold(what: str, done: int, of: int) -> None:
    """For whom nobody waits."""
