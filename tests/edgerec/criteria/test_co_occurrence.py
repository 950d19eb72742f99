import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgerec.criteria import co_occurrence
from edgerec.criteria.co_occurrence import CoOccurrence, twins
from edgerec.criteria.criterion import saliency
from edgerec.criteria.errors import CriterionError
from edgerec.criteria.statistics import Statistics, Taken

# Rows 0 and 1 have the same three partners, row 2 shares one of its two with them, row 3 has its own, row 4 none.
TAKEN = Taken(np.array([0, 0, 0, 1, 1, 1, 2, 2, 3]), np.array([0, 1, 2, 2, 1, 0, 2, 3, 4]))


def test_twins_have_no_need_of_a_row_and_loners_have() -> None:
    found = saliency(CoOccurrence(), np.zeros((5, 2)), Statistics(taken=TAKEN), "row")
    assert np.allclose(found, [0, 0, 1 - 1 / np.sqrt(6), 1, 0])


def test_the_twin_is_named_and_a_loner_is_its_own() -> None:
    found = twins(TAKEN, 5)
    assert found.row.tolist() == [1, 0, 0, 3, 4]
    assert found.taken.tolist() == [True, True, True, True, False]


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 7)), max_size=60), st.sampled_from([1, 7, 40, 1 << 22]))
@settings(max_examples=60, deadline=None)
def test_in_parts_of_any_size_it_is_the_cosine_of_the_incidence(pairs: list[tuple[int, int]], at_once: int) -> None:
    rows, partners = np.array(pairs, np.int64).reshape(-1, 2).T
    incidence = np.zeros((12, 8))
    incidence[rows, partners] = 1
    norms = np.maximum(np.linalg.norm(incidence, axis=1), 1e-9)
    cosine = incidence @ incidence.T / np.outer(norms, norms)
    np.fill_diagonal(cosine, 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(co_occurrence, "PAIRS_AT_ONCE", at_once)
        found = twins(Taken(rows, partners), 12)
    assert np.allclose(found.similarity, cosine.max(axis=1))
    assert np.allclose(cosine[np.arange(12), found.row], cosine.max(axis=1))


def test_a_row_that_the_table_has_not_is_refused() -> None:
    with pytest.raises(CriterionError, match="interactions are of rows 0 to 3, expected 0 to 2"):
        twins(TAKEN, 3)
