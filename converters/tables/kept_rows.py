"""Coded tables of which some rows are new or changed, and every other row is stored as it was, byte for byte."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.tables.coded import Coded, refuse_unless
from converters.tables.float16_rows import Float16Rows
from converters.tables.integer_rows import IntegerRows
from converters.tables.native_rows import BlockRows, NativeRows
from converters.tables.product_codes import AdditiveCodes, ProductCodes

# What a table stores for each row; whatever else it holds is the same for all rows.
_BY_ROW: dict[type, tuple[str, ...]] = {
    Float16Rows: ("values",),
    IntegerRows: ("values", "scales"),
    NativeRows: ("values", "scales"),
    BlockRows: ("values", "scales"),
    ProductCodes: ("codes", "scales"),
    AdditiveCodes: ("codes", "scales"),
}


def keeps_rows(coded: Coded) -> bool:
    """Return whether rows of the table are stored each for itself, so that some can change and the others stay."""
    return type(coded) in _BY_ROW


def with_rows(coded: Coded, source: NDArray[np.integer[Any]], given: Coded | None) -> Coded:
    """Return the table whose row i is row `source[i]` of `coded`; where that is -1, the next row of `given`.

    `given` is stored in the same way: the same bits, the same codebooks. Raises `ConverterError` where it is not, where
    it has not a row for every -1 (None has none), and for a source that `coded` has not.
    """
    new = source < 0
    fits = keeps_rows(coded) and (given is None or (type(coded) is type(given) and _shared(coded) == _shared(given)))
    got = f"{type(given or coded).__name__} for rows of {type(coded).__name__}"
    refuse_unless(holds=fits, got=got, expected="rows stored one by one, with the same bits and codebooks")
    count = 0 if given is None else given.rows
    refuse_unless(holds=count == new.sum(), got=f"{count} rows for {int(new.sum())} places", expected="one for each")
    highest = int(source.max(initial=-1))
    refuse_unless(holds=highest < coded.rows, got=f"row {highest}", expected=f"rows below {coded.rows}")
    made: dict[str, Any] = {}
    for name in _BY_ROW[type(coded)]:
        before = getattr(coded, name)
        if before is not None:
            made[name] = before[np.maximum(source, 0)]
            made[name][new] = getattr(given, name, 0)
    return replace(coded, **made)  # type: ignore[type-var]


def _shared(coded: Coded) -> dict[str, object]:
    """Return what is the same for all rows, comparable."""
    others = {name: value for name, value in vars(coded).items() if name not in _BY_ROW[type(coded)]}
    return {
        "columns": coded.columns,
        "scaled": getattr(coded, "scales", None) is None,
        **{name: value.tobytes() if isinstance(value, np.ndarray) else value for name, value in others.items()},
    }
