"""A bundle in every runtime, as a table and as JSON."""

from collections.abc import Mapping, Sequence

from device_tests.evaluation import Baseline
from edgerec.matrix import Tried, oldest
from edgerec.report.console import BOLD, GREEN, PLAIN, RED, YELLOW, Style, table, visible
from edgerec.report.fleet_text import NOTHING, comparison_cells, golden_cell, row_json, why_apart
from edgerec.report.quantities import share

JSON_VERSION = 1
_HEADER = ("runtime", "loads", "golden", "recall", "overlap", "equal lists", "agrees", "an app may use it")
_WORDS = {True: "yes", False: "NO", None: "unknown"}


def matrix_text(tried: Sequence[Tried], style: Style = PLAIN) -> str:
    """Give one row a runtime, target by target, why each that may not be used may not, and the oldest that may."""
    return "\n\n".join(
        _of_target(target, [one for one in tried if one.target == target], style)
        for target in dict.fromkeys(one.target for one in tried)
    )


def matrix_json(tried: Sequence[Tried], float32: Baseline | None, kept: Mapping[str, str]) -> dict[str, object]:
    """Give the matrix as plain JSON values; `kept` are the files that hold the reports, by label."""
    targets = dict.fromkeys(one.target for one in tried)
    found = {target: oldest([one for one in tried if one.target == target]) for target in targets}
    return {
        "version": JSON_VERSION,
        "runtimes": [
            {
                "target": one.target,
                "runtime": str(one.runtime),
                "made_for": one.own,
                "loads": one.loads,
                "usable": one.usable,
                **row_json(one.row, float32, kept),
            }
            for one in tried
        ],
        "oldest": {target: None if pin is None else str(pin) for target, pin in found.items()},
    }


def _of_target(target: str, tried: Sequence[Tried], style: Style) -> str:
    own = next((one.row for one in tried if one.own), None)
    lines = [style.paint(f"on {target}", BOLD), table(_HEADER, [_cells(one) for one in tried], right=(3, 4, 5))]
    lines += [
        style.paint(f"{one.runtime}: {visible(why)}", YELLOW if one.loads is None else RED)
        for one in tried
        if (why := _why(one))
    ]
    if own is None or own.report is None:
        lines.append(style.paint("the runtime that the bundle was made for gave no answer to compare with", YELLOW))
    found = oldest(tried)
    last = "no runtime that was tried may be used" if found is None else f"the oldest that an app may use: {found}"
    return "\n".join([*lines, style.paint(last, RED if found is None else GREEN)])


def _cells(one: Tried) -> tuple[str, ...]:
    quality = None if one.row.report is None else one.row.report.quality
    return (
        f"{one.runtime}{' (made for it)' if one.own else ''}",
        "not tried" if one.loads is None else _WORDS[one.loads],
        golden_cell(one.row),
        NOTHING if quality is None else share(quality.metric("recall", quality.k)),
        *comparison_cells(one.row, one.row if one.own else None),
        _WORDS[one.usable],
    )


def _why(one: Tried) -> str:
    if one.row.report is None:
        return one.row.why
    if one.row.golden_held is False and one.row.report.golden is not None:
        return f"golden outputs do not hold: {one.row.report.golden.reason}"
    apart = why_apart(one.row)
    return f"does not agree with the runtime that the bundle was made for: {apart}" if apart else ""
