"""Tables stored as settings say."""

import numpy as np

from benchmarks.factor_settings import SHOWN, Codes, Integers, Setting, encoded, turned
from converters.tables.columns import Columns
from converters.tables.metric import second_moment
from converters.tables.near import near
from converters.tables.tiers import Tiers
from edgerec.models.factors import Factors

RANDOM = np.random.default_rng(0)
FACTORS = Factors(
    (RANDOM.normal(size=(50, 8)) @ RANDOM.normal(size=(8, 8))).astype(np.float32),
    RANDOM.normal(size=(60, 8)).astype(np.float32),
)


def test_turning_leaves_the_scores_and_makes_errors_of_all_columns_count_alike() -> None:
    axes = turned(FACTORS)
    scores = FACTORS.users @ FACTORS.items.T
    assert np.allclose(axes.users @ axes.items.T, scores, atol=1e-4 * np.abs(scores).max())
    assert np.allclose(second_moment(axes.users), np.eye(8), atol=1e-3)
    energies = np.square(axes.items).sum(axis=0)
    assert (np.diff(energies) <= 0).all()
    assert np.allclose(axes.items_as_before(axes.items), FACTORS.items, atol=1e-4)
    assert np.allclose(axes.users_turned(FACTORS.users), axes.users, atol=1e-4)


def test_tiers_take_their_share_of_the_rows_and_groups_their_columns() -> None:
    setting = Setting((Integers(0.25, ((8, 8),), 0.01), Integers(1, ((2, 8), (4, 4)), 0.2)), SHOWN)
    coded = encoded(FACTORS.items, setting, seed=0)
    assert isinstance(coded, Tiers)
    assert [part.rows for part in coded.parts] == [15, 45]
    narrow = coded.parts[1]
    assert isinstance(narrow, Columns)
    assert ([part.columns for part in narrow.parts], narrow.columns) == ([2, 4], 8)
    assert np.array_equal(narrow.parts[0].stored[1], narrow.parts[1].stored[1])
    decoded = coded.decode()
    assert np.abs(decoded[:15] - FACTORS.items[:15]).max() < 0.05
    assert not decoded[15:, 6:].any()
    assert 0.05 < np.abs(decoded[15:, :2] - FACTORS.items[15:, :2]).max() < 0.5


def test_rows_in_their_own_metrics_are_finer_where_many_come_near_and_err_less_in_these() -> None:
    lists = np.tile(np.arange(8), (50, 1))
    of = near(FACTORS.users, lists, 60, background=5)
    setting = Setting((Integers(0.1, ((8, 8),), 0.5), Integers(1, ((6, 8),), 0.5)), background=5)
    plain, own = (encoded(FACTORS.items, setting, seed=0, near=given) for given in (None, of))
    assert isinstance(own, Tiers)
    assert isinstance(own.parts[1], Columns)
    assert own.parts[1].columns == 8
    errors = [np.square(FACTORS.users @ (coded.decode() - FACTORS.items).T).sum(axis=0) for coded in (plain, own)]
    assert (errors[1][:8] < errors[0][:8]).all()
    assert errors[1][8:].sum() < 0.8 * errors[0][8:].sum()


def test_codes_of_the_first_columns_leave_the_others_at_zero() -> None:
    coded = encoded(FACTORS.items, Setting((Codes(1, 4, 3, 16),)), seed=0)
    assert (coded.rows, coded.columns) == (60, 8)
    assert not coded.decode()[:, 4:].any()
    lost = np.square(coded.decode()[:, :4] - FACTORS.items[:, :4]).sum() / np.square(FACTORS.items[:, :4]).sum()
    assert lost < 0.2


def test_a_setting_says_what_it_is() -> None:
    told = str(Setting((Integers(0.16, ((4, 8),), 0.04, 0.2), Codes(1, 32, 8, 16)), SHOWN, kept=0.95))
    assert told == (
        "4 x int8 to 16%, step 0.04^0.2; 8 x 16 codes to 100%: 32 columns, gain 1, 7 bits, weight -0.5; by shown, "
        "only 95% of the items shown"
    )
