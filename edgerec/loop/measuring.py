"""A round carried out and measured: what the round before made goes on, and its file is asked in the runtime."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from device_tests import bundle
from device_tests.evaluation import EvaluationSet
from edgerec import packing
from edgerec.build import BASELINE_RECIPE, Task
from edgerec.choosing import float32_quality, halves_of, in_runtime
from edgerec.compress.applying import identity
from edgerec.compress.conversion import Converter
from edgerec.compress.finding import find
from edgerec.compress.narrowing import chosen
from edgerec.compress.pipeline import compress, stages
from edgerec.compress.recipe import Recipe
from edgerec.compress.steps import Narrow, Prune
from edgerec.compress.structure_evidence import rankable
from edgerec.data.evaluation import evaluation_set, of_users
from edgerec.data.splitting import last_n, split
from edgerec.loop.round import Round
from edgerec.models.serving import serving
from edgerec.packing import Promise
from edgerec.progress import Progress

TRAIN_USERS = 1000
"""As many users' last training interactions tell how well a round knows what it learned from."""


@dataclass(frozen=True)
class Measuring:
    """Gives rounds of a recipe's loop by number, 0 for float32; steps that were finished before are not done again."""

    task: Task
    recipe: Recipe
    converter: Converter
    progress: Progress

    @property
    def key(self) -> str:
        """What every round follows from: the same key gives the same rounds."""
        loop, first = self.recipe.loop, self.recipe.rounds[0]
        steps = [identity(step) for step in self.recipe.steps]
        parts = {"first": first.as_json(), "by": loop and loop.by, "steps": steps}
        return self.task.key("loop", model=self.task.base.key, runtime=self.task.setting.runtime, **parts)

    def __call__(self, number: int) -> Round:
        """Carry out a round and measure it. Raises RecipeError, ModelError and ConversionError."""
        task, recipe = self.task, self.recipe.rounds[number - 1] if number else find(BASELINE_RECIPE)
        candidate = compress(task.base, recipe, task.setting, self.converter, progress=self.progress)
        promise = Promise(recipe.name, recipe.arithmetic, task.setting.runtime, recipe.float_overlap)
        members = packing.members(candidate.tflite, task.base.roles, promise, task.catalogue, task.k)
        app = [data for name, data in members.items() if name.startswith("app/")]
        self.progress(f"{recipe.name}: rank for training and for the users that choose in {task.setting.runtime}")
        train, validation = (
            in_runtime(task, candidate.tflite, promise, users)[0]
            if number
            else float32_quality(task, users, self.converter, self.progress)
            for users in self._users
        )
        return Round(
            number=number,
            share=self._gone(recipe) if number else 0.0,
            app_bytes=sum(map(len, app)),
            download_bytes=sum(map(bundle.deflated_bytes, app)),
            model_sha256=candidate.sha256,
            train=train,
            validation=validation,
        )

    @cached_property
    def _users(self) -> tuple[EvaluationSet, EvaluationSet]:
        choosing, _ = halves_of(self.task.evaluation)
        return train_users(self.task), choosing

    def _gone(self, recipe: Recipe) -> float:
        """The share of the weights that a round has at zero, or of the columns that are gone, counted."""
        last = next(step for step in reversed(recipe.steps) if step.do == (self.recipe.loop and self.recipe.loop.grow))
        if isinstance(last, Prune):
            return last.sparsity
        grown = [step for step in recipe.steps if isinstance(step, Narrow)]
        first = recipe.steps.index(grown[0])
        chain = stages(self.task.base, recipe, self.task.setting)[first : first + len(grown) + 1]
        before = chosen(serving(chain[0].recommender), grown[0])
        after = rankable(chain[-1].recommender, grown[0].ranked_by())
        return 1 - sum(after[name] for name in before) / sum(before.values())


def train_users(task: Task) -> EvaluationSet:
    """The last training interaction of a sample of users, seeded, held out as if it had not been trained on.

    So a ranking of it tells how well a model knows what it learned from, by the metrics of the test users.
    """
    parts = split(task.setting.data, last_n(1), seed=task.setting.seed)
    negatives = task.evaluation.negatives
    candidates = 0 if negatives is None else negatives.shape[1]
    whole = evaluation_set(parts, task.base.roles.inputs, candidates=candidates, seed=task.setting.seed)
    drawn = np.random.default_rng(task.setting.seed).permutation(whole.users)[:TRAIN_USERS]
    return of_users(whole, np.sort(drawn))
