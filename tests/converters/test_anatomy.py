from collections.abc import Callable
from types import ModuleType

from converters.anatomy import anatomy
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
