"""Each fault that a generator of readers may have is found by the fixed list alone, or the list proves nothing."""

import inspect
from types import ModuleType

import pytest

from schemas import fast, patterns
from tests.reader import toy
from tests.reader.agreement import Tally, first_difference
from tests.reader.documents import fixed

FAULTS = {
    "unknown fields are dropped": (fast, "forbid_unknown_fields=True", "forbid_unknown_fields=False"),
    "lax": (fast, "strict=True).decode", "strict=False).decode"),
    "no smallest length": (fast, '("min_length", "max_length")', '("max_length",)'),
    "no largest length": (fast, '("min_length", "max_length")', '("min_length",)'),
    "no upper bound": (fast, "in sorted(BOUNDS & node.keys())", 'in {"ge", "gt", "lt"} & node.keys()'),
    "bounds are inclusive": (fast, "{key: _bound(node[key], path)", '{key[0] + "e": _bound(node[key], path)'),
    "a line end after the pattern": (patterns, "re.compile(pattern[1:-1], re.ASCII).fullmatch",
                                     "re.compile(pattern, re.ASCII).match"),
    "digits of other scripts": (patterns, "pattern[1:-1], re.ASCII)", 'pattern[1:-1].replace("[0-9]", r"\\d"))'),
    "letters of other scripts": (patterns, "re.ASCII", "re.IGNORECASE"),
    "the pattern of a field that comes again": (fast, "known: set[str] = set()",
                                               'known: set[str] = globals().setdefault("shared", set())'),
    "the validator is not called": (fast, 'calls.insert(0, function["function"])', "pass"),
    "validators in the wrong order": (fast, "calls.insert(0, ", "calls.append("),
    "null for an absent field": (fast, "(each.name, each.kind, None)", "(each.name, each.kind | None, None)"),
    "whole numbers as broken ones": (fast, 'plain = int if name == "int" else float', "plain = float"),
    "any word in a closed set": (fast, 'return Literal[tuple(node["expected"])]', "return str"),
    "absent fields are there": (fast, "if ({name} := {value}) is not None: ", "{name} = {value}; "),
    "parts change places": (fast, "for name in taken)", "for name in sorted(taken))"),
    "every field may be absent": (fast, "if each.required else (each.name", "if False else (each.name"),
}  # fmt: skip


def mutant(module: ModuleType, old: str = "", new: str = "") -> ModuleType:
    """The module with a piece of its source replaced."""
    source = inspect.getsource(module)
    assert source.count(old) == 1 or not old, f"{old!r} stands {source.count(old)} times in {module.__name__}"
    made = ModuleType(module.__name__)
    exec(compile(source.replace(old, new) if old else source, f"<{module.__name__}, mutated>", "exec"), made.__dict__)
    return made


def found(made: ModuleType, tally: Tally) -> str:
    """What the fixed list says of a generator."""
    reader = made.compiled(toy.SCHEMA, toy.PARTS, toy.OFTEN)
    documents, validate = fixed(toy.EXAMPLE, toy.SCHEMA), toy.ADAPTER.validator.validate_json
    return first_difference(reader.parts, reader.whole, validate, toy.PARTS, documents, tally)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_by_the_fixed_list(name: str) -> None:
    module, old, new = FAULTS[name]
    made = mutant(fast, old, new) if module is fast else mutant(fast)
    if module is patterns:
        made.__dict__["patterns"] = mutant(patterns, old, new)

    assert found(made, Tally())


def test_no_fault_is_found_where_there_is_none() -> None:
    tally = Tally()
    assert not found(mutant(fast), tally)
    assert tally.both > 2000
    assert tally.left < tally.both
