"""What a file asks of a runtime, and that running it proves every answer."""

from collections.abc import Callable

import numpy as np
import pytest

from converters import numpy_reference
from converters.contract import contract, findings_by_table
from converters.errors import TableError
from converters.finding import Finding
from converters.graph_writer import GraphWriter
from converters.probes.archive import probes
from converters.probes.models import ANY_VERSION, Probe, fully_connected
from converters.probes.weights import integers
from converters.runtime_table import Answer, RuntimeTable, tables_of
from converters.tflite_file import TfliteFile, parse
from converters.weight_use import WeightUse

OLD, NEW = "tflite-runtime==2.14.0", "ai-edge-litert==2.3.0"
Load = Callable[[str], bytes]


def errors(file: TfliteFile, runtime: str) -> list[Finding]:
    return [one for one in contract(file, runtime) if one.level == "error"]


def test_per_channel_weights_under_version_1_are_wrong_on_2_14_and_right_on_litert(
    load: Load, on_device: Callable[..., list[dict[str, np.ndarray] | str]]
) -> None:
    model = load("history_garbage_on_2_14")
    file = parse(model)
    (found,) = errors(file, OLD)
    assert (found.rule, found.op, found.tensors) == ("wrong-answers", "FULLY_CONNECTED 1", ("kernel",))
    assert (found.evidence.runtime, bool(found.evidence.platform), bool(found.evidence.date)) == (OLD, True, True)
    assert "per row" in found.evidence.seen
    assert "--precision dynamic_int8" in found.remedy
    assert NEW in found.remedy
    assert errors(file, NEW) == []

    history = {"history": np.random.default_rng(0).integers(0, 30, (4, 5)).astype(np.int32)}
    right = numpy_reference.run(file, history)["scores"]
    for runtime, agrees in ((OLD, False), (NEW, True)):
        (answer,) = on_device(runtime, [(model, history)])
        assert not isinstance(answer, str)
        assert bool(np.abs(answer["scores"] - right).max() < 0.05 * np.abs(right).max()) is agrees


@pytest.mark.parametrize("runtime", [OLD, NEW])
def test_what_a_table_says_of_weights_comes_out_again_when_signatures_are_called(
    runtime: str, on_device: Callable[..., list[dict[str, np.ndarray] | str]]
) -> None:
    (table,) = (one for one in tables_of(runtime) if one.platform == "linux_x86_64")
    harmless = [one for one in probes() if is_read_within_bounds(one)]
    asked = [(one, version) for one in harmless for version in (1, 8, 12) if told(table, one, version) not in NOT_RUN]
    cases = [
        (one.model.replace(ANY_VERSION.to_bytes(4, "little"), version.to_bytes(4, "little")), given(one))
        for one, version in asked
    ]
    outcomes = [outcome(one, answer) for (one, _), answer in zip(asked, on_device(runtime, cases), strict=True)]
    assert outcomes == [told(table, one, version) for one, version in asked]
    assert {"right", "wrong", "refused"} <= set(outcomes)


NOT_RUN = {"died", "not taken"}


def is_read_within_bounds(probe: Probe) -> bool:
    """Whether a runtime that misreads the weights stays within them; here all models run in one process."""
    return not probe.use.granularity.startswith("block") and not probe.use.layout.startswith(("sparse", "split"))


def told(table: RuntimeTable, probe: Probe, version: int) -> str:
    answer = table.answer(probe.use, version)
    return "not taken" if answer is None else answer.outcome


def given(probe: Probe) -> dict[str, np.ndarray]:
    (name,) = parse(probe.model).signatures[0].inputs
    return {name: probe.trials[-1].given}


def outcome(probe: Probe, answer: dict[str, np.ndarray] | str) -> str:
    if isinstance(answer, str):
        return "refused"
    (got,) = answer.values()
    trial = probe.trials[-1]
    return "right" if bool((np.abs(got.astype(np.float64) - trial.right) <= trial.allowed).all()) else "wrong"


@pytest.mark.parametrize("name", ["history_float32", "history_hybrid", "history_full_int8", "two_signatures"])
@pytest.mark.parametrize("runtime", [OLD, NEW])
def test_files_that_are_known_to_run_hold(load: Load, name: str, runtime: str) -> None:
    assert errors(parse(load(name)), runtime) == []


def test_a_version_that_a_runtime_refuses_is_an_error_that_names_those_that_take_it(maker: object) -> None:
    file = parse(maker.history_hybrid(version=12, rows=True))  # type: ignore[attr-defined]
    (found,) = errors(file, OLD)
    assert (found.rule, found.op) == ("op-version", "FULLY_CONNECTED 12")
    assert found.evidence.seen == "asked for version 12, it takes versions 1 to 10 of it"
    assert "edgerec convert MODEL --runtime tflite-runtime==2.14.0" in found.remedy
    assert NEW in found.remedy
    assert errors(file, NEW) == []


def test_a_runtime_that_takes_a_version_and_answers_it_wrongly_is_no_remedy() -> None:
    """TensorFlow's converter writes this for DEFAULT with EXPERIMENTAL_SPARSITY."""
    sparse = fully_connected(integers("INT8", "row", sparse="1x16"), asymmetric=True, bias=True).model
    file = parse(sparse.replace(ANY_VERSION.to_bytes(4, "little"), (12).to_bytes(4, "little")))
    (found,) = errors(file, OLD)
    assert (found.rule, "ship" in found.remedy) == ("op-version", False)
    (found,) = errors(file, NEW)
    assert found.rule == "wrong-answers"
    assert "EXPERIMENTAL_SPARSITY), or switch the default delegate off" in found.remedy


def test_flex_custom_and_what_nobody_was_asked(load: Load) -> None:
    found = {(one.rule, one.level, one.op) for one in contract(parse(load("unknown_op")), OLD)}
    assert found == {
        ("custom-op", "error", "Mystery"),
        ("flex-op", "error", "FlexErf"),
        ("op-unknown", "unknown", "TANH 99"),
    }


def test_errors_come_first_whatever_was_looked_at_first() -> None:
    writer = GraphWriter()
    given = writer.input("x", (-1, -1, 4))  # a free axis, which is looked at before weights
    weights = writer.constant(np.ones((2, 4), np.int8), scales=[1.0])
    writer.output("y", writer.apply("FULLY_CONNECTED", [given, weights, -1], (-1, 2)))
    found = findings_by_table(parse(writer.pack()), (table(default="wrong"),))
    assert [one.level for one in found] == ["error", "warning"]


def test_a_runtime_without_a_table_is_refused_and_those_with_one_are_named(load: Load) -> None:
    with pytest.raises(TableError, match=r"no table of tflite-runtime==2\.13\.0, .*tflite-runtime==2\.14\.0.*--probe"):
        contract(parse(load("history_float32")), "tflite-runtime==2.13.0")


def hybrid() -> TfliteFile:
    writer = GraphWriter()
    weights = writer.constant(np.ones((2, 4), np.int8), scales=[1.0])
    writer.output("y", writer.apply("FULLY_CONNECTED", [writer.input("x", (-1, 4)), weights, -1], (-1, 2)))
    return parse(writer.pack())


USE = WeightUse("FULLY_CONNECTED", "INT8", "tensor", "dense", "FLOAT32", "FLOAT32")


def table(platform: str = "here", **outcomes: str) -> RuntimeTable:
    answers = {kernels: {1: Answer(outcome, "why")} for kernels, outcome in outcomes.items()}  # type: ignore[arg-type]
    return RuntimeTable("a==1", platform, "2026-11-25", 20, {"FULLY_CONNECTED": frozenset({1})}, {USE: answers})


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ({"default": "right"}, []),
        ({"default": "wrong"}, [("wrong-answers", "error")]),
        ({"default": "refused"}, [("weights-refused", "error")]),
        ({"default": "died"}, [("runtime-dies", "error")]),
        ({"default": "right", "none": "right", "reference": "wrong"}, [("needs-delegate", "warning")]),
        ({}, [("weights-unknown", "unknown")]),
    ],
)
def test_each_outcome_has_its_rule(outcomes: dict[str, str], expected: list[tuple[str, str]]) -> None:
    found = findings_by_table(hybrid(), (table(**outcomes),))
    assert [(one.rule, one.level) for one in found] == expected


def test_of_several_platforms_the_worst_counts_and_is_named() -> None:
    tables = table("x86", default="right"), table("arm", default="wrong"), table("mips", default="died")
    (found,) = findings_by_table(hybrid(), tables)
    assert (found.rule, found.evidence.platform) == ("runtime-dies", "mips")
    (found,) = findings_by_table(hybrid(), tables[:2])
    assert (found.rule, found.evidence.platform) == ("wrong-answers", "arm")
