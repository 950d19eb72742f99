"""The real harness on this machine, in the real runtimes."""

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from device_tests import bundle
from edgerec import storage, system
from edgerec.progress import silent
from edgerec.targets import architecture, environment, local
from edgerec.targets.capsules.capsule import Capsule
from edgerec.targets.environment import RuntimePin, RuntimeUnavailableError
from edgerec.targets.job import Job
from edgerec.targets.local import Local
from edgerec.targets.target import RunError

HERE = [pin for pin in environment.known()[:2] if environment.available(pin)]
LONG = 10**6  # calls: seconds, where a test needs a moment


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test a folder of edgerec's own, with the environments that all tests share."""
    folder = tmp_path_factory.mktemp("home")
    for part in ("environments", "capsules"):
        (folder / part).symlink_to(storage.folder(part))
    monkeypatch.setenv("EDGEREC_HOME", str(folder))


def runs() -> list[Path]:
    """List what runs that are not over keep on the disk."""
    return list((storage.home() / "harness").glob("run-*"))


def children_of(parent: int) -> list[int]:
    """List the processes that `parent` started and that still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, ppid = stat.read_text(encoding="utf-8").rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(ppid) == parent and state != "Z":
            found.append(int(stat.parent.name))
    return found


@pytest.mark.parametrize("runtime", HERE, ids=str)
def test_a_bundle_is_measured_in_the_runtime_asked_for(bundle_path: Path, runtime: RuntimePin) -> None:
    heard: list[str] = []
    report = local.run(Job(bundle_path, runtime, calls=20), progress=heard.append).report
    assert report.bundle_sha256 == bundle.read(bundle_path).sha256
    assert (report.board.runtime, report.board.runtime_version) == (runtime.name, runtime.version)
    assert report.board.threads == 1
    assert report.latency is not None
    assert len(report.latency.warm_ns) == 20
    assert report.quality is not None
    assert report.quality.users == 6
    assert report.memory is not None
    assert heard[-3:] == ["memory", "latency", "quality"]
    assert runs() == []


def test_only_the_phases_asked_for_run_and_the_lists_come_back(bundle_path: Path) -> None:
    ran = local.run(Job(bundle_path, HERE[0], only=("quality",), k=5, lists=True))
    assert ran.report.latency is None
    assert ran.report.memory is None
    assert ran.scores is None
    assert np.load(io.BytesIO(ran.lists or b""), allow_pickle=False).shape == (6, 5)


def test_the_scores_of_the_decoded_golden_users_come_back(tiny_bundle: Path, tiny_members: dict[str, bytes]) -> None:
    ran = local.run(Job(tiny_bundle, HERE[0], only=("golden",), scores=True))
    decoded = np.load(io.BytesIO(tiny_members["proof/golden_decoded_scores.npy"]))
    np.testing.assert_allclose(np.load(io.BytesIO(ran.scores or b"")), decoded, rtol=1e-4, atol=1e-5, strict=True)


def test_a_bare_model_is_measured_with_the_ids_it_takes(model_path: Path) -> None:
    report = local.run(Job(model_path, HERE[0], calls=5, only=("latency",), limits={"user": 6})).report
    assert report.bundle_sha256 is None
    assert report.latency is not None


def test_what_the_harness_refuses_is_said_in_its_words(tmp_path: Path) -> None:
    (tmp_path / "no.tflite").write_bytes(b"not a model")
    with pytest.raises(RunError) as refused:
        local.run(Job(tmp_path / "no.tflite", HERE[0]))
    assert "no.tflite" in str(refused.value)
    assert not str(refused.value).startswith("error")
    assert runs() == []


@pytest.mark.skipif(sys.platform != "linux", reason="finds the child in /proc")
@pytest.mark.parametrize(("number", "cause"), [(signal.SIGSEGV, "the runtime cannot run"), (signal.SIGKILL, "memory")])
def test_a_harness_that_dies_of_a_signal_is_one_sentence(bundle_path: Path, number: signal.Signals, cause: str) -> None:
    def kill(phase: str) -> None:
        if phase == "latency":
            for pid in children_of(os.getpid()):
                os.kill(pid, number)

    with pytest.raises(RunError) as died:
        local.run(Job(bundle_path, HERE[0], calls=LONG, only=("latency",)), progress=kill)
    assert f"killed by {number.name} in phase latency under {HERE[0]}: most likely {cause}" in str(died.value)
    assert runs() == []


def test_a_run_that_takes_too_long_is_ended(bundle_path: Path) -> None:
    with pytest.raises(RunError) as ended:
        local.run(Job(bundle_path, HERE[0], calls=LONG, only=("latency",), time_limit_s=1))
    assert str(ended.value).startswith("The harness was not done after 1 s, in phase ")
    assert runs() == []


@pytest.mark.skipif(sys.platform != "linux", reason="finds the child in /proc")
def test_ctrl_c_ends_the_harness_and_leaves_nothing(bundle_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from edgerec.targets import environment as e, local; "
        "from edgerec.targets.job import Job; "
        "local.run(Job(Path(sys.argv[1]), e.DEFAULT, calls=10**6, only=('latency',), lists=True), "
        "progress=lambda phase: print(phase, flush=True))"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, bundle_path],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert parent.stdout is not None
    while parent.stdout.readline() != "latency\n":
        assert parent.poll() is None
    [harness] = children_of(parent.pid)
    parent.send_signal(signal.SIGINT)
    parent.communicate(timeout=30)
    for _ in range(100):
        if not Path(f"/proc/{harness}").exists():
            break
        time.sleep(0.05)
    assert not Path(f"/proc/{harness}").exists()
    assert runs() == []


@pytest.mark.slow
def test_where_no_wheel_fits_this_python_the_capsule_of_this_machine_stands_in(
    bundle_path: Path, kept_capsule: Callable[..., Capsule], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = architecture.here()
    if here is None:
        pytest.skip("no capsule is for this machine")
    expected = local.run(Job(bundle_path, environment.DEFAULT, only=("quality",), lists=True)).lists
    monkeypatch.setattr(system, "python_tag", lambda: "cp313")
    pin = environment.PREFERRED
    assert not environment.available(pin)
    found = kept_capsule(here.name)
    assert local.made(pin) == found.folder
    with Local().opened(pin, progress=silent) as device:
        ran = device.run(Job(bundle_path, pin, only=("quality",), lists=True))
    assert ran.lists == expected
    assert ran.report.board.python.startswith("3.11.")


def test_where_no_capsule_can_be_had_either_the_runtimes_that_can_are_named(
    bundle_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system, "python_tag", lambda: "cp313")
    monkeypatch.setattr(system, "platform_tag", lambda: "linux_x86_64")
    monkeypatch.setattr(architecture, "here", lambda: None)
    with pytest.raises(RuntimeUnavailableError, match=r"has no wheel for cp313 on linux_x86_64; use ai-edge-litert"):
        Local().refuse_unready(environment.PREFERRED)
