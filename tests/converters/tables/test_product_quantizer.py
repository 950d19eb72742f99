import numpy as np
import pytest

from converters.errors import ConverterError
from converters.tables.metric import damped, second_moment
from converters.tables.product_quantizer import gained, product_codes


def drawn(rows: int = 400, columns: int = 8) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(4)
    mixed = generator.standard_normal((200, columns)) @ generator.standard_normal((columns, columns))
    return generator.standard_normal((rows, columns)).astype(np.float32), second_moment(mixed)


def cost(table: np.ndarray, decoded: np.ndarray, moment: np.ndarray) -> float:
    error = (table - decoded).astype(np.float64)
    return float(((error @ damped(moment, table.shape[1])) * error).sum())


def test_parts_that_repeat_are_stored_exactly() -> None:
    generator = np.random.default_rng(0)
    books = generator.integers(-9, 9, (2, 4, 3)).astype(np.float32)
    table = np.concatenate([books[0][generator.integers(0, 4, 90)], books[1][generator.integers(0, 4, 90)]], axis=1)
    coded = product_codes(table, 2, 4, seed=0)
    np.testing.assert_array_equal(coded.decode(), table)
    assert (coded.codes.shape, coded.codebooks.shape) == ((90, 2), (2, 4, 3))


def test_the_metric_makes_the_scores_err_less() -> None:
    table, moment = drawn()
    plain, own = (product_codes(table, 4, 16, seed=0, moment=given).decode() for given in (None, moment))
    assert cost(table, own, moment) < 0.75 * cost(table, plain, moment)
    assert cost(table, plain, np.eye(8)) < cost(table, own, np.eye(8))


def test_a_table_of_identity_metric_is_quantized_part_by_part() -> None:
    table, _ = drawn()
    whole = product_codes(table, 2, 16, seed=0)
    first = product_codes(np.ascontiguousarray(table[:, :4]), 1, 16, seed=0)
    np.testing.assert_array_equal(whole.codes[:, 0], first.codes[:, 0])


def test_a_gain_of_one_gives_rows_their_product_with_themselves_back() -> None:
    table, moment = drawn()
    metric = damped(moment, 8)
    short, whole = (product_codes(table, 4, 8, seed=0, moment=moment, gain=gain).decode() for gain in (0, 1))
    square = float(((table @ metric) * table).sum())
    assert float(((short @ metric) * table).sum()) < 0.95 * square
    assert float(((whole @ metric) * table).sum()) == pytest.approx(square, rel=0.05)


def test_a_table_stored_exactly_gains_nothing() -> None:
    books, table = np.ones((1, 1, 2), np.float16), np.ones((3, 2), np.float32)
    np.testing.assert_array_equal(gained(books, table, table, None, 1.0), books)


@pytest.mark.parametrize("codes", [3, 0])
def test_codes_divide_the_columns(codes: int) -> None:
    with pytest.raises(ConverterError, match=f"8 columns cannot have {codes} codes"):
        product_codes(drawn()[0], codes, 4, seed=0)


def test_every_part_answers_the_errors_of_the_parts_before() -> None:
    table, moment = drawn()
    metric = damped(moment, 8)
    coded = product_codes(table, 4, 16, seed=0, moment=moment)
    books = coded.codebooks.astype(np.float64)
    decoded = coded.decode().astype(np.float64)
    for place in range(4):
        done, free = np.arange(2 * place), np.arange(2 * place, 8)
        left = table[:, free].astype(np.float64)
        if place:
            error = table[:, done] - decoded[:, done]
            left = left + np.linalg.solve(metric[np.ix_(free, free)], metric[np.ix_(free, done)] @ error.T).T
        own = np.linalg.inv(np.linalg.inv(metric[np.ix_(free, free)])[:2, :2])
        away = left[:, None, :2] - books[place]
        nearest = np.einsum("nkd,de,nke->nk", away, own, away).argmin(axis=1)
        assert (nearest == coded.codes[:, place]).mean() > 0.99
