import time
from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest

from converters.anatomy import FreeAxis, anatomy, free_axes, id_limits
from converters.tflite_file import parse


def test_tensors_and_graph_add_up_to_the_file(fixture_bytes: bytes) -> None:
    found = anatomy(parse(fixture_bytes))
    assert sum(tensor.bytes for tensor in found.tensors) + found.graph_bytes == found.file_bytes == len(fixture_bytes)
    assert [tensor.bytes for tensor in found.tensors] == sorted((t.bytes for t in found.tensors), reverse=True)


def test_the_span_of_a_tensor_is_where_its_bytes_lie(load: Callable[[str], bytes]) -> None:
    file = parse(load("history_hybrid"))
    stored = {tensor.name: bytes(file.constant(tensor)) for tensor in file.subgraphs[0].tensors}
    found = {size.name: bytes(file.data[slice(*size.span)]) for size in anatomy(file).tensors}
    assert found == {name: data for name, data in stored.items() if data}
    assert {size.name: size.bytes for size in anatomy(file).tensors} == {name: len(found[name]) for name in found}


def test_kinds_and_readers_of_tensors(load: Callable[[str], bytes]) -> None:
    table, kernel, bias, axis = anatomy(parse(load("history_hybrid"))).tensors
    assert (table.name, table.kind, table.ops, table.bytes) == ("table", "table", ("GATHER",), 31 * 8)
    assert (kernel.name, kernel.kind, kernel.ops, kernel.bytes) == ("kernel", "dense", ("FULLY_CONNECTED",), 30 * 8)
    assert (bias.kind, bias.dtype, bias.shape) == ("other", "FLOAT32", (30,))
    assert (axis.kind, axis.ops) == ("other", ("MEAN",))


def test_a_scale_a_row_costs_12_bytes_a_row(load: Callable[[str], bytes]) -> None:
    overhead = {t.name: t.overhead_bytes for t in anatomy(parse(load("history_garbage_on_2_14"))).tensors}
    assert overhead == {"table": 12, "kernel": 30 * 12, "bias": 0, "axis": 0}


def test_a_shared_buffer_counts_once_for_all_its_readers(load: Callable[[str], bytes]) -> None:
    table, _ = anatomy(parse(load("two_signatures"))).tensors
    assert (table.bytes, table.ops) == (31 * 8 * 4, ("EMBEDDING_LOOKUP", "GATHER"))


def test_a_float16_table_is_a_table_behind_its_dequantize(load: Callable[[str], bytes]) -> None:
    tensors = anatomy(parse(load("converted_gru_float16"))).tensors
    kinds = {tensor.kind for tensor in tensors if tensor.bytes == 71 * 16 * 2}
    assert kinds == {"table"}
    assert all(tensor.ops == ("DEQUANTIZE",) for tensor in tensors if tensor.dtype == "FLOAT16")


def test_operators_are_counted_by_version(load: Callable[[str], bytes]) -> None:
    ops = anatomy(parse(load("history_hybrid"))).ops
    assert ops == {("GATHER", 2): 1, ("DEQUANTIZE", 2): 1, ("MEAN", 1): 1, ("FULLY_CONNECTED", 9): 1}


def test_custom_and_flex_operators_are_named_and_no_runtime_is_guessed(load: Callable[[str], bytes]) -> None:
    found = anatomy(parse(load("unknown_op")))
    assert (found.custom, found.flex, found.oldest_runtime) == (("Mystery",), ("FlexErf",), None)


def test_the_oldest_runtime_is_the_one_the_converter_claims(fixture_name: str, fixture_bytes: bytes) -> None:
    file = parse(fixture_bytes)
    if file.min_runtime_version is not None:
        assert anatomy(file).oldest_runtime == file.min_runtime_version


def test_an_operator_code_that_nothing_uses_counts_for_the_runtime(maker: ModuleType) -> None:
    builder = maker.Builder()
    builder.graph().op("ADD", [], [], options="AddOptions")
    builder.code("FULLY_CONNECTED", 12, custom=False)
    assert anatomy(parse(builder.pack())).oldest_runtime == "2.17.0"


def test_only_axes_other_than_the_batch_are_free(maker: ModuleType, fixture_bytes: bytes) -> None:
    assert free_axes(parse(fixture_bytes)) == ()
    builder = maker.Builder()
    graph = builder.graph()
    history = graph.tensor("history", (1, 5), "INT32")
    graph.part.tensors[history].shapeSignature = np.array([-1, -1], np.int32)
    scores = graph.tensor("scores", (1, 3))
    graph.signature({"history": history}, {"scores": scores})
    assert free_axes(parse(builder.pack())) == (FreeAxis("serving_default", "history", 1),)


def test_id_limits_are_the_rows_of_the_table(load: Callable[[str], bytes]) -> None:
    assert id_limits(parse(load("two_signatures"))) == {"history": 31, "item": 31}
    assert id_limits(parse(load("two_signatures")), "item") == {"item": 31}
    assert id_limits(parse(load("converted_gru_float16"))) == {"history": 71}
    assert id_limits(parse(load("unknown_op"))) == {}


def test_the_smaller_of_two_tables_limits_the_ids_that_pass_through_a_cast(maker: ModuleType) -> None:
    builder = maker.Builder()
    graph = builder.graph()
    ids, cast, grown = (graph.tensor(name, (1,), "INT32") for name in ("ids", "cast", "grown"))
    graph.op("CAST", [ids], [cast])
    graph.op("EXPAND_DIMS", [cast, graph.constant("axis", np.array([1], np.int32))], [grown])
    for rows in (9, 7):
        table = graph.constant(f"table{rows}", np.zeros((rows, 2), np.float32))
        graph.op("GATHER", [table, grown], [graph.tensor(f"found{rows}", (1, 1, 2))], options="GatherOptions")
    graph.signature({"ids": ids}, {"found": len(graph.part.tensors) - 1})
    assert id_limits(parse(builder.pack())) == {"ids": 7}


def test_long_chains_with_many_heads_are_one_pass(maker: ModuleType) -> None:
    """A walk from every constant through the whole chain would take minutes."""
    builder = maker.Builder()
    graph = builder.graph()
    last = graph.tensor("first", (1,), "INT32")
    signature = {f"input{i}": graph.tensor(f"input{i}", (1,), "INT32") for i in range(2000)}
    for index in [*signature.values(), *(graph.constant(f"c{i}", np.zeros(1, np.int32)) for i in range(2000))]:
        graph.op("RESHAPE", [index], [last], options="ReshapeOptions")
    for i in range(2000):
        made = graph.tensor(f"step{i}", (1,), "INT32")
        graph.op("RESHAPE", [last], [made], options="ReshapeOptions")
        last = made
    table = graph.constant("table", np.zeros((3, 1), np.float32))
    graph.op("GATHER", [table, last], [graph.tensor("found", (1, 1))], options="GatherOptions")
    graph.signature(signature, {"found": len(graph.part.tensors) - 1})
    file = parse(builder.pack())
    start = time.perf_counter()
    assert set(id_limits(file).values()) == {3}
    assert anatomy(file).tensors[0].name == "table"
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    ("op", "by", "limit"),
    [("SUB", [5], 12), ("MAXIMUM", [5], 7), ("MINIMUM", [5], None), ("SUB", [5, 5], None), ("ADD", [5], None)],
)
def test_ids_shifted_by_a_stored_integer_are_limited_by_as_much_more(op: str, by: list[int], limit: int | None) -> None:
    from converters.graph_writer import GraphWriter

    writer = GraphWriter()
    ids = writer.input("ids", (-1,), "INT32")
    moved = writer.apply(op, [ids, writer.constant(np.array(by, np.int32))], (-1,), "INT32")
    writer.output("rows", writer.apply("GATHER", [writer.constant(np.zeros((7, 2), np.float32)), moved], (-1, 2)))
    assert id_limits(parse(writer.pack())) == ({} if limit is None else {"ids": limit})
