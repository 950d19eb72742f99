"""A recipe: training steps in order, a conversion, and how much of the float32 model's lists it promises to keep."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

from converters.spec import DEFAULT_RUNTIME, DYNAMIC_INT8, FULL_INT8, ConversionSpec
from edgerec.compress.errors import RecipeError
from edgerec.compress.steps import STEPS, QuantizeAware, Step


@dataclass(frozen=True)
class Recipe:
    """Training steps in order, the precision of the conversion, and what it promises of the float32 model's lists.

    `float_overlap` is the least mean overlap of the top-k lists with the float32 model's that the golden check accepts.
    """

    name: str
    steps: tuple[Step, ...]
    precision: str
    float_overlap: float
    summary: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.float_overlap <= 1:
            raise RecipeError(f"float_overlap is {self.float_overlap:g}, expected a share from 0 to 1")
        kinds = [step.do for step in self.steps]
        order = list(STEPS)
        for earlier, later in pairwise(kinds):
            if order.index(later) < order.index(earlier) or earlier == "qat":
                raise RecipeError(
                    f"step {later} comes after {earlier}, expected the order {', '.join(order)}: a later step keeps "
                    "what an earlier one made, and only in this order"
                )

    @property
    def arithmetic(self) -> str:
        """The coarsest arithmetic in the file: layers trained quantization-aware have int8 activations."""
        trained = any(isinstance(step, QuantizeAware) for step in self.steps)
        return FULL_INT8 if trained and self.precision == DYNAMIC_INT8 else self.precision

    def conversion(self, runtime: str = DEFAULT_RUNTIME) -> ConversionSpec:
        """The conversion at the end, for a runtime."""
        return ConversionSpec(self.precision, runtime)

    def as_json(self) -> dict[str, object]:
        """What the recipe does, as plain values; it goes into the lineage of a bundle."""
        return {
            "name": self.name,
            "steps": [asdict(step) for step in self.steps],
            "precision": self.precision,
            "float_overlap": self.float_overlap,
        }


# The least overlap with float32 that a recipe promises when its TOML says nothing: rounding alone moves few items,
# every step that trains moves more.
ROUNDED = {"float32": 0.999, "float16": 0.98, "dynamic_int8": 0.9, "full_int8": 0.8, "int16": 0.9}


def promised(steps: Sequence[Step], precision: str) -> float:
    """The overlap with float32's lists that these steps promise together, where a recipe does not say: the least."""
    return min([ROUNDED[precision], *(step.promise for step in steps)])
