"""Environments of the runtimes, made by the real pip from an index or from a folder of wheels."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from edgerec import storage, system
from edgerec.cli.main import run
from edgerec.targets import child, environment
from edgerec.targets.environment import RuntimePin, RuntimeUnavailableError, RuntimeUnknownError

LITERT = RuntimePin("ai-edge-litert", "2.3.0")
TFLITE = RuntimePin("tflite-runtime", "2.14.0")
LITERTS = [RuntimePin("ai-edge-litert", version) for version in ("2.3.0", "2.1.6", "2.0.3", "1.4.0", "1.2.0")]
HERE = [pin for pin in (TFLITE, LITERT) if environment.available(pin)]
MAKE = "import sys; from pathlib import Path; from edgerec.targets import environment as e; "
MAKE += "print(e.python_for(e.parse(sys.argv[1]), wheels=Path(sys.argv[2]), progress=print))"


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the wheels of the default runtime."""
    folder = tmp_path_factory.mktemp("wheels")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"),
            *("--require-hashes", "--requirement", str(HERE[0].lock), "--dest", str(folder)),
        ],
        check=True,
    )
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty folder of edgerec's own, and no index to install from."""
    monkeypatch.setenv("EDGEREC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/nowhere")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_NO_COMPILE", "0")  # which means not to, as pip documents; it takes half of the time
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    return tmp_path / "home"


def environments(home: Path) -> list[Path]:
    """List what lies there beside the locks."""
    return [path for path in (home / "environments").iterdir() if path.suffix != ".lock"]


def says(python: Path, code: str) -> str:
    return subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_a_pin_is_read_as_it_is_written() -> None:
    for pin in environment.known():
        assert environment.parse(str(pin)) == pin
    assert {TFLITE, LITERT} <= set(environment.known())


@pytest.mark.parametrize("text", ["tflite-runtime", "tflite_runtime==2.14.0", "tflite-runtime==2.13.0"])
def test_a_pin_that_is_not_known_is_refused_with_those_that_are(text: str) -> None:
    with pytest.raises(RuntimeUnknownError) as refused:
        environment.parse(text)
    assert str(refused.value) == (
        f"The runtime {text!r} is not one that edgerec knows (did you mean tflite-runtime==2.14.0?); "
        "it knows tflite-runtime==2.14.0, ai-edge-litert==2.3.0, ai-edge-litert==2.1.6, ai-edge-litert==2.0.3, "
        "ai-edge-litert==1.4.0, ai-edge-litert==1.2.0."
    )


@pytest.mark.parametrize(
    ("python", "platform", "pins"),
    [
        ("cp311", "linux_x86_64", [TFLITE, *LITERTS]),
        ("cp311", "linux_aarch64", [TFLITE, *LITERTS]),
        ("cp312", "linux_x86_64", LITERTS),
        ("cp313", "linux_aarch64", LITERTS[:2]),
        ("cp311", "linux_armv7l", []),  # numpy has no wheel there
        ("cp311", "macosx_14_0_arm64", []),
        ("pp311", "linux_x86_64", []),
    ],
)
def test_a_runtime_is_available_where_all_of_its_lock_has_wheels(
    python: str, platform: str, pins: list[RuntimePin], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system, "python_tag", lambda: python)
    monkeypatch.setattr(system, "platform_tag", lambda: platform)
    assert [pin for pin in environment.known() if environment.available(pin)] == pins


def test_the_default_is_the_first_that_is_available() -> None:
    assert (HERE or environment.known())[0] == environment.DEFAULT


def test_a_runtime_without_a_wheel_is_refused_with_one_that_has(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "python_tag", lambda: "cp313")
    monkeypatch.setattr(system, "platform_tag", lambda: "linux_x86_64")
    with pytest.raises(RuntimeUnavailableError) as refused:
        environment.python_for(TFLITE)
    assert str(refused.value) == (
        "tflite-runtime==2.14.0 has no wheel for cp313 on linux_x86_64; use ai-edge-litert==2.3.0, "
        "ai-edge-litert==2.1.6."
    )
    assert not home.exists()


@pytest.mark.parametrize("pin", HERE, ids=str)
def test_an_environment_has_its_runtime_and_nothing_of_ours(pin: RuntimePin) -> None:
    python = environment.python_for(pin)
    module = pin.name.replace("-", "_")
    assert says(python, f"from {module}.interpreter import Interpreter; print(Interpreter.__module__)") == (
        f"{module}.interpreter"
    )
    assert says(python, f"import importlib.metadata as m; print(m.version({pin.name!r}))") == pin.version
    assert says(python, "import importlib.util as u; print(u.find_spec('edgerec'), u.find_spec('tensorflow'))") == (
        "None None"
    )


@pytest.mark.parametrize("pin", HERE, ids=str)
def test_an_environment_is_used_again_without_any_program(pin: RuntimePin, monkeypatch: pytest.MonkeyPatch) -> None:
    made = environment.python_for(pin)
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    assert environment.python_for(pin) == made


def test_a_runtime_installed_from_wheels_does_without_an_index_ever_after(
    home: Path, wheels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The environment that is there is of a Python that went away, so it is made again."""
    gone = system.environment_python(home / "environments" / environment._key(HERE[0]))
    gone.parent.mkdir(parents=True)
    gone.symlink_to(home / "gone")
    assert run(["targets", "install", str(HERE[0]), "--wheels", str(wheels)]) == 0
    told = capsys.readouterr()
    assert told.out == f"{HERE[0]}: ready in {environment.made(HERE[0])}\n"
    assert f"making the environment of {HERE[0]}, once" in told.err
    heard: list[str] = []
    python = environment.python_for(HERE[0], progress=heard.append)
    assert heard == []
    assert python == gone
    assert environments(home) == [python.parent.parent]
    assert says(python, "import numpy; print(numpy.__name__)") == "numpy"


def test_an_index_that_does_not_answer_is_one_sentence(home: Path) -> None:
    with pytest.raises(RuntimeUnavailableError) as refused:
        environment.python_for(HERE[0])
    assert str(refused.value).startswith(f"pip could not install {HERE[0]}: ")
    assert "--wheels" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert environments(home) == []


def test_a_folder_without_the_wheels_is_refused(home: Path, tmp_path: Path) -> None:
    with pytest.raises(RuntimeUnavailableError, match="is not a folder"):
        environment.python_for(HERE[0], wheels=tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(RuntimeUnavailableError, match="empty must hold the wheels for "):
        environment.python_for(HERE[0], wheels=tmp_path / "empty")
    assert environments(home) == []


def test_a_wheel_with_one_byte_changed_is_refused(home: Path, wheels: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed"
    changed.mkdir()
    for wheel in wheels.iterdir():
        (changed / wheel.name).symlink_to(wheel)
    victim = next(changed.glob(f"{HERE[0].name.replace('-', '_')}-*"))
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.unlink()
    victim.write_bytes(data)
    with pytest.raises(RuntimeUnavailableError, match=r"(?i)hash"):
        environment.python_for(HERE[0], wheels=changed)
    assert environments(home) == []


def test_two_that_ask_at_once_get_one_environment(home: Path, wheels: Path) -> None:
    asking = [
        subprocess.Popen([sys.executable, "-c", MAKE, str(HERE[0]), wheels], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=120)[0].splitlines() for process in asking]
    assert sorted(len(lines) for lines in said) == [1, 2]  # only one of them made it
    assert said[0][-1] == said[1][-1]
    assert environments(home) == [Path(said[0][-1]).parent.parent]


def interrupted(how: signal.Signals, home: Path, wheels: Path) -> None:
    """Begin to make the environment in a process of its own, which gets a signal while pip unpacks."""
    process = subprocess.Popen(
        [sys.executable, "-c", MAKE, str(HERE[0]), wheels], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while not list(home.glob("environments/.*.partial/lib/*/site-packages/numpy")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(how)
    process.wait(timeout=30)


def test_a_creation_that_was_interrupted_is_begun_again(home: Path, wheels: Path) -> None:
    interrupted(signal.SIGINT, home, wheels)
    assert environments(home) == []
    interrupted(signal.SIGKILL, home, wheels)
    assert all(path.name.endswith(".partial") for path in environments(home))
    python = environment.python_for(HERE[0], wheels=wheels)
    assert environments(home) == [python.parent.parent]
    assert says(python, "import numpy; print(len(numpy.arange(3)))") == "3"


def test_a_python_without_pip_is_told_how_to_get_it(home: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    python = system.environment_python(tmp_path / "bare")
    asked = subprocess.run(
        [python, "-c", MAKE, str(HERE[0]), tmp_path],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert f"({python}) has no pip" in asked.stderr
    assert f"`{python} -m ensurepip`" in asked.stderr


def test_a_disk_that_pip_fills_is_told_as_a_full_disk(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"
    real = child.run

    def run(command: Sequence[str], *, held: Sequence[int]) -> child.Ended:
        return child.Ended(1, (said,), timed_out=False) if "pip" in command else real(command, held=held)

    monkeypatch.setattr(child, "run", run)
    with pytest.raises(storage.StorageError, match="No space is left"):
        environment.python_for(HERE[0])
    assert environments(home) == []


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("EDGEREC_HOME", str(tmp_path / "file"))
    with pytest.raises(storage.StorageError, match="cannot be written"):
        environment.python_for(HERE[0])
