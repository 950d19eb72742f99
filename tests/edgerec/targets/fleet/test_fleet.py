"""A fleet of real and broken targets: what fails costs the others nothing, one device is asked one thing at a time."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edgerec.targets import environment
from edgerec.targets.fleet.fleet import Member, outcomes
from edgerec.targets.job import Job
from edgerec.targets.local import Local
from edgerec.targets.turns import turn

pytestmark = pytest.mark.slow

# Targets that stand for devices which are not there. A module of its own: another process has to find them too.
FAKES = """
import os, signal, time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from edgerec.targets.job import Ran
from edgerec.targets.target import UnreachableError

@dataclass(frozen=True)
class Fake:
    name: str
    device: str
    does: str
    log: Path

    def refuse_unready(self, runtime):
        pass

    def note(self, what):
        with self.log.open("a") as log:
            log.write(f"{what} {self.name}\\n")

    @contextmanager
    def opened(self, runtime, *, progress):
        self.note("open")
        try:
            yield self
        finally:
            self.note("close")

    def run(self, job, *, progress):
        progress(self.does)
        if self.does == "unplugged":
            raise UnreachableError("the board went away. Plug it in again.")
        if self.does == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.does == "broken":
            return 1 / 0
        if self.does == "hangs":
            time.sleep(600)
        time.sleep(0.2)
        return Ran(SimpleNamespace(latency=None))
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def fake(tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Member]]:
    """Make a member whose target does what its name says, on a device of its own unless another is said."""
    (tmp_path / "fleet_fakes.py").write_text(FAKES)
    monkeypatch.syspath_prepend(str(tmp_path))
    import fleet_fakes  # type: ignore[import-not-found]

    def make(does: str, device: str | None = None, name: str | None = None) -> Member:
        label = name or does
        target = fleet_fakes.Fake(label, device or label, does, log)
        return Member(label, target, Job(tmp_path / "none.edgerec", environment.DEFAULT))

    yield make
    del sys.modules["fleet_fakes"]


def test_a_target_that_fails_costs_this_machine_its_report_neither_by_an_error_nor_by_dying(
    fake: Callable[..., Member], bundle_path: Path
) -> None:
    here = Member("here", Local(), Job(bundle_path, environment.DEFAULT, calls=5, lists=True))
    heard: list[str] = []
    told = {
        one.member.label: one
        for one in outcomes([fake("unplugged"), fake("killed"), fake("broken"), here], progress=heard.append)
    }
    assert told["unplugged"].why == "the board went away. Plug it in again."
    assert told["killed"].why == "The process that asked the target was killed by SIGKILL: it said nothing."
    assert "ZeroDivisionError" in told["broken"].why
    ran = told["here"].ran
    assert ran is not None
    assert ran.report.latency is not None
    assert ran.lists is not None
    assert "here: latency" in heard
    assert [one.ran for one in told.values()].count(None) == 3


def test_what_comes_after_a_target_that_died_on_the_same_device_is_asked_all_the_same(
    fake: Callable[..., Member], log: Path
) -> None:
    group = [fake("killed", "board"), fake("works", "board", "second"), fake("works", "board", "third")]
    told = [(one.member.label, one.why) for one in outcomes(group)]
    assert [label for label, _ in told] == ["killed", "second", "third"]
    assert [why for _, why in told[1:]] == ["", ""]
    assert log.read_text().split("\n")[:5] == [
        "open killed",
        "open second",
        "close second",
        "open third",
        "close third",
    ]


def test_devices_are_asked_side_by_side(fake: Callable[..., Member]) -> None:
    """The one that hangs comes first, and the other is heard of before it ends."""
    asked = outcomes([fake("hangs"), fake("works")])
    assert next(asked).member.label == "works"
    asked.close()


def test_whoever_stops_listening_lets_every_device_clean_up(fake: Callable[..., Member], log: Path) -> None:
    asked = outcomes([fake("hangs", name="a"), fake("hangs", name="b"), fake("works")])
    assert next(asked).member.label == "works"
    _until(lambda: log.read_text().count("open") == 3)
    asked.close()
    assert {"close a", "close b"} <= set(log.read_text().splitlines())


def test_ctrl_c_ends_the_wait_and_lets_the_device_clean_up(fake: Callable[..., Member], log: Path) -> None:
    hanging = threading.Event()

    def interrupt() -> None:
        hanging.wait(30)
        os.kill(os.getpid(), signal.SIGINT)

    def heard(line: str) -> None:
        if line == "hangs: hangs":
            hanging.set()

    sender = threading.Thread(target=interrupt)
    sender.start()
    with pytest.raises(KeyboardInterrupt):
        list(outcomes([fake("hangs")], progress=heard))
    sender.join()
    assert log.read_text() == "open hangs\nclose hangs\n"


def test_a_device_that_another_run_has_is_waited_for(fake: Callable[..., Member], log: Path) -> None:
    heard: list[str] = []
    with turn("board", heard.append):
        asked = outcomes([fake("works", "board"), fake("works", name="elsewhere")], progress=heard.append)
        assert next(asked).member.label == "elsewhere"
        _until(lambda: "works: waiting for board: another run measures there" in heard)
        assert "open works" not in log.read_text()
    assert [one.why for one in asked] == [""]
    assert log.read_text().endswith("open works\nclose works\n")


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)
