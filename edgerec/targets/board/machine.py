"""An emulated board that is on: qemu-system-aarch64 with the small Linux, up to its ssh server."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edgerec import storage
from edgerec.targets.board import cpio
from edgerec.targets.board import keys as board_keys
from edgerec.targets.board.image import AUTHORIZED, HOST_KEY, READY, BoardImage
from edgerec.targets.ssh.address import Address
from edgerec.targets.target import UnreachableError

PROGRAM = "qemu-system-aarch64"
MEMORY_MIB = 512
_CORES = 2
_DISK_BYTES = 1 << 30
_BOOT_S, _OFF_S = 180.0, 10.0
_TRIES = 3
_PORT_TAKEN = "Could not set up host forwarding"
_HOST = "127.0.0.1"


@dataclass(frozen=True)
class On:
    """Where a board that is on answers, and what ssh has to be told to trust it and to be let in."""

    address: Address
    options: tuple[str, ...]


def program() -> str:
    """Return the path of the emulator. Raises UnreachableError where there is none."""
    found = shutil.which(PROGRAM)
    if found is None:
        raise UnreachableError(f"This machine has no {PROGRAM}. Install it: `apt-get install qemu-system-arm`.")
    return found


@contextmanager
def booted(cpu: str, image: BoardImage, disk: Path) -> Iterator[On]:
    """Give a board of a CPU while the block runs, and switch it off at its end, however that is.

    `disk` is a file that it keeps its files on, made where there is none. Raises UnreachableError.
    """
    with storage.telling(disk):
        if not disk.exists():
            with disk.open("wb") as file:
                file.truncate(_DISK_BYTES)  # takes room as it is filled
    with storage.scratch("board-") as scratch:
        keys = board_keys.make(scratch)
        given = scratch / "initramfs"
        with storage.telling(given):
            own = {HOST_KEY: cpio.file(keys.host, 0o600), AUTHORIZED: cpio.file(keys.authorized, 0o600)}
            given.write_bytes(image.initramfs.read_bytes() + cpio.archive(own))
        for last in (False,) * (_TRIES - 1) + (True,):
            port = _free_port()
            machine = _started(cpu, BoardImage(image.kernel, given), disk, port, scratch)
            try:
                if not _is_up(machine, cpu, scratch, last=last):
                    continue
                known = scratch / "known"
                known.write_text(f"[{_HOST}]:{port} {keys.known}\n", encoding="utf-8")
                yield On(Address(_HOST, "root", port), _options(keys.user, known))
                return
            finally:
                _end(machine)


def _started(cpu: str, image: BoardImage, disk: Path, port: int, scratch: Path) -> subprocess.Popen[bytes]:
    words = (
        *(program(), "-M", "virt", "-cpu", cpu, "-m", str(MEMORY_MIB), "-smp", str(_CORES)),
        *("-nodefaults", "-display", "none", "-no-reboot", "-serial", f"file:{scratch / 'console'}"),
        *("-kernel", str(image.kernel), "-initrd", str(image.initramfs), "-append", "console=ttyAMA0 quiet panic=-1"),
        *("-netdev", f"user,id=net,restrict=on,hostfwd=tcp:{_HOST}:{port}-:22"),
        *("-device", "virtio-net-pci,netdev=net,romfile="),
        *("-drive", f"if=none,id=disk,format=raw,file={disk}", "-device", "virtio-blk-pci,drive=disk"),
    )
    with (scratch / "stderr").open("wb") as stderr:
        return subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr, start_new_session=True
        )


def _is_up(machine: subprocess.Popen[bytes], cpu: str, scratch: Path, *, last: bool) -> bool:
    """Wait until the board can be logged in to; False where another try may do. Raises UnreachableError."""
    began = time.monotonic()
    console = scratch / "console"
    while time.monotonic() - began < _BOOT_S:
        if console.exists() and READY in console.read_text(encoding="utf-8", errors="replace"):
            return True
        if machine.poll() is not None:
            said = (scratch / "stderr").read_text(encoding="utf-8", errors="replace")
            if _PORT_TAKEN in said and not last:
                return False
            raise UnreachableError(f"The emulated {cpu} did not start: {_last_line(said)}. Try {PROGRAM} by hand.")
        time.sleep(0.1)
    said = console.read_text(encoding="utf-8", errors="replace") if console.exists() else ""
    raise UnreachableError(
        f"The emulated {cpu} was not up after {_BOOT_S:g} s: {_last_line(said)}. "
        "Try again when this machine is less busy."
    )


def _end(machine: subprocess.Popen[bytes]) -> None:
    machine.terminate()  # it writes what it still holds of the disk
    try:
        machine.wait(_OFF_S)
    except subprocess.TimeoutExpired:
        machine.kill()
        machine.wait()


def _options(key: Path, known: Path) -> tuple[str, ...]:
    """Give what ssh is told, instead of the user's configuration, which is not about this board."""
    settings = (
        f"UserKnownHostsFile={known}",
        "GlobalKnownHostsFile=/dev/null",
        "StrictHostKeyChecking=yes",
        "IdentitiesOnly=yes",
        "IdentityAgent=none",
    )
    return ("-F", "/dev/null", "-i", str(key), *(word for setting in settings for word in ("-o", setting)))


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((_HOST, 0))
        port: int = free.getsockname()[1]
        return port


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else "it said nothing"
