"""A Keras model and what its inputs and its output mean."""

import hashlib
import io
import json
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device_tests.manifest import Input
from edgerec.errors import EdgerecError
from edgerec.models.roles import Roles
from edgerec.models.session import session

ARCHITECTURE = "architecture.json"
WEIGHTS = "weights.npz"


class ModelError(EdgerecError):
    """A model that cannot be taken as it is."""


@dataclass(frozen=True, eq=False)
class Recommender:
    """A legacy Keras model, what its inputs and output mean, and for two towers the item features [items, features]."""

    roles: Roles
    model: Any
    features: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        for name, values in self.weights().items():
            if not np.isfinite(values).all():
                raise ModelError(
                    f"weight {name} of {self.roles.name} holds {_count_bad(values)}; train it again or repair it"
                )

    def weights(self) -> dict[str, NDArray[Any]]:
        """Every weight by its place in the model, its layer and its name there, in the model's order."""
        layer_of = {id(weight): layer.name for layer in self.model.layers for weight in layer.weights}
        return {
            f"{index}:{layer_of[id(weight)]}/{weight.name.rpartition('/')[2]}": weight.numpy()
            for index, weight in enumerate(self.model.weights)
        }

    def clone(self) -> "Recommender":
        """The same recommender on fresh layers: TF-MOT's wrappers alter the layers that they are given."""
        with known(self.model.to_json()):
            model = session().keras.models.clone_model(self.model)
        model.set_weights(self.model.get_weights())
        return replace(self, model=model)

    def with_model(self, model: Any) -> "Recommender":
        """The same roles on another model."""
        return replace(self, model=model)

    def digest(self) -> str:
        """SHA-256 of the roles, the architecture and the weights: equal for equal recommenders."""
        digest = hashlib.sha256(self._architecture().encode())
        for name, values in self.weights().items():
            digest.update(f"{name} {values.dtype} {values.shape}".encode())
            digest.update(np.ascontiguousarray(values).tobytes())
        if self.features is not None:
            digest.update(f"features {self.features.dtype} {self.features.shape}".encode())
            digest.update(np.ascontiguousarray(self.features).tobytes())
        return digest.hexdigest()

    def to_files(self) -> dict[str, bytes]:
        """The recommender as files that hold no code: architecture as JSON, weights as plain arrays."""
        buffer = io.BytesIO()
        arrays = {f"weight_{index:04}": values for index, values in enumerate(self.model.get_weights())}
        if self.features is not None:
            arrays["features"] = self.features
        np.savez(buffer, **arrays)
        return {ARCHITECTURE: self._architecture().encode(), WEIGHTS: buffer.getvalue()}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> "Recommender":
        """The recommender that `to_files` wrote."""
        state = json.loads(files[ARCHITECTURE])
        architecture = state["architecture"]
        with known(architecture):
            model = session().keras.models.model_from_json(architecture)
        with np.load(io.BytesIO(files[WEIGHTS]), allow_pickle=False) as arrays:
            features = arrays["features"] if "features" in arrays.files else None
            model.set_weights([arrays[name] for name in sorted(arrays.files) if name != "features"])
        return cls(read_roles(files), model, features)

    def _architecture(self) -> str:
        return json.dumps({"roles": asdict(self.roles), "architecture": self.model.to_json()}, sort_keys=True)


def known(architecture: str) -> AbstractContextManager[None]:
    """TF-MOT's quantizers, known to Keras while a model of this architecture (JSON) is built from its configuration.

    Nothing for an architecture without them: importing TF-MOT takes a second.
    """
    if "QuantizeWrapper" not in architecture:
        return nullcontext()
    scope: AbstractContextManager[None] = session().tfmot.quantization.keras.quantize_scope()
    return scope


def read_roles(files: Mapping[str, bytes]) -> Roles:
    """The roles of a recommender that `to_files` wrote, without building its model."""
    state = json.loads(files[ARCHITECTURE])["roles"]
    return Roles(state["name"], state["kind"], tuple(Input(**entry) for entry in state["inputs"]), state["items"])


def _count_bad(values: NDArray[Any]) -> str:
    nan, infinite = int(np.isnan(values).sum()), int(np.isinf(values).sum())
    return " and ".join(f"{count} {what}" for count, what in ((nan, "NaN"), (infinite, "infinite values")) if count)
