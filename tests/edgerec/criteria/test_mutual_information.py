import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import mutual_info_score

from edgerec.criteria.criterion import saliency
from edgerec.criteria.errors import CriterionError
from edgerec.criteria.mutual_information import BINS, PAIRS, MutualInformation, equal_counts, information
from edgerec.criteria.statistics import Labelled, Statistics

USERS, ROWS = 200, 300


def known(pairs: int = PAIRS) -> tuple[np.ndarray, Statistics]:
    """Three columns: the label hangs on the first contribution, a little on the second, not on the third."""
    random = np.random.default_rng(4)
    table, vectors = random.normal(size=(ROWS, 3)), random.normal(size=(USERS, 3))
    user, row = random.integers(USERS, size=pairs), random.integers(ROWS, size=pairs)
    score = (vectors[user] * table[row]) @ [2.0, 0.5, 0.0] + random.normal(size=pairs)
    return table, Statistics(vectors=vectors, labelled=Labelled(user, row, (score > 0).astype(np.int64)))


def test_it_is_what_scikit_learn_estimates_over_the_same_bins() -> None:
    table, statistics = known()
    pairs = statistics.labelled
    assert pairs is not None
    assert statistics.vectors is not None
    found = saliency(MutualInformation(), table, statistics, "column")
    for column in range(3):
        contribution = statistics.vectors[pairs.vectors, column] * table[pairs.rows, column]
        edges = np.sort(contribution)[np.arange(1, BINS) * PAIRS // BINS]
        bins = np.digitize(contribution, edges)
        assert np.abs(np.bincount(bins) - PAIRS // BINS).max() <= 3  # a pair drawn twice shares a bin
        assert np.isclose(found[column], mutual_info_score(pairs.labels, bins), atol=2e-5)
    assert found[0] > 0.1 > found[1] > 0.005 > found[2]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(-2, 2)), min_size=1, max_size=60))
@settings(max_examples=50, deadline=None)
def test_information_of_any_counts_is_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    left, right = np.array(pairs).T
    assert np.isclose(information(left, right), mutual_info_score(left, right), atol=1e-9)


def test_a_label_that_the_contribution_tells_has_its_whole_entropy() -> None:
    labels = np.repeat([0, 1], 500)
    assert np.isclose(information(equal_counts(labels * 2.0 + np.arange(1000) / 1000, BINS), labels), np.log(2))


def test_equal_values_share_a_bin_so_that_a_constant_says_nothing() -> None:
    assert len(np.unique(equal_counts(np.ones(1000), BINS))) == 1
    mixed = equal_counts(np.concatenate([np.zeros(500), np.arange(1, 501)]), BINS)
    assert len(np.unique(mixed[:500])) == 1


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_few_values_beside_many_zeros_stay_apart_from_them(sign: int) -> None:
    pruned = np.where(np.arange(1000) < 30, sign * 2.0, 0)
    bins = equal_counts(pruned, BINS)
    assert np.array_equal(bins == bins[0], pruned != 0)
    assert np.isclose(information(bins, pruned), mutual_info_score(pruned, pruned))


def test_too_few_pairs_are_refused_by_number() -> None:
    table, statistics = known(PAIRS - 1)
    with pytest.raises(CriterionError, match="mutual_information got 49999 labelled pairs, expected at least 50000"):
        saliency(MutualInformation(), table, statistics, "column")


def test_pairs_of_one_label_are_refused() -> None:
    ones = np.ones(10, np.int64)
    statistics = Statistics(vectors=np.ones((2, 1)), labelled=Labelled(ones, ones, ones))
    with pytest.raises(CriterionError, match="pairs of the one label 1"):
        saliency(MutualInformation(least_pairs=10), np.ones((2, 1)), statistics, "column")
