"""A real adb server of the tests' own, and phones for it that are programs on this machine."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

DAEMON = Path(__file__).parent / "device_daemon.py"


@dataclass
class Phone:
    """A phone that can be unplugged and plugged in again; its serial stays the same."""

    folder: Path
    options: tuple[str, ...]
    port: int = 0
    process: subprocess.Popen | None = field(default=None, repr=False)

    @property
    def serial(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def tmp(self) -> Path:
        return self.folder / "data" / "local" / "tmp"

    def plug_in(self) -> None:
        command = [sys.executable, "-I", str(DAEMON), str(self.folder), "--port", str(self.port), *self.options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def unplug(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process = None

    def pushed(self) -> list[tuple[int, str]]:
        """Bytes and path of every file that was pushed."""
        log = self.folder / "pushed"
        lines = log.read_text().splitlines() if log.exists() else []
        return [(int(size), path) for size, path in (line.split(" ", 1) for line in lines)]

    def says(self, service: str, text: str) -> None:
        """Let `dumpsys` of a service say this."""
        (self.folder / "dumpsys").mkdir(exist_ok=True)
        (self.folder / "dumpsys" / service).write_text(text)


@pytest.fixture(scope="session")
def adb_server(tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Run an adb server of the tests' own, with keys of its own; give what a client needs in its environment."""
    program, home = tool("adb"), tmp_path_factory.mktemp("adb")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    own = {
        "HOME": str(home),
        "TMPDIR": str(home),
        "ANDROID_ADB_SERVER_PORT": str(port),
        "ANDROID_SERIAL": "nothing-of-this-name",
        "ADB_VENDOR_KEYS": "",
    }
    subprocess.run([program, "start-server"], env={**os.environ, **own}, capture_output=True, check=True)
    yield own
    subprocess.run([program, "kill-server"], env={**os.environ, **own}, capture_output=True, check=True)


@pytest.fixture
def adb(adb_server: dict[str, str], tool: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Let this process and what it starts use the tests' adb server; give what runs adb and returns what it says."""
    for name, value in adb_server.items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> str:
        done = subprocess.run([tool("adb"), *words], capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    return run


@pytest.fixture
def phone(adb: Callable[..., str], tmp_path: Path) -> Iterator[Callable[..., Phone]]:
    """Make a phone by its daemon's options, plugged in and connected to the tests' adb server."""
    made: list[Phone] = []

    def make(*options: str, connected: bool = True) -> Phone:
        folder = tmp_path / f"phone{len(made)}"
        folder.mkdir()
        phone = Phone(folder, options)
        phone.plug_in()
        made.append(phone)
        if connected:
            adb("connect", phone.serial)
        return phone

    yield make
    for phone in made:
        phone.unplug()
        adb("disconnect", phone.serial)
