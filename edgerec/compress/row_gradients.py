"""What multiplies the rows that a table is looked up for: how a model's scores move with them."""

from collections.abc import Collection
from typing import Any

import numpy as np

from edgerec.compress.activations import Moment
from edgerec.data.interactions import Interactions
from edgerec.models import training
from edgerec.models.recommender import Recommender
from edgerec.models.roles import POINTWISE
from edgerec.models.session import session
from edgerec.models.training import Fit

BATCH, BATCHES = 128, 24


def moments_at_rows(
    recommender: Recommender, names: Collection[str], data: Interactions, *, seed: int
) -> dict[str, Moment]:
    """The second moment of the log-likelihood's gradients at the rows of each named look-up table, [columns, columns].

    The likelihood is that of the model's own softmax over the items that it scores, the catalogue or those of a batch,
    and the item is drawn from it: the Fisher matrix (S. Amari 1998). An error e in a row moves what the model says by a
    divergence of e'He / 2, and not at all where it moves the scores of all items alike. Of training examples in an
    order drawn from the seed.
    """
    session().seed(seed)
    tf, model = session().tf, recommender.clone().model
    tables = [model.get_layer(name).embeddings for name in names]
    sums: dict[str, Moment] = {name: np.zeros((table.shape[1],) * 2) for name, table in zip(names, tables, strict=True)}
    if not tables:
        return sums

    def pulled(inputs: Any, examples: Any, draw: Any) -> Any:
        with tf.GradientTape() as tape:
            scores = tf.reshape(model(inputs, training=False), (examples, -1))
            total = tf.reduce_sum(scores * tf.stop_gradient(_pull(scores, draw)))
        return [tf.convert_to_tensor(found) for found in tape.gradient(total, tables)]

    traced, rows = tf.function(pulled, reduce_retracing=True), 0
    for number, batch in enumerate(training.batches(recommender, data, Fit(1, BATCH, seed=seed)).take(BATCHES)):
        examples = _examples(batch, recommender)
        rows += examples
        gradients = traced(batch[0], tf.constant(examples), tf.constant([seed, number]))
        for name, found in zip(names, gradients, strict=True):
            at_rows = found.numpy().astype(np.float64)
            sums[name] += at_rows.T @ at_rows
    return {name: each / rows for name, each in sums.items()}


def _examples(batch: Any, recommender: Recommender) -> int:
    """How many lists of scores a batch asks for: of pairs there are as many as items in a list."""
    pairs = int(batch[1].shape[0])
    return round(pairs**0.5) if recommender.roles.kind == POINTWISE else pairs


def _pull(scores: Any, seed: Any) -> Any:
    """The gradient of the log-likelihood of an item drawn from the softmax of scores [examples, items], by scores."""
    tf = session().tf
    drawn = tf.random.stateless_categorical(scores, 1, seed)[:, 0]
    return tf.one_hot(drawn, tf.shape(scores)[1]) - tf.nn.softmax(scores)
