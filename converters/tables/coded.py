"""What every codec of a table is: rows decoded, bytes counted, operators that look rows up and score with them."""

from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from converters.errors import ConverterError
from converters.graph_writer import GraphWriter

Floats: TypeAlias = NDArray[np.float32]


class Coded(Protocol):
    """A table [rows, columns] as it is stored in a file.

    `stored` are the arrays that the file holds, each in a buffer of its own, byte for byte.
    """

    @property
    def rows(self) -> int:
        """Number of rows."""
        ...

    @property
    def columns(self) -> int:
        """Numbers in a row."""
        ...

    @property
    def stored(self) -> tuple[NDArray[Any], ...]:
        """The arrays in the file; what an operator needs beside them, such as a shape, is the graph's."""
        ...

    def decode(self) -> Floats:
        """Return the table [rows, columns] that a device computes with."""
        ...

    def lookup(self, writer: GraphWriter, ids: int) -> int:
        """Add the operators from int32 ids [...] to their rows, float32 [..., columns]; return the rows' tensor."""
        ...

    def scores(self, writer: GraphWriter, query: int) -> int:
        """Add the operators from float32 [batch, columns] to scores, float32 [batch, rows]; return their tensor."""
        ...


class ValueRows:
    """The shape of a table that holds one stored number, in `values`, for each of its own."""

    values: NDArray[Any]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.values)

    @property
    def columns(self) -> int:
        """Numbers in a row."""
        return int(self.values.shape[1])


def payload_bytes(coded: Coded) -> int:
    """Return how many bytes of a file the table's arrays take, each array once."""
    arrays = {(array.tobytes(), array.dtype.str): array.nbytes for array in coded.stored}
    return sum(arrays.values())


def refuse_unless(*, holds: bool, got: str, expected: str) -> None:
    """Raise `ConverterError` that says what a table's arrays are and should be, unless the condition holds."""
    if not holds:
        raise ConverterError(f"a table cannot be stored so: got {got}, expected {expected}")


def refuse_unfit_scales(scales: NDArray[Any], rows: int, dtype: type[np.floating[Any]]) -> None:
    """Raise `ConverterError` unless there is a finite scale of this type for each row."""
    fits = scales.dtype == dtype and scales.shape == (rows,)
    refuse_unless(holds=fits, got=f"{scales.dtype} {list(scales.shape)} scales", expected=f"{dtype.__name__} [{rows}]")
    refuse_infinite(scales, "the scale")


def refuse_infinite(values: NDArray[Any], what: str) -> None:
    """Raise `ConverterError` where a number is NaN or infinite, as float16 is beyond 65,504."""
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        place, row = values[tuple(wrong[0])], int(wrong[0][0])
        raise ConverterError(
            f"a table cannot be stored so: got {place} in {what} of row {row}, expected finite numbers"
        )
