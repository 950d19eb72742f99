"""Tables in parts."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converters import tflite_file
from converters.errors import ConverterError
from converters.graph_writer import GraphWriter
from converters.numpy_reference import run
from converters.tables.float16_rows import Float16Rows
from converters.tables.scorer import scorer_file
from converters.tables.tiers import Tiers


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=5), st.sampled_from([(), (3,)]), st.integers(0, 99))
def test_every_id_is_looked_up_in_its_own_part(sizes: list[int], tail: tuple[int, ...], seed: int) -> None:
    random = np.random.default_rng(seed)
    table = random.normal(size=(sum(sizes), 3)).astype(np.float16)
    parts = np.split(table, np.cumsum(sizes)[:-1])
    coded = Tiers(tuple(Float16Rows(part) for part in parts))
    assert np.array_equal(coded.decode(), table)
    writer = GraphWriter()
    writer.output("rows", coded.lookup(writer, writer.input("ids", (-1, *tail), "INT32")))
    ids = np.concatenate([np.arange(len(table)), random.integers(0, len(table), 3 * len(table))])
    ids = ids[: len(ids) - len(ids) % 3].astype(np.int32).reshape(-1, *tail)
    assert np.array_equal(run(tflite_file.parse(writer.pack()), {"ids": ids})["rows"], table[ids])
    vectors = random.normal(size=(2, 3)).astype(np.float32)
    scores = run(tflite_file.parse(scorer_file(coded)), {"vector": vectors})["scores"]
    assert np.allclose(scores, vectors @ table.T.astype(np.float32), atol=1e-5)


def test_a_row_that_is_infinite_stays_in_its_part(integer_rows: Callable[..., Any], on_device: Any) -> None:
    """Rows are selected, not masked by a product, so that nothing of one part shows in another."""
    large = Float16Rows(np.full((2, 4), 65504, np.float16))
    coded = Tiers((large, integer_rows(3, 4, 8)))
    writer = GraphWriter()
    writer.output("rows", coded.lookup(writer, writer.input("ids", (-1,), "INT32")))
    ids = np.arange(5, dtype=np.int32)
    for answer in on_device("tflite-runtime==2.14.0", [(writer.pack(), {"ids": ids})]):
        assert np.array_equal(answer["rows"], coded.decode())


def test_parts_of_different_width_are_refused(integer_rows: Callable[..., Any]) -> None:
    with pytest.raises(ConverterError, match=r"got parts of \[4, 8\] columns, expected parts of one width"):
        Tiers((integer_rows(3, 4, 8), integer_rows(3, 8, 8)))


def test_no_part_and_a_part_without_rows_are_refused() -> None:
    with pytest.raises(ConverterError, match=r"got parts of \[\] columns"):
        Tiers(())
    with pytest.raises(ConverterError, match=r"got parts of \[0\] rows, expected at least one row in each"):
        Tiers((Float16Rows(np.zeros((0, 4), np.float16)),))
