"""Which targets could run a bundle now, and why not the others: asked side by side, each within a moment."""

import time
from dataclasses import dataclass
from shutil import which
from threading import Thread

from converters.errors import ConverterError
from device_tests.errors import HarnessError
from edgerec.errors import EdgerecError
from edgerec.targets import environment
from edgerec.targets.asked import target_named
from edgerec.targets.naming import SCHEMES
from edgerec.targets.setting import TargetSetting

LIMIT_S = 2.0
_NEEDS = {
    "qemu": (("qemu-aarch64", "qemu-user"), ("qemu-arm", "qemu-user")),
    "board": (("qemu-system-aarch64", "qemu-system-arm"), ("ssh", "openssh-client")),
    "ssh": (("ssh", "openssh-client"),),
    "adb": (("adb", "adb"),),
}
_FORMS = {
    "local": "local",
    "ssh": "ssh://USER@HOST[:PORT]",
    "adb": "adb:SERIAL",
    "qemu": "qemu:CPU",
    "board": "board:CPU",
}


@dataclass(frozen=True)
class Scheme:
    """A way to name a target: `form` is how it is written, `missing` the Debian packages that it lacks here."""

    name: str
    form: str
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Readiness:
    """A target of edgerec.toml with its address and runtime; `hindrance` is why it is not ready, None where it is."""

    name: str
    address: str
    runtime: str
    hindrance: str | None


def schemes() -> tuple[Scheme, ...]:
    """Give every scheme that there is; what an entry point added names its own needs when it is used."""
    return tuple(
        Scheme(
            name,
            _FORMS.get(name, f"{name}:..."),
            tuple(dict.fromkeys(package for program, package in _NEEDS.get(name, ()) if which(program) is None)),
        )
        for name in SCHEMES.names()
    )


def readiness(settings: TargetSetting, *, limit_s: float = LIMIT_S) -> tuple[Readiness, ...]:
    """Ask every named target whether it is ready, side by side; one that does not answer within the limit is not."""
    answers: dict[str, str | None] = {}

    def ask(name: str) -> None:
        try:
            pin = environment.parse(_runtime(settings, name))
            target_named(name, settings).refuse_unready(pin)
        except (EdgerecError, HarnessError, ConverterError, OSError) as error:
            answers[name] = str(error)
        else:
            answers[name] = None

    # Not a pool: whoever ends the program does not wait for a board that does not answer.
    asking = [Thread(target=ask, args=(name,), daemon=True) for name in settings.named]
    for one in asking:
        one.start()
    deadline = time.monotonic() + limit_s
    for one in asking:
        one.join(max(0.0, deadline - time.monotonic()))
    silent = f"no answer within {limit_s:g} s"
    return tuple(
        Readiness(name, settings.of(name).address, _runtime(settings, name), answers.get(name, silent))
        for name in settings.named
    )


def _runtime(settings: TargetSetting, name: str) -> str:
    return settings.of(name).runtime or str(environment.DEFAULT)
