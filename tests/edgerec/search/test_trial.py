"""Outcomes and what they hold."""

import pytest

from edgerec.search.errors import SearchError
from edgerec.search.trial import Outcome, SizeLimits


def test_limits_and_floors_are_missed_by_a_share_of_their_own() -> None:
    outcome = Outcome(150, 90, {"recall": -0.02, "tail": 0.0}, {})
    limits = SizeLimits(download_bytes=100, disk_bytes=100)
    assert limits.margins(outcome) == {"recall": -0.02, "tail": 0.0, "download_bytes": -0.5, "disk_bytes": 0.1}
    assert limits.missed(outcome) == {"recall": 0.02, "download_bytes": 0.5}
    assert SizeLimits().missed(outcome) == {"recall": 0.02}
    assert outcome.quality_margin == -0.02
    assert Outcome(1, 1, {}, {}).quality_margin == 0


@pytest.mark.parametrize(
    "outcome",
    [
        lambda: Outcome(0, 1, {}, {}),
        lambda: Outcome(1, 1, {"recall": float("nan")}, {}),
        lambda: Outcome(1, 1, {}, {"seconds": float("inf")}),
        lambda: SizeLimits(disk_bytes=0),
    ],
)
def test_no_outcome_is_believed_that_cannot_be(outcome: object) -> None:
    with pytest.raises(SearchError, match="expected"):
        outcome()  # type: ignore[operator]
