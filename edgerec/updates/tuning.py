"""Some rows of a recommender's tables trained, and every other weight held as it is, to the bit."""

from collections.abc import Mapping
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
    only: NDArray[np.bool_] | None = None,
    progress: Progress = silent,
) -> Recommender:
    """The recommender with the rows that `free` marks, bool [rows] by layer, trained on `data` as `training.fit` does.

    The layers are tables and the dense layer that scores, whose biases go with their rows. Gradients of all other
    weights are 0, and so is every step of theirs. Raises ModelError as training does.
    """
    session().seed(settings.seed)
    copy = recommender.clone()
    training.fit(copy, _held(copy, free), data, settings, only=only, progress=progress)
    return copy


def _held(recommender: Recommender, free: Masks) -> Any:
    """The same layers as a model whose training step goes only to the free rows."""
    tf, keras, model = session().tf, session().keras, recommender.model
    masked = []
    for name, rows in free.items():
        for weight in model.get_layer(name).weights:
            first = layers.is_table(recommender, name) or len(weight.shape) == 1
            masked.append((weight, tf.constant(rows[:, None] if first and len(weight.shape) > 1 else rows, tf.float32)))

    class Held(keras.Model):  # type: ignore[misc,name-defined]
        """The model, of which a step moves the free rows alone."""

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
