"""The real harness on a phone over the real adb server; the phone's Python is the one that has the runtime here."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from edgerec import storage
from edgerec.targets import environment
from edgerec.targets.adb.phone import Phone
from edgerec.targets.adb.shell import AdbShell
from edgerec.targets.job import Job, Ran
from edgerec.targets.remote.device import RemoteDevice, with_python
from edgerec.targets.remote.run import remove_everything
from edgerec.targets.shell import ConnectionLostError, NoSpaceError

pytestmark = pytest.mark.slow
LONG = 10**6  # calls: seconds, where a test needs a moment


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test a folder of edgerec's own, with the environments that all tests share."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "environments").symlink_to(storage.folder("environments"))
    monkeypatch.setenv("EDGEREC_HOME", str(folder))


@pytest.fixture
def job(bundle_path: Path) -> Job:
    return Job(bundle_path, environment.DEFAULT, calls=20)


def opened(phone: object) -> Phone:
    return Phone(with_python(AdbShell(phone.serial), (str(environment.python_for(environment.DEFAULT)),)))


def runs(phone: object) -> list[Path]:
    return list((phone.tmp / "edgerec" / "runs").glob("*"))


def wait_for(condition: Callable[[], bool], limit_s: float = 30) -> None:
    until = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_bundle_is_proved_on_a_phone_and_nothing_of_the_run_is_left(phone: Callable, job: Job) -> None:
    connected, told = phone(), []
    ran = opened(connected).run(replace(job, lists=True), progress=told.append)
    assert ran.report.quality.users == 6
    assert len(ran.report.latency.warm_ns) == 20
    assert ran.lists.startswith(b"\x93NUMPY")
    assert [phase for phase in told if " " not in phase] == ["memory", "latency", "quality"]
    assert not runs(connected)
    remove_everything(AdbShell(connected.serial))
    assert not list(connected.tmp.iterdir())


def test_an_unchanged_bundle_costs_no_transfer(phone: Callable, job: Job) -> None:
    connected = phone()
    opened(connected).run(job)
    sent = connected.pushed()
    assert sum(size for size, _ in sent) >= job.file.stat().st_size
    opened(connected).run(replace(job, calls=10))
    assert connected.pushed() == sent


def test_a_run_goes_on_while_the_phone_is_unplugged_and_its_report_is_whole(phone: Callable, job: Job) -> None:
    connected, told = phone(), []

    def on_phase(line: str) -> None:
        told.append(line)
        if line == "latency":
            connected.unplug()
            threading.Timer(1, connected.plug_in).start()

    report = opened(connected).run(replace(job, calls=LONG // 4), progress=on_phase).report
    assert len(report.latency.warm_ns) == LONG // 4
    assert report.quality.users == 6
    assert [line for line in told if line.startswith("connecting to adb:")]
    assert told.count("latency") == told.count("quality") == 1
    assert not runs(connected)


def test_a_run_that_was_given_up_is_taken_up_by_the_next(phone: Callable, job: Job) -> None:
    connected, long = phone(), replace(job, calls=LONG // 4)
    first = Phone(replace(opened(connected).device, reconnect_s=0.1))
    with pytest.raises(ConnectionLostError, match=r"adb:.* run the same command again to take it up"):
        first.run(long, progress=lambda line: connected.unplug() if line == "latency" else None)
    begun = [(path, path.stat().st_ino) for path in runs(connected)]
    assert len(begun) == 1
    connected.plug_in()
    wait_for(lambda: answers(connected))
    again = threading.Thread(target=lambda: found.append(opened(connected).run(long).report))
    found: list = []
    again.start()
    wait_for((begun[0][0] / "token").exists)
    assert begun[0][0].stat().st_ino == begun[0][1]
    again.join()
    assert len(found[0].latency.warm_ns) == LONG // 4
    assert not runs(connected)


def answers(phone: object) -> bool:
    try:
        return AdbShell(phone.serial).ask(["true"]).code == 0
    except ConnectionLostError:
        return False


def test_a_phone_without_room_is_refused_with_what_is_needed_and_keeps_nothing(phone: Callable, job: Job) -> None:
    connected = phone("--space", "3000")
    with pytest.raises(NoSpaceError, match=r"adb:.*has no room for table\.edgerec: it needs [\d,]+ bytes and"):
        opened(connected).run(job)
    assert not runs(connected)
    assert not list((connected.tmp / "edgerec" / "store").iterdir())


def test_two_phones_run_at_once(phone: Callable, job: Job) -> None:
    phones = [phone(), phone("--features", "cmd")]
    with ThreadPoolExecutor() as pool:
        reports = list(pool.map(lambda each: opened(each).run(job).report, phones))
    assert [report.quality.users for report in reports] == [6, 6]
    assert not runs(phones[0])
    assert not runs(phones[1])


def test_a_report_tells_the_screen_and_warns_of_what_slows_the_phone_down(phone: Callable, job: Job) -> None:
    connected = phone()
    connected.says("power", "  mWakefulness=Dozing\n")
    connected.says("thermalservice", "Thermal Status: 3\n")
    report = opened(connected).run(replace(job, only=("latency",))).report
    assert report.conditions.screen == "off"
    assert [text for text in report.warnings if "screen is off" in text]
    assert [text for text in report.warnings if "thermal status severe" in text]
    connected.says("power", "  mWakefulness=Awake\n")
    report = opened(connected).run(replace(job, only=("quality",))).report
    assert report.conditions is None or report.conditions.screen == "on"
    assert not [text for text in report.warnings if "thermal" in text]


@dataclass(frozen=True)
class Unplugged:
    """A device that is unplugged as soon as it gave its report."""

    device: RemoteDevice
    phone: object

    @property
    def shell(self) -> AdbShell:
        return self.device.shell

    def run(self, job: Job, *, progress: Callable[[str], None]) -> Ran:
        ran = self.device.run(job, progress=progress)
        self.phone.unplug()
        return ran


def test_a_phone_that_goes_away_after_its_run_has_given_its_report(phone: Callable, job: Job) -> None:
    connected = phone()
    report = Phone(Unplugged(opened(connected).device, connected)).run(replace(job, only=("latency",))).report
    assert len(report.latency.warm_ns) == 20
