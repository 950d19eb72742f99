"""Float32 models and their tables as they ship."""

import numpy as np
import pytest

from benchmarks.factor_data import Side, by_popularity, side
from benchmarks.factor_models import Fitting, Model, made, model, quality_of
from benchmarks.factor_quality import judge_float
from benchmarks.factor_settings import SHOWN, Integers, Setting
from edgerec.data.interactions import Interactions
from edgerec.data.splitting import random_share, split

USERS, ITEMS = 40, 600
FINE = (Integers(1, ((4, 8),), 0.01, 0),)


@pytest.fixture(scope="module")
def trained() -> Model:
    random = np.random.default_rng(0)
    chance = 1 / np.arange(1, ITEMS + 1)
    pairs = [
        (str(user), str(item))
        for user in range(USERS)
        for item in random.choice(ITEMS, 15, replace=False, p=chance / chance.sum())
    ]
    pairs += [(str(item % USERS), str(item)) for item in range(ITEMS)]
    user, item = zip(*sorted(set(pairs)), strict=True)
    parts = by_popularity(split(Interactions.from_columns(user, item, [0] * len(user)), random_share(0.2), seed=1))
    given: Side = side(parts, "test", most_users=None, candidates=9, seed=1)
    return model(given, 4, Fitting(1, 10), seed=1)


def test_shown_counts_the_first_twenty_of_everyone(trained: Model) -> None:
    assert trained.shown.sum() == 20 * USERS
    assert np.count_nonzero(trained.shown) < trained.items


def test_rows_by_shown_come_the_most_shown_first_and_those_never_shown_can_be_dropped(trained: Model) -> None:
    assert np.array_equal(trained.order(Setting(FINE)), np.arange(trained.items))
    order = trained.order(Setting(FINE, SHOWN))
    assert (np.diff(trained.shown[order]) <= 0).all()
    assert sorted(order) == list(range(trained.items))
    fewer = trained.order(Setting(FINE, SHOWN, kept=0.5))
    assert np.array_equal(fewer, order[: round(np.count_nonzero(trained.shown) / 2)])


def test_a_row_is_near_everyone_who_has_its_item_among_their_first_sixty(trained: Model) -> None:
    order = trained.order(Setting(FINE, SHOWN, kept=0.6))
    of = trained.near(order, 7)
    assert (of.rows, of.background) == (len(order), 7)
    for row in (0, 5, len(order) - 1):
        listed = np.flatnonzero((trained.lists == order[row]).any(axis=1))
        assert of.ids[of.offsets[row] : of.offsets[row + 1]].tolist() == listed.tolist()


@pytest.mark.parametrize(
    "setting", [Setting(FINE), Setting(FINE, SHOWN, background=9), Setting(FINE, SHOWN, solved=True)], ids=str
)
def test_a_finely_stored_table_ranks_as_float32_does(trained: Model, setting: Setting) -> None:
    quality = quality_of(trained, made(trained, setting))
    near = np.abs(np.subtract(quality.ranks, trained.quality.ranks))
    assert np.mean(near <= ITEMS / 100) > 0.9
    assert abs(quality.metric("recall", 20) - trained.quality.metric("recall", 20)) < 0.02


def test_items_without_a_row_are_not_shown(trained: Model) -> None:
    few = made(trained, Setting(FINE, SHOWN, kept=0.6))
    assert few.coded.rows == len(few.order) < trained.items
    assert quality_of(trained, few).recommended_items[-1] <= len(few.order)


def test_users_solved_again_fit_the_table_as_it_is_stored(trained: Model) -> None:
    """Under half of the columns float32's own vectors are not the best: solved ones make up for what is missing."""
    half = (Integers(1, ((2, 8),), 0.01, 0),)
    table = made(trained, Setting(half, solved=True))
    as_were = made(trained, Setting(half))
    rows = trained.turned.items_as_before(table.coded.decode())
    users = table.users @ np.linalg.inv(trained.turned.back)
    expected = judge_float(rows, users.astype(np.float32), trained.side)
    near = np.abs(np.subtract(quality_of(trained, table).ranks, expected.ranks))
    assert np.mean(near <= ITEMS / 100) > 0.9
    assert not np.allclose(table.users, as_were.users, atol=1e-3)
