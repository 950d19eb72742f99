from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml, Skipped
from xmlschema import XMLSchema

from edgerec.report.console import visible
from edgerec.report.outcome import Outcome
from edgerec.report.verdict_junit import verdict_junit

SCHEMA = XMLSchema(Path(__file__).parents[2] / "fixtures" / "junit-10.xsd")


def read(outcome: Outcome) -> JUnitXml:
    """Read what junitparser makes of it, once the strictest of JUnit's readers would not refuse it."""
    text = verdict_junit(outcome)
    SCHEMA.validate(text)
    return JUnitXml.fromstring(text.encode())


def test_a_check_is_a_case_that_passes_fails_or_is_skipped(outcome: Outcome) -> None:
    held, missed = read(outcome)
    assert (held.name, held.tests, held.failures, held.skipped) == ("gru.edgerec", 1, 0, 0)
    assert (missed.name, missed.tests, missed.failures, missed.skipped) == ("mf.edgerec", 3, 1, 1)
    golden, size, p50 = missed
    assert (golden.name, golden.classname, golden.result) == ("golden", "mf.edgerec", [])
    (failure,) = size.result
    assert isinstance(failure, Failure)
    assert failure.type == "missed"
    assert failure.message == "app_bytes is 428.0 KiB, 8.0 KiB (1.9 %) over the limit of 420.0 KiB"
    assert failure.text.split("\n")[1:] == [
        "items/table INT8 [2415, 64], 150.9 KiB",
        "see: edgerec inspect gru.edgerec",
        "or change the limit: edgerec.toml:12",
    ]
    (skipped,) = p50.result
    assert isinstance(skipped, Skipped)
    assert skipped.type == "unproven"
    assert missed._elem.findtext("system-out") == "note: pi.json: not quiet"


def test_a_refusal_is_an_error(refused: Outcome) -> None:
    (suite,) = read(refused)
    assert (suite.tests, suite.failures, suite.errors) == (1, 0, 1)
    (case,) = suite
    (error,) = case.result
    assert isinstance(error, Error)
    assert error.message == refused.refusal


@settings(max_examples=60)
@given(st.data())
def test_every_name_is_read_back_and_none_breaks_the_xml(
    outcomes: st.SearchStrategy[Outcome], data: st.DataObject
) -> None:
    outcome = data.draw(outcomes)
    suites = list(read(outcome))
    if outcome.refusal:
        assert [case.result[0].message for suite in suites for case in suite] == [visible(outcome.refusal)]
        return
    assert [suite.name for suite in suites] == [visible(one.subject) for one in outcome.verdicts]
    for suite, verdict in zip(suites, outcome.verdicts, strict=True):
        cases = list(suite)
        assert len(cases) == suite.tests == len(verdict.checks)
        assert suite.failures == sum(not check for check in verdict.checks)
        for case, check in zip(cases, verdict.checks, strict=True):
            assert case.name.startswith(visible(check.name))
            assert bool(case.result) is not bool(check.held)
        assert len({case.name for case in cases}) == len(cases)
