"""Rows that are each stored for themselves, after an update: the touched ones coded as their codec would have."""

from dataclasses import replace

import numpy as np

from converters.tables.additive_quantizer import codes_in as additive_codes_in
from converters.tables.coded import Coded, Floats
from converters.tables.kept_rows import with_rows
from converters.tables.product_codes import AdditiveCodes, ProductCodes
from converters.tables.product_quantizer import codes_in as product_codes_in
from converters.tables.product_quantizer import gain_of
from edgerec.codecs.centroids import Additive, Product
from edgerec.codecs.change import Change, Stored
from edgerec.codecs.codec import Codec
from edgerec.codecs.errors import CodecError
from edgerec.codecs.floats import Float16
from edgerec.codecs.integers import BlockIntegers, Integers, NativeIntegers
from edgerec.criteria.statistics import Statistics

_ALONE = (Float16, NativeIntegers, BlockIntegers)  # code a row by itself, whatever the others are


def refuse_bound(codec: Codec) -> None:
    """Raise CodecError for a codec whose rows cannot change one by one."""
    if not isinstance(codec, (*_ALONE, Integers, Product, Additive)):
        raise CodecError(
            f"codec {codec.name} stores no row by itself, so that an update would change them all: make the bundle "
            "anew, or take int8, int4, product or additive, alone, in tiers or shared"
        )


def updated_rows(before: Stored, values: Floats, change: Change, statistics: Statistics, *, seed: int) -> Coded:
    """The table with the rows that `change` names coded anew from `values` float32 [rows, columns].

    Raises CodecError as `refuse_bound` does.
    """
    anew = change.anew
    given = coded_alike(before, values[anew], statistics, seed=seed) if anew.any() else None
    return with_rows(before.coded, np.where(anew, -1, change.source), given)


def coded_alike(before: Stored, rows: Floats, statistics: Statistics, *, seed: int) -> Coded:
    """Rows float32 [n, columns] alone, coded as those of a table are: its codebooks, gain and grades of scales.

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
    known = Statistics(second_moment=moment)
    if isinstance(codec, Integers):
        return codec.encode_among(rows, before.values, known)
    return codec.encode(rows, known, seed=seed)
