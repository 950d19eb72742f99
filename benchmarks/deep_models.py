"""Models that are more than two tables: NeuMF and the GRU, trained, and their files asked in the runtime that ships."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks import factor_data
from benchmarks.factor_quality import CANDIDATES_K, K, Quality, of_lists
from device_tests import bundle
from device_tests.evaluation import EvaluationSet, from_npy
from device_tests.metrics import HALVES
from edgerec import packing, storage
from edgerec.build import Task
from edgerec.compress.pipeline import Setting
from edgerec.compress.recipe import Recipe
from edgerec.compress.stage import Stage
from edgerec.data import movietweetings
from edgerec.data.evaluation import evaluated_users, evaluation_set
from edgerec.data.interactions import Interactions
from edgerec.data.splitting import Holdout, Part, Split, last_n, random_share, split
from edgerec.models import training
from edgerec.models.recommender import Recommender
from edgerec.models.reference import gru, neumf
from edgerec.models.session import session
from edgerec.models.training import Fit
from edgerec.packing import Catalogue, Promise
from edgerec.targets import environment, local
from edgerec.targets.job import LISTS, Job

RUNTIMES = (environment.parse("tflite-runtime==2.14.0"), environment.parse("ai-edge-litert==2.3.0"))


@dataclass(frozen=True)
class Deep:
    """A model of some columns, what is held out of the data, and its training."""

    name: str
    build: Callable[[Interactions, int], Recommender]
    holdout: Holdout
    fit: Fit


MODELS = (
    Deep("gru", lambda data, columns: gru(data.items, columns=columns), last_n(3), Fit(epochs=6)),
    Deep(
        "neumf",
        lambda data, columns: neumf(data.users, data.items, columns=columns),
        random_share(0.2),
        Fit(epochs=3),
    ),
)


@dataclass(frozen=True, eq=False)
class Side:
    """A trained model, its task, and the users int32 who judge it, on validation or test."""

    task: Task
    users: npt.NDArray[np.int32]

    @property
    def judged(self) -> EvaluationSet:
        """The evaluation set."""
        return self.task.evaluation


def read(deep: Deep, *, seed: int) -> Split:
    """Return MovieTweetings as the model is judged on it, items numbered by popularity."""
    return factor_data.by_popularity(split(movietweetings.load(), deep.holdout, seed=seed))


def side(deep: Deep, parts: Split, part: Part, columns: int, *, seed: int, kept: Path) -> Side:
    """Return a model of so many columns for one side of the choice, trained, or read in the folder `kept`."""
    data, fit = parts.seen(part), Fit(deep.fit.epochs, deep.fit.batch, deep.fit.learning_rate, seed)
    setting, weights = Setting(data, str(RUNTIMES[0]), seed), kept / f"{deep.name}{columns}-{part}-{seed}.h5"

    def trained() -> Recommender:
        session().seed(seed)
        built = deep.build(data, columns)
        if weights.exists():
            built.model.load_weights(weights)
            return built
        made = training.train(built, data, fit)
        made.model.save_weights(weights)
        return made

    base = Stage(setting.key("size of deep models", model=deep.name, columns=columns, fit=vars(fit)), trained)
    inputs = base.recommender.roles.inputs
    evaluation = evaluation_set(parts, inputs, part=part, candidates=factor_data.CANDIDATES, seed=seed)
    known = data.user_ids if base.roles.of_role("user") else ()
    task = Task(base, setting, evaluation, Catalogue(data.item_ids, known), K)
    return Side(task, evaluated_users(parts, part=part))


def quality(side: Side, model: bytes, recipe: Recipe) -> Quality:
    """Return the quality of a .tflite as LiteRT answers."""
    task = side.task
    promise = Promise(recipe.name, recipe.arithmetic, task.setting.runtime, recipe.float_overlap)
    proof = packing.proof_of(task.evaluation)
    members = packing.members(model, task.base.roles, promise, task.catalogue, task.k, proof=proof)
    with storage.scratch() as folder:
        draft = folder / "draft.edgerec"
        bundle.write(draft, members)
        ran = local.run(Job(draft, RUNTIMES[1], only=("quality",), lists=True))
    found, top = ran.report.quality, from_npy(ran.lists or b"", LISTS, "<i4", (None, None)).view(np.int32)
    assert found is not None  # noqa: S101 - for the type checker: the phase was asked for
    recall, ndcg = of_lists(top, side.judged)
    pairs = [found.candidate_hits(CANDIDATES_K, half) for half in HALVES]
    hits, held = (tuple(sum(pair[place] for pair in half) for half in pairs) for place in (0, 1))
    shown = np.bincount(top.ravel(), minlength=task.base.roles.items)
    return Quality(recall, ndcg, (hits[0], hits[1]), (held[0], held[1]), top, shown)
