"""Additive codes of rows that were brought to one length, and the length of each as its scale."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.tables.additive_quantizer import additive_codes
from converters.tables.coded import Floats
from converters.tables.metric import damped
from converters.tables.product_codes import AdditiveCodes

_STEPS_AN_OCTAVE = 4
_LEAST_SHARE = 0.1  # of a row's square that codes are taken to keep, where they keep less
_LEAST_LENGTH = 1e-3  # of the median row's: rows below it are as good as zero
_FACTORS = (0.5, 4.0)


def scaled_additive_codes(
    table: Floats,
    codes: int,
    centroids: int,
    *,
    seed: int,
    moment: NDArray[Any] | None = None,
    gain: float = 0.5,
    book_bits: int | None = None,
    rounds: int = 8,
) -> AdditiveCodes:
    """Return `table` [rows, columns] as additive codes of its rows' directions, and a scale a row.

    So the codebooks serve the shortest row as well as the longest, where `additive_codes` spends them on the long ones:
    it is the relative error that is small, in the metric of `moment`. The scale of a row is the one of least error
    times cos ** (-2 gain), cos that of the angle to what the codes say: 0 errs least, 0.5 gives the row its length,
    1 its product with itself. Scales keep to quarter octaves, so that they compress. Raises ConverterError as
    `additive_codes` does.
    """
    lengths = np.sqrt((table.astype(np.float64) ** 2).sum(axis=1))
    lengths = np.maximum(lengths, max(_LEAST_LENGTH * float(np.median(lengths)), 2.0**-12))
    directions = (table / _quartered(lengths)[:, None]).astype(np.float32)
    made = additive_codes(directions, codes, centroids, seed=seed, moment=moment, book_bits=book_bits, rounds=rounds)
    metric, decoded = damped(moment, table.shape[1]), made.decode().astype(np.float64)
    product, square, own = (
        ((left @ metric) * right).sum(axis=1)
        for left, right in ((decoded, directions), (decoded, decoded), (directions, directions))
    )
    kept = np.clip(product**2 / np.maximum(square * own, 1e-30), _LEAST_SHARE, 1)
    factors = np.clip(product / np.maximum(square, 1e-30) * kept**-gain, *_FACTORS)
    return AdditiveCodes(made.codes, made.codebooks, _quartered(_quartered(lengths) * factors).astype(np.float16))


def _quartered(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return the nearest quarter octaves."""
    octaves: NDArray[np.float64] = 2.0 ** (np.round(np.log2(values) * _STEPS_AN_OCTAVE) / _STEPS_AN_OCTAVE)
    return octaves
