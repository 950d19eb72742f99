"""What a file asks of a runtime, and what a runtime said when it was asked, as text and as JSON."""

from collections import Counter

from converters.finding import Finding
from converters.runtime_table import KERNELS, RuntimeTable
from device_tests.record import to_json
from edgerec.contracting import Contract
from edgerec.report.console import BOLD, GREEN, PLAIN, RED, YELLOW, Style, table, visible

JSON_VERSION = 1
SHOWN_TENSORS = 3
_COLOURS = {"error": RED, "warning": YELLOW, "unknown": YELLOW}


def contract_text(contract: Contract, style: Style = PLAIN) -> str:
    """Give a contract as text: the answer, each finding with its evidence and remedy, and what it rests on."""
    count = Counter(one.level for one in contract.findings)
    counts = ", ".join(
        f"{count[level]} {level}{'s' if count[level] > 1 and level != 'unknown' else ''}" for level in count
    )
    answer = style.paint("holds", GREEN) if contract else style.paint("broken", RED)
    head = f"{style.paint(visible(contract.subject), BOLD)} on {visible(contract.runtime)}: {answer}"
    parts = [f"{head} ({counts})" if counts else head]
    parts += [_finding(one, style) for one in contract.findings]
    return "\n".join([*parts, _rests_on(contract)])


def contract_json(contract: Contract) -> dict[str, object]:
    """Give a contract as plain JSON values."""
    return {"version": JSON_VERSION, **to_json(contract), "held": bool(contract)}


def table_text(answers: RuntimeTable, style: Style = PLAIN) -> str:
    """Give what a runtime said as text: how many ops it takes, and the weights that it does not answer rightly."""
    pairs = sum(map(len, answers.ops.values()))
    head = f"{style.paint(visible(answers.runtime), BOLD)} on {visible(answers.platform)}, asked on {answers.date}"
    rows = []
    for use in sorted(answers.weights):
        for kernels in KERNELS:
            by_outcome: dict[str, list[int]] = {}
            for version, answer in answers.weights[use].get(kernels, {}).items():
                by_outcome.setdefault(answer.outcome, []).append(version)
            rows += [
                (use.op, f"{min(versions)} to {max(versions)}", str(use), kernels, outcome)
                for outcome, versions in by_outcome.items()
                if outcome != "right"
            ]
    models = sum(len(one.get("default", {})) for one in answers.weights.values())
    taken = f"  takes {len(answers.ops)} ops in {pairs} versions; {models} one-operator models were run"
    if not rows:
        return f"{head}\n{taken}, all answered rightly"
    header = ("op", "versions", "weights", "kernels", "outcome")
    return f"{head}\n{taken}; not answered rightly:\n{table(header, rows, indent='  ')}"


def _finding(one: Finding, style: Style) -> str:
    evidence = one.evidence
    asked = ", ".join(part for part in (evidence.runtime, evidence.platform, evidence.date) if part)
    lines = [
        f"  {style.paint(one.level, _COLOURS[one.level])} {one.rule}: {visible(one.op)}",
        f"    {visible(evidence.seen)}{f' [{visible(asked)}]' if asked else ''}",
        *([f"    tensors: {_tensors(one)}"] if one.tensors else []),
        f"    remedy: {visible(one.remedy)}",
    ]
    return "\n".join(lines)


def _tensors(one: Finding) -> str:
    shown = ", ".join(map(visible, one.tensors[:SHOWN_TENSORS]))
    left = len(one.tensors) - SHOWN_TENSORS
    return f"{shown} and {left} more" if left > 0 else shown


def _rests_on(contract: Contract) -> str:
    tables = "; ".join(f"{visible(one.platform)} on {visible(one.date)}" for one in contract.tables)
    replay = "; golden outputs replayed in it" if contract.replayed else ""
    return f"  by what {visible(contract.runtime)} said when it was asked: {tables}{replay}"
