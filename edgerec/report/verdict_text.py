"""A verdict as text and as JSON: what was missed and by how much, which tensors are large, which line to edit."""

from collections.abc import Sequence

from edgerec.gate.from_file import READ
from edgerec.gate.growth import RATCHET
from edgerec.gate.verdict import FLAG, Check, GrownTensor, State, Verdict
from edgerec.report.console import BOLD, GREEN, PLAIN, RED, YELLOW, Style, table, visible
from edgerec.report.quantities import amount, shares_apart, size

JSON_VERSION = 1
_WORDS: dict[State, tuple[str, str]] = {
    "held": ("held", GREEN),
    "missed": ("MISSED", RED),
    "inconclusive": ("inconclusive", YELLOW),
    "unproven": ("unproven", YELLOW),
    "no evidence": ("no evidence", YELLOW),
}
NOT_HELD: tuple[State, ...] = ("missed", "inconclusive", "unproven", "no evidence")


def verdict_text(verdict: Verdict, style: Style = PLAIN) -> str:
    """Give one verdict: a table of all checks, then each that does not hold with what to do."""
    rows = [row(check) for check in verdict.checks]
    lines = table(("", "check", "measured", "", "limit", "from"), rows, right=(2, 4), indent="  ").split("\n")
    painted = [lines[0], *(_paint(line, check, style) for line, check in zip(lines[1:], verdict.checks, strict=True))]
    title = style.paint(visible(verdict.subject), BOLD)
    parts = [f"{title}  {verdict.sha256[:12]}", *painted]
    for check in (one for state in NOT_HELD for one in verdict.of(state)):
        parts += ["", *_explanation(check, style)]
    if verdict.notes:
        parts += ["", *(f"  note: {visible(note)}" for note in verdict.notes)]
    return "\n".join([*parts, "", f"  {style.paint(summary(verdict), GREEN if verdict else RED)}"])


def verdicts_json(verdicts: Sequence[Verdict]) -> dict[str, object]:
    """Give verdicts as plain JSON values; `held` is null where nothing proves or refutes a limit."""
    return {
        "version": JSON_VERSION,
        "held": bool(verdicts) and all(verdicts),
        "verdicts": [
            {
                "subject": verdict.subject,
                "sha256": verdict.sha256,
                "where": verdict.where,
                "held": bool(verdict),
                "checks": [_check_json(check) for check in verdict.checks],
                "notes": list(verdict.notes),
            }
            for verdict in verdicts
        ],
    }


def _check_json(check: Check) -> dict[str, object]:
    return {
        "name": check.name,
        "unit": check.unit,
        "direction": check.direction,
        "limit": check.limit,
        "measured": check.measured,
        "held": check.held,
        "state": check.state,
        "half": check.half,
        "measurer": check.measurer,
        "interval": None if check.interval is None else [check.interval.low, check.interval.high],
        "strict": check.strict,
        "tolerated": check.tolerated,
        "written": check.written,
        "baseline": check.baseline,
        "change": check.change,
        "excess": check.excess,
        "provenance": check.provenance,
        "source": check.source,
        "where": check.where,
        "reason": check.reason,
        "remedy": check.remedy,
        "largest": [
            {"name": one.name, "dtype": one.dtype, "shape": list(one.shape), "bytes": one.size_bytes}
            for one in check.largest
        ],
        "grew": [
            {
                "name": one.name,
                "dtype": one.dtype,
                "shape": list(one.shape),
                "bytes": one.size_bytes,
                "before_bytes": one.before_bytes,
                "before_dtype": one.before_dtype,
            }
            for one in check.grew
        ],
    }


def row(check: Check) -> tuple[str, str, str, str, str, str]:
    """Give a check as state, name, measured amount, sign, limit and where the figure is from, names as they are."""
    origin = f"{check.source} ({check.provenance})" if check.source else check.provenance
    measured, limit = _amounts(check)
    return (
        _WORDS[check.state][0],
        _named(check),
        _with_interval(measured, check) + _change(check),
        _sign(check),
        limit,
        origin if check.measured is not None else "",
    )


def _named(check: Check) -> str:
    where = f"on {visible(check.measurer)}" if check.measurer else ""
    return " ".join(part for part in (check.name, check.half.replace("_", " "), where) if part)


def _with_interval(measured: str, check: Check) -> str:
    if check.interval is None:
        return measured
    if check.unit == "share":
        return f"{measured} ({100 * check.interval.low:.1f}-{100 * check.interval.high:.1f})"
    return f"{measured} ({amount(check.interval.low, check.unit)}-{amount(check.interval.high, check.unit)})"


def _change(check: Check) -> str:
    return f" {100 * check.change:+.1f} %" if check.written and check.change is not None else ""


def _amounts(check: Check) -> tuple[str, str]:
    """Give both amounts: to the byte or nanosecond, or in more decimals, where rounding makes them look the same."""
    measured, limit = amount(check.measured, check.unit), amount(check.limit, check.unit)
    if check.excess and measured == limit:
        if check.unit == "share":
            return shares_apart(float(check.measured or 0), float(check.limit or 0))
        unit = {"bytes": " B", "ns": " ns"}.get(check.unit, "")
        return f"{check.measured}{unit}", f"{check.limit}{unit}"
    return measured, limit


def _has_amount(check: Check) -> bool:
    return check.unit not in {"flag", "text"}


def _sign(check: Check) -> str:
    if not _has_amount(check):
        return ""
    holds, fails = ("<=", ">") if check.direction == "at most" else (">=", "<")
    return fails if check.held is False else holds


def _paint(line: str, check: Check, style: Style) -> str:
    word, code = _WORDS[check.state]
    return line.replace(word, style.paint(word, code), 1)


def _explanation(check: Check, style: Style) -> list[str]:
    word, code = _WORDS[check.state]
    lines = [f"  {style.paint(word.lower(), code)}: {visible(sentence(check))}"]
    if check.grew:
        lines.append("    what grew since the baseline:")
        grown = [(one.name, _types(one), f"+{_growth(one)}", _sizes(one)) for one in check.grew]
        lines += table(("", "", "", ""), grown, right=(2,), indent="      ").split("\n")[1:]
    elif check.largest:
        lines.append("    the largest tensors:")
        rows = [(one.name, one.dtype, str(list(one.shape)), size(one.size_bytes)) for one in check.largest]
        lines += table(("", "", "", ""), rows, right=(3,), indent="      ").split("\n")[1:]
    return [*lines, *(f"    {lead}: {visible(step)}" for lead, step in next_steps(check))]


def next_steps(check: Check) -> list[tuple[str, str]]:
    """Give what to do about a check that does not hold: a lead such as `see`, and a command or `file:line`."""
    steps = []
    if check.remedy:
        lead = "prove it" if check.held is None and (check.provenance != READ or check.written) else "see"
        steps.append((lead, check.remedy))
    if check.held is False and check.where not in {"", FLAG}:
        steps.append(("or change the limit", check.where))
    if check.acceptance:
        steps.append(("or accept it", check.acceptance))
    return steps


def _growth(one: GrownTensor) -> str:
    return size(one.size_bytes - one.before_bytes)


def _types(one: GrownTensor) -> str:
    return one.dtype if one.before_dtype in {"", one.dtype} else f"{one.before_dtype} -> {one.dtype}"


def _sizes(one: GrownTensor) -> str:
    return f"from {size(one.before_bytes)} to {size(one.size_bytes)}" if one.before_dtype else "new"


def told(check: Check) -> str:
    """Say in lines what became of a check that does not hold, which tensors are why, and what to do."""
    grown = [f"{one.name} {_types(one)}, {_sizes(one)}" for one in check.grew]
    largest = [f"{one.name} {one.dtype} {list(one.shape)}, {size(one.size_bytes)}" for one in check.largest]
    steps = [f"{lead}: {step}" for lead, step in next_steps(check)]
    return "\n".join(map(visible, [sentence(check), *(grown or largest), *steps]))


def sentence(check: Check) -> str:
    """Say in one line what became of a check that does not hold, names of files as they are."""
    name = _named(check)
    measured, limit = _amounts(check)
    reason = f": {check.reason}" if check.reason else ""
    if check.held is None:
        asked = f" {check.direction} {limit}" if _has_amount(check) and check.limit is not None else ""
        passes = ", which the policy lets pass" if check.tolerated else ""
        return f"{name}{asked}{_relative(check)}{reason or ': nothing measured it'}{passes}"
    if check.excess is None:
        return f"{name} is {measured}, expected {limit}{reason}"
    over = "over" if check.direction == "at most" else "below"
    relative = f" ({100 * check.excess / float(check.limit):.1f} %)" if check.limit else ""
    lower = "its lower end " if check.strict and check.interval else ""
    missed_by = f"{lower}{_excess(check)}{relative} {over} the limit of {limit}{_relative(check)}"
    return f"{name} is {_with_interval(measured, check)}, {missed_by}{reason}"


def _relative(check: Check) -> str:
    """Say what a limit is relative to: ` (+2 % on the baseline's 382.3 KiB)`; nothing for an absolute one."""
    if not check.written:
        return ""
    of = "" if check.baseline is None else f"'s {amount(check.baseline, check.unit)}"
    return (
        f" (no worse than the baseline{of})" if check.written == RATCHET else f" ({check.written} on the baseline{of})"
    )


def _excess(check: Check) -> str:
    if check.unit == "share":
        return f"{100 * (check.excess or 0):.2f} points"
    return amount(check.excess, check.unit)


def summary(verdict: Verdict) -> str:
    """Say how many checks hold, or how many do not in which way."""
    if verdict:
        counted = [(state, len(verdict.of(state))) for state in NOT_HELD]
        passed = [f"{count} {state} and passed by the policy" for state, count in counted if count]
        return ", ".join([f"held: {len(verdict.of('held'))} of {len(verdict.checks)} checks", *passed])
    parts = [f"{len(found)} {state}" for state in NOT_HELD if (found := verdict.of(state))]
    return f"not held: {', '.join(parts)} of {len(verdict.checks)} checks"
