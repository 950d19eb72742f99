"""What is asked of a conversion: a precision, and the runtime that the file must load in."""

from dataclasses import dataclass
from difflib import get_close_matches

from converters.errors import ConverterError

FLOAT32 = "float32"
FLOAT16 = "float16"
DYNAMIC_INT8 = "dynamic_int8"
FULL_INT8 = "full_int8"
INT16 = "int16"
PRECISIONS = (FLOAT32, FLOAT16, DYNAMIC_INT8, FULL_INT8, INT16)

NEEDS_REPRESENTATIVE_DATA = frozenset({FULL_INT8, INT16})

DEFAULT_RUNTIME = "tflite-runtime==2.14.0"


@dataclass(frozen=True)
class ConversionSpec:
    """How to convert: `precision` is one of PRECISIONS, `runtime` a pin such as ``tflite-runtime==2.14.0``.

    float32       weights and arithmetic in float32
    float16       weights in float16, arithmetic in float32
    dynamic_int8  int8 weights with one scale a tensor, activations quantized as they come
    full_int8     int8 weights and activations, ranges taken from representative data, scores in float32
    int16         int8 weights and int16 activations, experimental in the converter
    """

    precision: str
    runtime: str = DEFAULT_RUNTIME

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            close = get_close_matches(self.precision, PRECISIONS, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise ConverterError(
                f"precision {self.precision!r} is not known, expected one of {', '.join(PRECISIONS)}{hint}"
            )


def runtime_version(runtime: str) -> tuple[int, ...] | None:
    """The TensorFlow version of a tflite-runtime pin as numbers; None for a LiteRT, which takes every op here."""
    name, _, version = runtime.partition("==")
    if name != "tflite-runtime":
        return None
    return tuple(int(part) for part in version.split("."))
