"""Fields of Faust's records that its library has not: a choice of words, digits."""

from collections.abc import Iterable
from typing import Any

from faust.models.fields import StringField


class Choice(StringField):  # type: ignore[misc]  # Faust ships no types
    """One of a few words."""

    def __init__(self, *words: str, **options: Any) -> None:
        self.words = words
        super().__init__(**{"max_length": 64, **options})

    def to_python(self, value: Any) -> Any:
        """As it came."""
        return value

    def validate(self, value: Any) -> Iterable[Exception]:
        """What is wrong with it."""
        if value not in self.words:
            yield self.validation_error(f"{self.field} is none of {self.words}")

    def clone(self, **options: Any) -> Any:
        """The same for a subclass of the record."""
        return type(self)(*self.words, **{**self.as_dict(), **options})


class Digits(StringField):  # type: ignore[misc]
    """Milliseconds since the epoch, as text."""

    def validate(self, value: Any) -> Iterable[Exception]:
        """What is wrong with it."""
        yield from super().validate(value)
        if not (value.isascii() and value.isdigit()):
            yield self.validation_error(f"{self.field} is no number")
