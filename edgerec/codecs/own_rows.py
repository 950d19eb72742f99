"""Rows that are each stored for themselves, after an update: the touched ones coded as their codec would have."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from converters.tables.additive_quantizer import codes_in as additive_codes_in
from converters.tables.coded import Coded, Floats
from converters.tables.kept_rows import with_rows
from converters.tables.low_rank import LowRank as LowRankRows
from converters.tables.metric import whitened
from converters.tables.product_codes import AdditiveCodes, ProductCodes
from converters.tables.product_quantizer import codes_in as product_codes_in
from converters.tables.product_quantizer import gain_of
from edgerec.codecs.centroids import Additive, Product
from edgerec.codecs.change import Change, Stored
from edgerec.codecs.codec import Codec
from edgerec.codecs.compositional import MEmCom, QuotientRemainderRows
from edgerec.codecs.errors import CodecError
from edgerec.codecs.floats import Float16
from edgerec.codecs.integers import BlockIntegers, Integers, NativeIntegers
from edgerec.codecs.low_rank import LowRank
from edgerec.criteria.statistics import Statistics

_ALONE = (Float16, NativeIntegers, BlockIntegers)  # code a row by itself, whatever the others are


_BOUND: dict[type, str] = {
    MEmCom: "nothing of a row but its length is its own, so that a new one would point wherever others do",
    QuotientRemainderRows: "nothing of a row is its own, so that a new one would be what others make it",
}


def refuse_bound(codec: Codec) -> None:
    """Raise CodecError for a codec whose rows cannot change one by one."""
    if isinstance(codec, LowRank):
        refuse_bound(codec.of)
    elif not isinstance(codec, (*_ALONE, Integers, Product, Additive)):
        why = _BOUND.get(type(codec), "it stores no row by itself, so that an update would change them all")
        raise CodecError(
            f"codec {codec.name} takes no update, {why}: make the bundle anew, or take int8, int4, product, additive "
            "or low_rank, alone, in tiers or shared"
        )


def updated_rows(before: Stored, values: Floats, change: Change, statistics: Statistics, *, seed: int) -> Coded:
    """The table with the rows that `change` names coded anew from `values` float32 [rows, columns].

    Raises CodecError as `refuse_bound` does.
    """
    codec, coded = before.codec, before.coded
    if isinstance(coded, LowRankRows) and isinstance(codec, LowRank):
        factors = _onto(coded.projection, values, statistics)
        return replace(coded, factor=updated_rows(_factor(codec, coded), factors, change, Statistics(), seed=seed))
    anew = change.anew
    given = coded_alike(before, values[anew], statistics, seed=seed) if anew.any() else None
    return with_rows(coded, np.where(anew, -1, change.source), given)


def coded_alike(before: Stored, rows: Floats, statistics: Statistics, *, seed: int) -> Coded:
    """Rows float32 [n, columns] alone, coded as those of a table are: codebooks, gain, grades of scales, projection.

    Raises CodecError as `refuse_bound` does.
    """
    codec, coded = before.codec, before.coded
    refuse_bound(codec)
    rows = np.ascontiguousarray(rows, np.float32)
    moment = statistics.second_moment
    if isinstance(coded, ProductCodes | AdditiveCodes) and isinstance(codec, Product | Additive):
        # The codebooks are longer than what they were fitted to, so that the rows have to be as well.
        longer = rows * np.float32(gain_of(before.values, coded.decode(), moment=moment, gain=codec.gain))
        codes_in = product_codes_in if isinstance(coded, ProductCodes) else additive_codes_in
        return replace(coded, codes=codes_in(coded.codebooks, longer, moment=moment))
    if isinstance(coded, LowRankRows) and isinstance(codec, LowRank):
        factors = _onto(coded.projection, rows, statistics)
        return replace(coded, factor=coded_alike(_factor(codec, coded), factors, Statistics(), seed=seed))
    known = Statistics(second_moment=moment)
    if isinstance(codec, Integers):
        return codec.encode_among(rows, before.values, known)
    return codec.encode(rows, known, seed=seed)


def _factor(codec: LowRank, coded: LowRankRows) -> Stored:
    """The factor of a low-rank table, as a table of its own."""
    return Stored(coded.factor.decode(), codec.of, coded.factor)


def _onto(projection: NDArray[np.float16], rows: Floats, statistics: Statistics) -> Floats:
    """Rows of the factor, float32 [n, rank], whose products with the projection are nearest in the metric."""
    wide, _ = whitened(projection.astype(np.float32), statistics.second_moment)
    points, _ = whitened(np.ascontiguousarray(rows, np.float32), statistics.second_moment)
    solved = np.linalg.lstsq(wide.T.astype(np.float64), points.T.astype(np.float64), rcond=None)[0].T
    found: Floats = np.ascontiguousarray(solved, np.float32)
    return found
