import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from converters import tflite_file
from converters.spec import ConversionSpec
from edgerec.compress import conversion
from edgerec.compress.conversion import ConversionError, Converter, export
from edgerec.data.interactions import Interactions
from edgerec.models.recommender import Recommender

ROOT = Path(__file__).parents[3]
FLOAT32 = ConversionSpec("float32")

Of = Callable[[str], Recommender]


@pytest.fixture(scope="module")
def converter() -> Iterator[Converter]:
    with Converter() as made:
        yield made


@pytest.fixture
def busy() -> Iterator[Converter]:
    """A converter whose process is stopped, as good as in the middle of whatever it is asked."""
    with Converter() as made:
        made.start()
        os.kill(pid_of(made), signal.SIGSTOP)
        yield made


def continue_(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def pid_of(converter: Converter) -> int:
    assert converter._child is not None
    return converter._child.pid


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_recommender_becomes_a_file_with_its_inputs_by_name(
    converter: Converter, trained: Of, interactions: Interactions
) -> None:
    from edgerec.models.examples import sample

    for kind in ("neumf", "two_towers"):
        recommender = trained(kind)
        real = sample(recommender.roles, interactions, 50, seed=0)
        file = tflite_file.parse(converter.convert(recommender, ConversionSpec("full_int8"), representative=real))
        (signature,) = file.signatures
        assert set(signature.inputs) == {entry.name for entry in recommender.roles.inputs}
        assert set(signature.outputs) == {"scores"}


def test_the_process_is_kept_between_jobs(converter: Converter, trained: Of) -> None:
    converter.start()
    before = pid_of(converter)
    assert converter.convert(trained("mf"), FLOAT32) == converter.convert(trained("mf"), FLOAT32)
    assert pid_of(converter) == before


def test_a_refusal_names_model_and_recipe_and_the_process_stays(converter: Converter, trained: Of) -> None:
    converter.start()
    before = pid_of(converter)
    with pytest.raises(ConversionError, match=r"^mf with recipe mine: full_int8 needs representative inputs"):
        converter.convert(trained("mf"), ConversionSpec("full_int8"), recipe="mine")
    assert pid_of(converter) == before


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT", "SIGKILL"])
def test_a_process_killed_in_the_middle_of_a_job_is_one_sentence(busy: Converter, name: str) -> None:
    killed = pid_of(busy)
    threading.Timer(0.2, os.kill, (killed, signal.Signals[name])).start()
    threading.Timer(0.3, continue_, (killed,)).start()
    with pytest.raises(ConversionError) as caught:
        busy._ask({}, "mf with recipe prune80_int8")
    assert str(caught.value).startswith(f"the converter was killed by {name} while it converted mf with recipe prune80")
    assert "\n" not in str(caught.value)
    assert not alive(killed)
    busy.start()
    assert pid_of(busy) != killed


def test_a_process_that_died_between_two_jobs_is_told(busy: Converter) -> None:
    os.kill(pid_of(busy), signal.SIGKILL)
    time.sleep(0.2)
    with pytest.raises(ConversionError, match="killed by SIGKILL while it converted mf with recipe float32"):
        busy._ask({}, "mf with recipe float32")


def test_ctrl_c_in_the_middle_of_a_conversion_leaves_no_process(busy: Converter) -> None:
    child = pid_of(busy)
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        busy._ask({}, "mf with recipe float32")
    assert not alive(child)
    assert busy._child is None


def test_a_model_that_kills_the_converter_does_not_kill_us(
    converter: Converter, trained: Of, keras: Any, tmp_path: Path
) -> None:
    """Seen with TensorFlow 2.21.0: full int8 of a rolled GRU with a batch of 1 is a segmentation fault."""
    from edgerec.models.session import session

    tf = session().tf
    history = keras.Input((4,), dtype="int32", name="history")
    state = keras.layers.GRU(16)(keras.layers.Embedding(90, 16)(history))
    module = tf.Module()
    module.model = keras.Model(history, keras.layers.Dense(90)(state))
    signature = [tf.TensorSpec([1, 4], tf.int32, name="history")]
    module.serve = tf.function(lambda history: {"scores": module.model(history)}, input_signature=signature)
    tf.saved_model.save(module, str(tmp_path), signatures={"serving_default": module.serve})
    np.savez(tmp_path / "real.npz", history=np.random.default_rng(0).integers(0, 90, (50, 4), dtype=np.int32))
    job = {"saved_model": str(tmp_path), "precision": "full_int8", "runtime": "tflite-runtime==2.14.0"}
    paths = {"representative": str(tmp_path / "real.npz"), "output": str(tmp_path / "model.tflite")}
    with pytest.raises(
        ConversionError, match="killed by SIGSEGV while it converted gru with recipe full_int8; take an"
    ):
        converter._ask({**job, **paths}, "gru with recipe full_int8")
    assert converter.convert(trained("mf"), FLOAT32)


def test_a_process_that_fails_says_its_last_words(converter: Converter, keras: Any) -> None:
    with pytest.raises(ConversionError) as caught:
        converter._ask({"precision": "float32"}, "mf with recipe float32")
    assert str(caught.value).startswith("the converter was ended with exit code 1 (KeyError: 'runtime') while it")


def test_half_an_answer_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    half = "import os, sys; sys.stdin.readline(); os.write(1, b'{\"byt'); os.kill(os.getpid(), 11)"
    monkeypatch.setattr(conversion, "WORKER", half)
    with Converter() as broken, pytest.raises(ConversionError, match="killed by SIGSEGV while it converted it"):
        broken._ask({}, "it")


def test_an_end_without_words_is_told_by_its_number() -> None:
    assert conversion._ended(-40, "") == "killed by signal 40"
    assert conversion._ended(3, "") == "ended with exit code 3 (it said nothing)"


def test_nothing_in_the_users_folder_is_taken_for_the_worker(
    trained: Of, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("converters", "json", "numpy", "tensorflow"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong one')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    with Converter() as converter:
        assert converter.convert(trained("mf"), FLOAT32)


def test_leaving_the_block_ends_the_process_and_closing_twice_is_fine() -> None:
    with Converter() as converter:
        converter.start()
        child = pid_of(converter)
        assert alive(child)
    assert not alive(child)
    converter.close()


PARENT = """
import json, sys
from edgerec.compress.conversion import Converter
converter = Converter()
converter.start()
print(converter._child.pid, flush=True)
while True:
    converter._ask(json.loads(sys.argv[1]), "it")
    print("converted", flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_no_process_outlives_a_parent_that_was_killed(trained: Of, tmp_path: Path) -> None:
    export(trained("gru"), tmp_path / "saved_model")
    job = {"saved_model": str(tmp_path / "saved_model"), "precision": "float32", "runtime": "tflite-runtime==2.14.0"}
    text = json.dumps({**job, "representative": None, "output": str(tmp_path / "model.tflite")})
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, text], stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert parent.stdout.readline() == "converted\n"
    time.sleep(0.3)  # into the next conversion
    parent.kill()
    until = time.monotonic() + 5
    while alive(child) and time.monotonic() < until:
        time.sleep(0.01)
    assert not alive(child)
    parent.communicate()
