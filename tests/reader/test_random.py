"""Random events of every registered feed, with one or two odd things each: the net for what nobody thought of.

What is found here becomes a token of the fixed list.
"""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.decode import PARTS
from schemas.feed import Feed
from tests.reader.agreement import Tally, difference
from tests.reader.documents import encode, inner
from tests.reader.test_fixed import every_feed, reader_of
from tests.reader.tokens import TOKENS

EXAMPLES = 300
TIMES = st.sampled_from(["2026-01-05T08:00:00+07:00", "2026-01-05T01:00:00.123Z", "2026-01-05"])


def values(node: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """What a node of the core schema takes."""
    node = inner(node)
    match node["type"]:
        case "typed-dict":
            fields = {name: values(field["schema"]) for name, field in node["fields"].items()}
            required = {name for name, field in node["fields"].items() if field["required"]}
            return st.fixed_dictionaries(
                {name: each for name, each in fields.items() if name in required},
                optional={name: each for name, each in fields.items() if name not in required},
            )
        case "literal":
            return st.sampled_from(node["expected"])
        case "str" if "pattern" in node:
            return st.from_regex(node["pattern"], fullmatch=True)
        case "str":
            return TIMES | st.text(min_size=node.get("min_length", 0), max_size=min(node.get("max_length", 40), 200))
        case "int":
            low, high = node.get("ge", node.get("gt")), node.get("le", node.get("lt"))
            return st.integers(low, high)
        case "float":
            low, high = node.get("ge", node.get("gt")), node.get("le", node.get("lt"))
            return st.floats(low, high, allow_nan=False, allow_infinity=False) | st.integers(low, high)
        case "bool":
            return st.booleans()
    raise AssertionError(f"{node['type']} is not known here")


JSON = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just([1])


@st.composite
def edited(draw: st.DrawFn, schema: Mapping[str, Any]) -> bytes:
    """An event with none, one or two odd things."""
    event = draw(values(schema))
    odd: list[tuple[str, bytes]] = []
    for _ in range(draw(st.integers(0, 2))):
        inside = [each for each in (event, *event.values()) if isinstance(each, dict)]
        target = draw(st.sampled_from(inside))
        match draw(st.sampled_from(["token", "value", "absent", "more", "bytes"])):
            case "token":
                odd.append((f"@{len(odd)}@", draw(st.sampled_from(TOKENS))))
                target[draw(st.sampled_from(sorted(target)))] = odd[-1][0]
            case "value":
                target[draw(st.sampled_from(sorted(target)))] = draw(JSON)
            case "absent":
                target.pop(draw(st.sampled_from(sorted(target))))
            case "more":
                target[draw(st.text(max_size=8))] = draw(JSON)
            case "bytes":
                odd.append((draw(st.sampled_from(sorted(target))), draw(st.binary(max_size=3))))
        if not isinstance(event, dict) or not all(isinstance(each, dict) and each for each in inside):
            break
    text = json.dumps(event, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    for mark, piece in odd:
        text = text.replace(encode(mark), piece, 1)
    return text


@every_feed
def test_no_random_document_is_read_differently(feed: Feed) -> None:
    reader, tally = reader_of(feed), Tally()

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(edited(reader.schema))
    def agree(value: bytes) -> None:
        assert not difference(reader._parts, reader._whole, reader.validate, PARTS, value, tally)

    agree()
    assert tally.documents >= EXAMPLES
    assert tally.both > EXAMPLES / 3, f"too few were taken by both for the test to prove anything: {tally}"


def test_the_strategies_make_what_pydantic_takes() -> None:
    with pytest.raises(AssertionError, match="not known"):
        values({"type": "later"})
