"""A recipe: training steps in order, a conversion, and how much of the float32 model's lists it promises to keep."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise

from converters.spec import DEFAULT_RUNTIME, DYNAMIC_INT8, FLOAT32, FULL_INT8, ConversionSpec
from edgerec.codecs.codec import Codec
from edgerec.errors import EdgerecError
from edgerec.suggestion import did_you_mean

BESIDE_TABLES = (FLOAT32, DYNAMIC_INT8)
SCHEDULES = ("constant", "polynomial")


class RecipeError(EdgerecError):
    """A recipe that cannot be carried out as it stands."""


@dataclass(frozen=True)
class Prune:
    """Magnitude pruning by TF-MOT: `sparsity` of every chosen kernel becomes zero (Zhu and Gupta 2017, 1710.01878).

    `layers` are shell patterns of layer names; all tables and dense layers when empty.
    """

    sparsity: float
    schedule: str = "polynomial"
    epochs: int = 3
    learning_rate: float = 1e-3
    layers: tuple[str, ...] = ()
    allow_no_gain: bool = False
    do: str = field(default="prune", init=False)

    def __post_init__(self) -> None:
        if not 0 < self.sparsity < 1:
            raise RecipeError(
                f"sparsity is {self.sparsity:g}, expected a share above 0 and below 1: at 1 nothing is left"
            )
        if self.schedule not in SCHEDULES:
            raise RecipeError(
                f"schedule is {self.schedule!r}, expected {' or '.join(SCHEDULES)}"
                f"{did_you_mean(self.schedule, SCHEDULES)}"
            )
        _check_training(self.epochs, self.learning_rate)


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


Step = Prune | Cluster | QuantizeAware
STEPS: dict[str, type[Step]] = {"prune": Prune, "cluster": Cluster, "qat": QuantizeAware}  # in the order they may take


@dataclass(frozen=True)
class TableCoding:
    """How the tables of the layers whose names match any of the shell patterns `layers` are stored; all without one."""

    codec: Codec
    layers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recipe:
    """Training steps in order, the precision of the conversion, and what it promises of the float32 model's lists.

    `tables` say how tables are stored, the first that matches counts; the precision is that of everything else.
    `float_overlap` is the least mean overlap of the top-k lists with the float32 model's that the golden check accepts.
    """

    name: str
    steps: tuple[Step, ...]
    precision: str
    float_overlap: float
    summary: str = ""
    tables: tuple[TableCoding, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.float_overlap <= 1:
            raise RecipeError(f"float_overlap is {self.float_overlap:g}, expected a share from 0 to 1")
        self._refuse_tables()
        kinds = [step.do for step in self.steps]
        order = list(STEPS)
        for earlier, later in pairwise(kinds):
            if order.index(later) < order.index(earlier) or earlier == "qat":
                raise RecipeError(
                    f"step {later} comes after {earlier}, expected the order {', '.join(order)}: a later step keeps "
                    "what an earlier one made, and only in this order"
                )

    def _refuse_tables(self) -> None:
        if not self.tables:
            return
        if self.precision not in BESIDE_TABLES:
            raise RecipeError(
                f"precision is {self.precision}, expected {' or '.join(BESIDE_TABLES)} beside [[table]]: tables are "
                "stored into a float32 file, and of the rest only weights are quantized"
            )
        if any(isinstance(step, QuantizeAware) for step in self.steps):
            raise RecipeError("step qat goes with no [[table]]: TF-MOT's layers are converted together with the tables")

    @property
    def arithmetic(self) -> str:
        """The coarsest arithmetic in the file.

        Layers trained quantization-aware have int8 activations, products with coded tables round their queries.
        """
        trained = any(isinstance(step, QuantizeAware) for step in self.steps)
        if trained and self.precision == DYNAMIC_INT8:
            return FULL_INT8
        return DYNAMIC_INT8 if self.tables else self.precision

    def conversion(self, runtime: str = DEFAULT_RUNTIME) -> ConversionSpec:
        """The conversion at the end, for a runtime."""
        return ConversionSpec(self.precision, runtime)

    def as_json(self) -> dict[str, object]:
        """What the recipe does, as plain values; it goes into the lineage of a bundle."""
        return {
            "name": self.name,
            "steps": [asdict(step) for step in self.steps],
            "tables": [asdict(table) for table in self.tables],
            "precision": self.precision,
            "float_overlap": self.float_overlap,
        }


# The least overlap with float32 that a recipe promises when its TOML says nothing: rounding alone moves few items,
# every step that trains moves more. Of the steps it is the least seen on the reference models that bear them, less
# 0.15, to one decimal (docs/recipes.md); garbage overlaps 0.00.
ROUNDED = {"float32": 0.999, "float16": 0.98, "dynamic_int8": 0.9, "full_int8": 0.8, "int16": 0.9}
TRAINED = 0.7  # clusters, or quantization-aware training
PRUNED = ((0.5, 0.6), (0.8, 0.4), (1.0, 0.3))  # up to this sparsity; above 0.8 nothing was measured
CODED = {"float16": 0.98, "int8": 0.9, "native8": 0.9, "int4": 0.7, "native4": 0.7, "block4": 0.7}
CODED_OTHERWISE = 0.3  # two bits, centroids, shared rows: from a few bits a number to a few bytes a row


def promised(steps: Sequence[Step], precision: str, tables: Sequence[TableCoding] = ()) -> float:
    """The overlap with float32's lists that these promise together, where a recipe does not say: the least."""
    kept = [
        next(floor for most, floor in PRUNED if step.sparsity <= most) if isinstance(step, Prune) else TRAINED
        for step in steps
    ]
    coded = [CODED.get(coding.codec.name, CODED_OTHERWISE) for coding in tables]
    return min([ROUNDED[precision], *kept, *coded])


def _check_training(epochs: int, learning_rate: float) -> None:
    if epochs < 1:
        raise RecipeError(f"epochs is {epochs}, expected 1 or more: zeros and clusters need training to settle")
    if not (learning_rate > 0 and math.isfinite(learning_rate)):
        raise RecipeError(f"learning_rate is {learning_rate:g}, expected a number above 0")
