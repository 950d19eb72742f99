"""A SavedModel becomes a .tflite for a named runtime; the one place that touches TensorFlow's converter."""

import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters import tflite_file
from converters.errors import ConversionFailed
from converters.fit import refuse_misfit
from converters.rewrite import quantize_float_weights, score_in_float
from converters.spec import DYNAMIC_INT8, FLOAT16, FLOAT32, FULL_INT8, INT16, NEEDS_REPRESENTATIVE_DATA, ConversionSpec

SIGNATURE = "serving_default"
_NO_KERNEL = re.compile(r"'(tf\.\w+)' op is neither a custom|failed to legalize operation '(tf\.\w+)'")
REWRITES = {
    DYNAMIC_INT8: (quantize_float_weights,),
    FULL_INT8: (score_in_float, quantize_float_weights),
    INT16: (),
    FLOAT16: (),
    FLOAT32: (),
}


def convert(
    saved_model: Path, spec: ConversionSpec, representative: Mapping[str, NDArray[np.int32]] | None = None
) -> bytes:
    """The .tflite bytes of a SavedModel with one signature ``serving_default``.

    `representative` holds real inputs by name, each [samples, ...]; full_int8 and int16 need it. Every signature
    keeps the batch axis free (shape 1, shape signature -1) and no other. Raises ConversionFailed where the converter
    refuses, Misfit where the file would not load in `spec.runtime` or another axis is free.
    """
    try:
        converter = _converter(saved_model, spec)
    except (OSError, ValueError) as error:
        raise ConversionFailed(
            f"{saved_model} cannot be read as a SavedModel with the signature {SIGNATURE}: {_reason(error)}"
        ) from error
    if spec.precision in NEEDS_REPRESENTATIVE_DATA:
        if not representative:
            raise ConversionFailed(f"{spec.precision} needs representative inputs and got none")
        converter.representative_dataset = _samples(representative)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # TensorFlow's own, of the interpreter that it calibrates with
            model = bytes(converter.convert())
    except Exception as error:  # the converter raises bare Exception, ValueError and RuntimeError alike
        raise ConversionFailed(f"the converter refused {spec.precision}: {_reason(error)}") from error
    for rewrite in REWRITES[spec.precision]:
        model = rewrite(model)
    refuse_misfit(tflite_file.parse(model), spec.runtime)
    return model


def _converter(saved_model: Path, spec: ConversionSpec) -> Any:
    import tensorflow as tf  # noqa: PLC0415  (seconds to import, and only the converter's process needs it)

    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model), signature_keys=[SIGNATURE])
    if spec.precision == FLOAT32:
        return converter
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    # Per-channel int8 dense weights are FULLY_CONNECTED 12, which runtimes before 2.17 do not know; one scale a
    # tensor is version 9, about 10 % smaller, and ranks as well.
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True  # noqa: SLF001
    if spec.precision == FLOAT16:
        converter.target_spec.supported_types = [tf.float16]
    elif spec.precision == FULL_INT8:
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    elif spec.precision == INT16:
        converter.target_spec.supported_ops = [
            tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        ]
    return converter


def _samples(inputs: Mapping[str, NDArray[np.int32]]) -> Callable[[], Iterator[tuple[str, dict[str, Any]]]]:
    """A representative data set that names its inputs: lists are read in the converter's own input order."""

    def samples() -> Iterator[tuple[str, dict[str, Any]]]:
        for row in range(len(next(iter(inputs.values())))):
            yield SIGNATURE, {name: values[row : row + 1] for name, values in inputs.items()}

    return samples


def _reason(error: Exception) -> str:
    """What the converter says, in a line: the ops that no built-in kernel serves by name, else its first line."""
    text = str(error).strip()
    names = sorted({one or other for one, other in _NO_KERNEL.findall(text)})
    if names:
        rolled = ", a rolled GRU or LSTM: build it with unroll=True" if "tf.TensorListReserve" in names else ""
        return f"no built-in kernel serves {', '.join(names)}; replace the layer that needs it{rolled}"
    return (text.splitlines() or [type(error).__name__])[0][:300]
