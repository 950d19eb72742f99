import numpy as np
import pytest

from converters.errors import ConverterError
from converters.tables.additive_quantizer import additive_codes, codes_in
from converters.tables.metric import damped, second_moment
from converters.tables.product_quantizer import product_codes


def drawn(rows: int = 500, columns: int = 8) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(4)
    mixed = generator.standard_normal((200, columns)) @ generator.standard_normal((columns, columns))
    return generator.standard_normal((rows, columns)).astype(np.float32), second_moment(mixed)


def cost(table: np.ndarray, decoded: np.ndarray, moment: np.ndarray) -> float:
    error = (table - decoded).astype(np.float64)
    return float(((error @ damped(moment, table.shape[1])) * error).sum())


def test_sums_of_few_centroids_are_found_again() -> None:
    generator = np.random.default_rng(1)
    books = np.stack([16 * generator.standard_normal((4, 6)), generator.standard_normal((4, 6))])
    table = (books[0][generator.integers(0, 4, 300)] + books[1][generator.integers(0, 4, 300)]).astype(np.float32)
    coded = additive_codes(table, 2, 4, seed=0)
    np.testing.assert_allclose(coded.decode(), table, atol=0.05)
    assert (coded.codes.shape, coded.codebooks.shape) == ((300, 2), (2, 4, 6))


def test_as_many_codes_err_less_than_product_codes() -> None:
    table, moment = drawn()
    additive = additive_codes(table, 4, 16, seed=0, moment=moment)
    product = product_codes(table, 4, 16, seed=0, moment=moment)
    assert cost(table, additive.decode(), moment) < 0.9 * cost(table, product.decode(), moment)


def test_the_metric_makes_the_scores_err_less() -> None:
    table, moment = drawn()
    plain, own = (additive_codes(table, 3, 16, seed=0, moment=given).decode() for given in (None, moment))
    assert cost(table, own, moment) < 0.8 * cost(table, plain, moment)


def test_rounds_of_solving_err_less_than_codebooks_one_after_another() -> None:
    table, moment = drawn()
    once, often = (additive_codes(table, 4, 8, seed=0, moment=moment, rounds=count).decode() for count in (0, 8))
    assert cost(table, often, moment) < 0.95 * cost(table, once, moment)


@pytest.mark.parametrize("centroids", [1, 2, 3, 8])
def test_codes_are_searched_as_sums_are_measured(centroids: int) -> None:
    """The search knows products of centroids only: it is held to the sums themselves, all of which it keeps here."""
    generator = np.random.default_rng(centroids)
    points = generator.standard_normal((40, 5)).astype(np.float32)
    books = generator.standard_normal((2, centroids, 5)).astype(np.float16)
    sums = (books[0][:, None] + books[1][None]).reshape(-1, 5).astype(np.float32)
    found = codes_in(books, points)
    errors = ((points - books[0][found[:, 0]] - books[1][found[:, 1]]) ** 2).sum(axis=1)
    least = ((points[:, None] - sums) ** 2).sum(axis=2).min(axis=1)
    # With four sums kept after the first code, up to four centroids are searched in full.
    assert np.allclose(errors, least, rtol=1e-3) if centroids <= 4 else errors.mean() < 1.2 * least.mean()


def test_heavy_rows_err_less() -> None:
    table, _ = drawn()
    weights = np.where(np.arange(500) < 50, 100.0, 1.0)
    even, own = (additive_codes(table, 2, 8, seed=0, weights=given).decode() for given in (None, weights))
    assert cost(table[:50], own[:50], np.eye(8)) < 0.8 * cost(table[:50], even[:50], np.eye(8))


def test_book_bits_leave_few_different_numbers() -> None:
    table, _ = drawn()
    books = additive_codes(table, 2, 16, seed=0, book_bits=5, gain=1.0).codebooks.astype(np.float64)
    steps = np.unique(np.abs(np.diff(np.unique(books))))
    assert len(np.unique(books)) <= 2**5 * 2
    np.testing.assert_array_equal(steps / steps.min(), np.round(steps / steps.min()))


def test_a_gain_of_one_gives_rows_their_product_with_themselves_back() -> None:
    table, _ = drawn()
    short, whole = (additive_codes(table, 2, 8, seed=0, gain=gain).decode() for gain in (0, 1))
    assert float((short * table).sum()) < 0.9 * float((table**2).sum())
    assert float((whole * table).sum()) == pytest.approx(float((table**2).sum()), rel=0.02)


def test_a_seed_gives_the_same_codes() -> None:
    table, _ = drawn()
    one, same, other = (additive_codes(table, 2, 8, seed=seed, rounds=2) for seed in (0, 0, 5))
    np.testing.assert_array_equal(one.codes, same.codes)
    np.testing.assert_array_equal(one.codebooks, same.codebooks)
    assert (one.codes != other.codes).any()


@pytest.mark.parametrize(("codes", "centroids"), [(0, 4), (2, 0), (2, 257)])
def test_what_cannot_be_stored_is_refused(codes: int, centroids: int) -> None:
    with pytest.raises(ConverterError, match=f"{codes} codes of {centroids} centroids"):
        additive_codes(drawn()[0], codes, centroids, seed=0)
