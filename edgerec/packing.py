"""A .tflite, its roles and its proof become the members of a bundle."""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters import tflite_file
from converters.anatomy import anatomy
from converters.graph import Signature
from converters.numpy_reference import run
from converters.numpy_reference.grid import is_quantized, to_reals
from converters.tflite_file import TfliteFile
from device_tests import bundle, record
from device_tests.evaluation import Baseline, EvaluationSet, Golden
from device_tests.manifest import FORMAT, TOLERANCE, Manifest
from edgerec.errors import EdgerecError
from edgerec.models.roles import Roles

GOLDEN_USERS = 1000
DECODED_USERS = 32
ROWS_AT_ONCE = 128


class PackingError(EdgerecError):
    """A file, vocabulary and roles that do not belong together."""


@dataclass(frozen=True)
class Catalogue:
    """The ids that the model's rows stand for: `items` [items], `users` [users], and titles to show for items.

    `dropped` are ids of items that the model has no row for any more; titles are of the whole catalogue in its order.
    """

    items: tuple[str, ...]
    users: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()

    def without_dropped(self, kept: Collection[int]) -> "Catalogue":
        """Return the same catalogue of which only the items `kept` have a row."""
        stay = frozenset(kept)
        parts = [tuple(one for at, one in enumerate(self.items) if (at in stay) is here) for here in (True, False)]
        return replace(self, items=parts[0], dropped=parts[1])


@dataclass(frozen=True)
class EntryPoint:
    """How a .tflite is called: the key of its signature, and the output that holds the scores."""

    signature: str
    output: str


CONVERTED = EntryPoint("serving_default", "scores")
"""The entry point of what our own converter writes."""


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


def decode(
    tflite: bytes | memoryview,
    roles: Roles,
    evaluation: EvaluationSet,
    rows: NDArray[np.integer],
    entry: EntryPoint = CONVERTED,
    *,
    runtime: str = "",
) -> NDArray[np.float32]:
    """Scores of every item by our NumPy decode of the file, float32 [rows, items].

    `runtime` is the pin whose rounding is followed where runtimes differ, LiteRT when it is left out. Raises
    PackingError where the file scores another number of items, ConverterError where it cannot be evaluated.
    """
    file = tflite_file.parse(tflite, roles.name)
    item = roles.of_role("item")
    scores = np.empty((len(rows), roles.items), np.float32)
    for chunk in _chunks(len(rows), 1 if item else ROWS_AT_ONCE):
        inputs = {name: values[rows[chunk]] for name, values in evaluation.inputs.items()}
        if item is not None:
            inputs = {name: np.repeat(values, roles.items, axis=0) for name, values in inputs.items()}
            inputs[item.name] = np.arange(roles.items, dtype=np.int32)
        outputs = run(file, _shaped(file, entry, inputs), entry.signature, runtime=runtime)
        answered = _reals(file, entry, outputs[entry.output])
        if answered.size != scores[chunk].size:
            raise PackingError(
                f"{roles.name} gives {answered.size // len(scores[chunk])} scores a user, expected {roles.items}, "
                "one for each line of the vocabulary"
            )
        scores[chunk] = answered.reshape(-1, roles.items)
    return scores


def _shaped(file: TfliteFile, entry: EntryPoint, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Give the inputs in the shapes that the file asks for, as the harness does: [rows] may be [rows, 1]."""
    signature = _signature(file, entry)
    tensors = file.subgraphs[signature.subgraph].tensors
    shapes = {name: tensors[index].shape_signature[1:] for name, index in signature.inputs.items()}
    return {name: values.reshape(len(values), *shapes[name]) for name, values in inputs.items()}


def _signature(file: TfliteFile, entry: EntryPoint) -> Signature:
    return next(one for one in file.signatures if one.key == entry.signature)


def _reals(file: TfliteFile, entry: EntryPoint, scores: NDArray[Any]) -> NDArray[np.float32]:
    """Give an output as the harness reads it: integers as the real numbers that they stand for."""
    signature = _signature(file, entry)
    tensor = file.subgraphs[signature.subgraph].tensors[signature.outputs[entry.output]]
    return np.asarray(to_reals(tensor, scores) if is_quantized(tensor) else scores, np.float32)


def _chunks(count: int, step: int) -> Iterator[slice]:
    return (slice(start, start + step) for start in range(0, count, step))


def golden(
    tflite: bytes | memoryview,
    roles: Roles,
    evaluation: EvaluationSet,
    float_top: NDArray[np.int32],
    entry: EntryPoint = CONVERTED,
    *,
    runtime: str,
) -> Golden:
    """Golden outputs of a file: the float32 model's lists for all golden users, and the NumPy decode for a few.

    The decode rounds as `runtime` does, a pin such as tflite-runtime==2.14.0.
    """
    users = golden_users(evaluation)
    few = users[:: max(1, len(users) // DECODED_USERS)][:DECODED_USERS]
    ordered = np.concatenate([few, np.setdiff1d(users, few)])
    position = np.searchsorted(users, ordered)
    return Golden(ordered, float_top[position], decode(tflite, roles, evaluation, few, entry, runtime=runtime))


def refuse_misfit(roles: Roles, catalogue: Catalogue, k: int) -> None:
    """Raise PackingError where the vocabulary, or the length of the lists, does not fit the roles."""
    if len(catalogue.items) != roles.items:
        raise PackingError(f"the vocabulary has {len(catalogue.items)} items and {roles.name} scores {roles.items}")
    if not 1 <= k <= roles.items:
        raise PackingError(f"k is {k}, expected 1 to {roles.items}, the size of the catalogue")


def proof_of(*parts: EvaluationSet | Golden | Baseline | None) -> dict[str, bytes]:
    """The members of a bundle that hold these parts of its proof; None holds nothing."""
    return {name: data for part in parts if part is not None for name, data in part.to_members().items()}


def members(
    tflite: bytes,
    roles: Roles,
    promise: Promise,
    catalogue: Catalogue,
    k: int,
    *,
    entry: EntryPoint = CONVERTED,
    proof: Mapping[str, bytes] | None = None,
    lineage: Mapping[str, object] | None = None,
) -> dict[str, bytes]:
    """The members of a bundle, app/ and proof/; `proof` are those that prove it, as `proof_of` gives them.

    Raises PackingError where the vocabularies do not fit the roles, or no runtime is known that has every operator.
    """
    refuse_misfit(roles, catalogue, k)
    oldest = anatomy(tflite_file.parse(tflite, roles.name)).oldest_runtime
    if oldest is None:
        raise PackingError(f"{roles.name} has an operator of which no runtime is known that has it; inspect the file")
    app = {bundle.MODEL: tflite, bundle.ITEMS: bundle.join_lines(catalogue.items)}
    if roles.of_role("user") is not None:
        app[bundle.USERS] = bundle.join_lines(catalogue.users)
    manifest = Manifest(
        format=FORMAT,
        name=roles.name,
        recipe=promise.recipe,
        kind=roles.served_kind,
        signature=entry.signature,
        inputs=roles.inputs,
        output=entry.output,
        items=roles.items,
        k=k,
        precision=promise.precision,
        runtime=promise.runtime,
        oldest_runtime=oldest,
        tolerance=TOLERANCE[promise.precision],
        float_overlap=promise.float_overlap,
        digests=bundle.digests(app),
        dropped=len(catalogue.dropped),
    )
    kept = dict(proof or {})
    if catalogue.dropped:
        kept[bundle.DROPPED] = bundle.join_lines(catalogue.dropped)
    if catalogue.titles:
        kept[bundle.TITLES] = bundle.join_lines(catalogue.titles)
    told = {
        **(lineage or {}),
        "model_sha256": manifest.digests[bundle.MODEL],
        "digests": {name: hashlib.sha256(data).hexdigest() for name, data in kept.items()},
    }
    kept[bundle.LINEAGE] = (json.dumps(told, sort_keys=True, indent=1) + "\n").encode()
    return {**app, **kept, bundle.MANIFEST: record.dumps(manifest).encode()}
