"""Coded tables fine-tuned as they will be decoded, with the rest of the model, taught by the float model's scores."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from converters.tables.coded import Coded
from device_tests import metrics
from device_tests.evaluation import EvaluationSet
from edgerec.compress import layers
from edgerec.compress.errors import RecipeError
from edgerec.compress.masks import table_of
from edgerec.compress.steps import Tuning
from edgerec.compress.student import student, with_tables
from edgerec.compress.trained_tables import TrainedTable, trained_table
from edgerec.compress.trained_values import Codes, TrainedCodes
from edgerec.data.interactions import Interactions
from edgerec.judging import judge
from edgerec.models import training
from edgerec.models.recommender import Recommender
from edgerec.models.roles import TWO_TOWERS
from edgerec.models.serving import catalogue_scores, linear_end
from edgerec.models.session import session
from edgerec.models.training import Fit
from edgerec.progress import Progress, silent

PROBE_BATCHES = 8  # of the training examples, on which codes have to lower the loss before they are taken
GROUPS = 4  # in which a table's codes are tried, those of the largest rows first


@dataclass(frozen=True)
class Epoch:
    """One epoch, 0 the start: the mean training loss (None at the start) and recall@k on validation (None without)."""

    number: int
    loss: float | None
    recall: float | None


@dataclass(frozen=True, eq=False)
class Tuned:
    """A recommender whose tables are those that `coded` decodes to, by layer, and how it went; `best` is its epoch."""

    recommender: Recommender
    coded: dict[str, Coded]
    epochs: tuple[Epoch, ...]
    best: int


def tune(
    recommender: Recommender,
    coded: Mapping[str, Coded],
    setting: Tuning,
    data: Interactions,
    *,
    teacher: Recommender,
    seed: int,
    validation: EvaluationSet | None = None,
    k: int = 20,
    held: Collection[str] = (),
    merge_repeats: bool = False,
    progress: Progress = silent,
) -> Tuned:
    """Tune the tables of the named layers, as they are coded, and all other weights but those of `held` layers.

    A table is [rows, columns] as `masks.table_of` gives it. The forward pass computes with what the codes decode to; at
    the end of every epoch codes change where that lowers the loss on a part of the training examples. With a validation
    set the epoch of the highest recall@k is given back, the start among them and the earliest of equal ones; without
    one the last. The one given is left as it was. Raises RecipeError for a layer, a table or a teacher that does not
    fit, and ModelError as training does.
    """
    _refuse(recommender, coded, teacher)
    session().seed(seed)
    tables = {name: trained_table(each, scales=setting.scales) for name, each in coded.items()}
    taught_by = linear_end(teacher)
    model = student(recommender, tables, taught_by, distill=setting.distill, temperature=setting.temperature, held=held)
    run = _Run(recommender, model, tables, validation, k, progress)
    run.note(None)
    settings = Fit(setting.epochs, setting.batch, setting.learning_rate, seed, merge_repeats)
    probe = list(training.batches(recommender, data, settings).take(PROBE_BATCHES))
    loss_of = session().tf.function(lambda batch: model.loss_of(batch, training=False), autograph=False)

    def epoch_ended(epoch: int, logs: Any) -> None:
        del epoch
        for table in tables.values():
            for part in table.codes:
                recode(part, lambda: float(sum(loss_of(batch) for batch in probe)))
        run.note(float(logs["loss"]))

    told = session().keras.callbacks.LambdaCallback(on_epoch_end=epoch_ended)
    training.fit(recommender, model, data, settings, callbacks=[told])
    return run.result()


def recode(part: TrainedCodes, loss: Callable[[], float]) -> int:
    """Move the codes of the rows that wish it, some rows at a time, where that lowers `loss()`; return of how many."""
    given, wished = part.given(), part.wished()
    rows = np.flatnonzero((given != wished).any(axis=1))
    if not len(rows):
        return 0
    least, moved = loss(), 0
    for group in np.array_split(rows, min(GROUPS, len(rows))):
        tried: Codes = part.given()
        tried[group] = wished[group]
        before = part.given()
        part.assign(tried)
        now = loss()
        if now < least:
            least, moved = now, moved + len(group)
        else:
            part.assign(before)
    return moved


@dataclass(eq=False)
class _Run:
    """The epochs of one tuning, and the best one's recommender and tables."""

    recommender: Recommender
    model: Any
    tables: Mapping[str, TrainedTable]
    validation: EvaluationSet | None
    k: int
    progress: Progress
    epochs: list[Epoch] = field(default_factory=list)
    best: int = 0
    kept: tuple[Recommender, dict[str, Coded]] | None = None

    def note(self, loss: float | None) -> None:
        """Look at the model as it is: an epoch is over, or nothing has begun."""
        made = with_tables(self.recommender, self.model, self.tables)
        recall = None if self.validation is None else recall_of(made, self.validation, self.k)
        least = self.epochs[self.best].recall if self.epochs else None
        if least is None or recall is None or recall > least:
            self.best = len(self.epochs)
            self.kept = made, {name: table.coded() for name, table in self.tables.items()}
        self.epochs.append(Epoch(len(self.epochs), loss, recall))
        self.progress(
            f"epoch {len(self.epochs) - 1}"
            + ("" if loss is None else f", loss {loss:.4f}")
            + ("" if recall is None else f", validation recall@{self.k} {recall:.4f}")
        )

    def result(self) -> Tuned:
        assert self.kept is not None  # noqa: S101 - for the type checker: the start was noted
        return Tuned(*self.kept, tuple(self.epochs), self.best)


def recall_of(recommender: Recommender, evaluation: EvaluationSet, k: int) -> float:
    """Recall@k of the Keras model on an evaluation set, mean over its users."""
    judged = judge(
        lambda rows: catalogue_scores(recommender, {name: ids[rows] for name, ids in evaluation.inputs.items()}),
        evaluation,
    )
    return judged.mean(metrics.recall, k)


def _refuse(recommender: Recommender, coded: Mapping[str, Coded], teacher: Recommender) -> None:
    if recommender.roles.kind == TWO_TOWERS:
        raise RecipeError(
            f"{recommender.roles.name} has two towers, and tables are coded in what ships: tune "
            "edgerec.models.serving.serving(recommender)"
        )
    if teacher.roles != recommender.roles:
        raise RecipeError(f"the teacher has the roles {teacher.roles}, expected the student's, {recommender.roles}")
    if not coded:
        raise RecipeError("no table is coded, so there is nothing to tune: name a layer")
    known = layers.chosen(recommender, ())
    for name, each in coded.items():
        if name not in known:
            raise RecipeError(
                f"no table or dense layer is named {name!r}; {recommender.roles.name} has {', '.join(known)}"
            )
        shape = table_of(recommender, name, layers.kernels(recommender, (name,))[name]).shape
        if (each.rows, each.columns) != shape:
            raise RecipeError(f"the table of {name} is coded as {[each.rows, each.columns]}, expected {list(shape)}")
