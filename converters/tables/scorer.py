"""A whole .tflite out of a table: a vector in, the scores of all rows out."""

import numpy as np
from numpy.typing import NDArray

from converters.graph_writer import GraphWriter
from converters.tables.coded import Coded, refuse_unless
from converters.tables.operations import combined

VECTOR, SCORES = "vector", "scores"


def scorer_file(coded: Coded, *, bias: NDArray[np.float32] | None = None) -> bytes:
    """Return a file with the signature "serving_default": `vector` float32 [1, columns] to `scores` [1, rows].

    The batch axis is free. `bias` float32 [rows] is added to the scores.
    """
    writer = GraphWriter()
    scores = coded.scores(writer, writer.input(VECTOR, (-1, coded.columns)))
    if bias is not None:
        refuse_unless(
            holds=bias.shape == (coded.rows,), got=f"a bias of shape {list(bias.shape)}", expected=f"[{coded.rows}]"
        )
        scores = combined(writer, "ADD", scores, writer.constant(bias.astype(np.float32)))
    writer.output(SCORES, scores)
    return writer.pack()
