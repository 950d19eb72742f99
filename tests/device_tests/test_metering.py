"""What is counted and in which order, with a plugin that is a list of numbers."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from device_tests import metering
from device_tests.counts import Count
from device_tests.errors import ModelError
from device_tests.metering import Meter

EMPTY = Count(100, 40, 20)
OPEN, CLOSE = 2, 3


class Plugin:
    """Counts what the model does: each act costs its own instructions, each pair of markers what an empty one does."""

    def __init__(self, path: Path) -> None:
        self.path, self.spent, self.opened, self.lost = path, 0, 0, 0
        path.touch()

    def mark(self, number: int, what: int) -> int:
        assert number == 48879
        if what == OPEN:
            self.opened = self.spent
        elif self.lost:
            self.lost -= 1
        else:
            count = EMPTY.instructions + self.spent - self.opened
            with self.path.open("a") as file:
                file.write(f"{count} {EMPTY.read_bytes + 2} {EMPTY.written_bytes}\n")
        return -1


@pytest.fixture
def plugin(tmp_path: Path) -> Plugin:
    return Plugin(tmp_path / "counts")


def model(plugin: Plugin, acts: list[str]) -> SimpleNamespace:
    def act(name: str, instructions: int) -> None:
        acts.append(name)
        plugin.spent += instructions

    call = SimpleNamespace(
        put=lambda values: act(f"put {values}", 1), invoke=lambda: act("invoke", 1000), take=lambda: act("take", 1)
    )
    act("open", 5000)
    return SimpleNamespace(call=call)


def measured(plugin: Plugin, acts: list[str], scores: int = 2) -> metering.Counts:
    return metering.measure(
        Meter(plugin.path, plugin.mark),
        lambda: model(plugin, acts),  # type: ignore[arg-type, return-value]
        [["a"], ["b"], ["c"]],  # type: ignore[list-item]
        [np.arange(9, dtype=np.float32)[None]] * scores,
        k=3,
        ids="eval set",
    )


def test_load_first_call_calls_and_top_k_are_counted_apart_without_the_markers(plugin: Plugin) -> None:
    acts: list[str] = []
    counts = measured(plugin, acts)
    assert counts.load == Count(5000, 0, 0)
    assert counts.first.instructions == 1000, "setting and getting are no part of a call"
    assert [one.instructions for one in counts.invoke] == [1000, 1000]
    assert [one.instructions for one in counts.top_k] == [0, 0]
    assert counts.marker == Count(100, 42, 20)
    assert acts == ["open", *(act for one in "abc" for act in (f"put ['{one}']", "invoke", "take"))]


def test_a_bare_file_has_no_top_k(plugin: Plugin) -> None:
    assert measured(plugin, [], scores=0).top_k == ()


def test_a_plugin_that_does_not_count_is_told_from_one_that_does(plugin: Plugin) -> None:
    plugin.lost = 1
    with pytest.raises(ModelError, match=r"plugin counted 37 times where it should 38 times"):
        measured(plugin, [])
    plugin.path.write_text("1 2\n")
    with pytest.raises(ModelError, match="'1 2', which is no count"):
        Meter(plugin.path, plugin.mark).read()
    plugin.path.unlink()
    with pytest.raises(ModelError, match="cannot read"):
        Meter(plugin.path, plugin.mark).read()


def test_the_system_call_does_not_exist_and_is_harmless(tmp_path: Path) -> None:
    meter = Meter.armed(tmp_path / "counts")
    assert meter.around(lambda: "done") == "done"
    with pytest.raises(ModelError, match="cannot read"):
        meter.read()
