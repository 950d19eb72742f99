"""TF-MOT weight clustering, layer by layer, with fine-tuning, stripped and proved."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgerec.compress import layers
from edgerec.compress.errors import RecipeError
from edgerec.compress.proof import same_once_stripped
from edgerec.compress.steps import Cluster, Prune, Step
from edgerec.data.interactions import Interactions
from edgerec.models import training
from edgerec.models.recommender import Recommender
from edgerec.models.session import session
from edgerec.models.training import Fit
from edgerec.progress import Progress, silent

SPARSE = 0.05  # a kernel with a larger share of zeros was pruned by somebody, and its zeros are kept
LEAST_WITH_ZEROS = 3  # TF-MOT wants two clusters beside the zeros


def cluster(
    recommender: Recommender,
    step: Cluster,
    data: Interactions,
    *,
    earlier: tuple[Step, ...] = (),
    seed: int,
    merge_repeats: bool = False,
    progress: Progress = silent,
) -> Recommender:
    """The recommender with at most `step.clusters` distinct values in every chosen kernel, zeros kept as they were.

    A kernel that has no more distinct values than that is left as it is, and so are layers that an `earlier` step
    pruned or clustered and this one does not choose. Raises RecipeError where a layer pattern matches nothing or more
    values than asked for are left.
    """
    session().seed(seed)
    clustering = session().tfmot.clustering.keras  # before its inner modules, which warn when they are the first
    names = layers.chosen(recommender, step.layers)
    before = layers.kernels(recommender, names)
    pruned = layers.made_by(recommender, earlier, Prune)
    sparse = {name for name in names if name in pruned or layers.zero_share(before[name]) > SPARSE}
    many = {name for name in names if layers.distinct(before[name]) > step.clusters}
    if sparse & many and step.clusters < LEAST_WITH_ZEROS:
        raise RecipeError(
            f"clusters is {step.clusters}, expected {LEAST_WITH_ZEROS} or more for layers with zeros to keep, such as "
            f"{min(sparse & many)}: the zeros are one of the clusters"
        )

    def wrapper(layer: Any) -> Any:
        # TF-MOT's public cluster_weights has no preserve_sparsity; its experimental module does.
        from tensorflow_model_optimization.python.core.clustering.keras.experimental import (  # noqa: PLC0415
            cluster as experimental,
        )

        return experimental.cluster_weights(
            layer,
            number_of_clusters=step.clusters,
            cluster_centroids_init=clustering.CentroidInitialization.KMEANS_PLUS_PLUS,
            preserve_sparsity=layer.name in sparse,
        )

    held = (layers.made_by(recommender, earlier) | set(names)) - many
    model = layers.wrapped(recommender, many, wrapper, held=held)
    settings = Fit(step.epochs, learning_rate=step.learning_rate, seed=seed, merge_repeats=merge_repeats)
    training.fit(recommender, model, data, settings, progress=progress)
    stripped = clustering.strip_clustering(model)
    same_once_stripped(recommender, model, stripped, data)
    result = layers.with_weights_of(recommender, stripped)
    for name, kernel in layers.kernels(result, names).items():
        _refuse(name, before[name], kernel, step.clusters, keeps_zeros=name in sparse)
    return result


def _refuse(
    name: str, before: NDArray[np.float32], after: NDArray[np.float32], clusters: int, *, keeps_zeros: bool
) -> None:
    found = layers.distinct(after)
    if found > clusters:
        raise RecipeError(f"layer {name} has {found} distinct values after clustering into {clusters}")
    lost = int(((before == 0) & (after != 0)).sum()) if keeps_zeros else 0
    if lost:
        raise RecipeError(f"layer {name} lost {lost} zeros while it was clustered")
