"""Verdicts as Markdown: the one comment on a pull request, which the next run finds by its first line and replaces."""

from collections.abc import Sequence

from edgerec.gate.verdict import Check, GrownTensor, LargeTensor, Verdict
from edgerec.report.markdown import code, details, prose, table
from edgerec.report.outcome import Outcome
from edgerec.report.quantities import size
from edgerec.report.verdict_text import NOT_HELD, next_steps, row, sentence, summary

LARGEST_BYTES = 65_536
"""GitHub takes a comment of so many characters; in bytes it holds however they are counted."""

LONGEST_STEP = 1000

_CUT = "What did not fit into a comment of 65,536 characters is left out here; the log of `edgerec check` has it all."
_PARTS = ("failing", "steps", "held", "notes")
_LEVELS = (_PARTS, _PARTS[:2], _PARTS[:1], ())


def verdict_markdown(outcome: Outcome) -> str:
    """Give the comment: the files that do not hold first, of each a table of its checks, what to do, and what holds.

    No name out of a file is more than itself in it. What is too long for a comment is left out, and that is said.
    """
    ordered = sorted(outcome.verdicts, key=bool)
    for level in _LEVELS:
        cut = [] if level == _PARTS else [_CUT, ""]
        text = "\n".join([*_head(outcome), *cut, *(line for one in ordered for line in _of_file(one, level))])
        if len(text.encode()) <= LARGEST_BYTES:
            return text
    return _as_far_as_it_fits(text)


def marker(outcome: Outcome) -> str:
    """Give the hidden first line by which a comment is found again: one for each folder of a repository."""
    within = f" in {prose(outcome.folder)}" if outcome.folder else ""
    return f"<!-- edgerec check{within} -->"


def _head(outcome: Outcome) -> list[str]:
    if outcome.refusal:
        return [
            marker(outcome),
            "### ❌ edgerec check: nothing could be checked",
            "",
            f"Why: {prose(outcome.refusal)}",
            "",
        ]
    held, files = sum(map(bool, outcome.verdicts)), len(outcome.verdicts)
    word = "✅ edgerec check: held" if outcome.held else "❌ edgerec check: not held"
    return [marker(outcome), f"### {word}", "", f"{held} of {files} file{'s'[: files != 1]} held.", ""]


def _of_file(verdict: Verdict, parts: Sequence[str]) -> list[str]:
    lines = [f"#### {'✅' if verdict else '❌'} {code(verdict.subject)}", "", f"{summary(verdict)}.", ""]
    failing = [one for state in NOT_HELD for one in verdict.of(state)]
    if failing and "failing" in parts:
        lines += [*_checks(failing), ""]
    if failing and "steps" in parts:
        lines += details("What to do", [line for one in failing for line in _steps(one)])
    held = verdict.of("held")
    if held and "held" in parts:
        lines += details(f"What holds: {len(held)} of {len(verdict.checks)} checks", _checks(held))
    if verdict.notes and "notes" in parts:
        lines += details("Notes", [f"- note: {prose(note)}" for note in verdict.notes])
    return lines


def _checks(checks: Sequence[Check]) -> list[str]:
    return table(("", "check", "measured", "limit", "from", "set in"), list(map(_cells, checks)), right=(2, 3))


def _cells(check: Check) -> tuple[str, ...]:
    _, name, measured, sign, limit, origin = map(prose, row(check))
    where = code(check.where) if check.where else ""
    return f"{_sign(check)} {check.state}", name, measured, f"{sign} {limit}".strip(), origin, where


def _sign(check: Check) -> str:
    if check.held:
        return "✅"
    return "⚠️" if check else "❌"


def _steps(check: Check) -> list[str]:
    tensors = list(map(_grown, check.grew)) or list(map(_large, check.largest))
    steps = [f"{lead}: {code(step, longest=LONGEST_STEP)}" for lead, step in next_steps(check)]
    return [f"- {check.state}: {prose(sentence(check))}", *(f"  - {one}" for one in [*tensors, *steps])]


def _grown(one: GrownTensor) -> str:
    before = f"from {size(one.before_bytes)} to" if one.before_dtype else "is new,"
    return f"{code(one.name)} {before} {size(one.size_bytes)}"


def _large(one: LargeTensor) -> str:
    return f"{code(one.name)} {prose(f'{one.dtype} {list(one.shape)}')}, {size(one.size_bytes)}"


def _as_far_as_it_fits(text: str) -> str:
    kept: list[str] = []
    left = LARGEST_BYTES
    for line in text.split("\n"):
        left -= len(line.encode()) + 1
        if left < 0:
            break
        kept.append(line)
    return "\n".join(kept)
