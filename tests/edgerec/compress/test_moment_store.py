"""The store of second moments: told once of a file and its data, the same as the evidence says."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgerec.compress import moment_store
from edgerec.compress.evidence import evidence
from edgerec.compress.moment_store import second_moments
from edgerec.data.interactions import Interactions
from edgerec.models.recommender import Recommender

pytestmark = pytest.mark.tensorflow

TABLES = ("items", "scores")


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEREC_HOME", str(tmp_path))


def test_what_is_kept_is_what_the_evidence_says_and_the_model_is_not_asked_again(
    served: Callable[[str], Recommender], interactions: Interactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = served("gru")
    told = evidence(given, {"second_moment"}, TABLES, interactions, seed=0)
    first = second_moments(b"file", given, TABLES, interactions, seed=0)
    asked: list[object] = []
    monkeypatch.setattr(moment_store, "evidence", lambda *given, **_: asked.append(given) or {})
    again = second_moments(b"file", given, reversed(TABLES), interactions, seed=0)
    for name in TABLES:
        np.testing.assert_array_equal(first[name], told[name].second_moment)
        np.testing.assert_array_equal(again[name], first[name])
    assert asked == []

    fewer = interactions.rows(np.arange(len(interactions)) > 0)
    for other in (
        second_moments(b"other", given, TABLES, interactions, seed=0),
        second_moments(b"file", given, TABLES, interactions, seed=1),
        second_moments(b"file", given, TABLES[:1], interactions, seed=0),
        second_moments(b"file", given, TABLES, fewer, seed=0),
    ):
        assert other == {}
    assert len(asked) == 4
