"""A trace: inputs as an app drew them, one call a row, read from a .npy or a text file and checked before any call."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Union

import numpy as np
import numpy.typing as npt

from device_tests.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

    from device_tests.model import Array, Model

Rows = npt.NDArray[Any]


def read_rows(path: Path) -> Rows:
    """Return the rows of a trace, [calls, columns]: whole numbers, or float64 where one is no whole number.

    A .npy holds an array of one or two axes; any other file is text, a call a line, its numbers apart by spaces, tabs
    or commas, what follows a # left out. Raises ModelError for a file that is not so.
    """
    try:
        with path.open("rb") as file:
            is_npy = file.read(6) == b"\x93NUMPY"
        rows = np.load(path, allow_pickle=False) if is_npy else _from_text(path.read_text(encoding="utf-8"))
    except OSError as why:
        raise ModelError(f"cannot read the trace {path.name}: {why.strerror or why}") from None
    except ValueError as why:
        raise ModelError(f"the trace {path.name} is neither a .npy nor rows of numbers: {why}") from None
    if rows.ndim not in (1, 2) or not rows.size or not np.issubdtype(rows.dtype, np.number):
        raise ModelError(
            f"the trace {path.name} should be numbers, [calls, columns], not {rows.dtype} {list(rows.shape)}"
        )
    return rows.reshape(len(rows), -1)


def calls_of(rows: Rows, model: Model) -> list[list[Array]]:
    """Return the values of one call a row, in the order of the model's ports and checked as every input is.

    A row holds the ids or numbers of the first input, then those of the second, in the order of the manifest. Raises
    ModelError when the rows are not as wide as the inputs together, or hold what an input cannot take.
    """
    widths = [each.length or 1 for each in model.inputs]
    if rows.shape[1] != sum(widths):
        wanted = " and ".join(f"{width} of {each.name!r}" for width, each in zip(widths, model.inputs))
        raise ModelError(f"the trace has {rows.shape[1]} columns, where a call takes {wanted}")
    parts = np.split(rows, np.cumsum(widths)[:-1], axis=1)
    shaped = {each.name: part if each.length else part[:, 0] for each, part in zip(model.inputs, parts)}
    whole = model.prepared({each.name: _typed(shaped[each.name], each.role) for each in model.inputs})
    return [[value[call : call + 1] for value in whole] for call in range(len(rows))]


def _typed(values: Rows, role: str) -> Rows:
    if role == "vector":
        return values.astype(np.float64)
    if np.issubdtype(values.dtype, np.floating) and (values == np.floor(values)).all():
        return values.astype(np.int64)
    return values


def _from_text(text: str) -> Rows:
    lines = [line.partition("#")[0].replace(",", " ").split() for line in text.splitlines()]
    rows = [[_number(word) for word in line] for line in lines if line]
    if len({len(row) for row in rows}) > 1:
        raise ValueError("its rows are not of one length")
    return np.array(rows)


def _number(word: str) -> Union[int, float]:
    try:
        return int(word)
    except ValueError:
        number = float(word)
    if not math.isfinite(number):
        raise ValueError(f"{word} is no number that an input takes")
    return number
