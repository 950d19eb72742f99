"""What is inside a file: that each stored tensor is weighed alone, and that the parts add up."""

import tracemalloc
import zlib
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from converters.stored_numbers import Numbers
from edgerec.inspection import Duplicate, _stored, inspect
from edgerec.model_file import read_model_file
from edgerec.treemap import Area, treemap
from edgerec.weighing import Weighed

FIXTURES = Path(__file__).parents[1] / "fixtures"


def deflated(data: bytes) -> int:
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    return len(packer.compress(data) + packer.flush())


def test_each_stored_tensor_is_deflated_alone() -> None:
    path = FIXTURES / "converted_gru_full_int8.tflite"
    file = read_model_file(path).tflite
    own = {bytes(file.constant(tensor)) for graph in file.subgraphs for tensor in graph.tensors} - {b""}
    found = inspect(read_model_file(path)).tensors
    assert sorted((one.size.bytes, one.deflated_bytes) for one in found) == sorted((len(x), deflated(x)) for x in own)


def test_a_table_that_two_subgraphs_share_is_there_once() -> None:
    found = inspect(read_model_file(FIXTURES / "two_signatures.tflite"))
    assert [one.size.kind for one in found.tensors].count("table") == 1
    assert sum(found.by_kind.values()) + found.graph_bytes == found.model_bytes
    assert sum(found.by_dtype.values()) == sum(found.by_kind.values())


def test_everything_adds_up_from_a_tensor_to_the_file(tiny_bundle: Path) -> None:
    for path in (tiny_bundle, *FIXTURES.glob("*.tflite")):
        found = inspect(read_model_file(path))
        stored = sum(one.size.bytes for one in found.tensors)
        assert sum(one.bytes for one in found.operators) + found.unread_bytes == stored
        assert sum(one.bytes for one in found.ops) + found.unread_bytes == stored
        assert sum(found.graph_parts.values()) == found.graph_bytes
        assert stored + found.graph_bytes == found.model_bytes
        area = treemap(found)
        assert area.bytes == found.app_bytes
        assert_adds_up(area)


def assert_adds_up(area: Area) -> None:
    if area.children:
        assert area.bytes == sum(one.bytes for one in area.children)
        assert [one.bytes for one in area.children] == sorted((one.bytes for one in area.children), reverse=True)
    for one in area.children:
        assert_adds_up(one)


def test_equal_data_that_lies_twice_is_named_with_what_it_wastes(tmp_path: Path, maker: ModuleType) -> None:
    builder = maker.Builder()
    graph = builder.graph()
    for name in ("first", "second", "third"):
        graph.constant(name, np.arange(300, dtype=np.float32))
    graph.constant("other", np.ones(300, np.float32))
    (tmp_path / "twice.tflite").write_bytes(builder.pack())
    found = inspect(read_model_file(tmp_path / "twice.tflite"))
    assert found.duplicates == (Duplicate(("first", "second", "third"), 2400),)
    assert found.unread_bytes == 4800
    assert inspect(read_model_file(FIXTURES / "two_signatures.tflite")).duplicates == ()


def test_zeros_and_values_are_those_of_numpy(maker: ModuleType, tmp_path: Path) -> None:
    values = np.random.default_rng(5).integers(-3, 4, (40, 9), dtype=np.int8)
    builder = maker.Builder()
    builder.graph().constant("table", values, scales=(0.5,), zero_point=1)
    (tmp_path / "numbers.tflite").write_bytes(builder.pack())
    (one,) = inspect(read_model_file(tmp_path / "numbers.tflite")).tensors
    assert (one.zeros, one.distinct, one.estimated) == ((values == 1).mean(), 7, False)


def test_of_a_large_file_the_costly_figures_are_estimated_unless_all_is_asked_for(
    maker: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgerec.inspection.LOOKED_AT_BYTES", 1 << 18)
    values = np.random.default_rng(5).integers(-128, 128, (100_000, 6), dtype=np.int8)
    values[:, :3] = 0
    builder = maker.Builder()
    graph = builder.graph()
    graph.constant("table", values)
    graph.constant("small", np.arange(3, dtype=np.int32))
    (tmp_path / "large.tflite").write_bytes(builder.pack())
    file = read_model_file(tmp_path / "large.tflite")
    near, exact = inspect(file), inspect(file, deep=True)
    assert (near.estimated, exact.estimated) == (True, False)
    assert [one.estimated for one in near.tensors] == [True, False]
    assert exact.model_deflated_bytes == deflated(bytes(file.tflite.data))
    assert near.model_deflated_bytes == pytest.approx(exact.model_deflated_bytes, rel=0.01)
    assert exact.tensors[0].zeros == (values == 0).mean()
    assert near.tensors[0].zeros == pytest.approx(exact.tensors[0].zeros, rel=0.01)
    assert (near.sha256, near.content_sha256) == (exact.sha256, exact.content_sha256)


def test_a_download_is_what_the_bundle_says_it_is(tiny_bundle: Path) -> None:
    file = read_model_file(tiny_bundle)
    assert inspect(file).download_bytes == file.download_bytes


def test_zeros_that_a_sparse_tensor_does_not_store_are_zeros() -> None:
    size = replace(inspect(read_model_file(FIXTURES / "history_float32.tflite")).tensors[0].size, sparse=True)
    weighed = Weighed(40, 40, 40, Numbers(10, 1, 9))  # 9 numbers that are not 0, of 31 x 8
    assert _stored(size, weighed, "").zeros == pytest.approx(1 - 9 / 248)


def test_a_large_file_is_not_read_into_memory(
    maker: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgerec.inspection.LOOKED_AT_BYTES", 1 << 18)
    builder = maker.Builder()
    builder.graph().constant("table", np.zeros((1 << 17, 64), np.int8))
    (tmp_path / "large.tflite").write_bytes(builder.pack())
    tracemalloc.start()
    found = inspect(read_model_file(tmp_path / "large.tflite"))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.model_bytes > 1 << 23
    assert peak_bytes < 1 << 21
