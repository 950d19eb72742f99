"""Verdicts as SARIF 2.1.0, with the line of edgerec.toml that each missed limit is written in."""

import hashlib
import json
from urllib.parse import quote

from edgerec.gate.limit_kind import UnknownLimitError, limit_kind
from edgerec.gate.verdict import Check, Location, Verdict
from edgerec.report.console import visible
from edgerec.report.outcome import Outcome, named_apart
from edgerec.report.verdict_text import told

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_Json = dict[str, object]


def verdict_sarif(outcome: Outcome) -> str:
    """Give the log of one run: a result for each check that does not hold, an error where it may not pass, else a note.

    Paths are relative to the repository (`%SRCROOT%`). Results of the same check of the same file have the same
    fingerprint in every run. A refusal is a run that did not succeed. Source: OASIS, Static Analysis Results
    Interchange Format 2.1.0, and what GitHub asks of it.
    """
    from importlib import metadata  # noqa: PLC0415  slow to load, and nothing else in `check` needs it

    names = list(dict.fromkeys(one.name for verdict in outcome.verdicts for one in verdict.checks if not one.held))
    run: _Json = {
        "tool": {
            "driver": {
                "name": "edgerec",
                "version": metadata.version("edgerec"),
                "rules": [_rule(name) for name in names],
            }
        },
        "invocations": [_invocation(outcome)],
        "artifacts": [
            {
                "location": _artifact(outcome.in_repository(verdict.subject)),
                "hashes": {"sha-256": verdict.sha256},
            }
            for verdict in outcome.verdicts
        ],
        "results": [
            _result(outcome, verdict, check, name, names.index(check.name))
            for verdict in outcome.verdicts
            for name, check in named_apart(verdict.checks)
            if not check.held
        ],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(name: str) -> _Json:
    try:
        meaning = limit_kind(name).meaning
    except UnknownLimitError:
        meaning = "what every file has to hold, whatever its budget"
    return {"id": name, "shortDescription": {"text": meaning}, "fullDescription": {"text": f"{name}: {meaning}."}}


def _invocation(outcome: Outcome) -> _Json:
    if outcome.refusal:
        told: _Json = {"level": "error", "message": _message(visible(outcome.refusal))}
        if outcome.refused_at is not None:
            told["locations"] = [_location(outcome.refused_at)]
        return {"executionSuccessful": False, "exitCode": 2, "toolConfigurationNotifications": [told]}
    notes = [
        {"level": "note", "message": _message(visible(f"{verdict.subject}: {note}"))}
        for verdict in outcome.verdicts
        for note in verdict.notes
    ]
    return {"executionSuccessful": True, "exitCode": int(not outcome.held), "toolExecutionNotifications": notes}


def _result(outcome: Outcome, verdict: Verdict, check: Check, name: str, rule: int) -> _Json:
    identity = json.dumps([outcome.in_repository(verdict.subject), name])
    return {
        "ruleId": check.name,
        "ruleIndex": rule,
        "level": "note" if check else "error",
        "message": _message(f"{visible(verdict.subject)}: {told(check)}"),
        "locations": [_location(outcome.place(verdict, check))],
        "relatedLocations": [_location(Location(outcome.in_repository(verdict.subject), None))],
        "partialFingerprints": {"edgerecCheck/v1": hashlib.sha256(identity.encode()).hexdigest()},
        "properties": {"state": check.state, "subject": visible(verdict.subject)},
    }


def _message(text: str) -> _Json:
    # In plain text of SARIF `[words](address)` is a link, and a name out of a file may not make one.
    return {"text": text.replace("](", "] (")}


def _location(location: Location) -> _Json:
    physical: _Json = {"artifactLocation": _artifact(location.file)}
    if location.line is not None:
        physical["region"] = {"startLine": location.line}
    return {"physicalLocation": physical}


def _artifact(path: str) -> _Json:
    address = quote(path)
    return {"uri": f"file://{address}"} if path.startswith("/") else {"uri": address, "uriBaseId": "%SRCROOT%"}
