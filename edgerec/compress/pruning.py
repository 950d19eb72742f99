"""TF-MOT magnitude pruning, layer by layer, with fine-tuning, stripped and proved."""

from edgerec.compress import layers
from edgerec.compress.proof import same_outputs
from edgerec.compress.recipe import Prune, RecipeError
from edgerec.data.interactions import Interactions
from edgerec.models import training
from edgerec.models.recommender import Recommender
from edgerec.models.session import session
from edgerec.models.training import Fit
from edgerec.progress import Progress, silent

FREQUENCY = 20  # steps between two updates of the masks
RAMP = 0.5  # share of the fine-tuning over which a polynomial schedule reaches its sparsity; the rest settles


def prune(
    recommender: Recommender, step: Prune, data: Interactions, *, seed: int, progress: Progress = silent
) -> Recommender:
    """The recommender with `step.sparsity` of every chosen kernel zero, fine-tuned, no wrapper left.

    Raises RecipeError where a layer pattern matches nothing or the zeros did not arrive.
    """
    session().seed(seed)
    sparsity = session().tfmot.sparsity.keras
    names = layers.chosen(recommender, step.layers)
    settings = Fit(step.epochs, learning_rate=step.learning_rate, seed=seed)
    steps = step.epochs * training.batches(data, recommender, settings.batch)
    frequency = max(1, min(FREQUENCY, steps // 4))
    schedule = (
        sparsity.ConstantSparsity(step.sparsity, begin_step=0, frequency=frequency)
        if step.schedule == "constant"
        else sparsity.PolynomialDecay(0.0, step.sparsity, 0, max(1, int(RAMP * steps)), frequency=frequency)
    )
    model = layers.wrapped(
        recommender, names, lambda layer: sparsity.prune_low_magnitude(layer, pruning_schedule=schedule)
    )
    callbacks = [sparsity.UpdatePruningStep()]
    training.fit(recommender, model, data, settings, callbacks=callbacks, progress=progress)
    stripped = recommender.with_model(sparsity.strip_pruning(model))
    same_outputs(recommender, model, stripped.model, data)
    for name, kernel in layers.kernels(stripped, names).items():
        zeros = float((kernel == 0).mean())
        if zeros < step.sparsity - 1 / kernel.size - 1e-6:
            raise RecipeError(f"layer {name} has {zeros:.1%} zeros after pruning, expected {step.sparsity:.1%}")
    return stripped.clone()
