"""The second reader of JSON: msgspec, generated from what pydantic itself compiled a type to.

It may refuse what pydantic accepts, never the reverse, and what it accepts it reads to equal values. So it knows every
node of pydantic's core schema and every key of it by a list; anything else is `NotCovered`, and pydantic reads that
feed alone. The core schema is no stable interface: both libraries must have the version this was proven with.
"""

import keyword
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import takewhile
from operator import attrgetter
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec
import pydantic_core

from schemas import patterns

PROVEN: Final = {"pydantic-core": "2.50.5", "msgspec": "0.22.0"}
INSTALLED: Final = {"pydantic-core": pydantic_core.__version__, "msgspec": msgspec.__version__}

KNOWN_MOST: Final = 10_000
"""Texts that are remembered as good, per field of which it is told that its values come again."""
KNOWN_LONGEST: Final = 128

CONFIG: Final[Mapping[str, Any]] = {"strict": True, "extra_fields_behavior": "forbid", "allow_inf_nan": False}
BOUNDS: Final = frozenset({"ge", "gt", "le", "lt"})
KEYS: Final[Mapping[str, frozenset[str]]] = {
    "typed-dict": frozenset({"cls", "computed_fields", "config", "extra_behavior", "fields", "ref"}),
    "typed-dict-field": frozenset({"required", "schema"}),
    "str": frozenset({"strict", "min_length", "max_length", "pattern"}),
    "int": frozenset({"strict"}) | BOUNDS,
    "float": frozenset({"strict", "allow_inf_nan"}) | BOUNDS,
    "bool": frozenset({"strict"}),
    "literal": frozenset({"expected"}),
    "function-after": frozenset({"function", "schema"}),
}
"""What is understood of each node; `type` is everywhere, and so is `metadata`, unseen by pydantic's validator."""

EXACT: Final = 1 << 53
"""Up to here every whole number is the same as an int and as a float."""


class NotCovered(Exception):
    """The type says something this reader does not know; tells what and where."""


class Refusal(ValueError):
    """A text that is not as its pattern says."""


class Fast(NamedTuple):
    """A generated reader; its functions raise anything at all for what they do not accept.

    Attributes:
        parts: the fields asked for, in their order, None for one that is absent; for the hot path.
        columns: the same of many values, field by field; None where parts are as fast.
        whole: everything, as pydantic would give it.
    """

    parts: Callable[[bytes], tuple[Any, ...]]
    whole: Callable[[bytes], dict[str, Any]]
    columns: Callable[[Sequence[bytes]], list[list[Any]]] | None


class _Field(NamedTuple):
    """A field, and what msgspec does not look at: its pattern, the functions it goes through, the fields inside."""

    name: str
    required: bool
    kind: Any
    match: Callable[[str], object] | None = None
    calls: tuple[Callable[[Any], Any], ...] = ()
    inner: "_Struct | None" = None


class _Struct(NamedTuple):
    kind: Any
    fields: tuple[_Field, ...]


def compiled(schema: Mapping[str, Any], taken: tuple[str, ...] = (), often: Collection[str] = ()) -> Fast:
    """A reader of what a core schema describes.

    `taken` are the fields of the whole that `parts` gives; `often` are fields whose values come again and again.

    Raises:
        NotCovered: the schema says something unknown here, or the libraries are not those this was proven with.
    """
    if INSTALLED != PROVEN:
        raise NotCovered(f"proven with {PROVEN}, installed are {INSTALLED}")
    struct = _struct(schema, "")
    names = {name for name, *_ in struct.fields}
    if lost := set(taken) - names:
        raise NotCovered(f"there is no {sorted(lost)}")
    decode = msgspec.json.Decoder(struct.kind, strict=True).decode
    read, whole = (_Writer(decode, often).function(struct, asked) for asked in (taken, None))
    return Fast(read, whole, _columns(decode, struct, taken))


def _columns(
    decode: Callable[[bytes], Any], struct: _Struct, taken: tuple[str, ...]
) -> Callable[[Sequence[bytes]], list[list[Any]]] | None:
    """What reads many values without a line of Python for each; None if there is something that msgspec cannot check.

    Objects that the garbage collector does not follow, made all at once, wake it less than tuples do.
    """
    if any(field.inner or field.match or field.calls for field in struct.fields):
        return None
    fields = [attrgetter(name) for name in taken]

    def columns(values: Sequence[bytes]) -> list[list[Any]]:
        found = list(map(decode, values))
        return [list(map(field, found)) for field in fields]

    return columns


def _struct(node: Mapping[str, Any], path: str) -> _Struct:
    """What msgspec reads a typed-dict into: strict, closed to unknown fields, absent ones None."""
    _known(node, "typed-dict", path)
    config = {key: value for key, value in node.get("config", {}).items() if key != "title"}
    if config != CONFIG or node.get("extra_behavior", "forbid") != "forbid" or node.get("computed_fields"):
        raise NotCovered(f"{path or '/'}: settings {config}, known are {dict(CONFIG)}")
    fields = tuple(_field(name, field, f"{path}/{name}") for name, field in node["fields"].items())
    made = [(each.name, each.kind) if each.required else (each.name, each.kind, None) for each in fields]
    return _Struct(
        msgspec.defstruct("Read", made, kw_only=True, forbid_unknown_fields=True, gc=False),
        fields,
    )


def _field(name: str, node: Mapping[str, Any], path: str) -> _Field:
    _known(node, "typed-dict-field", path)
    if not name.isidentifier() or not name.isascii() or keyword.iskeyword(name) or name.startswith("_"):
        raise NotCovered(f"{path}: the name is no plain identifier")
    required, inner = node.get("required", True), node["schema"]
    calls: list[Callable[[Any], Any]] = []
    while inner["type"] == "function-after":
        _known(inner, "function-after", path)
        function = inner["function"]
        if set(function) != {"type", "function"} or function["type"] != "no-info":
            raise NotCovered(f"{path}: a validator that asks for more than the value")
        calls.insert(0, function["function"])
        inner = inner["schema"]
    if calls and inner["type"] != "str":
        raise NotCovered(f"{path}: a validator of something that is not text")
    if inner["type"] == "typed-dict":
        if not required:
            raise NotCovered(f"{path}: an object that may be absent")
        struct = _struct(inner, path)
        return _Field(name, required, struct.kind, inner=struct)
    return _Field(name, required, _kind(inner, path), _match(inner, path), tuple(calls))


def _kind(node: Mapping[str, Any], path: str) -> Any:
    """The type msgspec checks a plain value against."""
    name = node["type"]
    _known(node, name, path)
    if node.get("strict", True) is not True or node.get("allow_inf_nan", False) is not False:
        raise NotCovered(f"{path}: not strict, or numbers that are not finite")
    match name:
        case "str":
            limits: dict[str, Any] = {key: node[key] for key in ("min_length", "max_length") if key in node}
            return Annotated[str, msgspec.Meta(**limits)] if limits else str
        case "bool":
            return bool
        case "int" | "float":
            bounds: dict[str, Any] = {key: _bound(node[key], path) for key in sorted(BOUNDS & node.keys())}
            plain = int if name == "int" else float
            if plain is int and any(type(bound) is not int for bound in bounds.values()):
                raise NotCovered(f"{path}: a whole number with a broken bound")
            return Annotated[plain, msgspec.Meta(**bounds)] if bounds else plain
        case "literal" if node["expected"] and all(type(value) is str for value in node["expected"]):
            return Literal[tuple(node["expected"])]
    raise NotCovered(f"{path}: {name} is not known here")


def _bound(value: Any, path: str) -> int | float:
    if type(value) not in {int, float} or not math.isfinite(value) or abs(value) > EXACT:
        raise NotCovered(f"{path}: a bound of {value!r}")
    return value  # type: ignore[no-any-return]


def _match(node: Mapping[str, Any], path: str) -> Callable[[str], object] | None:
    if "pattern" not in node:
        return None
    found = patterns.whole(node["pattern"]) if isinstance(node["pattern"], str) else None
    if found is None:
        raise NotCovered(f"{path}: the pattern {node['pattern']!r} is beyond what both engines surely agree on")
    return found


def _known(node: Mapping[str, Any], name: str, path: str) -> None:
    if node["type"] != name or name not in KEYS:
        raise NotCovered(f"{path or '/'}: {node['type']} is not known here")
    if strange := node.keys() - KEYS[name] - {"type", "metadata"}:
        raise NotCovered(f"{path or '/'}: {name} with {sorted(strange)}")


class _Seen(NamedTuple):
    """A field whose value was checked: the expression that gives it, and the fields inside."""

    name: str
    required: bool
    value: str
    inner: "tuple[_Seen, ...] | None"


class _Writer:
    """Writes a function of a reader as Python: straight lines instead of loops over the declaration."""

    def __init__(self, decode: Callable[[bytes], Any], often: Collection[str]) -> None:
        self._often = often
        self._names: dict[str, Any] = {"decode": decode, "Refusal": Refusal}
        self._lines = ["def read(value):", "it = decode(value)"]

    def function(self, struct: _Struct, taken: tuple[str, ...] | None = None) -> Callable[[bytes], Any]:
        """What reads a value: to a tuple of the fields taken, or to a dict of all."""
        seen = self._look(struct, "it")
        if taken is None:
            answer = self._dict(seen)
        else:
            by_name = {each.name: each for each in seen}
            answer = "".join(f"{self._value(by_name[name])}, " for name in taken)
        source = "\n ".join([*self._lines, f"return {answer}"])
        exec(compile(source, "<fast reader>", "exec"), self._names)  # noqa: S102  # of checked identifiers only
        read: Callable[[bytes], Any] = self._names["read"]
        return read

    def _look(self, struct: _Struct, it: str) -> tuple[_Seen, ...]:
        """Check what msgspec did not."""
        return tuple(self._checked(field, f"{it}.{field.name}") for field in struct.fields)

    def _checked(self, field: _Field, value: str) -> _Seen:
        if field.inner is None and field.match is None and not field.calls:
            return _Seen(field.name, field.required, value, None)
        name = self._new()
        self._lines.append(f"{name} = {value}")
        if field.inner is not None:
            return _Seen(field.name, field.required, name, self._look(field.inner, name))
        there = "" if field.required else f"{name} is not None and "
        if field.match is not None and field.name in self._often:
            known, learn = _remembering(field.match)
            self._lines.append(f"if {there}{name} not in {self._new(known)}: {self._new(learn)}({name})")
        elif field.match is not None:
            self._lines.append(f"if {there}not {self._new(field.match)}({name}): raise Refusal")
        if field.calls:
            called = name
            for call in field.calls:
                called = f"{self._new(call)}({called})"
            self._lines += [f"if {there}True:", f" {name} = {called}", f" if {name} is None: raise Refusal"]
        return _Seen(field.name, field.required, name, None)

    def _dict(self, seen: tuple[_Seen, ...]) -> str:
        """Put values into a dict in the order of the declaration, as pydantic does, without the absent ones."""
        values = [(each, self._value(each)) for each in seen]
        first = list(takewhile(lambda each: each[0].required, values))
        made = self._new()
        self._lines.append(f"{made} = {{{', '.join(f'{each.name!r}: {value}' for each, value in first)}}}")
        for each, value in values[len(first) :]:
            name = self._new()
            there = "" if each.required else f"if ({name} := {value}) is not None: "
            self._lines.append(f"{there}{made}[{each.name!r}] = {value if each.required else name}")
        return made

    def _value(self, seen: _Seen) -> str:
        return seen.value if seen.inner is None else self._dict(seen.inner)

    def _new(self, constant: object = None) -> str:
        """A new name, of a constant or of a value."""
        name = f"_{len(self._names)}"
        self._names[name] = constant
        return name


def _remembering(match: Callable[[str], object]) -> tuple[set[str], Callable[[str], None]]:
    """Texts that are known to match, and what learns another one or refuses it."""
    known: set[str] = set()

    def learn(text: str) -> None:
        if not match(text):
            raise Refusal
        if len(known) >= KNOWN_MOST:
            known.clear()
        if len(text) <= KNOWN_LONGEST:
            known.add(text)

    return known, learn
