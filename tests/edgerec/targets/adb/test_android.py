"""What a phone says of its processor, battery, heat and screen."""

from collections.abc import Callable

import pytest

from edgerec.targets.adb.android import PhoneConditions, architecture, phone_conditions, read_conditions, warnings
from edgerec.targets.adb.shell import AdbShell
from edgerec.targets.target import UnreachableError

BATTERY = """\
Current Battery Service state:
  AC powered: false
  USB powered: true
  Wireless powered: false
  Max charging current: 500000
  status: 2
  present: true
  level: 41
  scale: 50
  voltage: 3972
  temperature: 357
  technology: Li-ion
"""
POWER = """\
POWER MANAGER (dumpsys power)

Power Manager State:
  mDirty=0x0
  mWakefulness=Awake
  mWakefulnessChanging=false
"""
THERMAL = """\
IsStatusOverride: false
Thermal Status: 2
Cached temperatures:
\tTemperature{mValue=99.0, mType=0, mName=CPU0, mStatus=0}
HAL Ready: true
Current temperatures from HAL:
\tTemperature{mValue=40.5, mType=0, mName=CPU0, mStatus=0}
\tTemperature{mValue=62.25, mType=0, mName=CPU1, mStatus=0}
\tTemperature{mValue=33.5, mType=3, mName=skin, mStatus=0}
\tTemperature{mValue=4200.0, mType=6, mName=voltage, mStatus=0}
Current cooling devices from HAL:
\tCoolingDevice{mValue=88, mType=0, mName=fan}
"""
NOTHING = PhoneConditions(None, None, None, None, None, None, None)
WELL = PhoneConditions(82, 35.7, True, True, "none", 40.0, 30.0)


@pytest.mark.parametrize(("abi", "name"), [("arm64-v8a", "aarch64"), ("armeabi-v7a", "armv7"), ("x86_64", "x86_64")])
def test_the_capsule_is_chosen_by_the_abi(phone: Callable, abi: str, name: str) -> None:
    assert architecture(AdbShell(phone("--abi", abi).serial)) == name


def test_an_architecture_that_no_capsule_is_for_is_refused_with_those_that_are(phone: Callable) -> None:
    with pytest.raises(
        UnreachableError, match=r"'riscv64' by ro\.product\.cpu\.abi; .* arm64-v8a, armeabi-v7a, x86_64"
    ):
        architecture(AdbShell(phone("--abi", "riscv64").serial))


def test_battery_heat_and_screen_are_read_over_the_shell(phone: Callable) -> None:
    connected = phone()
    for service, text in (("battery", BATTERY), ("power", POWER), ("thermalservice", THERMAL)):
        connected.says(service, text)
    assert phone_conditions(AdbShell(connected.serial)) == PhoneConditions(
        82, 35.7, True, True, "moderate", 62.25, 33.5
    )


def test_a_phone_that_knows_none_of_them_says_nothing_wrong(phone: Callable) -> None:
    assert phone_conditions(AdbShell(phone().serial)) == NOTHING
    assert warnings(NOTHING) == ()


@pytest.mark.parametrize(("state", "on"), [("Awake", True), ("Dreaming", True), ("Asleep", False), ("Dozing", False)])
def test_whether_the_screen_is_on_is_seen(state: str, on: bool) -> None:
    found = read_conditions(battery="", power=POWER.replace("Awake", state), thermal="")
    assert found.screen_on is on


def test_only_what_slows_a_phone_down_is_warned_of() -> None:
    assert warnings(WELL) == ()
    told = warnings(PhoneConditions(19, 35.7, False, False, "severe", 90.0, 45.0))
    assert [text for text in told if "screen" in text]
    assert [text for text in told if "severe" in text]
    assert [text for text in told if "19 %" in text]
    assert warnings(PhoneConditions(19, 35.7, True, True, "none", 40.0, 30.0)) == ()
