"""A table as a bundle in both runtimes, and whether the NumPy evaluator ranks as they do."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.factor_data import side
from benchmarks.factor_models import Made, Model
from benchmarks.factor_quality import K, judge
from benchmarks.factor_scores import kernel_of, scores_of
from converters import tflite_file
from device_tests import bundle
from device_tests.ranking import overlap
from edgerec import two_runtimes
from edgerec.data.evaluation import evaluation_set
from edgerec.data.splitting import Split
from edgerec.factor_bundle import factor_members, vector_input
from edgerec.given_file import precision_of
from edgerec.models.factors import Factors
from edgerec.packing import Catalogue, Promise
from edgerec.targets import environment

RUNTIMES = (environment.parse("tflite-runtime==2.14.0"), environment.parse("ai-edge-litert==2.3.0"))
LEAST_OVERLAP = 0.995
RECALL_APART = 0.001
_LIST_OVERLAP = 0.5
"""What the bundle promises of its lists beside float32's: the floors of the benchmark are elsewhere."""


@dataclass(frozen=True)
class Proof:
    """One runtime beside the evaluator, on the same users: recall@20 of both, and what their lists have in common."""

    runtime: str
    recall: float
    evaluated: float
    overlap: float

    @property
    def held(self) -> bool:
        """The evaluator ranks as this runtime does, so that its figures stand for it."""
        return self.overlap >= LEAST_OVERLAP and abs(self.recall - self.evaluated) <= RECALL_APART


def prove(parts: Split, model: Model, made: Made, name: str, *, users: int) -> tuple[Proof, Proof]:
    """Return what both runtimes answer from the file, asked with the vectors of `users` drawn test users."""
    some = side(parts, "test", most_users=users, most_asked=1, seed=model.seed)
    judged = evaluation_set(_of(parts, some.users), [vector_input(made.users.shape[1])], vectors=made.users)
    del judged
    raise NotImplementedError
