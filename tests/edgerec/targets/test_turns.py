"""Which device's turn each target takes, and that one waits for it."""

from threading import Thread

import pytest

from edgerec.targets.naming import target_of
from edgerec.targets.target import HERE
from edgerec.targets.turns import turn


@pytest.mark.parametrize(
    ("address", "device"),
    [
        ("local", HERE),
        ("adb:R5CT", "adb:R5CT"),
        ("adb:192.0.2.7:5555", "adb:192.0.2.7:5555"),
        ("adb:emulator-5554", HERE),
        ("ssh://pi@192.0.2.7", "ssh://192.0.2.7"),
        ("ssh://me@127.0.0.1:2222", HERE),
        ("board:cortex-a72", HERE),
    ],
)
def test_whatever_runs_on_this_machine_takes_its_turn(address: str, device: str) -> None:
    assert target_of(address).device == device


def test_a_turn_is_waited_for_in_the_same_process_too_and_said() -> None:
    heard: list[str] = []
    order: list[str] = []

    def second() -> None:
        with turn("board", heard.append):
            order.append("second")

    with turn("board", heard.append):
        assert heard == []
        waiting = Thread(target=second)
        waiting.start()
        while not heard:
            pass
        order.append("first")
    waiting.join(30)
    assert heard == ["waiting for board: another run measures there"]
    assert order == ["first", "second"]


def test_different_devices_wait_for_none_other() -> None:
    heard: list[str] = []
    with turn("board", heard.append), turn("phone", heard.append):
        assert heard == []
