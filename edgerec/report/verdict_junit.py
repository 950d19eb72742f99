"""Verdicts as JUnit XML: a test suite a file, a test case a check, for whatever shows test results."""

from xml.etree import ElementTree as ET

from edgerec.gate.verdict import Verdict
from edgerec.report.console import visible
from edgerec.report.outcome import Outcome, named_apart
from edgerec.report.verdict_text import row, sentence, told

_NAME = "edgerec check"


def verdict_junit(outcome: Outcome) -> str:
    """Give the XML. What may not pass is a failure, what the policy lets pass undecided is skipped.

    It keeps to the elements and attributes that the strict readers know, so that a line to edit stands in the text. A
    letter that XML 1.0 forbids is written as its escape.
    """
    root = ET.Element("testsuites", name=_NAME)
    if outcome.refusal:
        suite = _suite(root, _NAME, tests=1, errors=1)
        case = ET.SubElement(suite, "testcase", name="the input can be read", classname=_NAME, time="0")
        message = visible(outcome.refusal)
        ET.SubElement(case, "error", type="refused", message=message).text = message
    for verdict in outcome.verdicts:
        _of_file(root, verdict)
    ET.indent(root)
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return f"{text.decode()}\n"


def _of_file(root: ET.Element, verdict: Verdict) -> None:
    suite = _suite(
        root,
        visible(verdict.subject),
        tests=len(verdict.checks),
        failures=sum(not check for check in verdict.checks),
        skipped=sum(check.held is None and bool(check) for check in verdict.checks),
    )
    for name, check in named_apart(verdict.checks):
        _, _, measured, sign, limit, _ = row(check)
        case = ET.SubElement(suite, "testcase", name=name, classname=visible(verdict.subject), time="0")
        if check.held:
            ET.SubElement(case, "system-out").text = visible(f"{measured} {sign} {limit}")
        else:
            kind = "skipped" if check else "failure"
            ET.SubElement(case, kind, type=check.state, message=visible(sentence(check))).text = told(check)
    if verdict.notes:
        ET.SubElement(suite, "system-out").text = "\n".join(f"note: {visible(note)}" for note in verdict.notes)


def _suite(root: ET.Element, name: str, **counts: int) -> ET.Element:
    written = {key: str(counts.get(key, 0)) for key in ("tests", "failures", "errors", "skipped")}
    return ET.SubElement(root, "testsuite", {"name": name, "time": "0", **written})
