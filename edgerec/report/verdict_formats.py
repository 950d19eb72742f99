"""The formats that `edgerec check` writes to files, by name."""

import json
from collections.abc import Callable, Mapping

from edgerec.report.outcome import Outcome
from edgerec.report.verdict_annotations import verdict_annotations
from edgerec.report.verdict_junit import verdict_junit
from edgerec.report.verdict_markdown import verdict_markdown
from edgerec.report.verdict_sarif import verdict_sarif
from edgerec.report.verdict_text import verdicts_json


def verdict_json(outcome: Outcome) -> str:
    """Give the JSON text that edgerec/schemas/verdict.schema.json describes."""
    return json.dumps({**verdicts_json(outcome.verdicts), "refusal": outcome.refusal}, indent=2) + "\n"


FORMATS: Mapping[str, Callable[[Outcome], str]] = {
    "json": verdict_json,
    "markdown": verdict_markdown,
    "junit": verdict_junit,
    "sarif": verdict_sarif,
    "github": verdict_annotations,
}
"""What each format makes of an outcome, a whole file of UTF-8 text."""
