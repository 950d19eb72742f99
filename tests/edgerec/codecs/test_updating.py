"""Coded tables after an update: what has nothing new keeps bytes and place, whatever the codec; the rest is as good."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converters.tables.coded import Coded
from converters.tables.low_rank import LowRank
from converters.tables.shared_rows import SharedRows
from edgerec.codecs.change import Change, Stored
from edgerec.codecs.codec import encoded
from edgerec.codecs.errors import CodecError
from edgerec.codecs.naming import decode
from edgerec.codecs.registry import codec as codec_of
from edgerec.codecs.updating import updated
from edgerec.criteria.statistics import Statistics, Taken

ROWS, COLUMNS, NEW = 60, 32, 5
NAMES = (
    "rows8",
    "rows4",
    "rows2",
    "rows16",
    "native4",
    "block4",
    "pq4x8",
    "aq4x8",
    "shared25",
    "hashed25",
    "twins25",
    "top20-rows8-rows4",
    "top20-rows8-aq4x8",
    "top20-aq4x8-rows4",
    "lowrank8",
)


def table_of(rows: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    centers = random.standard_normal((6, COLUMNS))
    made = centers[random.integers(6, size=rows)] + 0.3 * random.standard_normal((rows, COLUMNS))
    return made.astype(np.float32)


def known(rows: int, seed: int) -> Statistics:
    random = np.random.default_rng(seed)
    vectors = random.standard_normal((200, COLUMNS))
    taken = Taken(random.integers(rows, size=400), random.integers(40, size=400))
    return Statistics(np.bincount(taken.rows, minlength=rows), vectors.T @ vectors / 200, taken=taken)


def stored_of(name: str, seed: int = 0) -> Stored:
    codec = decode(name)
    assert codec is not None
    values = table_of(ROWS, seed)
    return Stored(values, codec, encoded(codec, values, known(ROWS, seed), seed=seed))


def changed(before: Stored, touched: list[int], seed: int = 0) -> tuple[np.ndarray, Change]:
    """New values and where rows come from: NEW rows before the last one, which moves behind them as padding does."""
    source = np.concatenate([np.arange(ROWS - 1), np.full(NEW, -1), [ROWS - 1]])
    values = before.values[np.maximum(source, 0)].copy()
    mask = np.isin(source, touched)
    random, anew = np.random.default_rng(seed + 1), mask | (source < 0)
    near = before.values[random.integers(ROWS, size=int(anew.sum()))]
    values[anew] = near + 0.1 * random.standard_normal(near.shape).astype(np.float32)
    return values, Change(source, mask)


def units(coded: Coded) -> list[bytes]:
    """The bytes that make each row: where it lies and what lies there."""
    if isinstance(coded, SharedRows):
        inner = units(coded.table)
        return [inner[place] + int(place).to_bytes(4, "little") for place in coded.index]
    if hasattr(coded, "factor"):
        return units(coded.factor)
    if hasattr(coded, "parts"):
        return [bytes([number]) + each for number, part in enumerate(coded.parts) for each in units(part)]
    fields = [getattr(coded, name) for name in ("values", "codes", "scales") if getattr(coded, name, None) is not None]
    return [b"".join(field[row].tobytes() for field in fields) for row in range(coded.rows)]


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=12, deadline=None)
@given(touched=st.lists(st.integers(0, ROWS - 1), max_size=ROWS, unique=True), seed=st.integers(0, 3))
def test_a_row_with_nothing_new_keeps_its_bytes_and_its_place(name: str, touched: list[int], seed: int) -> None:
    before = stored_of(name, seed)
    values, change = changed(before, touched, seed)
    values[~change.anew] += 0.2  # whatever a caller gives for them
    after = updated(before, values, change, known(ROWS + NEW, seed), seed=seed)
    assert (after.coded.rows, after.coded.columns) == (ROWS + NEW, COLUMNS)
    old, new = units(before.coded), units(after.coded)
    assert [new[row] for row in np.flatnonzero(~change.anew)] == [old[row] for row in change.source[~change.anew]]


@pytest.mark.parametrize("name", NAMES[:8])
def test_rows_coded_anew_are_as_near_as_the_codec_would_have_them(name: str) -> None:
    before = stored_of(name)
    everything = list(range(ROWS))
    values, change = changed(before, everything)
    statistics = known(ROWS + NEW, 0)
    after = updated(before, values, change, statistics, seed=0).coded.decode()
    rebuilt = encoded(before.codec, values, statistics, seed=0).decode()
    worse = 3 if "q" in name else 1.2  # codebooks stay as they were fitted to the rows before
    assert np.square(after - values).sum() <= worse * np.square(rebuilt - values).sum()


@pytest.mark.parametrize("name", ["pq4x8", "aq4x8", "rows4", "rows2"])
def test_the_same_rows_once_more_get_the_same_codes(name: str) -> None:
    before = stored_of(name)
    change = Change(np.arange(ROWS), np.ones(ROWS, np.bool_))
    after = updated(before, before.values, change, known(ROWS, 0), seed=0)
    same = [one == other for one, other in zip(units(before.coded), units(after.coded), strict=True)]
    assert np.mean(same) > 0.9


@pytest.mark.parametrize("name", ["pq4x4", "aq2x16"])
def test_codebooks_that_were_made_longer_are_met_by_rows_that_are(name: str) -> None:
    codec, values = decode(name), np.random.default_rng(2).standard_normal((300, COLUMNS)).astype(np.float32)
    assert codec is not None
    statistics = Statistics(second_moment=known(ROWS, 0).second_moment)
    before = Stored(values, codec, encoded(codec, values, statistics, seed=0))
    touched = np.arange(300) % 2 == 0
    after = updated(before, values, Change(np.arange(300), touched), statistics, seed=0)
    same = [one == other for one, other in zip(units(before.coded), units(after.coded), strict=True)]
    assert np.mean(same) > 0.95


def test_graded_scales_keep_their_grading() -> None:
    codec = codec_of("int8", step=0.1)
    values = table_of(ROWS, 0)
    before = Stored(values, codec, encoded(codec, values, Statistics(), seed=0))
    touched = np.arange(ROWS) == 7
    change = Change(np.arange(ROWS), touched)
    after = updated(before, values, change, Statistics(), seed=0)
    assert units(after.coded) == units(before.coded)


def popularity_of(order: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    return order(np.arange(ROWS + NEW)).astype(np.int64)


def test_a_new_row_gets_the_tier_that_it_has_earned_and_the_others_stay_in_theirs() -> None:
    before = stored_of("top20-rows16-rows4")
    values, change = changed(before, [])
    statistics = Statistics(popularity_of(lambda rows: rows))  # the last rows are the most popular now
    after = updated(before, values, change, statistics, seed=0)
    exact = np.abs(after.coded.decode() - values).max(axis=1) < 2e-3
    assert exact[change.new].all()
    assert exact.sum() == round(0.2 * ROWS) + NEW
    assert [type(each).__name__ for each in after.parts] == ["Float16", "Integers", "Float16"]
    low = updated(before, values, change, Statistics(popularity_of(lambda rows: -rows)), seed=0)
    assert not (np.abs(low.coded.decode() - values).max(axis=1) < 2e-3)[change.new].any()
    assert len(low.parts) == 2


def test_an_update_of_an_update_leaves_both_before_it_in_place() -> None:
    before = stored_of("top20-rows16-rows4")
    values, change = changed(before, [])
    once = updated(before, values, change, Statistics(popularity_of(lambda rows: rows)), seed=0)
    again = Change(np.append(np.arange(len(values)), [-1, -1]), np.zeros(len(values) + 2, np.bool_))
    grown = np.concatenate([values, table_of(2, 9)])
    twice = updated(once, grown, again, Statistics(np.arange(len(grown))[::-1].copy()), seed=0)
    assert units(twice.coded)[: len(values)] == units(once.coded)
    assert np.abs(twice.coded.decode()[-2:] - grown[-2:]).max() < 1


def test_rows_without_an_index_need_none_after_it() -> None:
    codec = decode("top20-rows16-rows4")
    values = table_of(ROWS, 0)
    ranked = Statistics(np.arange(ROWS)[::-1].copy())
    assert codec is not None
    before = Stored(values, codec, encoded(codec, values, ranked, seed=0))
    assert not isinstance(before.coded, SharedRows)
    changed_values, change = changed(before, [3, 40])
    after = updated(before, changed_values, change, Statistics(np.arange(ROWS + NEW)[::-1].copy()), seed=0)
    assert not isinstance(after.coded, SharedRows)
    assert units(after.coded)[: ROWS - 1][5] == units(before.coded)[5]


def test_who_rises_gets_the_place_of_who_falls_and_nothing_grows_for_it() -> None:
    before = stored_of("shared25")
    assert isinstance(before.coded, SharedRows)
    own = np.flatnonzero(np.bincount(before.coded.index)[before.coded.index] == 1)
    falls, rises = int(own[0]), int(np.flatnonzero(np.bincount(before.coded.index)[before.coded.index] > 1)[0])
    popularity = np.where(np.isin(np.arange(ROWS), own), 50, 1)
    popularity[[falls, rises]] = 0, 60
    touched = np.isin(np.arange(ROWS), [falls, rises])
    moment = known(ROWS, 0).second_moment
    after = updated(before, before.values, Change(np.arange(ROWS), touched), Statistics(popularity, moment), seed=0)
    assert isinstance(after.coded, SharedRows)
    assert after.coded.index[rises] == before.coded.index[falls]
    assert after.coded.table.rows == before.coded.table.rows
    assert np.abs(after.coded.decode()[rises] - before.values[rises]).max() < 1e-2
    assert np.bincount(after.coded.index)[after.coded.index[falls]] > 1


def test_new_rows_of_a_low_rank_table_are_the_nearest_that_its_projection_makes_in_the_metric() -> None:
    before = stored_of("lowrank8")
    values, change = changed(before, [])
    statistics = known(ROWS + NEW, 0)
    after = updated(before, values, change, statistics, seed=0).coded
    assert isinstance(after, LowRank)
    assert isinstance(before.coded, LowRank)
    assert np.array_equal(after.projection, before.coded.projection)
    moment = statistics.second_moment
    assert moment is not None

    def error(factor: np.ndarray) -> float:
        apart = factor @ before.coded.projection.astype(np.float64) - values[change.new]  # type: ignore[union-attr]
        return float(np.einsum("ij,jk,ik", apart, moment, apart))

    factor = after.factor.decode()[change.new].astype(np.float64)
    random = np.random.default_rng(1)
    assert all(error(factor) < error(factor + 0.1 * random.standard_normal(factor.shape)) for _ in range(20))


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("memcom25", "codec memcom takes no update, nothing of a row but its length is its own"),
        ("qr", "codec quotient_remainder takes no update, nothing of a row is its own"),
        ("top20-rows8-memcom25", "codec memcom takes no update"),
    ],
)
def test_a_codec_whose_rows_hang_together_is_refused_by_name(name: str, why: str) -> None:
    before = stored_of(name)
    values = before.values
    with pytest.raises(CodecError, match=why):
        updated(before, values, Change(np.arange(ROWS), np.ones(ROWS, np.bool_)), Statistics(), seed=0)
