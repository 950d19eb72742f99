"""A recipe: training steps in order, a conversion, and how much of the float32 model's lists it promises to keep."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise

from converters.spec import DEFAULT_RUNTIME, DYNAMIC_INT8, FLOAT32, FULL_INT8, ConversionSpec
from edgerec.codecs.codec import Codec
from edgerec.compress.errors import RecipeError
from edgerec.compress.loop import Loop
from edgerec.compress.steps import STEPS, Cluster, Drop, Prune, QuantizeAware, Step, Tuning

BESIDE_TABLES = (FLOAT32, DYNAMIC_INT8)


@dataclass(frozen=True)
class TableCoding:
    """How the tables of the layers whose names match any of the shell patterns `layers` are stored; all without one."""

    codec: Codec
    layers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recipe:
    """Training steps in order, the precision of the conversion, and what it promises of the float32 model's lists.

    `drop` says which items leave the catalogue before the first step; by default none does.
    `tables` say how tables are stored, the first that matches counts, and `tuning` how they are trained so; the
    precision is that of everything else. With a `loop` one of the steps grows, and each of the
    `rounds` is a recipe of its own.
    `float_overlap` is the least mean overlap of the top-k lists with the float32 model's that the golden check accepts.
    """

    name: str
    steps: tuple[Step, ...]
    precision: str
    float_overlap: float
    summary: str = ""
    tables: tuple[TableCoding, ...] = ()
    tuning: Tuning | None = None
    drop: Drop | None = None
    loop: Loop | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.float_overlap <= 1:
            raise RecipeError(f"float_overlap is {self.float_overlap:g}, expected a share from 0 to 1")
        self._refuse_tables()
        self._refuse_loop()
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
            if self.tuning is not None:
                raise RecipeError("tune has no [[table]] to train as it is stored: add one, or leave [tune] out")
            return
        kept = [step.do for step in self.steps if isinstance(step, Prune | Cluster)]
        if self.tuning is not None and kept:
            raise RecipeError(f"tune comes after step {kept[0]}, whose zeros and clusters it would move: leave one out")
        if self.precision not in BESIDE_TABLES:
            raise RecipeError(
                f"precision is {self.precision}, expected {' or '.join(BESIDE_TABLES)} beside [[table]]: tables are "
                "stored into a float32 file, and of the rest only weights are quantized"
            )
        if any(isinstance(step, QuantizeAware) for step in self.steps):
            raise RecipeError("step qat goes with no [[table]]: TF-MOT's layers are converted together with the tables")

    def _refuse_loop(self) -> None:
        if self.loop is None:
            return
        if self.drop is not None:
            raise RecipeError('loop goes with no rows = "drop": its rounds are ranked over the whole catalogue')
        growing = [step for step in self.steps if step.do == self.loop.grow]
        if len(growing) != 1:
            raise RecipeError(
                f"loop grows the step {self.loop.grow}, and the recipe has {len(growing) or 'no'} such "
                f"step{'s' if len(growing) > 1 else ''}: give it one"
            )
        self.loop.grown(growing[0])

    @property
    def rounds(self) -> tuple["Recipe", ...]:
        """The recipe of every round of the loop: the step that grows once for each round so far, then the others.

        So a round goes on from what the one before had when the steps that follow were not yet carried out. Whether a
        round gains anything says the loop, not each of its steps. Empty without a loop.
        """
        if self.loop is None:
            return ()
        at = next(index for index, step in enumerate(self.steps) if step.do == self.loop.grow)
        before, after, grown = self.steps[:at], self.steps[at + 1 :], self.loop.grown(self.steps[at])
        return tuple(
            replace(self, name=f"{self.name}_round{number}", steps=(*before, *grown[:number], *after), loop=None)
            for number in range(1, len(grown) + 1)
        )

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
            "drop": None if self.drop is None else asdict(self.drop),
            "steps": [asdict(step) for step in self.steps],
            "tables": [asdict(table) for table in self.tables],
            "tuning": None if self.tuning is None else asdict(self.tuning),
            "loop": None if self.loop is None else asdict(self.loop),
            "precision": self.precision,
            "float_overlap": self.float_overlap,
        }


# The least overlap with float32 that a recipe promises when its TOML says nothing: rounding alone moves few items,
# every step that trains moves more.
ROUNDED = {"float32": 0.999, "float16": 0.98, "dynamic_int8": 0.9, "full_int8": 0.8, "int16": 0.9}
CODED = {"float16": 0.98, "int8": 0.9, "native8": 0.9, "int4": 0.7, "native4": 0.7, "block4": 0.7}
CODED_OTHERWISE = 0.3  # two bits, centroids, shared rows: from a few bits a number to a few bytes a row


def promised(
    steps: Sequence[Step], precision: str, tables: Sequence[TableCoding] = (), drop: Drop | None = None
) -> float:
    """The overlap with float32's lists that these promise together, where a recipe does not say: the least."""
    coded = [CODED.get(coding.codec.name, CODED_OTHERWISE) for coding in tables]
    return min([ROUNDED[precision], *(step.promise for step in (*steps, *([drop] if drop else []))), *coded])
