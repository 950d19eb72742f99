import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgerec.gate.baseline import (
    Accepted,
    Baseline,
    BaselineError,
    Figure,
    StoredTensor,
    dumps,
    loads,
    name_of,
    read,
    write,
)

SIZE = Figure("app_bytes", "", 430_080, (), "read from the file", "", "ab" * 32)
P50 = Figure("p50", "Cortex-A72, 4 cores", 2_000_000, (1_900_000, 2_100_000), "measured", "pi.json", "ab" * 32)
ACCEPTED = Accepted((SIZE, P50), (StoredTensor("items/table", "INT8", (2415, 64), 154_560),))
BASELINE = Baseline(bundles={"demo/gru.edgerec": ACCEPTED})

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
FIGURES = st.builds(
    lambda measurer, amount, around: replace(P50, measurer=measurer, amount=amount, interval=(amount - around, amount)),
    TEXTS,
    st.integers(100, 10**9) | st.floats(100, 1e9),
    st.integers(0, 100),
)
SHAPES = st.lists(st.integers(0, 99), max_size=3).map(tuple)
TENSORS = st.builds(StoredTensor, TEXTS, TEXTS, SHAPES, st.integers(0, 1 << 40))
BASELINES = st.dictionaries(
    TEXTS,
    st.builds(
        Accepted,
        st.lists(FIGURES, max_size=3, unique_by=lambda one: one.key).map(tuple),
        st.lists(TENSORS, max_size=3).map(tuple),
    ),
    max_size=3,
)


@settings(deadline=None)
@given(BASELINES)
def test_what_is_written_is_read_back_and_written_the_same(bundles: dict[str, Accepted]) -> None:
    text = dumps(Baseline(bundles=bundles))
    again = loads(text)
    assert dumps(again) == text
    assert {path: set(one.figures) for path, one in again.bundles.items()} == {
        path: set(one.figures) for path, one in bundles.items()
    }


def test_it_has_one_figure_and_one_tensor_a_line_in_a_fixed_order_and_no_date() -> None:
    text = dumps(BASELINE)
    other = Baseline(bundles={"demo/gru.edgerec": replace(ACCEPTED, figures=(P50, SIZE))})
    assert dumps(other) == text
    assert json.loads(text)["version"] == 1
    lines = text.splitlines()
    assert lines[5].strip().startswith('{"name": "app_bytes", "measurer": "", "amount": 430080, ')
    assert lines[9].strip() == '{"name": "items/table", "dtype": "INT8", "shape": [2415, 64], "size_bytes": 154560}'


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('"version": 1', '"version": 2', "has version 2, from a newer edgerec"),
        ('"version": 1', '"version": "1"', "should have the version 1 and bundles"),
        ('"amount": 430080', '"amount": "big"', "amount should be a number"),
        ('"amount": 430080', '"amount": -1', "app_bytes should be at least 0"),
        ('"amount": 430080', '"amount": 1e999', "finite number"),
        ("[1900000, 2100000]", "[2100000, 2200000]", "p50 should be at least 0 and lie in its interval"),
        ("[1900000, 2100000]", "[1900000]", "two bounds or none"),
        ('"p50"', '"app_bytes"', "no limit"),
        ('"app_bytes"', '"flex"', "'flex' is no limit with an amount"),
        ("ab" * 32, "AB" * 32, "64 hexadecimal digits"),
        ('"size_bytes": 154560', '"size_bytes": -1', "0 bytes or more"),
        ('"size_bytes": 154560', f'"size_bytes": {10**400}', "0 bytes or more"),
        ('"amount": 430080', '"amount": 1e300', "lie in its interval"),
        ('"amount": 430080', '"amount": 5e-324', "app_bytes should be 0 or at least 1e-09"),
        ("}\n", "", "is not JSON"),
        ('"measurer"', '"mesurer"', "key"),
    ],
)
def test_what_is_no_baseline_is_refused_in_one_sentence(old: str, new: str, sentence: str) -> None:
    text = dumps(BASELINE).replace(old, new)
    if sentence == "no limit":
        text, sentence = text.replace('"Cortex-A72, 4 cores"', '""'), "a figure stands there twice"
    with pytest.raises(BaselineError, match=sentence) as refused:
        loads(text, "b.json")
    assert str(refused.value).startswith("b.json")
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_an_empty_baseline_and_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    assert read(path).bundles == {}
    write(path, BASELINE)
    assert dumps(read(path)) == dumps(BASELINE)


def test_a_bundle_is_named_from_the_folder_of_the_baseline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert name_of(tmp_path / "app" / "demo" / "gru.edgerec", tmp_path / "app" / "b.json") == "demo/gru.edgerec"
    monkeypatch.chdir(tmp_path)
    assert name_of(Path("gru.edgerec"), Path("ci/b.json")) == "../gru.edgerec"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
PLACES = (
    "bundles",
    "demo/gru.edgerec",
    "figures",
    "tensors",
    0,
    1,
    "amount",
    "interval",
    "shape",
    "size_bytes",
    "name",
)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.sampled_from(PLACES), max_size=5), JSON)
def test_whatever_stands_in_a_baseline_it_is_read_or_refused(places: list[str | int], value: object) -> None:
    root: dict[Any, Any] = {"": json.loads(dumps(BASELINE))}
    holder, at = root, ""
    for place in places:
        inner = holder[at]
        if (isinstance(inner, dict) and place in inner) or (isinstance(inner, list) and place in range(len(inner))):
            holder, at = inner, place
    holder[at] = value
    with suppress(BaselineError):
        read_back = loads(json.dumps(root[""]), "b.json")
        assert loads(dumps(read_back)) == read_back
