"""Writes the .tflite files of tests/fixtures that TensorFlow's converter makes of a small GRU and an attention model.

Run with an environment that has `edgerec[compress]`: python scripts/make_converted_fixtures.py [FOLDER]. The files that
are kept were made with TensorFlow 2.21.0.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ["TF_USE_LEGACY_KERAS"] = "1"

import numpy as np
import tensorflow as tf
import tf_keras as keras

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "fixtures"
LENGTH = 5
ITEMS, COLUMNS = 70, 16  # dynamic range leaves weights of less than 1,024 elements alone


def converted() -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of what TensorFlow's converter makes of a small GRU and a small attention model."""
    keras.utils.set_random_seed(3)
    for name, model in (("gru", _gru()), ("attention", _attention())):
        module = tf.Module()
        module.model = model
        for table in (variable for variable in model.trainable_variables if "embeddings" in variable.name):
            table.assign(table * 20)  # fresh tables are small enough to make every score alike

        @tf.function(input_signature=[tf.TensorSpec([None, LENGTH], tf.int32, name="history")])
        def serve(history: Any, model: Any = model) -> Any:
            return {"scores": model(history, training=False)}

        with tempfile.TemporaryDirectory() as folder:
            tf.saved_model.save(module, folder, signatures={"serving_default": serve})
            for precision in ("float32", "float16", "dynamic_int8", "full_int8"):
                yield f"converted_{name}_{precision}", _convert(folder, precision)


def _gru() -> Any:
    history = keras.Input((LENGTH,), dtype="int32", name="history")
    rows = keras.layers.Embedding(ITEMS + 1, COLUMNS)(history)
    state = keras.layers.GRU(COLUMNS, unroll=True)(rows)
    return keras.Model(history, keras.layers.Dense(ITEMS)(state))


def _attention() -> Any:
    history = keras.Input((LENGTH,), dtype="int32", name="history")
    rows = keras.layers.Embedding(ITEMS + 1, COLUMNS)(history)
    query, value, key = (keras.layers.Dense(COLUMNS)(rows) for _ in range(3))
    mixed = keras.layers.Attention()([query, value, key])
    mixed = keras.layers.LayerNormalization()(mixed + rows)
    state = keras.layers.GlobalAveragePooling1D()(mixed)
    state = keras.layers.Dense(COLUMNS, activation="relu")(state)
    return keras.Model(history, keras.layers.Dense(ITEMS)(state))


def _convert(folder: str, precision: str) -> bytes:
    converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=["serving_default"])
    if precision != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        # One scale a tensor, as tflite-runtime 2.14 needs it.
        converter._experimental_disable_per_channel_quantization_for_dense_layers = True  # noqa: SLF001
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if precision == "full_int8":
        histories = np.random.default_rng(4).integers(0, ITEMS + 1, (200, 1, LENGTH)).astype(np.int32)
        converter.representative_dataset = lambda: (("serving_default", {"history": each}) for each in histories)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    return bytes(converter.convert())


def main(arguments: list[str]) -> None:
    """Write the fixtures."""
    folder = Path(arguments[0]) if arguments else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in converted():
        (folder / f"{name}.tflite").write_bytes(data)


if __name__ == "__main__":
    main(sys.argv[1:])
