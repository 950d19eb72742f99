import time
from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest

from converters.anatomy import anatomy
from converters.signature_limits import FreeAxis, free_axes, id_limits
from converters.tflite_file import parse


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
