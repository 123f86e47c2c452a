"""A type in which every kind of node that the fast reader knows stands at least once."""

import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, TypeAdapter
from typing_extensions import TypedDict

STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


def nfc(text: str) -> str:
    """The text in its one form.

    Raises:
        ValueError: it would be too long.
    """
    if len(text) > 20:
        raise ValueError("too long")
    return unicodedata.normalize("NFC", text)


def spaced(text: str) -> str:
    """The text with a blank at its end: not the same before and after `strip`."""
    return f"{text} "


class Inside(TypedDict):
    """What stands inside of the whole."""

    __pydantic_config__ = STRICT  # type: ignore[misc]
    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{2,5}$")]
    whole: Annotated[int, Field(ge=-5, le=10**15)]
    open: NotRequired[Annotated[int, Field(gt=0, lt=100)]]
    broken: Annotated[float, Field(ge=0, le=1)]
    level: NotRequired[Annotated[float, Field(gt=-2.5, lt=100)]]
    yes: bool
    no: NotRequired[bool]
    any_number: NotRequired[float]
    any_whole: NotRequired[int]


class Toy(TypedDict):
    """The whole."""

    __pydantic_config__ = STRICT  # type: ignore[misc]
    version: Literal["1.0"]
    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/|@+-]{0,9}$")]
    unit: NotRequired[Annotated[str, StringConstraints(pattern=r"^([0-9]{2}|[0-9]{5})$")]]
    short: NotRequired[Annotated[str, StringConstraints(min_length=2, max_length=4)]]
    name: Annotated[str, AfterValidator(nfc)]
    said: NotRequired[
        Annotated[str, StringConstraints(max_length=12), AfterValidator(str.strip), AfterValidator(spaced)]
    ]
    kind: NotRequired[Literal["a", "bb", "ccc"]]
    data: Inside
    plain: NotRequired[str]


ADAPTER: TypeAdapter[Any] = TypeAdapter(Toy)
SCHEMA: Mapping[str, Any] = ADAPTER.core_schema
PARTS = ("unit", "kind", "id", "data", "said")
OFTEN = ("unit", "code")
EXAMPLE: Mapping[str, Any] = {
    "version": "1.0", "id": "A1", "unit": "02647", "short": "abc", "name": "S\u1eafc", "said": " x ", "kind": "bb",
    "data": {"code": "0264", "whole": 3, "open": 7, "broken": 0.5, "level": 1.25, "yes": True, "no": False,
             "any_number": 3, "any_whole": -7}, "plain": "p",
}  # fmt: skip
