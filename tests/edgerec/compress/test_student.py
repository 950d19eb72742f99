"""A model that computes with coded tables, and what its teacher's part of the loss is."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edgerec.compress import layers
from edgerec.compress.masks import table_of
from edgerec.compress.student import student, taught, with_tables
from edgerec.compress.trained_tables import trained_table
from edgerec.data.interactions import Interactions
from edgerec.models.recommender import Recommender
from edgerec.models.training import probe

Of = Callable[[str], Recommender]
TABLES = {
    "mf": ("users", "scores"),
    "neumf": ("items_product", "deep_0"),
    "gru": ("items", "scores"),
    "attention": ("items", "query", "scores"),
}


def coded_tables(recommender: Recommender, names: tuple[str, ...]) -> dict[str, Any]:
    from converters.tables.rounding import minmax_scales, rounded

    found = {}
    for name, kernel in layers.kernels(recommender, names).items():
        table = np.ascontiguousarray(table_of(recommender, name, kernel))
        found[name] = rounded(table, minmax_scales(table, 4), 4)
    return found


@pytest.mark.parametrize("kind", list(TABLES))
def test_it_answers_as_the_recommender_with_decoded_tables(
    served: Of, interactions: Interactions, untouched: Callable[[Recommender], None], kind: str
) -> None:
    given = served(kind)
    untouched(given)
    coded = coded_tables(given, TABLES[kind])
    tables = {name: trained_table(each) for name, each in coded.items()}
    model = student(given, tables, given, distill=0.5, temperature=1, held=("state",))
    inputs = probe(given, interactions)
    result = with_tables(given, model, tables)
    np.testing.assert_allclose(
        model(inputs, training=False), result.model(inputs, training=False), rtol=1e-4, atol=1e-5
    )
    assert np.abs(result.model(inputs, training=False) - given.model(inputs, training=False)).max() > 1e-3
    for name, kernel in layers.kernels(result, tuple(coded)).items():
        np.testing.assert_array_equal(table_of(given, name, kernel), coded[name].decode())
    assert [layer.name for layer in model.layers if not layer.trainable] == (["state"] if kind == "attention" else [])


def test_what_a_catalogue_model_is_taught_is_the_divergence_of_its_softmax(keras: Any) -> None:
    random = np.random.default_rng(0)
    teacher, scores = random.normal(size=(2, 3, 7)).astype(np.float32)

    def softmax(values: np.ndarray) -> np.ndarray:
        raised = np.exp(values / 2)
        return raised / raised.sum(axis=1, keepdims=True)

    wanted, given = softmax(teacher), softmax(scores)
    rows = 4 * (wanted * np.log(wanted / given)).sum(axis=1)
    assert float(taught("catalogue", teacher, scores, None, 2.0)) == pytest.approx(rows.mean(), rel=1e-4)
    weight = np.array([0, 3, 0], np.float32)
    assert float(taught("catalogue", teacher, scores, weight, 2.0)) == pytest.approx(rows[1], rel=1e-4)
    assert float(taught("catalogue", teacher, teacher + 5, None, 2.0)) == pytest.approx(0, abs=1e-5)


def test_what_a_pointwise_model_is_taught_are_differences_between_items(keras: Any) -> None:
    random = np.random.default_rng(0)
    teacher, scores = random.normal(size=(2, 9, 1)).astype(np.float32)
    off = (scores - teacher).reshape(3, 3)
    pairs = [(off[user, one] - off[user, other]) ** 2 for user in range(3) for one in range(3) for other in range(3)]
    assert float(taught("pointwise", teacher, scores, None, 1.0)) == pytest.approx(np.mean(pairs) / 4, rel=1e-4)
    of_user = np.repeat(random.normal(size=(3, 1)), 3, axis=0).astype(np.float32)
    assert float(taught("pointwise", teacher, teacher + np.sort(of_user, axis=0), None, 1.0)) > 0
    shifted = teacher + np.repeat([[1], [2], [3]], 3, axis=0).astype(np.float32)
    assert float(taught("pointwise", teacher, shifted, None, 1.0)) == pytest.approx(0, abs=1e-6)


def test_softmax_at_a_high_temperature_teaches_differences_too(keras: Any) -> None:
    teacher, scores = np.random.default_rng(0).normal(size=(2, 1, 16)).astype(np.float32)
    soft = float(taught("catalogue", teacher, scores, None, 300.0))
    assert soft == pytest.approx((scores - teacher).var() / 2, rel=0.1)
