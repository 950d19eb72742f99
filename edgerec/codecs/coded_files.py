"""Coded tables as bytes and back: their arrays in one .npz, what holds which array in its outline."""

import io
import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.tables.coded import Coded
from converters.tables.columns import Columns
from converters.tables.float16_rows import Float16Rows
from converters.tables.float32_rows import Float32Rows
from converters.tables.integer_rows import IntegerRows
from converters.tables.low_rank import LowRank
from converters.tables.memcom import Memcom
from converters.tables.native_rows import BlockRows, NativeRows
from converters.tables.product_codes import AdditiveCodes, ProductCodes
from converters.tables.quotient_remainder import QuotientRemainder
from converters.tables.shared_rows import SharedRows
from converters.tables.tiers import Tiers

_OUTLINE = "outline"
_KNOWN: Mapping[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        *(AdditiveCodes, BlockRows, Columns, Float16Rows, Float32Rows, IntegerRows, LowRank, Memcom),
        *(NativeRows, ProductCodes, QuotientRemainder, SharedRows, Tiers),
    )
}


def coded_to_bytes(coded: Coded) -> bytes | None:
    """Give a coded table as bytes that `coded_from_bytes` reads; None for one that a third party's codec made."""
    arrays: dict[str, NDArray[Any]] = {}
    try:
        outline = json.dumps(_outlined(coded, arrays))
    except TypeError:
        return None
    written = io.BytesIO()
    np.savez(written, allow_pickle=False, **arrays, **{_OUTLINE: np.frombuffer(outline.encode(), np.uint8)})
    return written.getvalue()


def coded_from_bytes(data: bytes) -> Coded:
    """Give the coded table that `coded_to_bytes` wrote."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        made: Coded = _restored(json.loads(arrays[_OUTLINE].tobytes()), arrays)
        return made


def _outlined(value: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    """Give what a field holds as JSON; its arrays go into `arrays`, and where they stand is their name."""
    if isinstance(value, np.ndarray):
        name = f"array_{len(arrays)}"
        arrays[name] = value
        return {"array": name}
    if isinstance(value, tuple):
        return [_outlined(each, arrays) for each in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    name = type(value).__name__
    if _KNOWN.get(name) is not type(value):
        raise TypeError(f"{name} is not known here")
    return {"kind": name, **{each.name: _outlined(getattr(value, each.name), arrays) for each in fields(value)}}


def _restored(outline: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    if isinstance(outline, list):
        return tuple(_restored(each, arrays) for each in outline)
    if not isinstance(outline, dict):
        return outline
    if "array" in outline:
        return arrays[outline["array"]]
    kind = _KNOWN[outline["kind"]]
    return kind(**{name: _restored(each, arrays) for name, each in outline.items() if name != "kind"})
