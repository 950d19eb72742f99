"""Which device a serial names, and what stands in its way, by what a real adb server lists."""

from collections.abc import Callable
from pathlib import Path

import pytest

from edgerec.targets.adb.devices import Listed, listed, ready, refusal
from edgerec.targets.target import UnreachableError


def test_the_only_device_needs_no_serial(phone: Callable) -> None:
    serial = phone().serial
    assert listed() == (Listed(serial, "device"),)
    assert ready() == ready(serial) == serial


def test_a_device_of_the_network_is_connected_to_when_it_is_not_listed(phone: Callable) -> None:
    connected = phone(connected=False)
    assert listed() == ()
    assert ready(connected.serial) == connected.serial


def test_without_a_device_the_ways_to_get_one_are_named(adb: Callable) -> None:
    with pytest.raises(UnreachableError, match=r"lists no device: plug one in .* adb:HOST:PORT"):
        ready()
    with pytest.raises(UnreachableError, match=r"No device adb:R58M12 is there; adb lists none"):
        ready("R58M12")


def test_an_unknown_serial_is_told_with_those_that_are_there(phone: Callable) -> None:
    one, other = phone().serial, phone().serial
    with pytest.raises(UnreachableError) as caught:
        ready(one[:-1])
    assert f"adb:{one}" in str(caught.value)
    assert f"adb:{other}" in str(caught.value)
    assert f"did you mean {one}" in str(caught.value)


def test_two_devices_and_no_serial_are_asked_about(phone: Callable) -> None:
    one, other = sorted([phone().serial, phone().serial])
    with pytest.raises(UnreachableError) as caught:
        ready()
    assert {f"adb:{one}", f"adb:{other}"} <= set(str(caught.value).replace(",", " ").replace(": name", " ").split())


def test_a_phone_that_has_not_allowed_this_computer_is_told_what_it_waits_for(phone: Callable) -> None:
    serial = phone("--unauthorized").serial
    with pytest.raises(UnreachableError, match=rf"adb:{serial} has not allowed this computer: unlock it"):
        ready(serial)


@pytest.mark.parametrize(
    ("state", "step"),
    [
        ("offline", "adb reconnect offline"),
        ("no permissions (user in plugdev group; are your udev rules wrong?); see [http://x]", "udev rules"),
        ("recovery", "adb -s R58M12 reboot"),
        ("sideload", "adb -s R58M12 reboot"),
        ("bootloader", "adb -s R58M12 reboot"),
        ("detached", "adb reconnect"),
    ],
)
def test_every_state_in_which_nothing_runs_is_one_sentence_with_the_next_step(state: str, step: str) -> None:
    said = refusal(Listed("R58M12", state))
    assert "R58M12" in said
    assert step in said
    assert said.endswith(".")


def test_without_adb_its_package_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnreachableError, match="apt-get install adb"):
        ready()
