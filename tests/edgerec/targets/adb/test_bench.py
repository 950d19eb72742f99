"""`edgerec bench --target adb:` as a user calls it: the real adb, the real capsule, the real harness in it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from device_tests import report as report_format
from edgerec import storage
from edgerec.targets import environment
from edgerec.targets.adb.target import Adb
from edgerec.targets.capsules.capsule import Capsule
from edgerec.targets.environment import RuntimePin, RuntimeUnavailableError
from edgerec.targets.target import UnreachableError

pytestmark = pytest.mark.slow
REPOSITORY = Path(__file__).parents[4]
RUNTIME = RuntimePin("tflite-runtime", "2.14.0")


@pytest.fixture(scope="session")
def x86_64_capsule(kept_capsule: Callable[..., Capsule]) -> Capsule:
    return kept_capsule("x86_64")


@pytest.fixture(autouse=True)
def home(x86_64_capsule: Capsule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test a folder of edgerec's own, with the capsule that all tests share."""
    (tmp_path / "home").mkdir()
    for part in ("capsules", "environments"):
        (tmp_path / "home" / part).symlink_to(storage.folder(part))
    monkeypatch.setenv("EDGEREC_HOME", str(tmp_path / "home"))


def started(*words: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "edgerec.cli", "bench", *map(str, words), "--runtime", str(RUNTIME)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def bench(*words: object) -> subprocess.CompletedProcess[str]:
    process = started(*words)
    out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def left(phone: object) -> list[str]:
    """What lies on the phone beside what is kept for the next run."""
    mine = phone.tmp / "edgerec"
    return sorted(str(path.relative_to(mine)) for path in mine.rglob("*") if path.relative_to(mine).parts[0] != "store")


def test_a_bundle_is_benched_on_a_phone_with_nothing_sent_twice(
    phone: Callable, bundle_path: Path, tmp_path: Path
) -> None:
    connected = phone()
    words = (bundle_path, "--target", f"adb:{connected.serial}", "--calls", 20)
    done = bench(*words, "-o", tmp_path / "r.json", "--json")
    assert done.returncode == 0, done.stderr
    report = report_format.read(tmp_path / "r.json")
    assert (report.board.runtime, report.board.runtime_version, len(report.latency.warm_ns)) == (
        RUNTIME.name,
        RUNTIME.version,
        20,
    )
    assert json.loads(done.stdout)["quality"]["users"] == 6
    assert not (connected.folder / "system" / "bin" / "python3").exists()
    sent = connected.pushed()
    again = bench(bundle_path, "--target", "adb:", "--only", "quality")
    assert again.returncode == 0, again.stderr
    assert connected.pushed() == sent
    assert not left(connected)
    Adb().clean()
    assert not list(connected.tmp.iterdir())


def test_phones_side_by_side_give_the_quality_of_this_machine_and_one_that_fails_costs_no_report(
    phone: Callable, bundle_path: Path, tmp_path: Path
) -> None:
    phones = phone(), phone("--features", "cmd"), phone("--unauthorized")
    names = ["local", *(f"adb:{each.serial}" for each in phones)]
    targets = [word for name in names for word in ("--target", name)]
    done = bench(bundle_path, *targets, "--only", "quality", "-o", tmp_path / "reports", "--json")
    assert done.returncode == 2, done.stderr
    rows = json.loads(done.stdout)["targets"]
    first, *others = [row["figures"] and row["figures"]["quality"] for row in rows]
    assert first["users"] == 6
    assert others == [first, first, None]
    assert len(list((tmp_path / "reports").iterdir())) == 3
    assert "has not allowed this computer" in rows[-1]["why"]
    assert not any(left(each) for each in phones)


def test_ctrl_c_ends_the_run_on_the_phone_and_leaves_nothing_there(phone: Callable, bundle_path: Path) -> None:
    connected = phone()
    process = started(bundle_path, "--target", "adb:", "--calls", 10**6)
    for line in process.stderr:
        if "latency" in line:
            break
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: adb gets it too
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert not left(connected)
    mine = str(connected.folder).encode()
    running = [path for path in Path("/proc").glob("[0-9]*") if mine in told(path)]
    assert all(b"device_daemon" in told(path) for path in running)


def told(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--unauthorized",), "has not allowed this computer"),
        (("--space", "1000000"), "has no room for"),
        (("--abi", "mips"), "is of the architecture 'mips'"),
    ],
    ids=["unauthorized", "no_space", "architecture"],
)
def test_what_stands_in_the_way_is_one_sentence_and_exit_code_2(
    phone: Callable, bundle_path: Path, options: tuple[str, ...], sentence: str
) -> None:
    connected = phone(*options)
    done = bench(bundle_path, "--target", f"adb:{connected.serial}")
    assert done.returncode == 2
    assert sentence in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert not [path for path in connected.tmp.rglob("*") if path.is_file()]


def test_readiness_is_told_without_changing_anything(phone: Callable) -> None:
    connected = phone()
    Adb(connected.serial).refuse_unready(RUNTIME)
    assert not list(connected.tmp.iterdir())
    with pytest.raises(UnreachableError, match="No device adb:other is there"):
        Adb("other").refuse_unready(RUNTIME)
    thirty_two = phone("--abi", "armeabi-v7a")
    with pytest.raises(RuntimeUnavailableError, match="has no wheel for armv7"):
        Adb(thirty_two.serial).refuse_unready(environment.parse("ai-edge-litert==2.3.0"))
