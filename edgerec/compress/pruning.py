"""TF-MOT magnitude pruning, layer by layer, with fine-tuning, stripped and proved."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgerec.compress import layers
from edgerec.compress.errors import RecipeError
from edgerec.compress.proof import same_once_stripped
from edgerec.compress.steps import Prune, Step
from edgerec.data.interactions import Interactions
from edgerec.models import training
from edgerec.models.recommender import Recommender
from edgerec.models.session import session
from edgerec.models.training import Fit
from edgerec.progress import Progress, silent

FREQUENCY = 20  # steps between two updates of the masks
ROUNDING = 1e-6  # TF-MOT counts the weights that it keeps in float32, and rounds to a whole one
RAMP = 0.5  # share of the fine-tuning over which a polynomial schedule reaches its sparsity; the rest settles


def prune(
    recommender: Recommender,
    step: Prune,
    data: Interactions,
    *,
    earlier: tuple[Step, ...] = (),
    seed: int,
    merge_repeats: bool = False,
    progress: Progress = silent,
) -> Recommender:
    """The recommender with `step.sparsity` of every chosen kernel zero, fine-tuned, no wrapper left.

    Layers that an `earlier` step pruned keep their zeros: those that this one does not choose are frozen, the others
    are pruned further. Raises RecipeError where a layer pattern matches nothing or the zeros did not arrive.
    """
    session().seed(seed)
    sparsity = session().tfmot.sparsity.keras
    names = layers.chosen(recommender, step.layers)
    pruned = layers.made_by(recommender, earlier)
    before = layers.kernels(recommender, names)
    settings = Fit(step.epochs, learning_rate=step.learning_rate, seed=seed, merge_repeats=merge_repeats)
    steps = step.epochs * training.steps_an_epoch(recommender, data, settings)

    def wrapper(layer: Any) -> Any:
        start = layers.zero_share(before[layer.name]) if layer.name in pruned else 0.0
        return sparsity.prune_low_magnitude(layer, pruning_schedule=schedule(step, min(start, step.sparsity), steps))

    model = layers.wrapped(recommender, names, wrapper, held=pruned - set(names))
    zeros = {name: before[name] == 0 for name in names if name in pruned}
    callbacks = [sparsity.UpdatePruningStep(), _kept_zero(zeros)]
    training.fit(recommender, model, data, settings, callbacks=callbacks, progress=progress)
    stripped = sparsity.strip_pruning(model)
    same_once_stripped(recommender, model, stripped, data)
    result = layers.with_weights_of(recommender, stripped)
    for name, kernel in layers.kernels(result, names).items():
        found = int((kernel == 0).sum())
        if found < step.sparsity * kernel.size - 1 - ROUNDING * kernel.size:
            raise RecipeError(
                f"layer {name} has {found} zeros after pruning, expected {step.sparsity:.1%} of {kernel.size}"
            )
        if name in zeros and kernel[zeros[name]].any():
            raise RecipeError(f"layer {name} lost zeros that an earlier step made, expected them to stay")
    return result


def _kept_zero(zeros: Mapping[str, NDArray[np.bool_]]) -> Any:
    """A callback that sets weights of wrapped layers back to zero, by layer name, before every step.

    TF-MOT ranks what it had masked by what the optimizer made of it since, and would let some of it come back.
    """
    keras, tf = session().keras, session().tf

    class KeepZero(keras.callbacks.Callback):  # type: ignore[misc,name-defined]
        """What was zero before the training is zero in every step of it."""

        def on_train_begin(self, logs: Any = None) -> None:
            del logs
            wrappers = {each.layer.name: each for each in self.model.layers if hasattr(each, "pruning_vars")}
            self.held = [
                (wrappers[name].pruning_vars[0][0], tf.constant(~mask, tf.float32)) for name, mask in zeros.items()
            ]

        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            del batch, logs
            for weight, kept in self.held:
                weight.assign(weight * kept)

    return KeepZero()


def schedule(step: Prune, start: float, steps: int) -> Any:
    """TF-MOT's schedule, whose last update falls into the training: an update on no multiple is never made."""
    sparsity = session().tfmot.sparsity.keras
    frequency = max(1, min(FREQUENCY, steps // 4))
    end = int(RAMP * steps) // frequency * frequency
    if step.schedule == "constant" or not end:
        return sparsity.ConstantSparsity(step.sparsity, begin_step=0, frequency=frequency)
    return sparsity.PolynomialDecay(start, step.sparsity, 0, end, frequency=frequency)
