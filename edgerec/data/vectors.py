"""Vectors of users as a file gives them: one row of numbers for each user."""

import math
import re
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgerec.data.errors import DataError

# What numpy.save writes before an array of plain numbers. NumPy's own reader parses a header as Python, and on one that
# is damaged raises whatever the tokenizer happens to.
_HEADER = re.compile(
    rb"\x93NUMPY(?:\x01\x00..|[\x02\x03]\x00....)"
    rb"\{'descr': '([<>|=a-zA-Z0-9]{1,16})', 'fortran_order': (True|False), 'shape': \(([0-9, ]{0,64})\), \} *\n",
    re.DOTALL,
)


def read_vectors(path: Path) -> npt.NDArray[np.float32]:
    """Read finite float32 vectors [users, columns] from a .npy file.

    Raises DataError for a file that cannot be read, is no .npy file of numbers, or holds an array of another type or
    shape, or numbers that are not finite.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}; give a .npy file of float32 vectors.") from error
    header = _HEADER.match(data)
    if header is None:
        raise DataError(f"{path}: no .npy file of numbers; write it with numpy.save.")
    dtype, shape = header[1].decode(), tuple(int(length) for length in header[3].replace(b",", b" ").split())
    if dtype != "<f4" or len(shape) != 2:  # noqa: PLR2004
        raise DataError(
            f'{path}: {dtype} of shape {list(shape)}, expected <f4 of shape [users, columns]; save array.astype("<f4").'
        )
    held, needed = len(data) - header.end(), 4 * math.prod(shape)
    if held != needed:
        raise DataError(f"{path}: {held} bytes for {list(shape)} numbers, expected {needed}; write it again.")
    flat = np.frombuffer(data, "<f4", offset=header.end())
    values = np.ascontiguousarray(flat.reshape(shape[::-1]).T if header[2] == b"True" else flat.reshape(shape))
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        row, column = wrong[0]
        raise DataError(f"{path}: {values[row, column]} in row {row}, expected finite numbers.")
    return values.astype(np.float32, copy=False)
