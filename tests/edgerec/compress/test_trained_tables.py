"""Every coded table in training: it computes what it decodes to, before and after its variables moved."""

from typing import Any

import numpy as np
import pytest

from converters.tables.additive_quantizer import additive_codes
from converters.tables.coded import Coded
from converters.tables.columns import Columns
from converters.tables.float16_rows import Float16Rows
from converters.tables.integer_rows import IntegerRows
from converters.tables.low_rank import LowRank
from converters.tables.memcom import Memcom
from converters.tables.native_rows import BlockRows, NativeRows
from converters.tables.product_codes import AdditiveCodes, ProductCodes
from converters.tables.quotient_remainder import QuotientRemainder
from converters.tables.shared_rows import SharedRows
from converters.tables.tiers import Tiers
from edgerec.compress.errors import RecipeError
from edgerec.compress.straight_through import finest_step
from edgerec.compress.trained_tables import trained_table

RANDOM = np.random.default_rng(0)
ROWS, COLUMNS = 12, 8


def half(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape).astype(np.float16)


def scales(*shape: int) -> np.ndarray:
    return RANDOM.uniform(0.05, 0.2, shape).astype(np.float16)


def integers(bits: int, *shape: int) -> np.ndarray:
    return RANDOM.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), shape).astype(np.int8)


def integer_rows(bits: int, rows: int = ROWS) -> IntegerRows:
    values = integers(bits, rows, COLUMNS)
    return IntegerRows(np.maximum(values, -7) if bits == 4 else values, scales(rows), bits)


def codes(kind: type[Any], width: int, *, scaled: bool = False) -> Any:
    picked = RANDOM.integers(0, 5, (ROWS, 2)).astype(np.uint8)
    return kind(picked, half(2, 5, width), scales(ROWS) if scaled else None)


CODED: dict[str, Coded] = {
    "float16": Float16Rows(half(ROWS, COLUMNS)),
    **{f"int{bits}": integer_rows(bits) for bits in (8, 4, 2)},
    **{
        f"native int{bits}": NativeRows(integers(bits, ROWS, COLUMNS), scales(ROWS).astype(np.float32), bits)
        for bits in (8, 2)
    },
    "blocks": BlockRows(integers(4, ROWS, 64), scales(ROWS, 2)),
    "product codes": codes(ProductCodes, 4),
    "product codes, scaled": codes(ProductCodes, 4, scaled=True),
    "additive codes": codes(AdditiveCodes, 8),
    "additive codes, scaled": codes(AdditiveCodes, 8, scaled=True),
    "tiers": Tiers((integer_rows(8, 3), codes(AdditiveCodes, 8))),
    "shared": SharedRows(RANDOM.integers(0, ROWS, 20).astype(np.uint8), integer_rows(4)),
    "columns": Columns((integer_rows(8), integer_rows(4)), 2 * COLUMNS + 3),
    "low rank": LowRank(integer_rows(4), half(8, 16)),
    "memcom": Memcom(integer_rows(4), half(30)),
    "memcom with biases": Memcom(Float16Rows(half(7, COLUMNS)), half(30), half(30)),
    "quotient times remainder": QuotientRemainder(half(3, COLUMNS), integer_rows(4), 30),
    "quotient plus remainder": QuotientRemainder(half(3, COLUMNS), Float16Rows(half(ROWS, COLUMNS)), 30, "sum"),
}


@pytest.fixture(params=list(CODED))
def coded(request: pytest.FixtureRequest, keras: Any) -> Coded:
    """Give a coded table of every kind in turn."""
    return CODED[request.param]


@pytest.mark.parametrize("with_scales", [False, True], ids=["scales held", "scales trained"])
def test_it_begins_as_it_was_given(coded: Coded, with_scales: bool) -> None:
    made = trained_table(coded, scales=with_scales).coded()
    assert type(made) is type(coded)
    for one, other in zip(made.stored, coded.stored, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("with_scales", [False, True], ids=["scales held", "scales trained"])
def test_what_it_trains_with_is_what_ships(coded: Coded, with_scales: bool) -> None:
    table = trained_table(coded, scales=with_scales)
    move(table)
    decoded = table.coded().decode()
    assert np.abs(decoded - coded.decode()).max() > 0.01
    np.testing.assert_allclose(table.table().numpy(), decoded, rtol=0, atol=1e-6 * np.abs(decoded).max())


def test_every_variable_learns_and_the_table_comes_near_another(coded: Coded) -> None:
    from edgerec.models.session import session

    tf, table = session().tf, trained_table(coded, scales=True)
    wanted = coded.decode() + np.random.default_rng(1).normal(scale=0.3, size=coded.decode().shape).astype(np.float32)
    optimizer = session().keras.optimizers.Adam(0.01)

    @tf.function(autograph=False)
    def step() -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(table.table() - wanted))
        gradients = tape.gradient(loss, table.trained)
        optimizer.apply_gradients(zip(gradients, table.trained, strict=True))
        return loss

    before, first = [each.numpy() for each in table.trained], float(step())
    for _ in range(60):
        step()
    assert all((one != other.numpy()).any() for one, other in zip(before, table.trained, strict=True))
    assert float(step()) < first


def move(table: Any) -> None:
    random = np.random.default_rng(2)
    for each in table.trained:
        each.assign(each.numpy() * random.uniform(0.3, 1.7, each.shape))


def test_codebooks_keep_the_grid_that_they_came_on(keras: Any) -> None:
    table = RANDOM.normal(size=(60, 8)).astype(np.float32)
    coded = additive_codes(table, 2, 8, seed=0, book_bits=6)
    trained = trained_table(coded)
    move(trained)
    made = trained.coded()
    assert isinstance(made, AdditiveCodes)
    assert (made.codebooks != coded.codebooks).any()
    assert finest_step(made.codebooks) >= finest_step(coded.codebooks) > 1e-3


@pytest.mark.parametrize("name", ["product codes", "product codes, scaled", "additive codes", "additive codes, scaled"])
def test_wished_codes_are_the_best_single_change(name: str, keras: Any) -> None:
    coded = CODED[name]
    assert isinstance(coded, ProductCodes | AdditiveCodes)
    (part,) = trained_table(coded).codes
    np.testing.assert_array_equal(part.wished(), coded.codes)
    wish = coded.decode() + np.random.default_rng(3).normal(scale=1, size=coded.decode().shape).astype(np.float32)
    part._wish.variable.assign(wish / part._wish._unit)

    def left(codes: np.ndarray) -> np.ndarray:
        return ((wish - type(coded)(codes, coded.codebooks, coded.scales).decode()) ** 2).sum(axis=1)

    least = left(coded.codes)
    for place in range(2):
        for code in range(5):
            tried = coded.codes.copy()
            tried[:, place] = code
            least = np.minimum(least, left(tried))
    wished = part.wished()
    assert ((wished != coded.codes).sum(axis=1) <= 1).all()
    assert (wished != coded.codes).any()
    np.testing.assert_allclose(left(wished.astype(np.uint8)), least, rtol=1e-4)
    np.testing.assert_array_equal(part.given(), coded.codes)


def test_parts_with_codes_are_found_inside_others(keras: Any) -> None:
    inner = codes(AdditiveCodes, 8)
    table = trained_table(SharedRows(np.zeros(4, np.uint8), Tiers((integer_rows(8), inner))))
    (part,) = table.codes
    part.assign((inner.codes.astype(np.int32) + 1) % 5)
    made = table.coded()
    assert isinstance(made, SharedRows)
    assert isinstance(made.table, Tiers)
    assert isinstance(made.table.parts[1], AdditiveCodes)
    np.testing.assert_array_equal(made.table.parts[1].codes, (inner.codes + 1) % 5)


def test_a_codec_that_is_not_known_is_refused() -> None:
    with pytest.raises(RecipeError, match="a table of str cannot be trained, expected one of Float16Rows"):
        trained_table("table")  # type: ignore[arg-type]
