"""Gradients of a recommender's own loss at its weights, over the batches that it was trained on."""

from typing import Any

from edgerec.criteria.statistics import Gradients
from edgerec.data.interactions import Interactions
from edgerec.models import training
from edgerec.models.recommender import Recommender
from edgerec.models.session import session
from edgerec.models.training import Fit

BATCH = 256


def gradients(recommender: Recommender, data: Interactions, *, seed: int, batch: int = BATCH) -> dict[str, Gradients]:
    """The gradient at every table and dense kernel by layer name: its mean and mean square over the batches.

    Each batch of one epoch in an order drawn from the seed gives the gradient of its mean loss, float64 [rows, columns]
    once averaged; dropout is off and nothing is learned. Raises ModelError as training does.
    """
    session().seed(seed)
    # The gradients are of a model, and fit compiles and runs what it is given: its loss and batches are training's own.
    observed = _observed(recommender)
    training.fit(recommender, observed, data, Fit(epochs=1, batch=batch, seed=seed))
    found: dict[str, Gradients] = observed.gathered()
    return found


def _observed(recommender: Recommender) -> Any:
    """A copy of the model whose training step adds up gradients and changes no weight."""
    tf, keras = session().tf, session().keras
    copy = recommender.clone().model
    kernels = {layer.name: layer.weights[0] for layer in copy.layers if _has_kernel(layer)}

    class Observed(keras.Model):  # type: ignore[misc,name-defined]
        """The model, summing up the gradients of its batches."""

        def observe(self) -> "Observed":
            zeros = [tf.zeros(kernel.shape, tf.float64) for kernel in kernels.values()]
            self.sums, self.squares = ([tf.Variable(each, trainable=False) for each in zeros] for _ in range(2))
            self.batches = tf.Variable(0, dtype=tf.int64, trainable=False)
            return self

        def train_step(self, batch: Any) -> dict[str, Any]:
            inputs, target, weight = keras.utils.unpack_x_y_sample_weight(batch)
            with tf.GradientTape() as tape:
                loss = self.compute_loss(inputs, target, self(inputs, training=False), weight)
            found = tape.gradient(loss, list(kernels.values()), unconnected_gradients=tf.UnconnectedGradients.ZERO)
            for gradient, total, square in zip(found, self.sums, self.squares, strict=True):
                wide = tf.cast(tf.convert_to_tensor(gradient), tf.float64)
                total.assign_add(wide)
                square.assign_add(tf.square(wide))
            self.batches.assign_add(1)
            return {"loss": loss}

        def gathered(self) -> dict[str, Gradients]:
            count = int(self.batches)
            gathered = zip(kernels, self.sums, self.squares, strict=True)
            return {name: Gradients(total.numpy() / count, square.numpy() / count) for name, total, square in gathered}

    observed: Any = Observed(copy.inputs, copy.outputs).observe()
    return observed


def _has_kernel(layer: Any) -> bool:
    layers = session().keras.layers
    return isinstance(layer, layers.Embedding | layers.Dense)
