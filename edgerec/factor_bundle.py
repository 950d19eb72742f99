"""The item side of a matrix factorization as a bundle: a scorer of vectors, proved against float32 factors."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from converters import tflite_file
from converters.spec import FLOAT32
from converters.tables.float32_rows import Float32Rows
from converters.tables.scorer import VECTOR, scorer_file
from device_tests.evaluation import Baseline, EvaluationSet
from device_tests.manifest import Input
from edgerec import judging, packing
from edgerec.config import InputSetting
from edgerec.given_file import roles_of
from edgerec.judging import Scorer
from edgerec.models.factors import Factors
from edgerec.models.roles import Roles
from edgerec.packing import Catalogue, PackingError, Promise

FLOAT_OVERLAP = 0.99
"""What the float32 scorer itself promises of its lists: sums in another order may swap near-ties."""


def vector_input(columns: int) -> Input:
    """Give the one input of a scorer: the user as float32 [batch, columns]."""
    return Input(VECTOR, "vector", columns, 0, None)


def factor_members(
    scorer: bytes,
    evaluation: EvaluationSet,
    catalogue: Catalogue,
    k: int,
    promise: Promise,
    *,
    float32: Factors,
    baseline: Baseline | None = None,
    name: str = "factors",
    lineage: Mapping[str, object] | None = None,
) -> dict[str, bytes]:
    """Give the members of the bundle of a scorer as `converters.tables.scorer` writes it.

    `evaluation` holds the vectors that the scorer is asked with. `float32` is the uncompressed model, its users those
    of the evaluation set, row by row; they may be other vectors, as users are solved again against a compressed table.
    Golden lists are those of `float32` in NumPy, decoded scores those of our NumPy decode of the file; `baseline` is
    what `edgerec.proving.baseline` measured of `float_members`. Raises PackingError or GivenFileError where file,
    vectors, factors and vocabulary do not fit.
    """
    said = (InputSetting(VECTOR, "vector"),)
    roles = roles_of(tflite_file.parse(scorer, name), said, name=name, items=len(catalogue.items))
    packing.refuse_misfit(roles, catalogue, k)
    _refuse_misfit(roles, evaluation, float32)
    lists = judging.lists(_scorer(float32), evaluation, k, packing.golden_users(evaluation))
    golden = packing.golden(scorer, roles, evaluation, lists, runtime=promise.runtime)
    proof = packing.proof_of(evaluation, golden, baseline)
    return packing.members(scorer, roles, promise, catalogue, k, proof=proof, lineage=lineage)


def float_members(
    float32: Factors, evaluation: EvaluationSet, catalogue: Catalogue, k: int, *, runtime: str, name: str = "factors"
) -> dict[str, bytes]:
    """Give the members of the bundle of the uncompressed items, asked with their own users.

    Raises PackingError as `factor_members`, ConverterError for a table that is no finite float32 matrix.
    """
    scorer = scorer_file(Float32Rows(float32.items))
    own = replace(evaluation, inputs={VECTOR: float32.users})
    promise = Promise(FLOAT32, FLOAT32, runtime, FLOAT_OVERLAP)
    return factor_members(scorer, own, catalogue, k, promise, float32=float32, name=name)


def _scorer(factors: Factors) -> Scorer:
    return lambda rows: factors.users[rows] @ factors.items.T


def _refuse_misfit(roles: Roles, evaluation: EvaluationSet, float32: Factors) -> None:
    """Raise PackingError unless there is a vector for every user, in the file's width, and a row for every item."""
    (vector,) = roles.inputs
    given = evaluation.inputs.get(VECTOR, np.empty(0, np.float32))
    columns = float32.items.shape[-1]
    for what, values, shape in (
        (f"the evaluation set's {VECTOR}", given, (evaluation.users, vector.length)),
        ("the float32 users", float32.users, (evaluation.users, columns)),
        ("the float32 items", float32.items, (roles.items, columns)),
    ):
        if values.dtype != np.float32 or values.shape != shape:
            raise PackingError(
                f"{what}: {values.dtype} of shape {list(values.shape)}, expected float32 of shape {list(shape)}"
            )
        if not np.isfinite(values).all():
            raise PackingError(f"{what}: numbers that are not finite")
