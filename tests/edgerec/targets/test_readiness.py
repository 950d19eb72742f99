"""Which targets are ready, asked of real ones and of boards that are not there."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from edgerec.config import parse_config
from edgerec.registry import Registry
from edgerec.targets import asked, environment, naming, readiness
from edgerec.targets.environment import RuntimePin
from edgerec.targets.local import Local
from edgerec.targets.target import Target, UnreachableError


@dataclass(frozen=True)
class Board:
    """A board that is as its name says."""

    name: str
    device: str = "board"

    def refuse_unready(self, runtime: RuntimePin) -> None:
        del runtime
        if self.name == "silent":
            time.sleep(600)
        if self.name != "there":
            raise UnreachableError(f"{self.name}: no route to host. Switch it on.")

    @contextmanager
    def opened(self, runtime: RuntimePin, *, progress: object) -> Iterator[object]:
        del runtime, progress
        raise AssertionError("nothing is opened to list it")
        yield


@pytest.fixture(autouse=True)
def boards(monkeypatch: pytest.MonkeyPatch) -> None:
    known: Registry[Target] = Registry(
        "target", naming.GROUP, {"local": lambda _: Local(), "adb": Board, "qemu": Board}, UnreachableError
    )
    for module in (naming, asked, readiness):
        monkeypatch.setattr(module, "SCHEMES", known)


def test_every_named_target_says_whether_it_is_ready_and_why_not() -> None:
    text = (
        "[target]\nruntime = 'ai-edge-litert==2.3.0'\n[target.a]\naddress = 'adb:there'\n[target.b]\n"
        "address = 'adb:gone'\n[target.c]\naddress = 'local'\nruntime = 'tflite-runtime==1.0.0'\n"
        "[target.d]\naddress = 'usb:1'\n"
    )
    a, b, c, d = readiness.readiness(parse_config(text).target)
    assert (a.name, a.address, a.runtime, a.hindrance) == ("a", "adb:there", "ai-edge-litert==2.3.0", None)
    assert b.hindrance == "gone: no route to host. Switch it on."
    assert c.hindrance is not None
    assert c.hindrance.startswith("The runtime 'tflite-runtime==1.0.0' is not one that edgerec knows")
    assert d.hindrance is not None
    assert "usb" in d.hindrance


def test_boards_that_do_not_answer_are_waited_for_together_and_not_for_long() -> None:
    silent = "".join(f"[target.b{number}]\naddress = 'adb:silent'\n" for number in range(20))
    began = time.monotonic()
    found = readiness.readiness(parse_config(f"{silent}[target.z]\naddress = 'adb:there'\n").target, limit_s=0.5)
    assert time.monotonic() - began < 5  # in turn it would be 10
    assert {one.hindrance for one in found[:-1]} == {"no answer within 0.5 s"}
    assert found[-1].hindrance is None


def test_without_a_word_the_runtime_is_the_default_one() -> None:
    (one,) = readiness.readiness(parse_config("[target.a]\naddress = 'local'\n").target)
    assert one.runtime == str(environment.DEFAULT)


def test_a_scheme_names_the_packages_that_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        readiness, "which", lambda program: None if program.startswith("qemu") else f"/usr/bin/{program}"
    )
    assert {one.name: one.missing for one in readiness.schemes()} == {"local": (), "adb": (), "qemu": ("qemu-user",)}
