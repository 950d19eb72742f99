"""What a recipe does to weights: items dropped, columns removed, weights pruned or clustered, trained to be rounded."""

import math
from dataclasses import dataclass, field

from edgerec.compress.errors import RecipeError
from edgerec.compress.ranking import ModelPath, Settings, criterion_of
from edgerec.criteria.criterion import COLUMN, ELEMENT, ROW, Criterion
from edgerec.criteria.reset import Reset
from edgerec.criteria.selection import RANKINGS, TENSOR
from edgerec.suggestion import did_you_mean

CONSTANT, POLYNOMIAL = "constant", "polynomial"
SCHEDULES = (CONSTANT, POLYNOMIAL)
MAGNITUDE, MAX_VARIANCE, POPULARITY = "magnitude", "max_variance", "popularity"
SHOWN = "shown"

NO_MODEL = ModelPath("")

# The least overlap with float32's lists that a step promises, and of the steps it is the least seen on the reference
# models that bear them, less 0.15, to one decimal (docs/recipes.md); garbage overlaps 0.00.
TRAINED = 0.7  # clusters, or quantization-aware training
PRUNED = ((0.5, 0.6), (0.8, 0.4), (1.0, 0.3))  # up to this sparsity; above 0.8 nothing was measured
NARROWED = ((0.5, 0.6), (1.0, 0.4))  # up to this share of the columns; above 0.5 nothing was measured
DROPPED = ((0.1, 0.6), (0.0, 0.4))  # down to this share of the items kept; below 0.1 nothing was measured


@dataclass(frozen=True)
class Drop:
    """Items that leave the catalogue for good, before anything else is done: no table has a row of theirs any more.

    What stays is the share `keep` that `criterion`, with its own `settings`, ranks highest; or, "shown", what stands
    among the `k` best of any user of the training data.
    """

    keep: float | str = SHOWN
    k: int = 20
    criterion: str = POPULARITY
    settings: Settings = ()

    def __post_init__(self) -> None:
        if isinstance(self.keep, str):
            _check_word("keep", self.keep, (SHOWN, "a share such as 0.25"))
            if (self.criterion, self.settings) != (POPULARITY, ()):
                raise RecipeError(f"criterion is {self.criterion!r}, expected none beside keep = {SHOWN!r}")
        else:
            _check_share("keep", self.keep)
        if self.k < 1:
            raise RecipeError(f"k is {self.k}, expected 1 or more: it is the length of a list")
        self.ranked_by()

    def ranked_by(self) -> Criterion:
        """The criterion, made with its settings."""
        return criterion_of(self.criterion, self.settings, NO_MODEL, ROW)

    def least(self, items: int) -> int:
        """How many of so many items stay at the least."""
        return min(self.k, items) if isinstance(self.keep, str) else max(1, round(self.keep * items))

    @property
    def told(self) -> str:
        """Which items stay, in words."""
        if isinstance(self.keep, str):
            return f"what anybody is shown among {self.k}"
        return f"the {self.keep:.4g} of them that rank highest by {self.criterion}"

    @property
    def promise(self) -> float:
        """The least overlap with float32's lists."""
        kept = 1.0 if isinstance(self.keep, str) else self.keep
        return next(floor for least, floor in DROPPED if kept >= least)


@dataclass(frozen=True)
class Narrow:
    """Columns of tables and units of dense layers and GRUs removed for real: a share `remove` of every chosen layer's.

    Which go says `criterion` with its own `settings`; by max_variance they are turned first into the axes in which
    scores vary, where nothing hinders it. `layers` are shell patterns of layer names; all whose columns can go and be
    ranked when empty. Without `epochs` nothing is trained after it. `initial` is the model before it was trained, for
    criteria that need it.
    """

    remove: float
    criterion: str = MAX_VARIANCE
    epochs: int = 3
    learning_rate: float = 1e-3
    layers: tuple[str, ...] = ()
    settings: Settings = ()
    initial: ModelPath = NO_MODEL
    allow_no_gain: bool = False
    do: str = field(default="narrow", init=False)

    def __post_init__(self) -> None:
        _check_share("remove", self.remove)
        self.ranked_by()
        _check_training(self.epochs, self.learning_rate, least=0)

    def ranked_by(self) -> Criterion:
        """The criterion, made with its settings."""
        return criterion_of(self.criterion, self.settings, self.initial, COLUMN)

    @property
    def promise(self) -> float:
        """The least overlap with float32's lists."""
        return next(floor for most, floor in NARROWED if self.remove <= most)


@dataclass(frozen=True)
class Prune:
    """Pruning under TF-MOT's masks: `sparsity` of every chosen kernel becomes zero (Zhu and Gupta 2017, 1710.01878).

    Which weights says `criterion` with its own `settings`, ranked `per` tensor, row or global; by magnitude per tensor
    TF-MOT picks them itself. `layers` are shell patterns of layer names; all tables and dense layers when empty.
    `initial` is the model before it was trained, for criteria that need it.
    """

    sparsity: float
    schedule: str = POLYNOMIAL
    epochs: int = 3
    learning_rate: float = 1e-3
    layers: tuple[str, ...] = ()
    criterion: str = MAGNITUDE
    per: str = TENSOR
    settings: Settings = ()
    initial: ModelPath = NO_MODEL
    allow_no_gain: bool = False
    do: str = field(default="prune", init=False)

    def __post_init__(self) -> None:
        _check_share("sparsity", self.sparsity)
        _check_word("schedule", self.schedule, SCHEDULES)
        _check_word("per", self.per, RANKINGS)
        found = self.ranked_by()
        if isinstance(found, Reset) and found.rewinds and self.schedule != CONSTANT:
            raise RecipeError(
                f"schedule is {self.schedule!r}, expected {CONSTANT!r} with a reset to {found.to!r}: a lottery ticket "
                "is drawn once"
            )
        _check_training(self.epochs, self.learning_rate)

    def ranked_by(self) -> Criterion:
        """The criterion, made with its settings."""
        return criterion_of(self.criterion, self.settings, self.initial, ELEMENT)

    @property
    def by_tf_mot(self) -> bool:
        """Whether TF-MOT picks the weights itself, which it does by magnitude in each tensor."""
        return (self.criterion, self.per) == (MAGNITUDE, TENSOR)

    @property
    def promise(self) -> float:
        """The least overlap with float32's lists."""
        return next(floor for most, floor in PRUNED if self.sparsity <= most)


@dataclass(frozen=True)
class Cluster:
    """Weight clustering by TF-MOT: at most `clusters` distinct values a kernel (Han et al. 2016, 1510.00149).

    After a pruning step the zeros are kept, as one of the clusters.
    """

    clusters: int
    epochs: int = 1
    learning_rate: float = 5e-4
    layers: tuple[str, ...] = ()
    allow_no_gain: bool = False
    do: str = field(default="cluster", init=False)

    def __post_init__(self) -> None:
        if not 2 <= self.clusters <= 256:  # noqa: PLR2004  (a byte an index at the most)
            raise RecipeError(f"clusters is {self.clusters}, expected 2 to 256")
        _check_training(self.epochs, self.learning_rate)

    @property
    def promise(self) -> float:
        """The least overlap with float32's lists."""
        return TRAINED


@dataclass(frozen=True)
class QuantizeAware:
    """Quantization-aware training by TF-MOT of the dense layers but the scoring one (Jacob et al. 2018, 1712.05877).

    Tables are not in TF-MOT's registry: they are quantized in the file. Zeros and clusters of earlier steps are kept,
    and no step follows: TF-MOT wraps no layer a second time.
    """

    epochs: int = 1
    learning_rate: float = 2e-4
    allow_no_gain: bool = False
    do: str = field(default="qat", init=False)

    def __post_init__(self) -> None:
        _check_training(self.epochs, self.learning_rate)

    @property
    def promise(self) -> float:
        """The least overlap with float32's lists."""
        return TRAINED


@dataclass(frozen=True)
class Tuning:
    """Coded tables trained as they will be decoded, with the rest of the model, taught by the float32 model.

    `distill` is the teacher's share of the loss (0 to 1): the divergence from its scores over the catalogue, softened
    by `temperature` (Hinton, Vinyals, Dean 2015, 1503.02531). With `scales` the row scales adapt too, and no longer
    compress as well where they lay on a grid.
    """

    epochs: int = 5
    learning_rate: float = 1e-3
    distill: float = 0.5
    temperature: float = 1.0
    batch: int = 256
    scales: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.distill <= 1:
            raise RecipeError(f"distill is {self.distill}, expected 0 (no teacher) to 1 (the teacher alone)")
        for name in ("epochs", "learning_rate", "temperature", "batch"):
            if not getattr(self, name) > 0:
                raise RecipeError(f"{name} is {getattr(self, name)}, expected more than 0")


Step = Narrow | Prune | Cluster | QuantizeAware
STEPS: dict[str, type[Step]] = {  # in the order they may take
    "narrow": Narrow,
    "prune": Prune,
    "cluster": Cluster,
    "qat": QuantizeAware,
}


def _check_share(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise RecipeError(f"{name} is {value:g}, expected a share above 0 and below 1: at 1 nothing is left")


def _check_word(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        expected = f"{', '.join(known[:-1])} or {known[-1]}"
        raise RecipeError(f"{name} is {value!r}, expected {expected}{did_you_mean(value, known)}")


def _check_training(epochs: int, learning_rate: float, *, least: int = 1) -> None:
    if epochs < least:
        raise RecipeError(f"epochs is {epochs}, expected {least} or more: zeros and clusters need training to settle")
    if not (learning_rate > 0 and math.isfinite(learning_rate)):
        raise RecipeError(f"learning_rate is {learning_rate:g}, expected a number above 0")
