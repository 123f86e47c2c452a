"""What the generator does not surely know it refuses, with the place and the reason; pydantic reads that feed alone."""

import copy
import datetime as dt
import sys
import types
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, NotRequired

import pydantic
import pytest
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    TypeAdapter,
    ValidationInfo,
    WrapValidator,
)
from typing_extensions import TypedDict

import schemas
from schemas import fast, patterns
from schemas.reader import MISSING, Reader
from tests.reader import toy
from tests.reader.documents import encode


class Colour(Enum):
    RED = "red"


def informed(value: str, info: ValidationInfo) -> str:
    return value


def same(value: Any) -> Any:
    return value


def typed(kind: Any, config: ConfigDict = toy.STRICT) -> Any:
    """A closed type with one field."""
    return closed({"field": kind}, config)


def closed(fields: dict[str, Any], config: ConfigDict = toy.STRICT) -> Any:
    """A typed dict, closed to what it does not name."""
    made: Any = types.new_class("Made", (TypedDict,), {}, lambda names: names.update(__annotations__=fields))
    made.__pydantic_config__ = config
    return made


def compiled(kind: Any) -> fast.Fast:
    return fast.compiled(TypeAdapter(kind).core_schema)


UNKNOWN: dict[str, Any] = {
    "alias": Annotated[str, Field(alias="other")],
    "default": Annotated[str, Field(default="x")],
    "union": int | str,
    "or null": str | None,
    "list": list[str],
    "dict": dict[str, str],
    "before": Annotated[str, BeforeValidator(same)],
    "wrap": Annotated[str, WrapValidator(lambda value, handler: handler(value))],
    "plain": Annotated[str, PlainValidator(same)],
    "after, with info": Annotated[str, AfterValidator(informed)],
    "after, not on text": Annotated[int, AfterValidator(same)],
    "after, inside of before": Annotated[str, BeforeValidator(same), AfterValidator(same)],
    "strip": Annotated[str, StringConstraints(strip_whitespace=True)],
    "lower": Annotated[str, StringConstraints(to_lower=True)],
    "upper": Annotated[str, StringConstraints(to_upper=True)],
    "number literal": Literal[1, 2],
    "true literal": Literal[True],
    "mixed literal": Literal["a", 1],
    "enum": Colour,
    "decimal": Decimal,
    "moment": AwareDatetime,
    "date": dt.date,
    "bytes": bytes,
    "any": Any,
    "none": None,
    "steps": Annotated[int, Field(multiple_of=5)],
    "bound beyond 2^53": Annotated[int, Field(le=2**53 + 1)],
    "lax text": Annotated[str, Field(strict=False)],
    "lax number": Annotated[int, Field(strict=False)],
    "infinite": Annotated[float, Field(allow_inf_nan=True)],
    "infinite bound": Annotated[float, Field(le=float("inf"))],
    "pattern beyond the subset": Annotated[str, StringConstraints(pattern=r"^\d+$")],
    "object that may be absent": NotRequired[typed(str)],
    "object of a looser kind": typed(str, ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)),
}


@pytest.mark.parametrize("kind", UNKNOWN)
def test_what_it_does_not_know_it_refuses_with_the_place(kind: str) -> None:
    with pytest.raises(fast.NotCovered, match=r"^/field"):
        compiled(typed(UNKNOWN[kind]))


@pytest.mark.parametrize("change", [
    {"strict": False}, {"extra": "ignore"}, {"extra": "allow"}, {"allow_inf_nan": True}, {"str_strip_whitespace": True},
    {"str_to_lower": True}, {"str_max_length": 3}, {"coerce_numbers_to_str": True}, {"regex_engine": "python-re"},
    {"val_json_bytes": "hex"}, {"cache_strings": False},
])  # fmt: skip
def test_settings_that_it_was_not_proven_with_it_refuses(change: ConfigDict) -> None:
    with pytest.raises(fast.NotCovered, match=r"^/: (settings|typed-dict)"):
        compiled(typed(str, {**toy.STRICT, **change}))


@pytest.mark.parametrize("name", ["class", "a-b", "_a", "a b", "", "1a", "\u1ea1", "None"])
def test_a_name_that_is_no_plain_identifier_it_refuses(name: str) -> None:
    with pytest.raises(fast.NotCovered, match="no plain identifier"):
        compiled(closed({name: str}))


class Model(pydantic.BaseModel):
    model_config = toy.STRICT
    field: str


class Branch(TypedDict):
    __pydantic_config__ = toy.STRICT  # type: ignore[misc]
    twig: NotRequired["Branch"]


@pytest.mark.parametrize("kind", [Model, Branch, str, list[toy.Toy], pydantic.Json[toy.Toy]])
def test_what_is_no_closed_typed_dict_it_refuses(kind: Any) -> None:
    with pytest.raises(fast.NotCovered):
        compiled(kind)


def nodes(schema: Any) -> list[dict[str, Any]]:
    """Every node of a core schema."""
    inside = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    found = [node for each in inside for node in nodes(each)]
    return [schema, *found] if isinstance(schema, dict) and isinstance(schema.get("type"), str) else found


def test_a_key_that_a_later_pydantic_adds_to_any_node_it_refuses() -> None:
    plain = fast.compiled(toy.SCHEMA)
    assert plain.whole(encode(toy.EXAMPLE))
    kinds = {node["type"] for node in nodes(toy.SCHEMA)} - {"no-info"}
    assert kinds == set(fast.KEYS)
    for number, node in enumerate(nodes(toy.SCHEMA)):
        changed: Any = copy.deepcopy(toy.SCHEMA)
        nodes(changed)[number]["later"] = 1
        with pytest.raises(fast.NotCovered):
            fast.compiled(changed)
        changed = copy.deepcopy(toy.SCHEMA)
        nodes(changed)[number]["type"] = "later"
        with pytest.raises(fast.NotCovered):
            fast.compiled(changed)
        assert node["type"]


def test_other_versions_than_those_it_was_proven_with_it_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    assert fast.INSTALLED == fast.PROVEN
    monkeypatch.setattr(fast, "INSTALLED", {**fast.PROVEN, "msgspec": "0.23.0"})
    with pytest.raises(fast.NotCovered, match=r"installed are .*0\.23\.0"):
        fast.compiled(toy.SCHEMA)


def test_a_part_that_there_is_not_it_refuses() -> None:
    with pytest.raises(fast.NotCovered, match="colour"):
        fast.compiled(toy.SCHEMA, ("id", "colour"))


def test_a_validator_that_makes_nothing_of_a_text_is_not_taken_for_its_absence() -> None:
    reader = compiled(typed(NotRequired[Annotated[str, AfterValidator(lambda text: None)]]))
    assert reader.whole(b"{}") == {}
    with pytest.raises(fast.Refusal):
        reader.whole(b'{"field": "a"}')


@pytest.mark.parametrize("pattern", [
    r"^[A-Za-z0-9][A-Za-z0-9._:/|@+-]{0,63}$", r"^//[a-z0-9][a-z0-9./_-]{0,126}$", "^[0-9]{1,18}$", "^a$", "^(a|b)c?$",
    "^([0-9]{2}|[0-9]{3}|[0-9]{5})$", "^[A-Za-z0-9 ._-]+$", r"^a\.b$", "^[0-9a-f]{12}$", "^a{3}b{2,}$",
])  # fmt: skip
def test_patterns_that_both_engines_take_alike_are_known(pattern: str) -> None:
    assert patterns.whole(pattern) is not None


@pytest.mark.parametrize("pattern", [
    "a", "^a", "a$", r"^\d$", r"^\w$", r"^\s$", "^.$", "^[^a]$", "^[a&&b]$", "^[a--b]$", "^[a~~b]$", "^a|b$", "^(?i)a$",
    "^(?:a)$", "^(?=a)a$", "^a*?$", "^a++$", "^a**$", "^(a)\\1$", "^a{2}{3}$", "^\\p{L}$", "^[[:alpha:]]$", "^\u1ea1$",
    "^[\u1ea1]$", "^(a$", "^a)$", "^[a$", "^*a$", "^(*a)$", "^a$b$", "^^a$", "^a{,3}$", "^\\x41$", "^[\\d]$", "^[z-a]$",
    "^a{3,1}$", "^a\n$", "^[]a]$", "^\\Z$", "^a\\$", "^(|a)$|b$", "",
])  # fmt: skip
def test_patterns_that_the_engines_may_take_differently_are_not(pattern: str) -> None:
    assert patterns.whole(pattern) is None


@pytest.mark.parametrize("pattern", [
    "^(a+)+$", "^(a|a)+$", "^(a|ab){20}$", "^a*a*$", "^[a-z]{1,400}[a-z]{1,400}$", "^" + "a?" * 20 + "a{20}$",
    "^" + "(a|a)" * 20 + "$",
])  # fmt: skip
def test_patterns_over_which_python_may_sit_for_long_are_not(pattern: str) -> None:
    assert patterns.whole(pattern) is None


def test_a_pattern_is_the_whole_of_the_text() -> None:
    match: Callable[[str], object] | None = patterns.whole("^[0-9]{2}$")
    assert match is not None
    assert match("12")
    for text in ("12\n", "123", " 12", "\u0661\u0662", ""):
        assert not match(text)


def test_without_msgspec_pydantic_reads_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(schemas, "fast")
    monkeypatch.delitem(sys.modules, "schemas.fast")
    monkeypatch.setitem(sys.modules, "msgspec", None)

    reader = Reader("toy", toy.Toy, toy.PARTS)

    assert reader.why == MISSING
    assert reader.read(encode(toy.EXAMPLE))[2] == "A1"
    assert (reader.fast, reader.judged, reader.trying) == (0, 1, False)
