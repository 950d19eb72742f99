from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from converters import tflite_file
from converters.graph_writer import GraphWriter
from converters.tables.float32_rows import Float32Rows
from converters.tables.operations import cast
from converters.tables.scorer import scorer_file
from converters.tflite_file import TfliteFile
from device_tests.manifest import Input
from edgerec.config import InputSetting
from edgerec.given_file import GivenFileError, entry_point, precision_of, roles_of
from edgerec.packing import EntryPoint

FIXTURES = Path(__file__).parents[1] / "fixtures"
SAID = (InputSetting("history", "history", None, 40),)


@pytest.fixture
def tiny(tiny_tflite: bytes) -> TfliteFile:
    return tflite_file.parse(tiny_tflite)


def test_roles_are_as_said_with_lengths_and_ids_out_of_the_file(tiny: TfliteFile) -> None:
    roles = roles_of(tiny, SAID, name="mine", items=40)
    assert (roles.name, roles.kind, roles.items) == ("mine", "catalogue", 40)
    (history,) = roles.inputs
    assert (history.length, history.ids, history.padding_id) == (4, 41, 40)
    (said,) = roles_of(tiny, (InputSetting("history", "history", 7, 0),), name="mine", items=40).inputs
    assert said.ids == 7


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ((), "the model's inputs are history; say the role of each, such as --input history=history"),
        (
            (InputSetting("history", "history"),),
            "does not tell which id fills short ones; .* --input history=history,40",
        ),
        ((InputSetting("histry", "history"),), r"no input histry \(did you mean history\?\); it has history"),
    ],
)
def test_inputs_that_are_not_the_files_are_refused(
    tiny: TfliteFile, said: tuple[InputSetting, ...], message: str
) -> None:
    with pytest.raises(GivenFileError, match=message):
        roles_of(tiny, said, name="mine", items=40)


def test_an_input_that_looks_nothing_up_needs_its_ids_said() -> None:
    writer = GraphWriter()
    writer.output("scores", cast(writer, writer.input("value", (-1, 4), "INT32"), "FLOAT32"))
    with pytest.raises(GivenFileError, match="input value reaches no table"):
        roles_of(tflite_file.parse(writer.pack()), (InputSetting("value", "history"),), name="mine", items=4)


def test_a_vector_is_as_long_as_the_file_says() -> None:
    scorer = tflite_file.parse(scorer_file(Float32Rows(np.ones((5, 3), np.float32))))
    roles = roles_of(scorer, (InputSetting("vector", "vector"),), name="mine", items=5)
    assert (roles.kind, roles.inputs) == ("catalogue", (Input("vector", "vector", 3, 0, None),))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (InputSetting("vector", "history"), "takes FLOAT32 numbers, so it is no history; say --input vector=vector"),
        (InputSetting("vector", "user"), "takes FLOAT32 numbers, so it is no user; say --input vector=vector"),
        (InputSetting("vector", "vector", 5), "vector is a vector, which has neither ids nor a padding id"),
        (InputSetting("vector", "vector", None, 0), "vector is a vector, which has neither ids nor a padding id"),
    ],
)
def test_numbers_are_a_vector_and_nothing_else(said: InputSetting, message: str) -> None:
    scorer = tflite_file.parse(scorer_file(Float32Rows(np.ones((5, 3), np.float32))))
    with pytest.raises(GivenFileError, match=message):
        roles_of(scorer, (said,), name="mine", items=5)


def test_ids_are_no_vector(tiny: TfliteFile) -> None:
    with pytest.raises(
        GivenFileError, match=r"history is INT32 of shape \[1, 4\], expected FLOAT32 of shape \[1, columns\]"
    ):
        roles_of(tiny, (InputSetting("history", "vector"),), name="mine", items=40)


def test_the_entry_point_is_the_one_signature_and_output(tiny: TfliteFile) -> None:
    assert entry_point(tiny) == EntryPoint("serving_default", "scores")
    with pytest.raises(GivenFileError, match="user with 1 outputs, item with 1 outputs, expected one"):
        entry_point(tflite_file.read(FIXTURES / "two_signatures.tflite"))


@pytest.mark.parametrize(
    ("name", "precision"),
    [
        ("history_float32", "float32"),
        ("history_hybrid", "dynamic_int8"),
        ("history_full_int8", "full_int8"),
        ("converted_gru_float32", "float32"),
        ("converted_gru_float16", "float16"),
        ("converted_gru_dynamic_int8", "dynamic_int8"),
        ("converted_gru_full_int8", "full_int8"),
    ],
)
def test_the_precision_is_told_by_types(name: str, precision: str) -> None:
    assert precision_of(tflite_file.read(FIXTURES / f"{name}.tflite")) == precision


@pytest.mark.parametrize(("added", "precision"), [(False, "dynamic_int8"), (True, "full_int8")])
def test_int8_rows_that_only_move_are_no_int8_arithmetic(maker: ModuleType, added: bool, precision: str) -> None:
    builder = maker.Builder()
    graph = builder.graph()
    table = graph.constant("table", np.ones((6, 8), np.int8), scales=(0.1,))
    history = graph.tensor("history", (1, 4), "INT32")
    last = graph.tensor("rows", (1, 4, 8), "INT8", scales=(0.1,))
    graph.op("GATHER", [table, history], [last], options="GatherOptions", axis=0)
    flat = graph.tensor("flat", (1, 32), "INT8", scales=(0.1,))
    graph.op("RESHAPE", [last, graph.constant("shape", np.array([-1, 32], np.int32))], [flat])
    if added:
        summed = graph.tensor("sum", (1, 32), "INT8", scales=(0.1,))
        graph.op("ADD", [flat, flat], [summed], options="AddOptions")
        flat = summed
    scores = graph.tensor("scores", (1, 32))
    graph.op("DEQUANTIZE", [flat], [scores])
    graph.signature({"history": history}, {"scores": scores})
    assert precision_of(tflite_file.parse(builder.pack())) == precision
