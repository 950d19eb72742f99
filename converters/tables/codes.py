"""Codes: small integers that pick centroids, several a row, two a byte where there are 16 centroids or fewer."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.graph_writer import GraphWriter
from converters.tables.coded import refuse_infinite, refuse_unless
from converters.tables.operations import cast, combined, gathered, reshaped, scalar, summed

_MOST_CENTROIDS = 256
_MOST_PAIRED = 16


def refuse_misfit(codes: NDArray[Any], codebooks: NDArray[Any], scales: NDArray[Any] | None) -> None:
    """Raise `ConverterError` unless codes [rows, m], codebooks [m, K, width] and scales [rows] belong together."""
    fits = codes.dtype == np.uint8 and codes.ndim == 2 and codes.shape[1] > 0  # noqa: PLR2004
    got = f"codes {codes.dtype} {list(codes.shape)}"
    refuse_unless(holds=fits, got=got, expected="uint8 [rows, codes]")
    fits = codebooks.dtype == np.float16 and codebooks.ndim == 3 and len(codebooks) == codes.shape[1]  # noqa: PLR2004
    got = f"codebooks {codebooks.dtype} {list(codebooks.shape)}"
    refuse_unless(holds=fits, got=got, expected=f"float16 [{codes.shape[1]}, centroids, columns]")
    centroids = codebooks.shape[1]
    got, expected = f"{centroids} centroids", f"1 to {_MOST_CENTROIDS}"
    refuse_unless(holds=0 < centroids <= _MOST_CENTROIDS, got=got, expected=expected)
    highest = int(codes.max(initial=0))
    refuse_unless(holds=highest < centroids, got=f"the code {highest}", expected=f"codes from 0 to {centroids - 1}")
    refuse_infinite(codebooks, "a centroid")
    if scales is not None:
        fits = scales.dtype == np.float16 and scales.shape == codes.shape[:1]
        got = f"scales {scales.dtype} {list(scales.shape)}"
        refuse_unless(holds=fits, got=got, expected=f"float16 [{len(codes)}]")
        refuse_infinite(scales, "the scale")


def is_paired(count: int, centroids: int) -> bool:
    """Return whether codes lie two a byte: `count` codes a row are an even number, of 16 centroids or fewer."""
    return centroids <= _MOST_PAIRED and count % 2 == 0


def octets(codes: NDArray[np.uint8], centroids: int) -> NDArray[np.uint8]:
    """Return codes [rows, m] as they are stored: as they are, or in pairs, first + centroids * second [rows, m / 2]."""
    if not is_paired(codes.shape[1], centroids):
        return codes
    return codes[:, 0::2] + np.uint8(centroids) * codes[:, 1::2]


def picked(writer: GraphWriter, codes: NDArray[np.uint8], codebooks: int, ids: int) -> int:
    """Return the centroids [..., m, width] that the rows `ids` name, out of codebooks [m * centroids, width]."""
    count = codes.shape[1]
    centroids = writer.shape(codebooks)[0] // count
    stored = octets(codes, centroids)
    rows = gathered(writer, writer.constant(stored), ids)
    if is_paired(count, centroids):
        rows = reshaped(writer, _split(writer, rows, centroids), (*writer.shape(ids), count))
    return gathered(writer, codebooks, _places(writer, cast(writer, rows, "INT32"), centroids))


def _split(writer: GraphWriter, pairs: int, centroids: int) -> int:
    """Return the codes [..., m / 2, 2] in float32 of bytes [..., m / 2].

    The share of a byte is rounded, but for none of the bytes and numbers of centroids that there are below a whole
    number that it should reach; a test tries all.
    """
    pairs = cast(writer, pairs, "FLOAT32")
    shares = combined(writer, "MUL", pairs, scalar(writer, 1 / centroids))
    second = writer.apply("FLOOR", [shares], writer.shape(shares))
    first = combined(writer, "SUB", pairs, combined(writer, "MUL", second, scalar(writer, centroids)))
    shape = (*writer.shape(pairs), 2)
    return writer.apply("PACK", [first, second], shape, values_count=2, axis=len(shape) - 1)


def _places(writer: GraphWriter, codes: int, centroids: int) -> int:
    """Return int32 codes [..., m] as places in m tables of `centroids` that lie one after the other."""
    count = writer.shape(codes)[-1]
    if count == 1:
        return codes
    return combined(writer, "ADD", codes, writer.constant(np.arange(count, dtype=np.int32) * centroids))


def summed_entries(writer: GraphWriter, codes: NDArray[np.uint8], entries: int) -> int:
    """Return the scores [batch, rows]: for each row the sum of what its codes pick out of `entries` [batch, m, K].

    Codes in pairs pick from the sums of two tables at once, so that their bytes are used as they lie.
    """
    batch, count, centroids = writer.shape(entries)
    stored = octets(codes, centroids)
    if is_paired(count, centroids):
        entries = _pair_sums(writer, entries)
        count, centroids = count // 2, centroids**2
    flat = reshaped(writer, entries, (batch, count * centroids))
    places = _places(writer, cast(writer, writer.constant(stored), "INT32"), centroids)
    return summed(writer, gathered(writer, flat, places, axis=1))


def _pair_sums(writer: GraphWriter, entries: int) -> int:
    """Return [batch, m / 2, K * K], the sum of every entry of a table and every one of the next, that one outermost."""
    batch, count, centroids = writer.shape(entries)
    ends = reshaped(writer, entries, (batch, count // 2, 2 * centroids))
    first = reshaped(writer, _half(writer, ends, 0), (batch, count // 2, 1, centroids))
    second = reshaped(writer, _half(writer, ends, centroids), (batch, count // 2, centroids, 1))
    return combined(writer, "ADD", first, second)


def _half(writer: GraphWriter, ends: int, start: int) -> int:
    batch, count, both = writer.shape(ends)
    begin = writer.constant(np.array([0, 0, start], np.int32))
    size = writer.constant(np.array([-1, count, both // 2], np.int32))
    return writer.apply("SLICE", [ends, begin, size], (batch, count, both // 2))
