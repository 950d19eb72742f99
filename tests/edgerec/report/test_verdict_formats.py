import json
from importlib.resources import files
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from edgerec.report.outcome import Outcome
from edgerec.report.verdict_formats import FORMATS, verdict_json

SCHEMA = json.loads(files("edgerec").joinpath("schemas/verdict.schema.json").read_text(encoding="utf-8"))


def closed(schema: Any) -> Any:
    """Give a schema that takes no field which it does not describe: the published one lets later versions add some."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    parts = {key: closed(value) for key, value in schema.items()}
    return {**parts, "additionalProperties": False} if "required" in schema and "type" in schema else parts


def test_the_schema_is_one_and_describes_every_field() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    fields = [
        *SCHEMA["properties"].values(),
        *(one for part in SCHEMA["$defs"].values() for one in part["properties"].values()),
    ]
    assert all("description" in field for field in fields)


@given(st.data())
def test_json_is_what_the_published_schema_says_and_no_more(
    outcomes: st.SearchStrategy[Outcome], data: st.DataObject
) -> None:
    Draft202012Validator(closed(SCHEMA)).validate(json.loads(verdict_json(data.draw(outcomes))))


def test_the_schema_refuses_what_contradicts_itself(outcome: Outcome) -> None:
    value = json.loads(verdict_json(outcome))
    value["verdicts"][0]["checks"][0]["state"] = "missed"
    assert not Draft202012Validator(SCHEMA).is_valid(value)


@given(st.data())
def test_every_format_is_text_that_can_be_written(outcomes: st.SearchStrategy[Outcome], data: st.DataObject) -> None:
    outcome = data.draw(outcomes)
    for made in FORMATS.values():
        made(outcome).encode()
