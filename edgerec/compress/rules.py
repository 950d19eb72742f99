"""What a precision must not be asked of, known by rule before a conversion is tried."""

from typing import Any

from converters.spec import FULL_INT8, INT16, ConversionSpec
from edgerec.compress import layers
from edgerec.compress.errors import RecipeError
from edgerec.models.recommender import Recommender

# Seen with TensorFlow 2.21: int16 activations with LayerNormalization are refused by tflite-runtime 2.14 (RSQRT) and
# abort LiteRT 2.3; a trained GRU is refused by both.
DIES_IN_INT16 = ("LayerNormalization", "GRU", "LSTM", "SimpleRNN", "RNN")


def refuse(recommender: Recommender, spec: ConversionSpec) -> None:
    """Raise RecipeError where a layer, or one inside it, is known to break in this precision, with the way out."""
    for layer in recommender.model.layers:
        for name, each in ((layer.name, layer), *layers.inner(layer)):
            _refuse(name, each, spec.precision)


def _refuse(name: str, layer: Any, precision: str) -> None:
    kind = type(layer).__name__
    if precision == INT16 and kind in DIES_IN_INT16:
        raise RecipeError(
            f"int16 activations break {kind} (layer {name}): tflite-runtime 2.14 refuses the file and "
            "ai-edge-litert 2.3 dies of it; use full_int8 or int8"
        )
    if precision in {INT16, FULL_INT8} and kind in {"GRU", "LSTM"} and not layer.unroll:
        raise RecipeError(
            f"{precision} of a rolled {kind} (layer {name}) kills the converter; build it with unroll=True"
        )
