"""Dataclasses to JSON and back: everything in its type, nothing else."""

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_tests import record
from device_tests.errors import BundleError, HarnessError, ReportError


@dataclass(frozen=True)
class Inner:
    text: str
    maybe: Optional[float]  # noqa: UP045 -- as Python 3.9 needs it


@dataclass(frozen=True)
class Outer:
    number: int
    share: float
    flag: bool
    inner: Inner
    perhaps: Optional[Inner]  # noqa: UP045
    many: tuple[Inner, ...]
    ranks: tuple[int, ...]
    named: dict[str, tuple[int, ...]]


WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
INNERS = st.builds(Inner, WORDS, st.none() | FLOATS)
WHOLE = st.integers(-(2**63), 2**63 - 1)
NUMBERS = st.lists(WHOLE, max_size=3).map(tuple)
OUTERS = st.builds(
    Outer, WHOLE, FLOATS, st.booleans(), INNERS, st.none() | INNERS, st.lists(INNERS, max_size=3).map(tuple),
    NUMBERS, st.dictionaries(WORDS, NUMBERS, max_size=3),
)  # fmt: skip
GOOD = Outer(1, 0.5, True, Inner("a", None), None, (Inner("b", 1.5),), (3, 4), {"x": (1,)})


@given(value=OUTERS)
def test_what_is_written_is_read_back(value: Outer) -> None:
    assert record.from_json(Outer, record.parse(record.dumps(value), "x")) == value


@given(value=OUTERS)
def test_a_value_has_one_text(value: Outer) -> None:
    text = record.dumps(value)
    assert text == record.dumps(record.from_json(Outer, json.loads(text)))
    assert text.endswith("}\n")


def test_the_text_is_sorted_and_dense() -> None:
    assert record.dumps(Inner("é", 1.0)) == '{"maybe":1.0,"text":"é"}\n'


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_what_is_no_number_is_not_written(number: float) -> None:
    with pytest.raises(ValueError, match=r"not JSON compliant"):
        record.dumps(Inner("a", number))


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (("number",), 1.0, "it.number should be a whole number, not a number"),
        (("number",), True, "it.number should be a whole number, not true or false"),
        (("number",), None, "it.number should be a whole number, not null"),
        (("share",), "1", "it.share should be a number, not a string"),
        (("share",), True, "it.share should be a number, not true or false"),
        (("share",), 1 << 60, "it.share should be a number, not a whole number"),
        (("flag",), 1, "it.flag should be true or false, not a whole number"),
        (("inner",), [], "it.inner should be an object, not a list"),
        (("inner", "text"), "\ud800", "it.inner.text holds half a character"),
        (("perhaps",), 3, "it.perhaps should be an object, not a whole number"),
        (("many",), {}, "it.many should be a list, not an object"),
        (("many", 0, "maybe"), "", "it.many[0].maybe should be a number, not a string"),
        (("ranks", 1), "4", "it.ranks[1] should be a whole number, not a string"),
        (("ranks", 1), True, "it.ranks[1] should be a whole number, not true or false"),
        (("named", "x"), 1, "it.named.x should be a list, not a whole number"),
        (("named", "\udfff"), [], "it.named, in a key, holds half a character"),
        (("inner", "more"), 1, "it.inner has an unknown key 'more'"),
    ],
)
def test_a_wrong_value_is_refused_where_it_stands(path: tuple[str, ...], value: object, sentence: str) -> None:
    plain = record.to_json(GOOD)
    place = plain
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(BundleError) as refused:
        record.from_json(Outer, plain, "it", BundleError)
    assert str(refused.value) == sentence


@pytest.mark.parametrize("key", sorted(record.to_json(GOOD)))
def test_a_missing_key_is_refused(key: str) -> None:
    plain = record.to_json(GOOD)
    del plain[key]
    with pytest.raises(ReportError, match=rf"^it lacks key '{key}'$"):
        record.from_json(Outer, plain, "it", ReportError)


def test_a_whole_number_will_do_for_a_number() -> None:
    found = record.from_json(Inner, {"text": "", "maybe": 2})
    assert found.maybe == 2
    assert type(found.maybe) is float


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"a":1}{',
        '{"a":NaN}',
        '{"a":-Infinity}',
        '{"a":1,"a":2}',
        "[" * 100_000,
        "9" * 5000,
        b"\xff",
        b"\xef\xbb\xbf{}",
    ],
    ids=range(10),
)
def test_what_is_not_json_is_refused_in_one_sentence(text: str | bytes) -> None:
    with pytest.raises(ReportError, match=r"^r is not JSON: [^\n]+$"):
        record.parse(text, "r", ReportError)


def test_a_number_too_large_for_a_float_is_refused() -> None:
    with pytest.raises(HarnessError, match=r"manifest.maybe should be a finite number, not inf"):
        record.from_json(Inner, record.parse('{"text":"","maybe":1e999}', "r"))


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**400])
@pytest.mark.parametrize(
    ("key", "make"),
    [
        ("number", lambda number: number),
        ("ranks[1]", lambda number: (1, number)),
        ("named.x[0]", lambda number: (number,)),
    ],
)
def test_a_whole_number_beyond_64_bits_is_refused(number: int, key: str, make: Callable[[int], object]) -> None:
    name = re.split(r"[.[]", key, maxsplit=1)[0]
    value = {**record.to_json(GOOD), name: {"x": make(number)} if name == "named" else make(number)}
    with pytest.raises(HarnessError) as refused:
        record.from_json(Outer, json.loads(json.dumps(value)))
    assert str(refused.value).startswith(f"manifest.{key} should be a whole number of 64 bits, not one of ")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "9" * 5000, "1e999, 1", "[NaN]", '{"a":1,"a":2}'])
def test_json_that_no_writer_of_ours_makes_is_refused(text: str) -> None:
    with pytest.raises(HarnessError, match=r"^x is not JSON: [^\n]+$"):
        record.parse(text, "x")
