"""A Keras model that computes with coded tables, and learns from its own loss and from a teacher's scores."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from edgerec.compress.masks import scores_catalogue
from edgerec.compress.trained_tables import TrainedTable
from edgerec.models.recommender import Recommender
from edgerec.models.roles import CATALOGUE
from edgerec.models.session import session


def student(
    recommender: Recommender,
    tables: Mapping[str, TrainedTable],
    teacher: Recommender,
    *,
    distill: float,
    temperature: float,
    held: Collection[str] = (),
) -> Any:
    """A fresh Keras model of the recommender whose named layers compute with `tables`, the `held` layers frozen.

    A table of the layer that scores the catalogue has items as rows. The loss that it is compiled with counts
    1 - distill; the rest is the teacher's, see `taught`.
    """
    keras = session().keras
    fresh = recommender.clone().model
    made = keras.models.clone_model(
        fresh,
        clone_function=lambda layer: (
            _coded_layer(layer, tables[layer.name], rows_score=scores_catalogue(recommender, layer.name))
            if layer.name in tables
            else layer
        ),
    )
    for layer in made.layers:
        if layer.name in held:
            layer.trainable = False

    class Student(keras.Model):  # type: ignore[misc,name-defined]
        """The model, with a training step that listens to the teacher too."""

        def train_step(self, batch: Any) -> dict[str, Any]:
            with session().tf.GradientTape() as tape:
                loss = self.loss_of(batch, training=True)
            self.optimizer.minimize(loss, self.trainable_variables, tape=tape)
            return {"loss": loss}

        def loss_of(self, batch: Any, *, training: bool) -> Any:
            inputs, target, weight = keras.utils.unpack_x_y_sample_weight(batch)
            scores = self(inputs, training=training)
            own = self.compute_loss(inputs, target, scores, weight)
            if not distill:
                return own
            told = teacher.model(inputs, training=False)
            return (1 - distill) * own + distill * taught(recommender.roles.kind, told, scores, weight, temperature)

    return Student(made.inputs, made.outputs)


def taught(kind: str, teacher: Any, scores: Any, weight: Any, temperature: float) -> Any:
    """How far a student's scores are from its teacher's, a number.

    catalogue    temperature ** 2 times the divergence of the student's softmax over all items from the teacher's, both
                 at that temperature (G. Hinton, O. Vinyals, J. Dean 2015, arXiv 1503.02531); mean over the examples,
                 by `weight` where there is one
    pointwise    half the variance, over the items of the batch, of a user's scores less the teacher's: the mean squared
                 error of all differences between two items, and what the above tends to as the temperature grows
    """
    tf = session().tf
    if kind == CATALOGUE:
        wanted, given = (tf.nn.log_softmax(each / temperature) for each in (teacher, scores))
        rows = temperature**2 * tf.reduce_sum(tf.exp(wanted) * (wanted - given), axis=1)
    else:
        pairs = tf.cast(tf.shape(scores)[0], tf.float32)
        size = tf.cast(tf.round(tf.sqrt(pairs)), tf.int32)
        rows = tf.math.reduce_variance(tf.reshape(scores - teacher, (size, size)), axis=1) / 2
    return tf.reduce_mean(rows if weight is None else rows * weight)


def with_tables(recommender: Recommender, made: Any, tables: Mapping[str, TrainedTable]) -> Recommender:
    """The recommender on fresh layers with a student's weights, the decoded tables among them."""
    result = recommender.clone()
    layers = {layer.name: layer for layer in made.layers}
    for layer in result.model.layers:
        if layer.name in tables:
            table = tables[layer.name].coded().decode()
            kernel = table.T if scores_catalogue(recommender, layer.name) else table
            others = [layers[layer.name].bias.numpy()] if getattr(layer, "use_bias", False) else []
            layer.set_weights([np.ascontiguousarray(kernel), *others])
        else:
            layer.set_weights(layers[layer.name].get_weights())
    return result


def _coded_layer(layer: Any, table: TrainedTable, *, rows_score: bool) -> Any:
    """The layer with a coded table for embeddings or kernel; its bias is the layer's."""
    tf, layers = session().tf, session().keras.layers

    class CodedEmbedding(layers.Embedding):  # type: ignore[misc,name-defined]
        """Rows of the table."""

        def build(self, input_shape: Any) -> None:
            del input_shape
            self.numbers, self.built = table.trained, True

        def call(self, inputs: Any) -> Any:
            return tf.gather(table.table(), tf.cast(inputs, tf.int32))

    class CodedDense(layers.Dense):  # type: ignore[misc,name-defined]
        """Products with the table."""

        def build(self, input_shape: Any) -> None:
            del input_shape
            self.numbers, self.built = table.trained, True
            self.bias = layer.bias

        def call(self, inputs: Any) -> Any:
            kernel = tf.transpose(table.table()) if rows_score else table.table()
            made = tf.tensordot(inputs, kernel, axes=1)
            made = made if self.bias is None else made + self.bias
            return made if self.activation is None else self.activation(made)

    kind = CodedEmbedding if isinstance(layer, layers.Embedding) else CodedDense
    return kind.from_config(layer.get_config())
