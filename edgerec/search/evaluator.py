"""The fast evaluator: the quality of a coded item table from its arrays, without a file or a runtime."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from converters.tables.coded import Coded, Floats
from device_tests import quality
from device_tests.evaluation import EvaluationSet
from device_tests.ranking import Ids
from device_tests.report import Quality
from edgerec.search.coded_scores import Scores, scores_of
from edgerec.search.errors import SearchError

_SCORES_AT_ONCE = 1 << 24
_MOST_USERS_AT_ONCE = 256
_COUNTED_USERS = 32


def evaluated(
    coded: Coded, vectors: Floats, evaluation: EvaluationSet, k: int, *, bias: Floats | None = None, runtime: str = ""
) -> tuple[Quality, Ids]:
    """Give the quality of a table and every user's top k, int32 [users, k], as the harness measures them.

    `vectors` float32 [users, columns] are the evaluation users' as they enter the product with the table, `bias`
    float32 [rows] is added to the scores, `runtime` is that of `scores_of`. Distinct scores are counted for 32 users. A
    candidate that this finds is still to be replayed in the runtime: kernels sum in another order. Raises SearchError
    for shapes that do not fit, ModelError when a score is NaN or k is not 1 to the items.
    """
    expected = (evaluation.users, coded.columns)
    if vectors.dtype != np.float32 or vectors.shape != expected:
        raise SearchError(f"got vectors {vectors.dtype} {list(vectors.shape)}, expected float32 {list(expected)}")
    items = len(evaluation.popularity)
    if coded.rows != items or (bias is not None and bias.shape != (items,)):
        shapes = f"{coded.rows} rows" if bias is None else f"{coded.rows} rows and a bias {list(bias.shape)}"
        raise SearchError(f"got a table of {shapes}, expected one of each for the {items} items of the evaluation set")
    return quality.measure(
        _CodedScorer(scores_of(coded, runtime), vectors, items, bias), evaluation, k, counted_users=_COUNTED_USERS
    )


@dataclass(frozen=True, eq=False)
class _CodedScorer:
    scores: Scores
    vectors: Floats
    items: int
    bias: Floats | None

    @property
    def batch(self) -> int:
        """Users in one call."""
        return max(1, min(_MOST_USERS_AT_ONCE, _SCORES_AT_ONCE // self.items))

    def score_catalogue(self, inputs: Mapping[str, Ids], rows: NDArray[np.integer]) -> Floats:
        """Give the scores of the users at `rows`, whatever their inputs were."""
        del inputs
        made = self.scores(self.vectors[rows])
        return made if self.bias is None else np.add(made, self.bias, out=made)
