"""Training and fine-tuning: what a recommender of each kind learns from, and one fit for plain and wrapped models."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgerec.data.interactions import Interactions
from edgerec.models.examples import Columns, examples, merged
from edgerec.models.recommender import ModelError, Recommender
from edgerec.models.roles import CATALOGUE, POINTWISE, TWO_TOWERS, Roles
from edgerec.models.serving import ends_in
from edgerec.models.session import session
from edgerec.progress import Progress, silent

IMPOSSIBLE = -1e9  # the logit of an item that must not count as a negative


@dataclass(frozen=True)
class Fit:
    """How long and how fast to learn.

    With `merge_repeats` examples that say the same are fed once, weighted by how often they were there: the same loss
    in fewer steps. Only for models that score the whole catalogue.
    """

    epochs: int
    batch: int = 256
    learning_rate: float = 2e-3
    seed: int = 0
    merge_repeats: bool = False


@dataclass(frozen=True, eq=False)
class _Rows:
    """What an epoch goes through: ids by input name, the item taken, a weight a row or None; batches of one size."""

    columns: Columns
    target: NDArray[np.int32]
    weight: NDArray[np.float32] | None
    batch: int


def train(
    recommender: Recommender,
    data: Interactions,
    settings: Fit,
    *,
    only: NDArray[np.bool_] | None = None,
    progress: Progress = silent,
) -> Recommender:
    """A trained copy; the one given is left as it was. Arguments and errors are those of `fit`."""
    session().seed(settings.seed)
    copy = recommender.clone()
    fit(copy, copy.model, data, settings, only=only, progress=progress)
    return copy


def fit(
    recommender: Recommender,
    model: Any,
    data: Interactions,
    settings: Fit,
    *,
    only: NDArray[np.bool_] | None = None,
    callbacks: Sequence[Any] = (),
    progress: Progress = silent,
) -> None:
    """Train `model` in place on what a recommender of this kind learns from; on interactions `only` marks, if given.

    catalogue    softmax over every item (no sampling, so nothing to correct)
    pointwise    softmax over the items of the batch, logits corrected by log popularity (Bengio and Senecal 2008;
                 Yi et al. 2019), since uniform negatives leave NeuMF below "most popular"
    two towers   the same, with one dot product for each pair in the batch

    Raises ModelError for a model that ends in a sigmoid or softmax, for a merge of repeats that would change what is
    learned, and for a loss that is no number.
    """
    keras, roles = session().keras, recommender.roles
    if end := ends_in(recommender.model):
        raise ModelError(
            f"{roles.name} ends in a {end}, and training takes the scores before it: train "
            "edgerec.models.serving.linear_end(recommender), which ranks the same"
        )
    rows = _rows(roles, data, settings, only)
    loss = (
        keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        if roles.kind == CATALOGUE
        else _in_batch_softmax(roles, rows)
    )
    model.compile(keras.optimizers.Adam(settings.learning_rate), loss)
    told = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: progress(f"epoch {epoch + 1} of {settings.epochs}, loss {logs['loss']:.4f}")
    )
    drawn = _batches(recommender, rows, settings.seed)
    losses = model.fit(drawn, epochs=settings.epochs, verbose=0, callbacks=[*callbacks, told]).history["loss"]
    if not np.isfinite(losses).all():
        epoch = int(np.argmin(np.isfinite(losses))) + 1
        raise ModelError(
            f"training {roles.name} diverged: the loss of epoch {epoch} is {losses[epoch - 1]}; take a learning rate "
            f"below {settings.learning_rate:g}"
        )


def steps_an_epoch(recommender: Recommender, data: Interactions, settings: Fit) -> int:
    """Training steps in one epoch; pruning schedules count in them."""
    rows = _rows(recommender.roles, data, settings)
    return len(rows.target) // rows.batch


def batches(recommender: Recommender, data: Interactions, settings: Fit) -> Any:
    """What `fit` learns from, as a tf.data.Dataset: batches of (inputs by name, item taken, weight if any)."""
    return _batches(recommender, _rows(recommender.roles, data, settings), settings.seed)


def probe(recommender: Recommender, data: Interactions, rows: int = 256) -> dict[str, Any]:
    """The first training inputs as they come, by name: real values to compare two models on."""
    columns, target = examples(recommender.roles, data)
    inputs: dict[str, Any] = {name: values[:rows] for name, values in columns.items()}
    if recommender.features is not None:
        inputs["item_features"] = recommender.features[target[:rows]]
    return inputs


def _rows(roles: Roles, data: Interactions, settings: Fit, only: NDArray[np.bool_] | None = None) -> _Rows:
    columns, target = examples(roles, data, only)
    weight = None
    if settings.merge_repeats:
        if roles.kind != CATALOGUE:
            raise ModelError(
                f"{roles.name} learns from the other rows of its batch, and merging repeats would change which those "
                "are: leave merge_repeats out"
            )
        columns, target, weight = merged(columns, target)
    return _Rows(columns, target, weight, min(settings.batch, len(target)))


def _batches(recommender: Recommender, rows: _Rows, seed: int) -> Any:
    """Whole batches of (inputs by name, target item, weight if any), drawn in a new order every epoch from the seed."""
    tf = session().tf
    parts = (rows.columns, rows.target) if rows.weight is None else (rows.columns, rows.target, rows.weight)
    drawn = tf.data.Dataset.from_tensor_slices(parts)
    drawn = drawn.shuffle(len(rows.target), seed=seed, reshuffle_each_iteration=True)
    drawn = drawn.batch(rows.batch, drop_remainder=True)
    if recommender.roles.kind == POINTWISE:
        return drawn.map(_every_pair(recommender.roles))
    if recommender.roles.kind == TWO_TOWERS:
        features = tf.constant(recommender.features)
        return drawn.map(lambda x, y: ({**x, "item_features": tf.gather(features, y)}, y))
    return drawn


def _every_pair(roles: Roles) -> Any:
    """Every user of a batch against every item of it, [batch * batch]."""
    tf = session().tf
    item = next(entry.name for entry in roles.inputs if entry.role == "item")

    def cross(columns: dict[str, Any], target: Any) -> tuple[dict[str, Any], Any]:
        size = tf.shape(target)[0]
        pairs = {name: tf.repeat(values, size, axis=0) for name, values in columns.items() if name != item}
        return {**pairs, item: tf.tile(columns[item], (size,))}, tf.tile(target, (size,))

    return cross


def _in_batch_softmax(roles: Roles, rows: _Rows) -> Any:
    """Cross-entropy of each row's own item against the batch's others, by popularity corrected."""
    tf, size = session().tf, rows.batch
    counts = np.bincount(rows.target, minlength=roles.items)
    log_share = tf.constant(np.log(np.maximum(counts, 1) / len(rows.target)), tf.float32)

    def loss(target: Any, output: Any) -> Any:
        if roles.kind == POINTWISE:
            logits = tf.reshape(output, (size, size))
            items = tf.cast(tf.reshape(target, (size, size))[0], tf.int32)
        else:
            user, item = tf.split(output, 2, axis=1)
            logits = tf.matmul(user, item, transpose_b=True)
            items = tf.cast(tf.reshape(target, (-1,)), tf.int32)
        logits -= tf.gather(log_share, items)
        same = tf.equal(items[:, None], items[None, :])
        twins = tf.logical_and(same, tf.logical_not(tf.eye(size, dtype=tf.bool)))
        logits = tf.where(twins, IMPOSSIBLE, logits)
        return tf.nn.sparse_softmax_cross_entropy_with_logits(tf.range(size), logits)

    return loss
