"""TF-MOT quantization-aware training of dense layers, with zeros and clusters of every other layer held."""

from typing import Any

import numpy as np

from edgerec.compress import layers
from edgerec.compress.recipe import Cluster, Prune, QuantizeAware, RecipeError, Step
from edgerec.data.interactions import Interactions
from edgerec.models import training
from edgerec.models.recommender import Recommender
from edgerec.models.session import session
from edgerec.models.training import Fit
from edgerec.progress import Progress, silent


def quantize_aware(
    recommender: Recommender,
    step: QuantizeAware,
    data: Interactions,
    *,
    earlier: tuple[Step, ...] = (),
    seed: int,
    progress: Progress = silent,
) -> Recommender:
    """The recommender with its dense layers but the scoring one trained to be rounded to int8.

    Its model keeps TF-MOT's quantizers: the converter turns them into int8 kernels. Where earlier steps pruned or
    clustered, the annotated layers go by TF-MOT's preserving schemes and all other weights are frozen, since those
    schemes do not reach them. Raises RecipeError where there is no such dense layer.
    """
    session().seed(seed)
    quantization = session().tfmot.quantization.keras
    names = layers.dense_before_scores(recommender)
    if not names:
        raise RecipeError(
            f"{recommender.roles.name} has no dense layer but the one that scores, which stays float: there is "
            "nothing to train quantization-aware; leave the qat step out"
        )
    model = layers.wrapped(recommender, names, quantization.quantize_annotate_layer)
    with quantization.quantize_scope():
        model = quantization.quantize_apply(model, _scheme(earlier))
    if earlier:
        _freeze(model, names)
    settings = Fit(step.epochs, learning_rate=step.learning_rate, seed=seed)
    training.fit(recommender, model, data, settings, progress=progress)
    result = recommender.with_model(model)
    _refuse_lost_zeros(recommender, result, earlier)
    return result


def _scheme(earlier: tuple[Step, ...]) -> Any:
    """TF-MOT's 8-bit scheme that keeps what earlier steps made: zeros, clusters or both."""
    from tensorflow_model_optimization.python.core.quantization.keras.collab_opts.cluster_preserve import (  # noqa: PLC0415
        default_8bit_cluster_preserve_quantize_scheme as cluster_preserve,
    )
    from tensorflow_model_optimization.python.core.quantization.keras.collab_opts.prune_preserve import (  # noqa: PLC0415
        default_8bit_prune_preserve_quantize_scheme as prune_preserve,
    )
    from tensorflow_model_optimization.python.core.quantization.keras.default_8bit import (  # noqa: PLC0415
        default_8bit_quantize_scheme as plain,
    )

    pruned = any(isinstance(step, Prune) for step in earlier)
    if any(isinstance(step, Cluster) for step in earlier):
        return cluster_preserve.Default8BitClusterPreserveQuantizeScheme(preserve_sparsity=pruned)
    if pruned:
        return prune_preserve.Default8BitPrunePreserveQuantizeScheme()
    return plain.Default8BitQuantizeScheme()


def _freeze(model: Any, names: tuple[str, ...]) -> None:
    for layer in model.layers:
        layer.trainable = layer.name.removeprefix("quant_") in names


def _refuse_lost_zeros(before: Recommender, after: Recommender, earlier: tuple[Step, ...]) -> None:
    if not any(isinstance(step, Prune) for step in earlier):
        return
    old, new = (_matrices(each) for each in (before, after))
    for name, values in old.items():
        lost = int(((values == 0) & (new[name] != 0)).sum()) if name in new else 0
        if lost > values.size // 1000:
            raise RecipeError(f"weight {name} lost {lost} of its zeros in quantization-aware training")


def _matrices(recommender: Recommender) -> dict[str, Any]:
    """Two-dimensional weights by name, without the prefix that TF-MOT's wrapper gives."""
    found = {}
    for weight in recommender.model.weights:
        if len(weight.shape) == 2:  # noqa: PLR2004
            found[weight.name.removeprefix("quant_")] = np.asarray(weight)
    return found
