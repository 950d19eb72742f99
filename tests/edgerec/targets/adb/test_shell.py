"""A phone's command line over Debian's real adb server, the phone a daemon that runs commands on this machine."""

import re
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edgerec.targets.adb.shell import FOLDER, AdbShell
from edgerec.targets.shell import ConnectionLostError, NoSpaceError
from edgerec.targets.target import UnreachableError

pytestmark = pytest.mark.slow

OLD = ("--features", "cmd")


@pytest.mark.parametrize("options", [(), OLD], ids=["shell_v2", "before_android_7"])
def test_a_command_gives_its_exit_code_and_its_words_arrive_as_they_are(phone: Callable, options: tuple) -> None:
    shell = AdbShell(phone(*options).serial)
    words = ["printf", "%s|%s|%s\n", "a b", "$HOME 'x' \"y\"", "*;&"]
    assert shell.ask(words).out == "a b|$HOME 'x' \"y\"|*;&\n"
    assert [shell.ask(["sh", "-c", f"exit {code}"]).code for code in (0, 1, 7, 127)] == [0, 1, 7, 127]


def test_stdout_and_stderr_come_apart_and_without_a_last_line_end(phone: Callable) -> None:
    answer = AdbShell(phone().serial).ask(["sh", "-c", "printf out; printf err >&2; exit 3"])
    assert (answer.code, answer.out, answer.err) == (3, "out", "err")


def test_before_android_7_stderr_comes_with_stdout_and_line_ends_are_mended(phone: Callable) -> None:
    answer = AdbShell(phone(*OLD).serial).ask(["sh", "-c", "echo one; echo two >&2; exit 3"])
    assert (answer.code, sorted(answer.out.splitlines()), answer.err) == (3, ["one", "two"], "")
    assert "\r" not in answer.out


@pytest.mark.parametrize("options", [(), OLD], ids=["shell_v2", "before_android_7"])
def test_a_file_comes_back_as_it_was_pushed(phone: Callable, tmp_path: Path, options: tuple) -> None:
    connected = phone(*options)
    shell, file = AdbShell(connected.serial), tmp_path / "a file.bin"
    file.write_bytes(bytes(range(256)) * 3000 + b"\r\n\n")
    file.chmod(0o700)
    shell.put(file, f"{FOLDER}/store/a file")
    assert shell.take(f"{FOLDER}/store/a file") == file.read_bytes()
    assert connected.pushed() == [(file.stat().st_size, f"{FOLDER}/store/a file")]
    assert shell.ask(["test", "-x", f"{FOLDER}/store/a file"]).code == 0


def test_a_file_that_is_not_there_is_no_lost_connection(phone: Callable) -> None:
    with pytest.raises(UnreachableError, match=r"does not allow .*/nothing: .* does not exist") as caught:
        AdbShell(phone().serial).take(f"{FOLDER}/nothing")
    assert not isinstance(caught.value, ConnectionLostError)


def test_a_phone_without_room_says_so_and_keeps_no_part_of_the_file(phone: Callable, tmp_path: Path) -> None:
    connected = phone("--space", "100000")
    shell, file = AdbShell(connected.serial), tmp_path / "capsule"
    file.write_bytes(bytes(1_000_000))
    with pytest.raises(NoSpaceError, match=r"has no room for capsule \(1,000,000 bytes\)"):
        shell.put(file, f"{FOLDER}/capsule")
    assert shell.ask(["test", "-e", f"{FOLDER}/capsule"]).code == 1
    file.write_bytes(bytes(1000))
    shell.put(file, f"{FOLDER}/capsule")
    assert len(shell.take(f"{FOLDER}/capsule")) == 1000


@pytest.mark.parametrize("options", [(), OLD], ids=["shell_v2", "before_android_7"])
def test_a_phone_unplugged_in_the_middle_is_a_lost_connection_and_comes_back(phone: Callable, options: tuple) -> None:
    connected = phone(*options)
    shell = AdbShell(connected.serial)
    threading.Timer(0.3, connected.unplug).start()
    with pytest.raises(ConnectionLostError, match=re.escape(shell.name)):
        shell.ask(["sh", "-c", "echo begun; sleep 30"])
    with pytest.raises(ConnectionLostError):
        shell.ask(["true"])
    connected.plug_in()
    assert answered(shell) == "back\n"


def answered(shell: AdbShell, limit_s: float = 20.0) -> str:
    until = time.monotonic() + limit_s
    while True:
        try:
            return shell.ask(["echo", "back"]).out
        except ConnectionLostError:
            assert time.monotonic() < until
            time.sleep(0.1)


def test_a_phone_that_comes_back_and_waits_for_its_user_is_no_lost_connection(phone: Callable) -> None:
    connected = phone()
    shell = AdbShell(connected.serial)
    connected.unplug()
    connected.options = ("--unauthorized",)
    connected.plug_in()
    with pytest.raises(UnreachableError, match="has not allowed this computer"):
        answered(shell)


def test_a_phone_of_the_network_that_the_server_let_go_is_connected_to_again(phone: Callable, adb: Callable) -> None:
    connected = phone()
    shell = AdbShell(connected.serial)
    adb("disconnect", connected.serial)
    with pytest.raises(ConnectionLostError):
        shell.ask(["true"])
    assert shell.ask(["echo", "back"]).out == "back\n"


def test_a_command_that_hangs_is_ended_on_the_phone(phone: Callable) -> None:
    connected = phone()
    shell = AdbShell(connected.serial)
    with pytest.raises(UnreachableError, match=r"was not done with sh after 0\.5 s"):
        shell.ask(["sh", "-c", f"echo $$ > {FOLDER}-pid; sleep 60"], time_limit_s=0.5)
    pid = (connected.tmp / "edgerec-pid").read_text().strip()
    until = time.monotonic() + 5
    while Path("/proc", pid).exists():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_phone_that_hangs_is_told_after_the_time_limit(phone: Callable) -> None:
    connected = phone()
    shell = AdbShell(connected.serial)
    connected.process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(UnreachableError, match=r"was not done with true after 0\.5 s: see that it is awake"):
            shell.ask(["true"], time_limit_s=0.5)
    finally:
        connected.process.send_signal(signal.SIGCONT)


def test_two_phones_answer_each_for_itself(phone: Callable) -> None:
    one, other = phone(), phone("--abi", "arm64-v8a")
    assert AdbShell(one.serial).ask(["getprop", "ro.product.cpu.abi"]).out == "x86_64\n"
    assert AdbShell(other.serial).ask(["getprop", "ro.product.cpu.abi"]).out == "arm64-v8a\n"
