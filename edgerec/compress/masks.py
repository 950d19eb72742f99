"""Single weights pruned by any criterion: TF-MOT's wrappers and schedules, with masks from the criterion's saliency."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgerec.compress import layers
from edgerec.compress.errors import RecipeError
from edgerec.compress.proof import same_once_stripped
from edgerec.compress.pruning import schedule
from edgerec.compress.steps import Prune, Step
from edgerec.criteria.criterion import ELEMENT, Criterion, refuse_missing, saliency
from edgerec.criteria.errors import CriterionError
from edgerec.criteria.reset import Reset
from edgerec.criteria.selection import keep
from edgerec.criteria.statistics import Statistics, given
from edgerec.data.interactions import Interactions
from edgerec.models import training
from edgerec.models.recommender import Recommender
from edgerec.models.roles import CATALOGUE
from edgerec.models.session import session
from edgerec.models.training import Fit
from edgerec.progress import Progress, silent

Masks = dict[str, NDArray[np.bool_]]  # by layer name, in the shape of its kernel


def prune_by(
    recommender: Recommender,
    step: Prune,
    criterion: Criterion,
    statistics: Mapping[str, Statistics],
    data: Interactions,
    *,
    earlier: tuple[Step, ...] = (),
    seed: int,
    merge_repeats: bool = False,
    progress: Progress = silent,
) -> Recommender:
    """The recommender with `step.sparsity` of the chosen kernels zero, those that `criterion` ranks lowest, fine-tuned.

    `statistics` has one entry a chosen layer, of its kernel as `table_of` gives it. At every update of the step's
    schedule the criterion ranks the weights as they then are, against the statistics as they were given; `step.per` is
    how `selection.keep` ranks them. Layers that an `earlier` step pruned keep their zeros. A reset to initial values
    draws its masks once, rewinds what is kept and trains it again. Raises RecipeError and CriterionError for what
    cannot be done.
    """
    names = layers.chosen(recommender, step.layers)
    _refuse(criterion, statistics, names)
    session().seed(seed)
    pruned = layers.made_by(recommender, earlier)
    before = layers.kernels(recommender, names)
    zeros = {name: kernel == 0 for name, kernel in before.items() if name in pruned}

    def masks(kernels: layers.Kernels, sparsity: float) -> Masks:
        ranked = {}
        for name, kernel in kernels.items():
            ranked[name] = saliency(criterion, table_of(recommender, name, kernel), statistics[name], ELEMENT)
            if name in zeros:
                ranked[name][table_of(recommender, name, zeros[name])] = -np.inf
        kept = keep(ranked, share=1 - sparsity, per=step.per)
        kept = {name: table_of(recommender, name, mask) for name, mask in kept.items()}
        return {name: mask & ~zeros[name] if name in zeros else mask for name, mask in kept.items()}

    masks(before, step.sparsity)  # so that what cannot be ranked is refused before it is trained
    settings = Fit(step.epochs, learning_rate=step.learning_rate, seed=seed, merge_repeats=merge_repeats)
    steps = step.epochs * training.steps_an_epoch(recommender, data, settings)
    start = min((float(each.mean()) for each in zeros.values()), default=0.0)
    when = schedule(step, min(start, step.sparsity), steps)
    sparsity = session().tfmot.sparsity.keras
    told = _untold()
    model = layers.wrapped(
        recommender,
        names,
        lambda layer: sparsity.prune_low_magnitude(layer, pruning_schedule=told),
        held=pruned - set(names),
    )
    initial = {}
    if isinstance(criterion, Reset) and criterion.rewinds:
        initial = {name: table_of(recommender, name, given(statistics[name].initial)) for name in names}
    callback = _updates(when, masks, initial)
    training.fit(recommender, model, data, settings, callbacks=[callback], progress=progress)
    stripped = sparsity.strip_pruning(model)
    same_once_stripped(recommender, model, stripped, data)
    result = layers.with_weights_of(recommender, stripped)
    _refuse_missing_zeros(recommender, layers.kernels(result, names), step.sparsity, step.per)
    return result


def table_of(recommender: Recommender, name: str, values: NDArray[Any]) -> NDArray[Any]:
    """The kernel of a layer, or a mask of it, with items as rows where it scores the catalogue; any other as it is.

    What goes in transposed comes back by a second call.
    """
    return values.T if scores_catalogue(recommender, name) else values


def scores_catalogue(recommender: Recommender, name: str) -> bool:
    """Whether a layer is the dense one whose units are the scores of all items."""
    layer, model = recommender.model.get_layer(name), recommender.model
    last = any(layer.output is tensor for tensor in model.outputs)
    return recommender.roles.kind == CATALOGUE and last and isinstance(layer, session().keras.layers.Dense)


def _untold() -> Any:
    """A schedule by which TF-MOT never picks weights itself, which it would by magnitude; it only applies the masks."""
    sparsity, tf = session().tfmot.sparsity.keras, session().tf

    class Never(sparsity.PruningSchedule):  # type: ignore[misc,name-defined]
        """No update at any step."""

        def __call__(self, step: Any) -> tuple[Any, Any]:
            del step
            return tf.constant(False), tf.constant(0.0)

        def get_config(self) -> dict[str, Any]:
            return {"class_name": type(self).__name__, "config": {}}

    return Never()


def _updates(
    schedule: Any, masks: Callable[[layers.Kernels, float], Masks], initial: Mapping[str, NDArray[Any]]
) -> Any:
    """TF-MOT's callback, which sets the masks of every wrapper by `masks` at the steps that a schedule names.

    With initial kernels by layer name the masks are set once, and what they keep is rewound.
    """
    sparsity, tf = session().tfmot.sparsity.keras, session().tf

    class UpdateMasks(sparsity.UpdatePruningStep):  # type: ignore[misc,name-defined]
        """The masks of the step that begins."""

        rewound = False

        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            super().on_train_batch_begin(batch, logs)
            wrappers = {wrapper.layer.name: wrapper for wrapper in self.prunable_layers}
            step = 1 + max(int(wrapper.pruning_step) for wrapper in wrappers.values())
            due, share = schedule(tf.constant(step, tf.int64))
            if not due or self.rewound:
                return
            weights = {name: wrapper.pruning_vars[0][0] for name, wrapper in wrappers.items()}
            found = masks({name: weight.numpy() for name, weight in weights.items()}, float(share))
            for name, wrapper in wrappers.items():
                wrapper.pruning_vars[0][1].assign(found[name].astype(np.float32))
            for name, values in initial.items():
                weights[name].assign(values)
                self.rewound = True

    return UpdateMasks()


def _refuse(criterion: Criterion, statistics: Mapping[str, Statistics], names: tuple[str, ...]) -> None:
    for name in names:
        if name not in statistics:
            raise RecipeError(f"layer {name} has no statistics, expected them for every one of {', '.join(names)}")
        try:
            refuse_missing(criterion, statistics[name])
        except CriterionError as error:
            raise CriterionError(f"layer {name} cannot be ranked: {error}") from error


def _refuse_missing_zeros(recommender: Recommender, kernels: layers.Kernels, sparsity: float, per: str) -> None:
    tables = {name: np.abs(table_of(recommender, name, kernel)) for name, kernel in kernels.items()}
    for name, kept in keep(tables, share=1 - sparsity, per=per).items():
        if tables[name][~kept].any():
            raise RecipeError(
                f"layer {name} has {int((tables[name] == 0).sum())} zeros after pruning, expected {int((~kept).sum())} "
                f"or more, {sparsity:.1%} per {per}"
            )
