import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgerec.cli import interruption
from edgerec.cli.interruption import Interrupted


@pytest.fixture(autouse=True)
def handlers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put back what pytest does on the signals, and with what finalizers raise."""
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("number", "word", "code"),
    [
        (signal.SIGINT, "interrupted", 130),
        (signal.SIGTERM, "terminated", 143),
        (signal.SIGHUP, "the terminal was closed", 129),
    ],
)
def test_each_signal_unwinds_with_its_word_and_code(number: signal.Signals, word: str, code: int) -> None:
    interruption.unwind()
    with pytest.raises(KeyboardInterrupt) as raised:
        os.kill(os.getpid(), number)
    assert isinstance(raised.value, Interrupted)
    assert (raised.value.word, raised.value.exit_code) == (word, code)


def test_while_the_program_unwinds_no_second_signal_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    interruption.unwind()
    now = 1000.0
    monkeypatch.setattr(interruption.time, "monotonic", lambda: now)
    with pytest.raises(Interrupted):
        os.kill(os.getpid(), signal.SIGINT)
    now += interruption.GRACE_S - 1
    os.kill(os.getpid(), signal.SIGTERM)
    now += 2
    with pytest.raises(Interrupted):
        os.kill(os.getpid(), signal.SIGTERM)


def test_a_signal_that_was_ignored_from_outside_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    interruption.unwind()
    os.kill(os.getpid(), signal.SIGHUP)


def test_ctrl_c_during_the_imports_is_one_line_too() -> None:
    program = (
        "import time\nfrom edgerec.cli import interruption\n"
        "interruption.end_at_once()\nprint('ready', flush=True)\ntime.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(Path(interruption.__file__).parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20)[1] == "interrupted\n"
    assert process.returncode == 130


def test_at_the_end_nothing_is_interrupted_any_more() -> None:
    interruption.unwind()
    interruption.ignore()
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(os.getpid(), number)


IN_A_FINALIZER = """
import os, signal, time
from edgerec.cli.interruption import Interrupted, unwind

class Slow:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)

unwind()
try:
    Slow()
    time.sleep(20)
except Interrupted as ended:
    print(ended.word)
    raise SystemExit(ended.exit_code)
"""


def test_a_signal_that_falls_into_a_finalizer_is_not_lost() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IN_A_FINALIZER], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.returncode, done.stderr) == ("terminated\n", 128 + signal.SIGTERM, "")
