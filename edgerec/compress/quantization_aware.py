"""TF-MOT quantization-aware training of dense layers, with zeros and clusters of every other layer held."""

from typing import Any

from edgerec.compress import layers
from edgerec.compress.errors import RecipeError
from edgerec.compress.proof import same_outputs
from edgerec.compress.steps import Cluster, Prune, QuantizeAware, Step
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
    merge_repeats: bool = False,
    progress: Progress = silent,
) -> Recommender:
    """The recommender with its dense layers but the scoring one trained to be rounded to int8.

    Its model keeps TF-MOT's quantizers: the converter turns them into int8 kernels. Where earlier steps pruned or
    clustered those layers they are trained by TF-MOT's preserving schemes; other layers that earlier steps made are
    frozen, since those schemes do not reach them. Raises RecipeError where there is no such dense layer, and where
    zeros or clusters were lost.
    """
    session().seed(seed)
    quantization = session().tfmot.quantization.keras  # before its inner modules, which warn when they are the first
    names = layers.dense_before_scores(recommender)
    if not names:
        raise RecipeError(
            f"{recommender.roles.name} has no dense layer but the one that scores, which stays float: there is "
            "nothing to train quantization-aware; leave the qat step out"
        )
    pruned, clustered = (not layers.made_by(recommender, earlier, kind).isdisjoint(names) for kind in (Prune, Cluster))
    held = layers.made_by(recommender, earlier) - set(names)
    model = _quantized(quantization, recommender, names, _scheme(pruned=pruned, clustered=clustered), held)
    settings = Fit(step.epochs, learning_rate=step.learning_rate, seed=seed, merge_repeats=merge_repeats)
    training.fit(recommender, model, data, settings, progress=progress)
    if pruned or clustered:
        preserving, model = model, _quantized(quantization, recommender, names, _scheme())
        _copy_weights(preserving, model)
        same_outputs(recommender, preserving, model, data)
    result = recommender.with_model(model)
    _refuse_what_was_lost(recommender, result, earlier)
    return result


def _quantized(
    quantization: Any,
    recommender: Recommender,
    names: tuple[str, ...],
    scheme: Any,
    held: frozenset[str] = frozenset(),
) -> Any:
    model = layers.wrapped(recommender, names, quantization.quantize_annotate_layer)
    with quantization.quantize_scope():
        model = quantization.quantize_apply(model, scheme)
    for layer in model.layers:
        if layer.name in held:
            layer.trainable = False
    return model


def _scheme(*, pruned: bool = False, clustered: bool = False) -> Any:
    """TF-MOT's 8-bit scheme that keeps what earlier steps made of the layers it trains: zeros, clusters or both."""
    from tensorflow_model_optimization.python.core.quantization.keras.collab_opts.cluster_preserve import (  # noqa: PLC0415
        default_8bit_cluster_preserve_quantize_scheme as cluster_preserve,
    )
    from tensorflow_model_optimization.python.core.quantization.keras.collab_opts.prune_preserve import (  # noqa: PLC0415
        default_8bit_prune_preserve_quantize_scheme as prune_preserve,
    )
    from tensorflow_model_optimization.python.core.quantization.keras.default_8bit import (  # noqa: PLC0415
        default_8bit_quantize_scheme as plain,
    )

    if clustered:
        return cluster_preserve.Default8BitClusterPreserveQuantizeScheme(preserve_sparsity=pruned)
    if pruned:
        return prune_preserve.Default8BitPrunePreserveQuantizeScheme()
    return plain.Default8BitQuantizeScheme()


def _copy_weights(trained: Any, model: Any) -> None:
    """Give a plain quantized model the weights of one with a preserving scheme.

    The preserving ones keep masks, centroids and indices that they derive from the kernel they are built on, so that
    such a model cannot be built again from its architecture.
    """
    given = {weight.name: weight for weight in trained.weights}
    for weight in model.weights:
        weight.assign(given[weight.name])


def _refuse_what_was_lost(before: Recommender, after: Recommender, earlier: tuple[Step, ...]) -> None:
    old = layers.kernels(before, layers.made_by(before, earlier))
    new = _unwrapped_kernels(after)
    for name in layers.made_by(before, earlier, Prune):
        lost = int(((old[name] == 0) & (new[name] != 0)).sum())
        if lost:
            raise RecipeError(f"layer {name} lost {lost} zeros in quantization-aware training")
    for name in layers.made_by(before, earlier, Cluster):
        values = layers.distinct(new[name])
        if values > layers.distinct(old[name]):
            raise RecipeError(f"layer {name} went to {values} distinct values in quantization-aware training")


def _unwrapped_kernels(recommender: Recommender) -> dict[str, Any]:
    """The kernels of all tables and dense layers by the layer's own name, inside TF-MOT's wrapper or not."""
    found = {}
    for layer in recommender.model.layers:
        kernels = [weight for weight in layer.weights if weight.name.split("/")[-1] in {"kernel:0", "embeddings:0"}]
        if kernels:
            found[layer.layer.name if layers.quantized(layer) else layer.name] = kernels[0].numpy()
    return found
