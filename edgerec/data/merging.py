"""Training rows that say the same, said once."""

import numpy as np
import numpy.typing as npt

from edgerec.data.histories import Histories


def merge_repeats(
    history: Histories, target: npt.NDArray[np.int32]
) -> tuple[Histories, npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """Return the distinct rows in the order of their first appearance, and their counts as float32 weights.

    A loss weighted so is the loss over all rows; the weights sum to the number of rows.
    """
    rows = np.column_stack([history, target])
    _, first, count = np.unique(rows, axis=0, return_index=True, return_counts=True)
    order = np.argsort(first)
    kept = first[order]
    return history[kept], target[kept], count[order].astype(np.float32)
