"""A drafted budget as the text of an edgerec.toml, with the figure of today beside every limit."""

import json
from collections.abc import Sequence
from pathlib import Path

from edgerec.gate.drafting import Drafted
from edgerec.report.quantities import KIB, amount, share

_STEPS = (("s", 10**9), ("ms", 10**6), ("us", 10**3), ("ns", 1))


def budget_toml(drafts: Sequence[Drafted], bundle: Path, reports: Sequence[Path], margin: float) -> str:
    """Give the text: `[budget]` with a line a limit, and the one `[[bundle]]`, by its path from the file's folder."""
    lines = [(f"{one.name} = {_value(one)}", amount(one.today, one.kind.unit)) for one in drafts]
    width = max((len(line) for line, _ in lines), default=0)
    written = [f"{line.ljust(width)}  # {today} today" for line, today in lines]
    paths = ", ".join(json.dumps(path.as_posix()) for path in reports)
    return "\n".join(
        (
            f"# What the bundle came to and a margin of {share(margin)}: `edgerec check` holds it to that.",
            "[budget]",
            *written,
            "",
            "[[bundle]]",
            f"path = {json.dumps(bundle.as_posix())}",
            *([f"reports = [{paths}]"] if reports else []),
            "",
        )
    )


def _value(one: Drafted) -> str:
    value, unit = one.amount, one.kind.unit
    if isinstance(value, bool):
        return "true" if value else "false"
    if unit == "bytes":
        return f'"{int(value) // KIB} KiB"'
    if unit == "ns":
        return next(
            f'"{int(value) / scale:.12g} {name}"' for name, scale in _STEPS if int(value) >= scale or scale == 1
        )
    if unit == "count":
        return str(int(value))
    return f'"{value}"' if unit == "version" else f"{value:g}"
