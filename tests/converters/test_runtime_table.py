import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters import runtime_table, schema
from converters.errors import TableError
from converters.op_versions import OLDEST_RUNTIME
from converters.runtime_table import KERNELS, OUTCOMES, Answer, RuntimeTable, known_runtimes, parse, tables_of, to_json
from converters.weight_use import WeightUse
from edgerec.targets import environment

VERSIONS = st.frozensets(st.integers(1, 20), min_size=1)
USES = st.builds(
    WeightUse,
    op=st.sampled_from(schema.OPERATORS),
    dtype=st.sampled_from(schema.TENSOR_TYPES),
    granularity=st.sampled_from(("none", "tensor", "row", "block32")),
    layout=st.sampled_from(("dense", "sparse")),
    reads=st.just("FLOAT32"),
    makes=st.just("FLOAT32"),
    asymmetric=st.booleans(),
)
ANSWERS = st.dictionaries(
    st.integers(1, 20), st.builds(Answer, st.sampled_from(OUTCOMES), st.text(max_size=5)), min_size=1
)
TABLES = st.builds(
    RuntimeTable,
    runtime=st.just("a==1.2.3"),
    platform=st.text(max_size=9),
    date=st.just("2026-11-25"),
    asked_versions=st.just(20),
    ops=st.dictionaries(st.sampled_from(schema.OPERATORS), VERSIONS, max_size=4),
    weights=st.dictionaries(USES, st.dictionaries(st.sampled_from(KERNELS), ANSWERS, min_size=1), max_size=3),
)


@given(TABLES)
def test_a_table_is_the_same_after_it_was_written_and_read(table: RuntimeTable) -> None:
    assert parse(to_json(table).encode(), "t.json") == table


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=3), lambda one: st.lists(one, max_size=3))
)
def test_what_is_no_table_is_refused_in_one_sentence(plain: object) -> None:
    with pytest.raises(TableError, match=r"^t\.json is no table of a runtime .*--probe\.$"):
        parse(json.dumps(plain).encode(), "t.json")


@pytest.mark.parametrize("versions", ["1-99999999", "0", "3-1", "x"])
def test_versions_that_are_none_are_refused(versions: str) -> None:
    plain = {
        "runtime": "a",
        "platform": "b",
        "date": "c",
        "asked_versions": 20,
        "ops": {"ADD": versions},
        "weights": [],
    }
    with pytest.raises(TableError):
        parse(json.dumps(plain).encode(), "t.json")


@pytest.mark.parametrize(
    "wrong",
    [
        b'"asked_versions": Infinity',
        b'"ops": []',
        b'"weights": [{}]',
        b'"weights": [[]]',
        b'"runtime": 1',
        b"\xff",
        b"[" * 9999,
    ],
)
def test_a_table_with_one_thing_wrong_is_refused(wrong: bytes) -> None:
    head = b'{"runtime": "a", "platform": "b", "date": "c", "asked_versions": 20, "ops": {}, "weights": [], '
    with pytest.raises(TableError, match="is no table of a runtime"):
        parse(head + wrong + b"}", "t.json")


def test_every_runtime_that_edgerec_has_a_lock_of_has_a_table() -> None:
    assert set(known_runtimes()) == {str(pin) for pin in environment.known()}
    for runtime in known_runtimes():
        for table in tables_of(runtime):
            assert table.runtime == runtime
            assert table.platform
            assert table.date.startswith("20")


@pytest.mark.parametrize(
    ("runtime", "op", "versions"),
    [
        ("tflite-runtime==2.14.0", "FULLY_CONNECTED", range(1, 11)),
        ("tflite-runtime==2.14.0", "GATHER", range(1, 7)),
        ("tflite-runtime==2.14.0", "EMBEDDING_LOOKUP", range(1, 4)),
        ("ai-edge-litert==2.3.0", "FULLY_CONNECTED", range(1, 15)),
        ("ai-edge-litert==2.3.0", "GATHER", range(1, 9)),
        ("ai-edge-litert==2.3.0", "EMBEDDING_LOOKUP", range(1, 6)),
    ],
)
def test_versions_that_were_seen_by_hand(runtime: str, op: str, versions: range) -> None:
    for table in tables_of(runtime):
        assert table.ops[op] == set(versions)


def test_2_14_takes_exactly_what_the_converter_says_of_it() -> None:
    (table,) = (one for one in tables_of("tflite-runtime==2.14.0") if one.platform == "linux_x86_64")
    said = {op for op, oldest in OLDEST_RUNTIME.items() if tuple(map(int, oldest.split("."))) <= (2, 14, 0)}
    assert said == {(op, version) for op, versions in table.ops.items() for version in versions}


def test_a_version_that_was_not_asked_for_is_unknown() -> None:
    (table, *_) = tables_of("tflite-runtime==2.14.0")
    assert (table.takes("ADD", 1), table.takes("ADD", 20), table.takes("ADD", 21)) == (True, False, None)
    assert table.takes("CONCAT_EMBEDDINGS", 1) is False
    assert runtime_table.tables_of("tflite-runtime==2.13.0") == ()
