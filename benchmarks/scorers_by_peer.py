"""Makes scorers of an item table with TensorFlow's converter and TF-MOT; runs as a process of its own.

    python benchmarks/scorers_by_peer.py TABLE.npy FOLDER

Writes float32.tflite, default.tflite (Optimize.DEFAULT), prune50.tflite and prune80.tflite (TF-MOT's magnitude pruning
of the table, then DEFAULT). Nothing is tuned after pruning: alternating least squares has no gradient.
"""

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

SPARSITIES = {"prune50": 0.5, "prune80": 0.8}


def main() -> None:
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    table, folder = np.load(sys.argv[1]), Path(sys.argv[2])
    (folder / "float32.tflite").write_bytes(converted(dense(table), optimized=False))
    (folder / "default.tflite").write_bytes(converted(dense(table), optimized=True))
    for name, sparsity in SPARSITIES.items():
        (folder / f"{name}.tflite").write_bytes(converted(pruned(dense(table), sparsity), optimized=True))


def dense(table: Any) -> Any:
    import tf_keras as keras  # noqa: PLC0415  (after the choice of legacy Keras)

    vector = keras.Input((table.shape[1],), name="vector")
    layer = keras.layers.Dense(len(table), use_bias=False, name="scores")
    model = keras.Model(vector, layer(vector))
    layer.set_weights([table.T])
    return model


def pruned(model: Any, sparsity: float) -> Any:
    import tensorflow_model_optimization as tfmot  # noqa: PLC0415
    import tf_keras as keras  # noqa: PLC0415

    api = tfmot.sparsity.keras
    wrapped = api.prune_low_magnitude(model, pruning_schedule=api.ConstantSparsity(sparsity, 0, frequency=1))
    wrapped.compile(keras.optimizers.SGD(0.0), "mse")
    columns, items = model.input_shape[1], model.output_shape[1]
    # The masks are made by a training step, here one that changes no weight.
    wrapped.fit(np.zeros((1, columns)), np.zeros((1, items)), callbacks=[api.UpdatePruningStep()], verbose=0)
    stripped = api.strip_pruning(wrapped)
    zeros = float((stripped.get_weights()[0] == 0).mean())
    if abs(zeros - sparsity) > 0.01:
        sys.exit(f"TF-MOT left {zeros:.1%} zeros, expected {sparsity:.0%}: its schedule did not run")
    return stripped


def converted(model: Any, *, optimized: bool) -> bytes:
    import tensorflow as tf  # noqa: PLC0415

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if optimized:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return bytes(converter.convert())


if __name__ == "__main__":
    main()
