"""The one place that imports TensorFlow and legacy Keras, with seed, threads and determinism set before first use."""

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from edgerec.errors import EdgerecError

THREADS = 2  # recorded in every bundle: another number of threads gives other bytes


class SessionError(EdgerecError):
    """TensorFlow cannot be had as this process needs it."""


@dataclass(frozen=True)
class Session:
    """TensorFlow and legacy Keras, ready: `tf`, `keras`, and the TF-MOT package `tfmot`."""

    tf: Any
    keras: Any

    @property
    def tfmot(self) -> Any:
        """TensorFlow Model Optimization, imported when first asked for."""
        with _quiet():
            import tensorflow_model_optimization as tfmot  # noqa: PLC0415

        return tfmot

    def seed(self, seed: int) -> None:
        """Seed Python, NumPy and TensorFlow; every step calls it before it builds a layer."""
        self.keras.utils.set_random_seed(seed)


@cache
def session() -> Session:
    """The process's session, made on first use (4 to 15 s).

    Raises SessionError where the [compress] extra is missing or another Keras got in first.
    """
    if sys.modules.get("tensorflow") is not None and os.environ.get("TF_USE_LEGACY_KERAS") != "1":
        raise SessionError(
            "TensorFlow was imported before edgerec could choose legacy Keras for it: call "
            "edgerec.models.session.session() first, or set TF_USE_LEGACY_KERAS=1 before Python starts"
        )
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # its blocked kernels sum in another order on another CPU
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    try:
        with _quiet():
            import tensorflow as tf  # noqa: PLC0415
            import tf_keras as keras  # noqa: PLC0415
    except ImportError as error:
        raise _missing(error.name) from error
    try:
        tf.config.threading.set_intra_op_parallelism_threads(THREADS)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError as error:
        raise SessionError(
            f"TensorFlow already ran in this process, and builds are the same to the byte only with {THREADS} threads: "
            "call edgerec.models.session.session() before anything else uses TensorFlow"
        ) from error
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(0)  # a model with Dropout that is only exported is refused without one
    tf.get_logger().setLevel("ERROR")
    return Session(tf, keras)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep an import's warnings, and what its C++ writes to the stderr of the process, from the user."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def versions() -> dict[str, str]:
    """The versions that a build's bytes depend on. Raises SessionError where the [compress] extra is missing."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    names = ("tensorflow", "tf_keras", "tensorflow-model-optimization", "numpy", "ai-edge-litert")
    try:
        return {name: version(name) for name in names}
    except PackageNotFoundError as error:
        raise _missing(error.name) from error


def _missing(name: str | None) -> SessionError:
    return SessionError(
        f'training and converting need TensorFlow, and {name} is not installed: pip install "edgerec[compress]"'
    )
