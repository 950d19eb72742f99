"""Rows that share another table's."""

from typing import Any

import numpy as np
import pytest

from converters.errors import ConverterError
from converters.tables.coded import payload_bytes
from converters.tables.shared_rows import SharedRows, index_bytes
from converters.tables.tiers import Tiers


def test_a_row_is_the_one_that_its_index_names(integer_rows: Any) -> None:
    table = integer_rows(5, 4, 8)
    shared = SharedRows(np.array([4, 0, 4], np.uint8), table)
    assert np.array_equal(shared.decode(), table.decode()[[4, 0, 4]])
    assert payload_bytes(shared) == 3 + payload_bytes(table)


def test_rows_that_go_to_tiers_in_their_order_store_their_tier_alone(integer_rows: Any) -> None:
    tiers = Tiers((integer_rows(2, 4, 8), integer_rows(300, 4, 4)))
    order = np.concatenate([[7, 250], np.setdiff1d(np.arange(302), [7, 250])])
    shared = SharedRows(np.argsort(order).astype(np.uint16), tiers)
    assert shared.tier_of is not None
    assert np.flatnonzero(shared.tier_of == 0).tolist() == [7, 250]
    assert payload_bytes(shared) == index_bytes(302, 2) + payload_bytes(tiers) == 302 + payload_bytes(tiers)
    assert np.array_equal(shared.decode()[order], tiers.decode())


def test_an_index_that_tiers_do_not_tell_is_stored(integer_rows: Any) -> None:
    tiers = Tiers((integer_rows(2, 4, 8), integer_rows(3, 4, 4)))
    for index in ([1, 0, 2, 3, 4], [0, 2, 4, 1, 3], [0, 1, 2, 3, 4, 4], [0, 1, 2, 3]):
        assert SharedRows(np.array(index, np.uint8), tiers).tier_of is None, index
    assert SharedRows(np.array([2, 0, 3, 4, 1], np.uint8), tiers).tier_of is not None
    assert SharedRows(np.arange(5, dtype=np.uint8), integer_rows(5, 4, 8)).tier_of is None
    assert index_bytes(1 << 17, 2) == 4 << 17, "too many rows to count in every call"


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (np.array([5], np.uint8), "got row numbers from 0 to 5, expected 0 to 4"),
        (np.array([-1], np.int32), "got row numbers from -1 to 0, expected 0 to 4"),
        (np.array([0], np.int64), r"got an index int64 \[1\], expected uint8, uint16 or int32 \[rows\]"),
        (np.array([[0]], np.uint8), r"got an index uint8 \[1, 1\], expected uint8, uint16 or int32 \[rows\]"),
    ],
)
def test_an_index_that_names_no_row_is_refused(integer_rows: Any, index: np.ndarray, message: str) -> None:
    with pytest.raises(ConverterError, match=message):
        SharedRows(index, integer_rows(5, 4, 8))
