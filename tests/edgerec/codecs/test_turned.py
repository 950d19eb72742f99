import numpy as np
import pytest

from converters.tables.metric import second_moment
from edgerec.codecs.errors import CodecError
from edgerec.codecs.floats import Float16
from edgerec.codecs.naming import decode
from edgerec.codecs.turned import Turned
from edgerec.criteria.statistics import Statistics

RANDOM = np.random.default_rng(4)
TABLE = RANDOM.normal(size=(50, 8)).astype(np.float32)


def test_as_many_axes_as_columns_lose_nothing_but_the_rounding() -> None:
    decoded = Turned(8, Float16()).encode(TABLE, Statistics(), seed=0).decode()
    assert np.allclose(decoded, TABLE, atol=2e-2)


def test_the_axes_stored_go_from_strong_to_weak_and_errors_in_them_cost_alike() -> None:
    vectors = RANDOM.normal(size=(400, 8)) @ RANDOM.normal(size=(8, 8))
    known = Statistics(second_moment=second_moment(vectors))
    made = Turned(6, Float16()).encode(TABLE, known, seed=0)
    strengths = np.linalg.norm(made.factor.decode(), axis=0)
    assert (np.diff(strengths) < 0).all()
    seen = second_moment(vectors @ made.projection.astype(np.float64).T)
    assert np.allclose(seen / seen[0, 0], np.eye(6), atol=2e-2)


def test_more_axes_than_columns_are_refused() -> None:
    with pytest.raises(CodecError, match=r"turned got 9 axes for a table \[50, 8\]"):
        Turned(9, Float16()).encode(TABLE, Statistics(), seed=0)


def test_it_runs_where_what_is_inside_runs() -> None:
    inside = decode("axes8-rows2")
    assert inside is not None
    assert inside.litert_only
    assert not inside.learned
