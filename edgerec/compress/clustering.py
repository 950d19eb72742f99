"""TF-MOT weight clustering, layer by layer, with fine-tuning, stripped and proved."""

from typing import Any

import numpy as np

from edgerec.compress import layers
from edgerec.compress.proof import same_outputs
from edgerec.compress.recipe import Cluster, RecipeError
from edgerec.data.interactions import Interactions
from edgerec.models import training
from edgerec.models.recommender import Recommender
from edgerec.models.session import session
from edgerec.models.training import Fit
from edgerec.progress import Progress, silent

SPARSE = 0.05  # a kernel with a larger share of zeros was pruned, and its zeros are kept


def cluster(
    recommender: Recommender, step: Cluster, data: Interactions, *, seed: int, progress: Progress = silent
) -> Recommender:
    """The recommender with at most `step.clusters` distinct values in every chosen kernel, zeros kept as they were.

    Clusters are capped at a kernel's number of distinct values. Raises RecipeError where a layer pattern matches
    nothing or more values than asked for are left.
    """
    session().seed(seed)
    names = layers.chosen(recommender, step.layers)
    before = layers.kernels(recommender, names)

    def wrapper(layer: Any) -> Any:
        # TF-MOT's public cluster_weights has no preserve_sparsity; its experimental module does.
        from tensorflow_model_optimization.python.core.clustering.keras.experimental import (  # noqa: PLC0415
            cluster as experimental,
        )

        clustering = session().tfmot.clustering.keras
        kernel = before[layer.name]
        zeros = float((kernel == 0).mean()) > SPARSE
        distinct = len(np.unique(kernel[kernel != 0]))
        return experimental.cluster_weights(
            layer,
            number_of_clusters=max(1 + zeros, min(step.clusters, distinct)),
            cluster_centroids_init=clustering.CentroidInitialization.KMEANS_PLUS_PLUS,
            preserve_sparsity=zeros,
        )

    model = layers.wrapped(recommender, names, wrapper)
    settings = Fit(step.epochs, learning_rate=step.learning_rate, seed=seed)
    training.fit(recommender, model, data, settings, progress=progress)
    stripped = recommender.with_model(session().tfmot.clustering.keras.strip_clustering(model))
    same_outputs(recommender, model, stripped.model, data)
    for name, kernel in layers.kernels(stripped, names).items():
        distinct = len(np.unique(kernel))
        if distinct > step.clusters:
            raise RecipeError(f"layer {name} has {distinct} distinct values after clustering into {step.clusters}")
        lost = int(((before[name] == 0) & (kernel != 0)).sum()) if (before[name] == 0).mean() > SPARSE else 0
        if lost:
            raise RecipeError(f"layer {name} lost {lost} zeros while it was clustered")
    return stripped.clone()
