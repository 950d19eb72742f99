import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edgerec.models import session as module
from edgerec.models.session import THREADS, SessionError, session, versions

REPOSITORY = Path(__file__).parents[3]


def child(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        env=clean | environment,
        check=False,
        capture_output=True,
        text=True,
    )


def test_a_session_is_legacy_keras_with_its_threads_and_determinism(keras: Any) -> None:
    found = session()
    assert found.keras is keras
    assert keras.__version__.startswith("2.")
    assert session() is found
    threads = found.tf.config.threading
    assert (threads.get_intra_op_parallelism_threads(), threads.get_inter_op_parallelism_threads()) == (THREADS, 1)
    assert os.environ["TF_USE_LEGACY_KERAS"] == "1"
    assert found.tfmot.__name__ == "tensorflow_model_optimization"


def test_a_seed_decides_what_layers_begin_with(keras: Any) -> None:
    def begin(seed: int) -> bytes:
        session().seed(seed)
        return bytes(keras.initializers.GlorotUniform()((2, 3)).numpy().tobytes())

    assert begin(1) == begin(1) != begin(2)


def test_imports_say_nothing(keras: Any) -> None:
    done = child("from edgerec.models.session import session; session().tfmot; print('done')")
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


@pytest.mark.parametrize(
    ("code", "environment", "reason"),
    [
        ("import tensorflow", {}, "TensorFlow was imported before edgerec could choose legacy Keras"),
        (
            "import tensorflow as tf; tf.constant(1)",
            {"TF_USE_LEGACY_KERAS": "1"},
            f"TensorFlow already ran in this process, and builds are the same to the byte only with {THREADS} threads",
        ),
    ],
)
def test_a_process_where_another_got_in_first_is_refused(
    code: str, environment: dict[str, str], reason: str, keras: Any
) -> None:
    done = child(f"{code}\nfrom edgerec.models.session import session\nsession()", **environment)
    assert done.returncode == 1
    assert f"edgerec.models.session.SessionError: {reason}" in done.stderr
    assert "call edgerec.models.session.session()" in done.stderr


def test_without_the_extra_the_way_to_get_it_is_said() -> None:
    done = child("import sys; sys.modules['tensorflow'] = None\nfrom edgerec.models.session import session\nsession()")
    assert 'tensorflow is not installed: pip install "edgerec[compress]"' in done.stderr


def test_versions_name_what_bytes_depend_on(keras: Any) -> None:
    found = versions()
    assert set(found) == {"tensorflow", "tf_keras", "tensorflow-model-optimization", "numpy", "ai-edge-litert"}
    assert found["tf_keras"] == keras.__version__


def test_versions_without_the_extra_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    with pytest.raises(SessionError, match="tensorflow is not installed"):
        module.versions()
