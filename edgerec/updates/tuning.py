"""Some rows of a recommender's tables trained, and some layers whole; every other weight stays as it is, to the bit."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgerec.compress import layers
from edgerec.data.interactions import Interactions
from edgerec.models import training
from edgerec.models.recommender import Recommender
from edgerec.models.session import session
from edgerec.models.training import Fit
from edgerec.progress import Progress, silent

Masks = Mapping[str, NDArray[np.bool_]]


def tuned_rows(
    recommender: Recommender,
    free: Masks,
    data: Interactions,
    settings: Fit,
    *,
    whole: Collection[str] = (),
    only: NDArray[np.bool_] | None = None,
    progress: Progress = silent,
) -> Recommender:
    """The recommender with the rows that `free` marks, bool [rows] by layer, trained on `data` as `training.fit` does.

    The layers are tables and the dense layer that scores, whose biases go with their rows. With them go all weights of
    the layers `whole`. Gradients of all other weights are 0, and so is every step of theirs. Raises ModelError as
    training does.
    """
    session().seed(settings.seed)
    copy = recommender.clone()
    training.fit(copy, _held(copy, free, whole), data, settings, only=only, progress=progress)
    return copy


def of_no_rows(recommender: Recommender, tables: Collection[str]) -> tuple[str, ...]:
    """The layers with weights to train that are neither among `tables` nor look anything up: what every user shares."""
    return tuple(
        layer.name
        for layer in recommender.model.layers
        if layer.trainable_weights and layer.name not in tables and not layers.is_table(recommender, layer.name)
    )


def _held(recommender: Recommender, free: Masks, whole: Collection[str]) -> Any:
    """The same layers as a model whose training step goes only to the free rows and the whole layers."""
    tf, keras, model = session().tf, session().keras, recommender.model
    masked = []
    for name, rows in free.items():
        for weight in model.get_layer(name).weights:
            first = layers.is_table(recommender, name) or len(weight.shape) == 1
            masked.append((weight, tf.constant(rows[:, None] if first and len(weight.shape) > 1 else rows, tf.float32)))

    masked += [(weight, tf.constant(1.0)) for name in whole for weight in model.get_layer(name).trainable_weights]

    class Held(keras.Model):  # type: ignore[misc,name-defined]
        """The model, of which a step moves the free rows and the whole layers alone."""

        def train_step(self, batch: Any) -> dict[str, Any]:
            inputs, target, weight = keras.utils.unpack_x_y_sample_weight(batch)
            with tf.GradientTape() as tape:
                loss = self.compute_loss(inputs, target, self(inputs, training=True), weight)
            found = tape.gradient(loss, [each for each, _ in masked])
            self.optimizer.apply_gradients(
                (tf.convert_to_tensor(gradient) * mask, each)
                for gradient, (each, mask) in zip(found, masked, strict=True)
            )
            return {"loss": loss}

    return Held(model.inputs, model.outputs)
