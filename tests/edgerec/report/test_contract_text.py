from converters.finding import Evidence, Finding
from converters.runtime_table import Answer, RuntimeTable
from converters.weight_use import WeightUse
from edgerec.contracting import Asked, Contract
from edgerec.report.contract_text import contract_json, contract_text, table_text

FINDING = Finding(
    "wrong-answers",
    "error",
    "FULLY_CONNECTED 1",
    Evidence("it loads and answers wrongly", "a==1", "linux_x", "2026-11-25"),
    "quantize otherwise",
    ("k\x1b[31m", "b", "c", "d"),
)
ASKED = (Asked("a==1", "linux_x", "2026-11-25"),)


def test_a_finding_is_shown_with_evidence_and_remedy_and_names_cannot_steer_the_terminal() -> None:
    assert contract_text(Contract("m\n.tflite", "a==1", ASKED, (FINDING,))).splitlines() == [
        r"m\n.tflite on a==1: broken (1 error)",
        "  error wrong-answers: FULLY_CONNECTED 1",
        "    it loads and answers wrongly [a==1, linux_x, 2026-11-25]",
        r"    tensors: k\x1b[31m, b, c and 1 more",
        "    remedy: quantize otherwise",
        "  by what a==1 said when it was asked: linux_x on 2026-11-25",
    ]


def test_a_contract_without_findings_holds() -> None:
    text = contract_text(Contract("m.tflite", "a==1", ASKED, (), replayed=True))
    assert text.splitlines()[0] == "m.tflite on a==1: holds"
    assert text.endswith("; golden outputs replayed in it")


def test_json_has_all_of_a_finding() -> None:
    plain = contract_json(Contract("m.tflite", "a==1", ASKED, (FINDING,)))
    (found,) = plain["findings"]  # type: ignore[misc]
    assert (plain["held"], found["rule"], found["evidence"]["platform"]) == (False, "wrong-answers", "linux_x")


def test_a_table_shows_only_what_is_not_answered_rightly() -> None:
    use = WeightUse("FULLY_CONNECTED", "INT8", "row", "dense", "FLOAT32", "FLOAT32")
    answers = {"default": {1: Answer("right"), 2: Answer("wrong"), 3: Answer("wrong")}}
    table = RuntimeTable("a==1", "linux_x", "2026-11-25", 20, {"FULLY_CONNECTED": frozenset({1, 2, 3})}, {use: answers})
    text = table_text(table)
    assert "takes 1 ops in 3 versions; 3 one-operator models were run" in text
    *_, last = text.splitlines()
    assert "INT8 per row weights with FLOAT32 to FLOAT32" in last
    assert (last.split()[:4], last.split()[-2:]) == (["FULLY_CONNECTED", "2", "to", "3"], ["default", "wrong"])
