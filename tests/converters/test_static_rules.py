from typing import Any

import pytest

from converters.static_rules import static_findings
from converters.tflite_file import parse


def found(builder: Any) -> list[tuple[str, str, str]]:
    return [(one.rule, one.level, one.op) for one in static_findings(parse(builder.pack()))]


def test_a_plain_model_has_none(maker: Any) -> None:
    assert list(static_findings(parse(maker.history_float32()))) == []


def test_strings_are_told(maker: Any) -> None:
    builder = maker.Builder()
    graph = builder.graph()
    text = graph.tensor("query", (1,), "STRING")
    graph.signature({"query": text}, {"same": text})
    assert found(builder) == [("string-input", "warning", "input")]


def test_a_free_axis_other_than_the_batch_is_told(maker: Any) -> None:
    builder = maker.Builder()
    graph = builder.graph()
    value = graph.tensor("value", (1, 4))
    graph.part.tensors[value].shapeSignature = [-1, -1]
    graph.signature({"value": value}, {})
    assert found(builder) == [("free-axis", "warning", "signature")]


@pytest.mark.parametrize("op", ["VAR_HANDLE", "HASHTABLE", "CALL_ONCE"])
def test_state_between_calls_is_told(maker: Any, op: str) -> None:
    builder = maker.Builder()
    graph = builder.graph()
    value = graph.tensor("value", (1, 4))
    graph.op(op, [value], [value])
    graph.signature({"value": value}, {})
    assert found(builder) == [("resource-variable", "warning", op)]


def test_variable_tensors_are_told(maker: Any) -> None:
    builder = maker.Builder()
    graph = builder.graph()
    value, state = graph.tensor("value", (1, 4)), graph.tensor("state", (1, 4))
    graph.part.tensors[state].isVariable = True
    graph.signature({"value": value}, {})
    assert found(builder) == [("resource-variable", "warning", "variable tensor")]
