"""A .tflite, its roles and its proof become the members of a bundle."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from converters import tflite_file
from converters.anatomy import anatomy
from converters.numpy_reference import run
from converters.spec import DYNAMIC_INT8, FLOAT16, FLOAT32, FULL_INT8, INT16
from device_tests import bundle, record
from device_tests.bundle import Manifest
from device_tests.evaluation import Baseline, EvaluationSet, Golden
from edgerec.errors import EdgerecError
from edgerec.models.roles import CATALOGUE, Roles

SIGNATURE = "serving_default"
OUTPUT = "scores"

# Share of a user's score range by which two runtimes may differ and still agree.
TOLERANCE = {FLOAT32: 1e-4, FLOAT16: 1e-4, DYNAMIC_INT8: 0.01, FULL_INT8: 0.05, INT16: 0.05}

GOLDEN_USERS = 1000
DECODED_USERS = 32


class PackingError(EdgerecError):
    """A file, vocabulary and roles that do not belong together."""


@dataclass(frozen=True)
class Catalogue:
    """The ids that the model's rows stand for: `items` [items], `users` [users], and titles to show for items."""

    items: tuple[str, ...]
    users: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Promise:
    """What a bundle is made to hold: a recipe's name, its precision, its runtime, and its overlap with float32."""

    recipe: str
    precision: str
    runtime: str
    float_overlap: float


def golden_users(evaluation: EvaluationSet) -> NDArray[np.int32]:
    """Rows of the evaluation set whose outputs become golden: GOLDEN_USERS spread evenly, all when there are fewer."""
    return np.unique(np.linspace(0, evaluation.users - 1, min(GOLDEN_USERS, evaluation.users)).astype(np.int32))


def decode(tflite: bytes, roles: Roles, evaluation: EvaluationSet, rows: NDArray[np.int32]) -> NDArray[np.float32]:
    """Scores of every item by our NumPy decode of the file, float32 [rows, items]."""
    file = tflite_file.parse(tflite)
    inputs = {name: values[rows] for name, values in evaluation.inputs.items()}
    if roles.served_kind == CATALOGUE:
        return np.asarray(run(file, inputs, SIGNATURE)[OUTPUT], np.float32).reshape(len(rows), roles.items)
    item = roles.of_role("item")
    if item is None:
        raise PackingError(f"{roles.name} is a pointwise model without an input of role item")
    every = np.arange(roles.items, dtype=np.int32)
    scores = np.empty((len(rows), roles.items), np.float32)
    for row in range(len(rows)):
        pairs = {name: np.repeat(values[row : row + 1], roles.items, axis=0) for name, values in inputs.items()}
        scores[row] = run(file, {**pairs, item.name: every}, SIGNATURE)[OUTPUT].reshape(-1)
    return scores


def golden(tflite: bytes, roles: Roles, evaluation: EvaluationSet, float_top: NDArray[np.int32]) -> Golden:
    """Golden outputs of a file: the float32 model's lists for all golden users, and the NumPy decode for a few."""
    users = golden_users(evaluation)
    few = users[:: max(1, len(users) // DECODED_USERS)][:DECODED_USERS]
    ordered = np.concatenate([few, np.setdiff1d(users, few)])
    position = np.searchsorted(users, ordered)
    return Golden(ordered, float_top[position], decode(tflite, roles, evaluation, few))


def members(
    tflite: bytes,
    roles: Roles,
    promise: Promise,
    catalogue: Catalogue,
    k: int,
    *,
    evaluation: EvaluationSet | None = None,
    golden: Golden | None = None,
    baseline: Baseline | None = None,
    lineage: Mapping[str, object] | None = None,
) -> dict[str, bytes]:
    """The members of a bundle, app/ and proof/. Raises PackingError where the vocabularies do not fit the roles."""
    if len(catalogue.items) != roles.items:
        raise PackingError(f"the vocabulary has {len(catalogue.items)} items and {roles.name} scores {roles.items}")
    if not 1 <= k <= roles.items:
        raise PackingError(f"k is {k}, expected 1 to {roles.items}, the size of the catalogue")
    app = {bundle.MODEL: tflite, bundle.ITEMS: bundle.join_lines(catalogue.items)}
    if roles.of_role("user") is not None:
        app[bundle.USERS] = bundle.join_lines(catalogue.users)
    manifest = Manifest(
        format=bundle.FORMAT,
        name=roles.name,
        recipe=promise.recipe,
        kind=roles.served_kind,
        signature=SIGNATURE,
        inputs=roles.inputs,
        output=OUTPUT,
        items=roles.items,
        k=k,
        precision=promise.precision,
        runtime=promise.runtime,
        oldest_runtime=anatomy(tflite_file.parse(tflite)).oldest_runtime or "",
        tolerance=TOLERANCE[promise.precision],
        float_overlap=promise.float_overlap,
        digests=bundle.digests(app),
    )
    proof: dict[str, bytes] = {}
    for part in (evaluation, golden, baseline):
        proof.update(part.to_members() if part is not None else {})
    if catalogue.titles:
        proof[bundle.TITLES] = bundle.join_lines(catalogue.titles)
    told = {
        **(lineage or {}),
        "model_sha256": manifest.digests[bundle.MODEL],
        "digests": {name: hashlib.sha256(data).hexdigest() for name, data in proof.items()},
    }
    proof[bundle.LINEAGE] = (json.dumps(told, sort_keys=True, indent=1) + "\n").encode()
    return {**app, **proof, bundle.MANIFEST: record.dumps(manifest).encode()}
