"""Every byte of a file has its place: in one operator, one tensor or one part of the graph."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from converters.accounting import between, graph_bytes_by_part, operator_sizes
from converters.anatomy import anatomy
from converters.graph_writer import GraphWriter
from converters.tflite_file import parse

Load = Callable[[str], bytes]


def test_operators_tensors_and_parts_of_the_graph_add_up_to_the_file(fixture_bytes: bytes) -> None:
    file = parse(fixture_bytes)
    found = anatomy(file)
    parts = graph_bytes_by_part(file)
    read = sum(one.bytes for one in operator_sizes(file, found.tensors))
    assert read + sum(parts.values()) == len(fixture_bytes)
    assert min(parts.values()) >= 0
    assert sum(end - start for start, end in between(file, found.tensors)) == found.graph_bytes == sum(parts.values())


def test_a_tensor_that_several_operators_read_is_the_first_ones(load: Load) -> None:
    file = parse(load("two_signatures"))
    sizes = operator_sizes(file, anatomy(file).tensors)
    assert next((one.subgraph, one.name, one.tensors) for one in sizes) == (0, "GATHER", ("table",))
    assert sum("table" in one.tensors for one in sizes) == 1


def test_the_scales_of_blocks_belong_to_the_operator_and_the_kind_of_what_they_scale() -> None:
    writer = GraphWriter()
    ids = writer.input("ids", (-1,), "INT32")
    scales = writer.constant(np.ones((2, 2), np.float16))
    table = writer.constant(np.zeros((2, 2), np.uint8), "INT4", (2, 4), blocks=(scales, 2))
    writer.output("rows", writer.apply("EMBEDDING_LOOKUP", [ids, table], (-1, 4), version=4))
    file = parse(writer.pack())
    tensors = anatomy(file).tensors
    assert {one.dtype: one.kind for one in tensors} == {"INT4": "table", "FLOAT16": "table"}
    (lookup,) = operator_sizes(file, tensors)
    assert (lookup.name, lookup.bytes) == ("EMBEDDING_LOOKUP", 4 + 8)
    (scaled,) = [one.scales for one in tensors if one.scales is not None]
    assert (scaled.count, scaled.blockwise) == (4, True)


def test_names_metadata_unused_data_and_quantization_are_told_apart(maker: ModuleType) -> None:
    def parts(**more: Any) -> dict[str, int]:
        builder = maker.Builder()
        builder.model.description = None
        graph = builder.graph("")
        graph.constant(more.get("name", ""), np.zeros(4, np.int8), scales=more.get("scales", ()))
        if "note" in more:
            builder.metadata("note", more["note"])
        if "unused" in more:
            builder.buffer(more["unused"])
        return graph_bytes_by_part(parse(builder.pack()))

    nothing = parts()
    assert {part: count for part, count in nothing.items() if count} == {"structure": nothing["structure"]}
    assert parts(name="x" * 7)["names"] == 7
    assert parts(note=b"12345")["metadata"] == 5
    assert parts(unused=b"123")["unused"] == 3
    assert parts(scales=(1.0, 2.0, 3.0, 4.0))["quantization"] == 4 * 12


def test_what_is_stored_once_for_several_tensors_counts_once() -> None:
    writer = GraphWriter()
    given = writer.input("given", (-1, 4), "INT8")
    for number in range(3):
        weights = writer.constant(np.full((4, 4), number, np.int8), scales=(0.5, 1, 2, 3))
        writer.output(f"made{number}", writer.apply("FULLY_CONNECTED", [given, weights, -1], (-1, 4), "INT8"))
    file = parse(writer.pack())
    assert graph_bytes_by_part(file)["quantization"] == 4 * 12
    assert sum(one.overhead_bytes for one in anatomy(file).tensors) == 3 * 4 * 12


def test_of_tensors_that_overlap_the_later_one_has_what_only_it_has(maker: ModuleType) -> None:
    builder = maker.Builder()
    graph = builder.graph()
    for offset in (16, 20, 18):
        graph.tensor(f"at {offset}", (8,), "UINT8", buffer=builder.buffer(b""), batch=False)
        builder.model.buffers[-1].offset, builder.model.buffers[-1].size = offset, 8
    file = parse(builder.pack())
    found = anatomy(file)
    assert {one.name: one.bytes for one in found.tensors} == {"at 16": 8, "at 18": 2, "at 20": 2}
    assert sum(one.bytes for one in found.tensors) + found.graph_bytes == len(file.data)
