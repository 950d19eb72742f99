"""What the tests of table codecs share: a table of each kind, and files that use them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from converters.graph_writer import GraphWriter
from converters.tables.coded import Coded
from converters.tables.columns import Columns
from converters.tables.float16_rows import Float16Rows
from converters.tables.float32_rows import Float32Rows
from converters.tables.integer_rows import IntegerRows
from converters.tables.low_rank import LowRank
from converters.tables.memcom import Memcom
from converters.tables.native_rows import BlockRows, NativeRows
from converters.tables.product_codes import AdditiveCodes, ProductCodes
from converters.tables.quotient_remainder import QuotientRemainder
from converters.tables.shared_rows import SharedRows
from converters.tables.tiers import Tiers


def lookup_file(coded: Coded, length: int = 0) -> bytes:
    writer = GraphWriter()
    ids = writer.input("ids", (-1, length) if length else (-1,), "INT32")
    writer.output("rows", coded.lookup(writer, ids))
    return writer.pack()


@pytest.fixture(scope="session", name="lookup_file")
def fixture_lookup_file() -> Callable[..., bytes]:
    """Return a function that writes a file from ids [batch], or [batch, length], to the rows of a coded table."""
    return lookup_file


@dataclass(frozen=True)
class Sample:
    """A coded table, whether scores are hybrid, which uses ask for a newer runtime than 2.14, and ids of no row.

    Of those a runtime takes so many beyond the last row.
    """

    coded: Coded
    hybrid: bool = False
    newer: frozenset[str] = frozenset()
    ids_beyond: int = 0


def integer_rows(rows: int, columns: int, bits: int) -> IntegerRows:
    random = np.random.default_rng((rows, columns, bits))
    values = random.integers(-(2 ** (bits - 1)) + (bits == 4), 2 ** (bits - 1), (rows, columns)).astype(np.int8)
    return IntegerRows(values, random.uniform(0.01, 0.1, rows).astype(np.float16), bits)


def codes(kind: type[Any], rows: int, shape: tuple[int, int, int], *, scaled: bool = False) -> Any:
    count, centroids, _ = shape
    random = np.random.default_rng((rows, *shape))
    scales = random.uniform(0.5, 2, rows).astype(np.float16) if scaled else None
    picked = random.integers(0, centroids, (rows, count)).astype(np.uint8)
    return kind(picked, random.normal(size=shape).astype(np.float16), scales)


def native(rows: int, columns: int, bits: int) -> NativeRows:
    made = integer_rows(rows, columns, bits)
    return NativeRows(made.values, made.scales.astype(np.float32), bits)


def half(random: np.random.Generator, *shape: int) -> np.ndarray:
    return random.normal(size=shape).astype(np.float16)


def float16(random: np.random.Generator, *shape: int) -> Float16Rows:
    return Float16Rows(half(random, *shape))


def in_tiers(random: np.random.Generator, *counts: int) -> np.ndarray:
    """Give the index of rows that go to tiers of so many rows as they come, in their order within each."""
    tiers = random.permutation(np.repeat(np.arange(len(counts)), counts))
    return np.argsort(np.argsort(tiers, kind="stable"), kind="stable").astype(np.uint8)


def samples() -> dict[str, Sample]:
    random = np.random.default_rng(0)
    both, scores = frozenset({"scores", "lookup"}), frozenset({"scores"})
    four = integer_rows(60, 16, 4)
    blocks = random.uniform(0.01, 0.1, (50, 2)).astype(np.float16)
    return {
        "int8": Sample(integer_rows(50, 16, 8), hybrid=True),
        "int4": Sample(integer_rows(50, 16, 4), hybrid=True),
        "int4 of many columns": Sample(integer_rows(50, 64, 4), hybrid=True),
        "int4 of many columns and few rows": Sample(integer_rows(3, 64, 4), hybrid=True),
        "int4 of an odd number of rows and few columns": Sample(integer_rows(33, 6, 4), hybrid=True),
        "int2": Sample(integer_rows(50, 16, 2), hybrid=True, newer=scores),
        "float32": Sample(Float32Rows(random.normal(size=(50, 16)).astype(np.float32))),
        "float16": Sample(Float16Rows(random.normal(size=(50, 16)).astype(np.float16))),
        "native int8": Sample(native(50, 16, 8), hybrid=True, newer=both),
        "native int4": Sample(native(50, 16, 4), hybrid=True, newer=both),
        "native int2": Sample(native(50, 16, 2), hybrid=True, newer=both),
        "blocks of int4": Sample(BlockRows(integer_rows(50, 64, 4).values, blocks), hybrid=True, newer=both),
        "product codes": Sample(codes(ProductCodes, 70, (4, 256, 4))),
        "product codes, two a byte, scaled": Sample(codes(ProductCodes, 70, (4, 16, 4), scaled=True)),
        "product codes of 13 centroids": Sample(codes(ProductCodes, 70, (4, 13, 4))),
        "product codes, three of 16": Sample(codes(ProductCodes, 70, (3, 16, 4))),
        "one code a row": Sample(codes(ProductCodes, 70, (1, 40, 16), scaled=True)),
        "additive codes": Sample(codes(AdditiveCodes, 70, (2, 200, 16))),
        "additive codes, two a byte, scaled": Sample(codes(AdditiveCodes, 70, (4, 16, 16), scaled=True)),
        "tiers": Sample(
            Tiers((integer_rows(20, 16, 8), integer_rows(70, 16, 4), codes(ProductCodes, 40, (4, 16, 4)))), hybrid=True
        ),
        "tiers down to int2": Sample(
            Tiers((integer_rows(20, 16, 4), integer_rows(70, 16, 2))), hybrid=True, newer=scores
        ),
        "shared by uint8": Sample(SharedRows(random.integers(0, 60, 200).astype(np.uint8), four), hybrid=True),
        "shared by uint16": Sample(SharedRows(random.integers(0, 60, 200).astype(np.uint16), four), hybrid=True),
        "shared by int32": Sample(SharedRows(random.integers(0, 60, 200).astype(np.int32), four), hybrid=True),
        "shared by uint16, of more rows than int16 has": Sample(
            SharedRows(random.integers(32_000, 33_500, 500).astype(np.uint16), integer_rows(33_500, 8, 8)), hybrid=True
        ),
        "tiers of rows in another order": Sample(
            SharedRows(in_tiers(random, 20, 70), Tiers((integer_rows(20, 16, 8), integer_rows(70, 16, 4)))), hybrid=True
        ),
        "three tiers of rows in another order": Sample(
            SharedRows(
                in_tiers(random, 20, 9, 40),
                Tiers((integer_rows(20, 16, 8), integer_rows(9, 16, 4), codes(ProductCodes, 40, (4, 16, 4)))),
            ),
            hybrid=True,
        ),
        "columns": Sample(Columns((integer_rows(50, 4, 8), integer_rows(50, 8, 4)), 16), hybrid=True),
        "low rank": Sample(
            LowRank(integer_rows(50, 8, 4), random.normal(size=(8, 16)).astype(np.float16)), hybrid=True
        ),
        "memcom": Sample(Memcom(integer_rows(20, 16, 4), half(random, 50)), hybrid=True),
        "memcom with biases": Sample(Memcom(float16(random, 7, 16), half(random, 50), half(random, 50))),
        "memcom of as many rows": Sample(Memcom(float16(random, 50, 16), half(random, 50))),
        "quotients times remainders": Sample(QuotientRemainder(half(random, 8, 16), float16(random, 7, 16), 56)),
        "quotients times remainders of int4, the last of them short": Sample(
            QuotientRemainder(half(random, 8, 16), integer_rows(7, 16, 4), 51), hybrid=True, ids_beyond=5
        ),
        "quotients plus remainders": Sample(
            QuotientRemainder(half(random, 8, 16), float16(random, 7, 16), 51, "sum"), ids_beyond=5
        ),
    }  # fmt: skip


SAMPLES = samples()


@pytest.fixture(scope="session", name="samples")
def fixture_samples() -> dict[str, Sample]:
    """Return a table of every kind by name."""
    return SAMPLES


@pytest.fixture(params=list(SAMPLES))
def sample(request: pytest.FixtureRequest) -> Sample:
    """Give each of the samples in turn."""
    return SAMPLES[request.param]


@pytest.fixture(scope="session", name="integer_rows")
def fixture_integer_rows() -> Callable[[int, int, int], IntegerRows]:
    """Return a function that makes rows of integers: rows, columns, bits."""
    return integer_rows


@pytest.fixture(scope="session", name="codes")
def fixture_codes() -> Callable[..., Any]:
    """Return a function that makes codes: class, rows, shape of the codebooks, scaled or not."""
    return codes
