"""A table as a bundle in both runtimes, and whether the NumPy evaluator ranks as they do."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.factor_data import Side, of_some
from benchmarks.factor_models import Made, Model
from benchmarks.factor_quality import K, judge
from converters import tflite_file
from device_tests import bundle
from device_tests.evaluation import from_npy
from device_tests.ranking import overlap
from device_tests.report import Quality
from edgerec.data.evaluation import evaluated_users, evaluation_set
from edgerec.data.splitting import Split
from edgerec.errors import EdgerecError
from edgerec.factor_bundle import factor_members, vector_input
from edgerec.given_file import precision_of
from edgerec.models.factors import Factors
from edgerec.packing import Catalogue, Promise
from edgerec.search.coded_scores import scores_of
from edgerec.targets import environment, local
from edgerec.targets.job import LISTS, Job

RUNTIMES = ("tflite-runtime==2.14.0", "ai-edge-litert==2.3.0")
LEAST_OVERLAP = 0.995
RECALL_APART = 0.001
_NEWEST = RUNTIMES[-1]
# What the bundle promises of its lists beside float32's; the floors of the benchmark are elsewhere.
_LIST_OVERLAP = 0.3


@dataclass(frozen=True)
class Proof:
    """One runtime beside the evaluator on the same users and file: recall@20 of both, overlap of their lists.

    `refused` is why a runtime did not answer, "" where it did. Items that a file leaves out count for neither.
    """

    runtime: str
    recall: float
    evaluated: float
    overlap: float
    refused: str = ""

    @property
    def held(self) -> bool:
        """The evaluator ranks as this runtime does, so that its figures stand for it."""
        return not self.refused and self.overlap >= LEAST_OVERLAP and abs(self.recall - self.evaluated) <= RECALL_APART


def proofs(parts: Split, model: Model, made: Made, name: str, *, most_users: int) -> Iterator[Proof]:
    """Yield what each runtime answers from the file, asked with the vectors of drawn test users."""
    of_rows = of_some(in_row_order(parts, made.order), "test", most_users, model.seed)
    users = evaluated_users(of_rows)
    columns = made.users.shape[1]
    evaluation = evaluation_set(of_rows, [vector_input(columns)], vectors=made.users)
    side = Side(of_rows.seen("test"), evaluation, users)
    members = factor_members(
        made.file,
        evaluation,
        Catalogue(of_rows.train.item_ids),
        K,
        Promise(name, precision_of(tflite_file.parse(made.file)), _NEWEST, _LIST_OVERLAP),
        float32=Factors(model.factors.users[users], np.ascontiguousarray(model.factors.items[made.order])),
    )
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "table.edgerec"
        bundle.write(path, members)
        for runtime in RUNTIMES:
            scores = scores_of(made.coded, runtime=environment.parse(runtime).name)
            evaluated, own_lists = judge(scores, made.users, side)
            recall = evaluated.metric("recall", K)
            try:
                measured, lists = _replayed(path, runtime)
            except EdgerecError as error:
                yield Proof(runtime, 0.0, recall, 0.0, str(error))
                continue
            yield Proof(runtime, measured.metric("recall", K), recall, float(overlap(lists, own_lists).mean()))


def in_row_order(parts: Split, order: npt.NDArray[np.int64]) -> Split:
    """Return the split with its items numbered as the rows of a table, those without a row left out."""
    items = tuple(parts.train.item_ids[item] for item in order)
    train, validation, test = (
        part.rows(np.isin(part.item, order)).in_vocabulary(items=items)
        for part in (parts.train, parts.validation, parts.test)
    )
    return replace(parts, train=train, validation=validation, test=test)


def _replayed(path: Path, runtime: str) -> tuple[Quality, npt.NDArray[np.int32]]:
    ran = local.run(Job(path, environment.parse(runtime), only=("quality",), lists=True))
    if ran.report.quality is None:
        raise EdgerecError(f"{runtime} was asked for the quality and reported none")
    return ran.report.quality, from_npy(ran.lists or b"", LISTS, "<i4", (None, None)).view(np.int32)
