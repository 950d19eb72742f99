"""Which constants of a converted model are tables."""

from collections.abc import Callable

import numpy as np
import pytest

from converters.graph_writer import GraphWriter
from converters.tables.found import LOOKUP, SCORES, find_tables

Load = Callable[[str], bytes]


@pytest.mark.parametrize("kind", ["gru", "attention"])
def test_the_embedding_and_the_scoring_layer_are_found_and_no_other_layer(load: Load, kind: str) -> None:
    found = find_tables(load(f"converted_{kind}_float32"))
    assert {(table.values.shape, *table.uses) for table in found} == {((71, 16), LOOKUP), ((70, 16), SCORES)}
    for table in found:
        assert table.values.dtype == np.float32
        assert len(table.tensors) == 1
        assert "embedding" in table.name or "dense" in table.name


def tied(writer: GraphWriter, second: np.ndarray) -> GraphWriter:
    table = np.random.default_rng(3).normal(size=(80, 16)).astype(np.float32)
    rows = writer.apply("GATHER", [writer.constant(table), writer.input("user", (-1,), "INT32")], (-1, 16))
    scores = writer.apply("FULLY_CONNECTED", [rows, writer.constant(second), -1], (-1, len(second)))
    writer.output("scores", writer.apply("LOGISTIC", [scores], (-1, len(second))))
    return writer


def test_constants_of_equal_values_are_one_table() -> None:
    table = np.random.default_rng(3).normal(size=(80, 16)).astype(np.float32)
    (found,) = find_tables(tied(GraphWriter(), table).pack())
    assert found.uses == {LOOKUP, SCORES}
    assert np.array_equal(found.values, table)
    first, second = find_tables(tied(GraphWriter(), table + 1).pack())
    assert (first.uses, second.uses) == ({LOOKUP}, {SCORES})


def test_a_layer_of_one_unit_is_no_table() -> None:
    (found,) = find_tables(tied(GraphWriter(), np.ones((1, 16), np.float32)).pack())
    assert found.uses == {LOOKUP}


def test_a_table_without_a_name_is_called_by_its_tensor() -> None:
    (found, _) = find_tables(tied(GraphWriter(), np.ones((3, 16), np.float32)).pack())
    assert found.name == f"tensor {found.tensors[0]}"


@pytest.mark.parametrize("name", ["history_hybrid", "converted_gru_full_int8"])
def test_tables_of_integers_are_not_found_again(load: Load, name: str) -> None:
    assert find_tables(load(name)) == ()
