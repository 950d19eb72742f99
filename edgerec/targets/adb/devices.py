"""The devices that the adb server knows: which one a serial names, whether it can run anything, and if not why."""

import time
from contextlib import suppress
from dataclasses import dataclass

from edgerec.suggestion import did_you_mean
from edgerec.targets.adb.program import adb
from edgerec.targets.target import UnreachableError

READY = "device"
_PASSING = ("authorizing", "connecting")
_SETTLES_S = 5.0
_LIMIT_S = 30.0
_ELSEWHERE = ("recovery", "sideload", "rescue", "bootloader")


@dataclass(frozen=True)
class Listed:
    """A device as `adb devices` lists it; its state is `device` where commands can run."""

    serial: str
    state: str


def listed() -> tuple[Listed, ...]:
    """Ask the adb server for its devices. Raises UnreachableError where there is no adb or no answer of its server."""
    try:
        said = adb("devices", time_limit_s=_LIMIT_S)
    except TimeoutError:
        raise UnreachableError(
            f"The adb server did not answer within {_LIMIT_S:g} s: run `adb kill-server` and try again."
        ) from None
    if said.code:
        raise UnreachableError(f"adb cannot list its devices: {said.reason}. Run `adb kill-server` and try again.")
    rows = [line.split("\t", 1) for line in said.out.decode(errors="replace").splitlines() if "\t" in line]
    return tuple(Listed(serial.strip(), state.strip()) for serial, state in rows)


def ready(serial: str = "") -> str:
    """Give the serial of the device that is meant, which is there and can run commands; empty is the only one there.

    A serial HOST:PORT that the server does not list is connected to first. Raises UnreachableError, which says what the
    device waits for, or which devices there are.
    """
    device = _settled(serial)
    if device.state != READY:
        raise UnreachableError(refusal(device))
    return device.serial


def state_of(serial: str) -> str | None:
    """Give the state of a device, None where the server does not list it."""
    return next((device.state for device in listed() if device.serial == serial), None)


def reconnect(serial: str) -> None:
    """Ask the server to connect anew to a device that is reached over the network; others come back by themselves."""
    if ":" in serial:
        with suppress(TimeoutError):
            # The server takes a device that it calls offline for connected, and looks for it every 10 s only.
            adb("disconnect", serial, time_limit_s=_LIMIT_S)
            adb("connect", serial, time_limit_s=_LIMIT_S)


def refusal(device: Listed) -> str:
    """Say why a device that is listed can run nothing, and what to do."""
    serial, state = device.serial, device.state
    if state == "unauthorized":
        return (
            f"adb:{serial} has not allowed this computer: unlock it, answer its question about USB debugging with "
            "Allow, and try again."
        )
    if state == "offline":
        return f"adb:{serial} is offline: plug it in again, or run `adb reconnect offline`, and try again."
    if state.startswith("no permissions"):
        return (
            f"This user may not open adb:{serial}: install the udev rules (Debian: apt-get install "
            "android-sdk-platform-tools-common), join the group plugdev, and plug it in again."
        )
    if state in _ELSEWHERE:
        return f"adb:{serial} is in {state}, where nothing can run: start Android with `adb -s {serial} reboot`."
    return f"adb:{serial} is in the state {state!r} and not {READY!r}: run `adb reconnect`, and try again."


def _settled(serial: str) -> Listed:
    """Wait for the device to leave the states that it only passes through."""
    device = _chosen(serial)
    until = time.monotonic() + _SETTLES_S
    while device.state in _PASSING and time.monotonic() < until:
        time.sleep(0.2)
        device = _chosen(device.serial)
    return device


def _chosen(serial: str) -> Listed:
    devices = listed()
    by_serial = {device.serial: device for device in devices}
    if ":" in serial and serial not in by_serial:
        reconnect(serial)
        devices = listed()
        by_serial = {device.serial: device for device in devices}
    there = ", ".join(f"adb:{device.serial}" for device in devices)
    if serial in by_serial:
        return by_serial[serial]
    if serial:
        raise UnreachableError(
            f"No device adb:{serial} is there{did_you_mean(serial, by_serial)}; "
            f"{f'there are {there}' if there else 'adb lists none: plug it in with USB debugging on'}."
        )
    if not devices:
        raise UnreachableError(
            "adb lists no device: plug one in with USB debugging on, start an emulator, or name one as adb:HOST:PORT."
        )
    if len(devices) > 1:
        raise UnreachableError(f"adb: could be any of {there}: name one of them.")
    return devices[0]
