"""What changed between two files: how tensors are matched, and what is told of each."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from converters.rewrite import strip_names
from edgerec.diff import Difference, OpChange, diff
from edgerec.inspection import Inspection, inspect
from edgerec.model_file import read_model_file

FIXTURES = Path(__file__).parents[1] / "fixtures"
Made = Callable[[Callable[[Any], object]], Inspection]


@pytest.fixture
def made(tmp_path: Path, maker: ModuleType) -> Made:
    """Inspect a file with the tensors that a function adds to its graph."""

    def make(add: Callable[[Any], object]) -> Inspection:
        builder = maker.Builder()
        add(builder.graph())
        path = tmp_path / "made.tflite"
        path.write_bytes(builder.pack())
        return inspect(read_model_file(path))

    return make


def told(found: Difference) -> list[tuple[str, str, str | None, tuple[str, ...]]]:
    return [
        ((one.new or one.old).size.name, one.status, one.matched_by, one.what)  # type: ignore[union-attr]
        for one in found.tensors
    ]


def fixture(name: str) -> Inspection:
    return inspect(read_model_file(FIXTURES / f"{name}.tflite"))


def test_a_file_is_the_same_as_itself(fixture_path: Path) -> None:
    one = inspect(read_model_file(fixture_path))
    found = diff(one, one)
    assert found.same_content
    assert {change.status for change in found.tensors} <= {"same"}
    assert (found.ops, found.signatures) == ((), ())
    assert len(found.tensors) == len(one.tensors)


@pytest.fixture(params=sorted(FIXTURES.glob("*.tflite")), ids=lambda path: path.stem)
def fixture_path(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def test_float32_to_int8_tells_types_scales_bytes_and_ops() -> None:
    found = diff(fixture("history_float32"), fixture("history_hybrid"))
    assert not found.same_content
    assert told(found)[:2] == [
        ("table", "changed", "name", ("dtype", "bytes", "scales", "data")),
        ("kernel", "changed", "name", ("dtype", "bytes", "scales", "data")),
    ]
    assert [one.grown_bytes for one in found.tensors][:2] == [-3 * 31 * 8, -3 * 30 * 8]
    assert OpChange("DEQUANTIZE", 2, 0, 1) in found.ops
    assert OpChange("FULLY_CONNECTED", 9, 0, 1) in found.ops
    assert all(one.old_count != one.new_count for one in found.ops)


def test_what_grew_or_shrank_most_comes_first(made: Made) -> None:
    def graph_with(**sizes: int) -> Callable[[Any], None]:
        def add(graph: Any) -> None:
            for name, size in sizes.items():
                graph.constant(name, np.full(size, size, np.float32))

        return add

    found = diff(made(graph_with(large=1000, grew=10, shrank=90)), made(graph_with(large=1001, grew=70, shrank=10)))
    assert [(one.new.size.name, one.grown_bytes) for one in found.tensors if one.new is not None] == [
        ("shrank", -320),
        ("grew", 240),
        ("large", 4),
    ]


def test_tensors_without_names_are_matched_by_what_they_hold_then_by_shape(made: Made) -> None:
    same, other = np.arange(6, dtype=np.float32), np.arange(6, dtype=np.float32) + 1

    def old(graph: Any) -> None:
        graph.constant("a name", np.zeros(3, np.float32))
        graph.constant("", other)
        graph.constant("", same)
        graph.constant("gone", np.zeros(5, np.float32))

    def new(graph: Any) -> None:
        graph.constant("", same)
        graph.constant("", other + 1)
        graph.constant("a name", np.ones(3, np.float32))
        graph.constant("come", np.zeros(7, np.float32))

    assert sorted(told(diff(made(old), made(new)))) == [
        ("a name", "changed", "name", ("data",)),
        ("come", "added", None, ()),
        ("gone", "removed", None, ()),
        ("tensor 0", "same", "content", ()),
        ("tensor 1", "changed", "shape", ("data",)),
    ]


def test_a_name_that_the_converter_counts_up_matches_nothing_by_itself(made: Made) -> None:
    def graph_with(*shapes: int) -> Callable[[Any], None]:
        def add(graph: Any) -> None:
            for number, shape in enumerate(shapes):
                graph.constant(f"arith.constant{number or ''}", np.full(shape, shape, np.float32))

        return add

    found = diff(made(graph_with(5, 3)), made(graph_with(3, 5)))
    assert {one.status for one in found.tensors} == {"same"}
    assert {one.matched_by for one in found.tensors} == {"content"}


def test_stripped_names_leave_the_content_and_every_tensor_the_same(tmp_path: Path) -> None:
    path = FIXTURES / "converted_gru_full_int8.tflite"
    (tmp_path / "stripped.tflite").write_bytes(strip_names(path.read_bytes()))
    found = diff(inspect(read_model_file(path)), inspect(read_model_file(tmp_path / "stripped.tflite")))
    assert found.same_content
    assert found.old.sha256 != found.new.sha256
    assert {one.status for one in found.tensors} == {"same"}


def test_signatures_that_differ_are_shown_and_others_not(made: Made) -> None:
    def graph_with(*keys: str, length: int = 3) -> Callable[[Any], None]:
        def add(graph: Any) -> None:
            for key in keys:
                given, made = graph.tensor("given", (1, length), "INT32"), graph.tensor("made", (1, length), "INT32")
                graph.signature({"given": given}, {"made": made}, key)

        return add

    assert diff(made(graph_with("a", "b")), made(graph_with("a", "b"))).signatures == ()
    (change,) = diff(made(graph_with("a", "b")), made(graph_with("a"))).signatures
    assert (change.key, change.new) == ("b", None)
    changes = diff(made(graph_with("a")), made(graph_with("a", length=4))).signatures
    assert [one.new.inputs[0].shape for one in changes if one.new is not None] == [(-1, 4)]
