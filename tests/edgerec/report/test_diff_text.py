import json
import re
from pathlib import Path

from edgerec.diff import diff
from edgerec.inspection import inspect
from edgerec.model_file import read_model_file
from edgerec.rankings_apart import RankingsApart
from edgerec.report.diff_text import diff_json, diff_text
from edgerec.statistics import Interval

FIXTURES = Path(__file__).parents[2] / "fixtures"
APART = RankingsApart("tflite-runtime==2.14.0", 4333, 10, 0.91, 0.934, 0.9, 0.2, 0.21, Interval(0.01, -0.002, 0.02))


def squeezed(text: str) -> str:
    return re.sub(r" +", " ", text)


def inspected(name: str) -> object:
    return inspect(read_model_file(FIXTURES / f"{name}.tflite"))


def test_what_changed_is_told_and_what_did_not_is_counted() -> None:
    found = diff(inspected("history_float32"), inspected("history_hybrid"))  # type: ignore[arg-type]
    text = squeezed(diff_text(found))
    assert "different content (" in text
    assert "table changed FLOAT32 -> INT8 [31, 8] 992 B -> 248 B none -> 0.02344 3.2 % -> 4.0 % data" in text
    assert "tensors, 2 of 4 the same" in text
    assert "axis" not in text
    assert "axis" in diff_text(found, every=True)
    assert "FULLY_CONNECTED 9 0 1" in text
    assert "oldest runtime 1.6.0 2.3.0" in text
    assert "table 992 B 248 B -744 B (-75.0 %)" in text


def test_the_same_is_said_in_a_word() -> None:
    one = inspected("history_hybrid")
    text = diff_text(diff(one, one))  # type: ignore[arg-type]
    assert "the same content (" in text
    assert "equal to the byte" in text
    assert "tensors" not in text
    assert "--run" not in text


def test_recommendations_have_their_interval(tiny_bundle: Path) -> None:
    one = inspect(read_model_file(tiny_bundle))
    text = squeezed(diff_text(diff(one, one), APART))
    assert "asked 4,333 users, top 10, in tflite-runtime==2.14.0" in text
    assert "rank-biased overlap 0.934, persistence 0.9" in text
    assert "recall@10 20.00 % -> 21.00 %" in text
    assert "change +1.00 points, 95 % interval -0.20 to +2.00" in text


def test_json_holds_both_files_and_every_tensor() -> None:
    found = diff(inspected("history_float32"), inspected("unknown_op"))  # type: ignore[arg-type]
    value = json.loads(json.dumps(diff_json(found, APART)))
    assert value["same_content"] is False
    assert value["new"]["flex"] == ["FlexErf"]
    assert {one["status"] for one in value["tensors"]} == {"removed"}
    assert value["tensors"][0]["old"]["name"] == "table"
    assert value["tensors"][0]["new"] is None
    assert value["recommendations"]["recall_change"] == {"estimate": 0.01, "low": -0.002, "high": 0.02}
    text = squeezed(diff_text(found))
    assert "Flex ops none FlexErf" in text
    assert "serving_default old history INT32 [any, 5] ids 0 to 30 -> scores FLOAT32 [any, 30]" in text
