"""Additive codes of directions, with a scale a row."""

import numpy as np
import pytest

from converters.tables.additive_quantizer import additive_codes
from converters.tables.coded import payload_bytes
from converters.tables.metric import damped, second_moment
from converters.tables.scaled_additive import scaled_additive_codes


def drawn() -> tuple[np.ndarray, np.ndarray]:
    """Give rows whose lengths fall over three octaves and a metric."""
    random = np.random.default_rng(0)
    mixed = random.standard_normal((100, 8)) @ random.standard_normal((8, 8))
    return (random.standard_normal((300, 8)) * np.geomspace(4, 0.5, 300)[:, None]).astype(np.float32), second_moment(
        mixed
    )


def relative_error(table: np.ndarray, decoded: np.ndarray, moment: np.ndarray) -> np.ndarray:
    metric = damped(moment, table.shape[1])
    error = table - decoded
    return ((error @ metric) * error).sum(axis=1) / ((table @ metric) * table).sum(axis=1)


def test_short_rows_err_no_more_than_long_ones_for_their_length() -> None:
    table, moment = drawn()
    plain, scaled = (
        relative_error(table, make(table, 4, 8, seed=0, moment=moment, gain=0).decode(), moment)
        for make in (additive_codes, scaled_additive_codes)
    )
    assert scaled[-100:].mean() < 0.6 * plain[-100:].mean()
    assert scaled[-100:].mean() < 1.3 * scaled[:100].mean()


def test_the_metric_makes_the_scores_err_less() -> None:
    table, moment = drawn()
    plain, own = (
        relative_error(table, scaled_additive_codes(table, 3, 8, seed=0, moment=given, gain=0).decode(), moment).mean()
        for given in (None, moment)
    )
    assert own < 0.8 * plain


def test_a_gain_gives_rows_their_length_and_their_product_back() -> None:
    table, moment = drawn()
    metric = damped(moment, 8)
    own = ((table @ metric) * table).sum(axis=1)
    least, length, product = (
        scaled_additive_codes(table, 3, 8, seed=0, moment=moment, gain=gain).decode() for gain in (0, 0.5, 1)
    )
    assert float((((least @ metric) * table).sum(axis=1) / own).mean()) < 0.95
    assert float((((length @ metric) * length).sum(axis=1) / own).mean()) == pytest.approx(1, abs=0.03)
    assert float((((product @ metric) * table).sum(axis=1) / own).mean()) == pytest.approx(1, abs=0.03)


def test_scales_keep_to_quarter_octaves_and_are_counted() -> None:
    table, _ = drawn()
    made = scaled_additive_codes(table, 2, 8, seed=0, book_bits=6)
    assert made.scales is not None
    octaves = np.log2(made.scales.astype(np.float64)) * 4
    np.testing.assert_allclose(octaves, np.round(octaves), atol=0.01)
    plain = additive_codes(table, 2, 8, seed=0, book_bits=6)
    assert payload_bytes(made) == payload_bytes(plain) + 2 * len(table)


def test_rows_of_zeros_stay_small() -> None:
    table, _ = drawn()
    table[7] = 0
    made = scaled_additive_codes(table, 4, 8, seed=0).decode()
    assert np.abs(made[7]).max() < 0.02 * np.abs(table[8]).max()
    assert not scaled_additive_codes(np.zeros((5, 4), np.float32), 2, 4, seed=0).decode().any()
