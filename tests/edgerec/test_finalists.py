"""The agreement that a candidate needs between the fast evaluator and the runtime to be a finalist."""

from dataclasses import replace

import numpy as np

from device_tests.report import Quality
from edgerec.finalists import disagreement
from edgerec.search.table_trials import Evaluated

USERS, ITEMS, K = 500, 400, 20
LISTS = np.tile(np.arange(K, dtype=np.int32), (USERS, 1))
QUALITY = Quality(K, ITEMS, USERS, tuple(range(USERS + 1)), (1,) * USERS, (K,) * K, 1.0, {}, 0, ())


def test_lists_and_recall_decide() -> None:
    found = Evaluated(QUALITY, LISTS)
    assert disagreement(found, QUALITY, LISTS, K) == ""

    near = LISTS.copy()
    near[: USERS // 10, 0] = K  # a twentieth of a tenth of the lists: 0.995
    assert disagreement(found, QUALITY, near, K) == ""
    near[USERS // 2, 0] = K
    assert "lists overlap by 0.9949, expected 0.995 or more" in disagreement(found, QUALITY, near, K)

    one_lost = replace(QUALITY, ranks=(K + 1, *QUALITY.ranks[1:]))
    assert "recall@20 is 0.0020 apart, expected 0.001 or less" in disagreement(found, one_lost, LISTS, K)
