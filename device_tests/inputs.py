"""What is given for an input, checked before a runtime sees it: a wrong id or number would be read as any other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from device_tests.errors import ModelError

if TYPE_CHECKING:
    from device_tests.manifest import Input

Array = npt.NDArray[Any]


def checked(each: Input, values: Array) -> Array:
    """Return rows of ids as they are, those of a vector in float32; ModelError for what the input cannot take.

    Ids are of shape [rows] or [rows, length] and lie in [0, ids), the numbers of a vector are of shape [rows, length]
    and finite in float32.
    """
    return _numbers(each, values) if each.role == "vector" else _ids(each, values)


def _ids(each: Input, ids: Array) -> Array:
    wanted = (len(ids), each.length) if ids.ndim and each.length else (ids.size,)
    _refuse_unless(each, ids, "whole numbers", fits=ids.shape == wanted and np.issubdtype(ids.dtype, np.integer))
    least, most = int(ids.min()), int(ids.max())
    if least < 0 or most >= each.ids:
        wrong = least if least < 0 else most
        raise ModelError(f"input {each.name!r} was given id {wrong}, where the model takes 0 to {each.ids - 1}")
    return ids


def _numbers(each: Input, given: Array) -> Array:
    fits = given.ndim > 0 and given.shape == (len(given), each.length) and np.issubdtype(given.dtype, np.floating)
    _refuse_unless(each, given, "real numbers", fits=fits)
    with np.errstate(over="ignore"):
        numbers: Array = given.astype(np.float32, copy=False)
    wrong = np.argwhere(~np.isfinite(numbers))
    if len(wrong):
        row, column = wrong[0]
        value = given[row, column]
        raise ModelError(f"input {each.name!r} was given {value} in row {row}, where the model takes finite numbers")
    return numbers


def _refuse_unless(each: Input, values: Array, kind: str, *, fits: bool) -> None:
    if not fits or not values.size:
        what = f"{kind} of shape [rows{', ' + str(each.length) if each.length else ''}]"
        raise ModelError(f"input {each.name!r} should be {what}, not {values.dtype} of shape {list(values.shape)}")
