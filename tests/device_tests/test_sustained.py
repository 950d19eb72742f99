"""A sustained run: seconds by the clock, thinned, and the first minute beside the last."""

from types import SimpleNamespace

import pytest

from device_tests import latency, sustained
from device_tests.measurement import Second, Sustained


class Machine:
    """A clock, and a runtime whose calls take longer and longer on it."""

    def __init__(self) -> None:
        self.now, self.calls = 0, 0

    def read(self) -> int:
        return self.now

    def invoke(self) -> None:
        self.calls += 1
        self.now += 1_000_000 * (1 + self.calls // 1000)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    found = Machine()
    monkeypatch.setattr(latency, "_clock", found.read)
    monkeypatch.setattr(sustained, "_clock", found.read)
    return found


def test_every_second_is_counted_and_keeps_its_first_calls(machine: Machine) -> None:
    given, looks = [], []
    call = SimpleNamespace(put=given.append, invoke=machine.invoke, take=lambda: None)
    model = SimpleNamespace(call=call, runtime=SimpleNamespace(name="slow"))
    found = sustained.measure(model, ["a", "b", "c"], 3, lambda: looks.append(machine.now))
    assert len(found.seconds) == len(looks) == 3
    assert sum(second.calls for second in found.seconds) == machine.calls
    assert [second.at_ns for second in found.seconds] == looks
    assert given[:7] == ["a", "b", "c", "a", "b", "c", "a"]
    assert [len(second.kept_ns) for second in found.seconds] == [sustained.KEPT] * 3
    assert set(found.seconds[0].kept_ns) == {1_000_000}
    assert found.seconds[2].kept_ns[0] > 1_000_000


def test_the_first_minute_and_the_last_do_not_overlap() -> None:
    seconds = tuple(Second(at, 1, (at,)) for at in range(150))
    whole, short, single = Sustained(seconds), Sustained(seconds[:7]), Sustained(seconds[:1])
    assert (whole.first, whole.last) == (seconds[:60], seconds[90:])
    assert (short.first, short.last) == (seconds[:3], seconds[4:7])
    assert single.first == single.last == seconds[:1]


def test_a_device_that_slows_down_is_said() -> None:
    steady = Sustained(tuple(Second(at, 2, (100, 105)) for at in range(4)))
    assert sustained.warnings(steady) == []
    slower = Sustained((*steady.seconds[:2], Second(2, 2, (150, 160)), Second(3, 2, (150, 150))))
    assert sustained.warnings(slower) == [
        "a call took 1.50 times as long at the end of the sustained run as at its start"
    ]
