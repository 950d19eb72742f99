"""Verdicts as GitHub's annotations: commands in the log of a workflow that mark the line to edit."""

from collections.abc import Mapping

from edgerec.gate.verdict import Check, Location, Verdict
from edgerec.report.console import visible
from edgerec.report.outcome import Outcome
from edgerec.report.verdict_text import told

_DATA: Mapping[str, str] = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY: Mapping[str, str] = {**_DATA, ":": "%3A", ",": "%2C"}


def verdict_annotations(outcome: Outcome) -> str:
    """Give an `::error` line for each check that may not pass and a `::warning` for one that may undecided.

    GitHub shows the first ten of each in a step.
    """
    if outcome.refusal:
        return annotation("error", outcome.refused_at, "edgerec check", visible(outcome.refusal))
    found = [(verdict, check) for verdict in outcome.verdicts for check in verdict.checks if not check.held]
    return "".join(_of_check(outcome, verdict, check) for verdict, check in found)


def _of_check(outcome: Outcome, verdict: Verdict, check: Check) -> str:
    message = f"{visible(verdict.subject)}: {told(check)}"
    title = f"{check.state}: {visible(check.name)}"
    return annotation("warning" if check else "error", outcome.place(verdict, check), title, message)


def annotation(level: str, location: Location | None, title: str, message: str) -> str:
    """Give the line that makes an annotation, `level` is error, warning or notice; every text is taken as it is.

    Source: @actions/core, GitHub's own toolkit, whose escapes these are.
    """
    properties = {"title": title}
    if location is not None:
        properties |= {"file": location.file, "line": str(location.line or 1)}
    written = ",".join(f"{key}={_escaped(value, _PROPERTY)}" for key, value in properties.items())
    return f"::{level} {written}::{_escaped(message, _DATA)}\n"


def _escaped(text: str, by: Mapping[str, str]) -> str:
    return "".join(by.get(letter, letter) for letter in text)
