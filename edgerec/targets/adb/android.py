"""What only Android itself says of a phone: its processor's name for capsules, battery, heat and screen."""

import re
from dataclasses import dataclass

from edgerec.targets.shell import Shell
from edgerec.targets.target import UnreachableError

ARCHITECTURES = {"arm64-v8a": "aarch64", "armeabi-v7a": "armv7", "x86_64": "x86_64"}
"""Our name of the architecture for each ABI that Android has and a capsule can be built for."""

THERMAL_STATUSES = ("none", "light", "moderate", "severe", "critical", "emergency", "shutdown")
"""Android's names of how much it slows the phone down for its heat (PowerManager.THERMAL_STATUS_*), by number."""

_TEMPERATURE = re.compile(r"Temperature\{mValue=(-?[0-9.]+), mType=(-?\d+), ")
_CPU, _SKIN = 0, 3
_SCREEN_ON = ("Awake", "Dreaming")


@dataclass(frozen=True)
class PhoneConditions:
    """What a phone was like at a moment; None is what it did not say.

    `battery_percent` of its charge, `plugged` into any charger, `screen_on` also while it shows a screen saver,
    `thermal_status` one of THERMAL_STATUSES, temperatures in degrees Celsius, `cpu_c` that of the hottest core.
    """

    battery_percent: int | None
    battery_c: float | None
    plugged: bool | None
    screen_on: bool | None
    thermal_status: str | None
    cpu_c: float | None
    skin_c: float | None


def architecture(shell: Shell) -> str:
    """Give the architecture of the capsule that a phone runs. Raises UnreachableError where no capsule is for it."""
    abi = shell.ask(["getprop", "ro.product.cpu.abi"]).out.strip()
    if abi not in ARCHITECTURES:
        raise UnreachableError(
            f"{shell.name} is of the architecture {abi or 'nothing'!r} by ro.product.cpu.abi; "
            f"edgerec runs on {', '.join(ARCHITECTURES)}."
        )
    return ARCHITECTURES[abi]


def phone_conditions(shell: Shell) -> PhoneConditions:
    """Read battery, heat and screen of a phone now. Raises what the shell raises."""
    return read_conditions(
        battery=shell.ask(["dumpsys", "battery"]).out,
        power=shell.ask(["dumpsys", "power"]).out,
        thermal=shell.ask(["dumpsys", "thermalservice"]).out,
    )


def read_conditions(*, battery: str, power: str, thermal: str) -> PhoneConditions:
    """Read what `dumpsys battery`, `dumpsys power` and `dumpsys thermalservice` (since Android 10) print."""
    told = dict(re.findall(r"^\s+([A-Za-z ]+): (\S+)\s*$", battery, re.MULTILINE))
    level, scale, tenths = (_whole(told.get(name)) for name in ("level", "scale", "temperature"))
    chargers = [value == "true" for name, value in told.items() if name.endswith(" powered")]
    wakefulness = re.search(r"^\s*mWakefulness=([A-Z][a-z]+)", power, re.MULTILINE)
    status = re.search(r"^Thermal Status: (\d+)\s*$", thermal, re.MULTILINE)
    # What follows is of now; the temperatures before it are those that changed last, whenever that was.
    now = thermal.partition("Current temperatures from HAL:")[2].partition("Current cooling devices")[0]
    heat = [(float(value), int(kind)) for value, kind in _TEMPERATURE.findall(now)]
    return PhoneConditions(
        battery_percent=None if level is None or not scale else round(100 * level / scale),
        battery_c=None if tenths is None else tenths / 10,
        plugged=any(chargers) if chargers else None,
        screen_on=None if wakefulness is None else wakefulness[1] in _SCREEN_ON,
        thermal_status=_status(status[1]) if status else None,
        cpu_c=max((value for value, kind in heat if kind == _CPU), default=None),
        skin_c=max((value for value, kind in heat if kind == _SKIN), default=None),
    )


def warnings(conditions: PhoneConditions) -> tuple[str, ...]:
    """Say what in a phone's conditions makes its latency another than that of a phone in use."""
    percent, low = conditions.battery_percent, 20
    found = (
        (conditions.screen_on is False, "the screen is off: Android slows a sleeping phone down"),
        (
            conditions.thermal_status not in (None, "none"),
            f"Android slows the phone down for its heat (thermal status {conditions.thermal_status})",
        ),
        (
            percent is not None and percent < low and not conditions.plugged,
            f"the battery is at {percent} %: below {low} % many phones slow down",
        ),
    )
    return tuple(text for holds, text in found if holds)


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"-?\d+", text) else None


def _status(number: str) -> str | None:
    return THERMAL_STATUSES[int(number)] if int(number) < len(THERMAL_STATUSES) else None
