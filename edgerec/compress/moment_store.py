"""What multiplies the rows of each table, kept by the file that it was told of: no proof of a search tells it again."""

import hashlib
import io
from collections.abc import Collection

import numpy as np

from edgerec.compress import cache
from edgerec.compress.activations import Moment
from edgerec.compress.evidence import evidence
from edgerec.data.interactions import Interactions
from edgerec.models.recommender import Recommender
from edgerec.models.session import THREADS, versions

_MOMENTS = "moments.npz"


def second_moments(
    model: bytes, recommender: Recommender, names: Collection[str], data: Interactions, *, seed: int
) -> dict[str, Moment]:
    """The second moment that `evidence` gives of each named layer that it can tell one of, [columns, columns].

    From the cache where it was told before. `model` is the float32 .tflite of the recommender, as both serve.
    """

    def made() -> dict[str, bytes]:
        known = evidence(recommender, {"second_moment"}, ordered, data, seed=seed)
        moments = {name: each.second_moment for name, each in known.items() if each.second_moment is not None}
        written = io.BytesIO()
        np.savez(written, allow_pickle=False, **moments)
        return {_MOMENTS: written.getvalue()}

    ordered = sorted(names)
    told_of = {"model_sha256": hashlib.sha256(model).hexdigest(), "data_sha256": data.digest(), "layers": ordered}
    name = cache.key("second_moments", **told_of, seed=seed, threads=THREADS, versions=versions())
    with np.load(io.BytesIO(cache.files_of(name, made)[_MOMENTS]), allow_pickle=False) as kept:
        return {each: kept[each] for each in kept.files}
