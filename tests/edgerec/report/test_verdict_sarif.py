import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for

from edgerec.gate.verdict import Check
from edgerec.report.outcome import Outcome
from edgerec.report.verdict_sarif import verdict_sarif

FIXTURES = Path(__file__).parents[2] / "fixtures"


@pytest.fixture(scope="module")
def sarif_2_1_0() -> Validator:
    """Give what validates against the published schema; tests/fixtures/NOTE.md says where it is from."""
    schema = json.loads((FIXTURES / "sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))
    return validator_for(schema)(schema)


def run_of(outcome: Outcome) -> dict:
    (run,) = json.loads(verdict_sarif(outcome))["runs"]
    return run


def test_what_does_not_hold_is_a_result_at_the_line_of_its_limit(outcome: Outcome, sarif_2_1_0: Validator) -> None:
    run = run_of(outcome)
    size, p50 = run["results"]
    assert [(one["ruleId"], one["level"]) for one in (size, p50)] == [("app_bytes", "error"), ("p50", "note")]
    assert size["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "models/edgerec.toml", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 12},
            }
        }
    ]
    assert size["message"]["text"].startswith("mf.edgerec: app_bytes is 428.0 KiB, 8.0 KiB (1.9 %) over the limit")
    assert "or change the limit: edgerec.toml:12" in size["message"]["text"]
    rules = run["tool"]["driver"]["rules"]
    assert [rules[one["ruleIndex"]]["id"] for one in (size, p50)] == ["app_bytes", "p50"]
    assert rules[0]["shortDescription"]["text"] == "what ships in the app, on disk"
    assert run["invocations"][0]["exitCode"] == 1


def test_a_refusal_is_a_run_that_did_not_succeed(refused: Outcome, sarif_2_1_0: Validator) -> None:
    run = run_of(refused)
    (invocation,) = run["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 2)
    (told,) = invocation["toolConfigurationNotifications"]
    assert told["message"]["text"] == refused.refusal
    assert told["locations"][0]["physicalLocation"]["region"] == {"startLine": 6}
    assert run["results"] == []
    sarif_2_1_0.validate(json.loads(verdict_sarif(refused)))


def test_a_result_has_the_same_fingerprint_in_every_run_and_no_other_has_it(outcome: Outcome) -> None:
    verdict = outcome.verdicts[1]
    golden, size, p50 = verdict.checks

    def fingerprints(*checks: Check) -> list[str]:
        made = replace(outcome, verdicts=(replace(verdict, checks=checks),))
        return [one["partialFingerprints"]["edgerecCheck/v1"] for one in run_of(made)["results"]]

    assert fingerprints(golden, size, p50) == fingerprints(replace(size, measured=999_999), p50)
    assert len(set(fingerprints(size, p50, replace(p50, measurer="pi"), size))) == 4


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_it_is_sarif_whatever_the_names(
    outcomes: st.SearchStrategy[Outcome], sarif_2_1_0: Validator, data: st.DataObject
) -> None:
    outcome = data.draw(outcomes)
    text = verdict_sarif(outcome)
    sarif_2_1_0.validate(json.loads(text))
    run = json.loads(text)["runs"][0]
    messages = [one["message"]["text"] for one in run["results"]]
    assert len(messages) == sum(not check.held for one in outcome.verdicts for check in one.checks)
    assert not any("](" in message for message in messages)
    assert all(line.isprintable() for message in messages for line in message.split("\n"))
