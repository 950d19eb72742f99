import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgerec.criteria.errors import CriterionError
from edgerec.criteria.selection import keep, kept_indices


def naive(values: np.ndarray, count: int) -> np.ndarray:
    order = sorted(range(values.size), key=lambda place: (-values.flat[place], place))
    mask = np.zeros(values.size, np.bool_)
    mask[order[:count]] = True
    return mask.reshape(values.shape)


tables = st.integers(0, 10_000).map(
    lambda seed: np.random.default_rng(seed).integers(0, 4, size=(1 + seed % 5, 1 + seed % 7)).astype(float)
)


@given(tables, st.floats(0.01, 1))
@settings(max_examples=80, deadline=None)
def test_the_highest_stay_and_equal_ones_by_lower_index(values: np.ndarray, share: float) -> None:
    kept = keep({"it": values}, share=share)["it"]
    assert np.array_equal(kept, naive(values, max(1, round(share * values.size))))
    by_row = keep({"it": values}, share=share, per="row")["it"]
    wanted = max(1, round(share * values.shape[1]))
    assert np.array_equal(by_row, np.stack([naive(row, wanted) for row in values]))


@given(tables, tables, st.floats(0.01, 1))
@settings(max_examples=80, deadline=None)
def test_globally_all_are_ranked_together(one: np.ndarray, other: np.ndarray, share: float) -> None:
    found = keep({"one": one, "other": other}, share=share, per="global")
    together = naive(np.concatenate([one.ravel(), other.ravel()]), max(1, round(share * (one.size + other.size))))
    assert np.array_equal(found["one"], together[: one.size].reshape(one.shape))
    assert np.array_equal(found["other"], together[one.size :].reshape(other.shape))


def test_a_count_is_kept_to_the_last_one() -> None:
    assert kept_indices(np.array([1.0, 5, 3, 5, -np.inf]), count=3).tolist() == [1, 2, 3]
    assert kept_indices(np.zeros(5), count=2).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("amount", "told"),
    [
        ({}, "share is None and count is None"),
        ({"share": 0.5, "count": 1}, "expected one of the two"),
        ({"share": 0.0}, "share to keep is 0, expected above 0"),
        ({"share": 1.5}, "share to keep is 1.5"),
        ({"count": 0}, "count to keep is 0, expected 1 to 4"),
        ({"count": 5}, "count to keep is 5"),
        ({"share": 0.5, "per": "rows"}, "did you mean row"),
        ({"share": 0.5, "per": "row"}, r"saliency of it has shape \(4,\), expected \[rows, columns\]"),
    ],
)
def test_an_amount_that_is_none_is_refused(amount: dict[str, object], told: str) -> None:
    with pytest.raises(CriterionError, match=told):
        keep({"it": np.arange(4.0)}, **amount)  # type: ignore[arg-type]


def test_nan_is_refused() -> None:
    with pytest.raises(CriterionError, match="saliency of it holds 1 NaN"):
        keep({"it": np.array([1.0, np.nan])}, share=0.5)
