"""Names out of files as Markdown that says them and does nothing else: no markup, HTML, link, mention or new cell."""

import re

from edgerec.report.console import visible

LONGEST = 200
_ACTIVE = re.compile(r"""[!"#$&'*:;<=>?@\[\\\]^_`{|}~]|(?<=www)\.""", re.IGNORECASE)
# GitHub looks for mentions and issues in the text of the finished page, where an entity is no protection.
_REFERS = ("@", "#")


def code(text: str, *, longest: int = LONGEST) -> str:
    """Give text as code, of `longest` characters at most, the same in a table's cell as in a list or a heading."""
    return f"<code>{_ACTIVE.sub(_entity, _clipped(text, longest))}</code>"


def prose(text: str, *, longest: int = 5 * LONGEST) -> str:
    """Give text as words within a line, of `longest` characters at most."""
    return _ACTIVE.sub(lambda found: _entity(found) + "<!-- -->" * (found[0] in _REFERS), _clipped(text, longest))


def table(header: tuple[str, ...], rows: list[tuple[str, ...]], *, right: tuple[int, ...] = ()) -> list[str]:
    """Give the lines of a table whose cells are Markdown already; `right` are the columns that end flush."""
    rule = ["--:" if column in right else "---" for column in range(len(header))]
    return [f"| {' | '.join(cells)} |" for cells in (header, tuple(rule), *rows)]


def details(title: str, lines: list[str]) -> list[str]:
    """Give the lines of a part that is folded until somebody opens it."""
    return ["<details>", f"<summary>{title}</summary>", "", *lines, "", "</details>", ""]


def _clipped(text: str, longest: int) -> str:
    shown = visible(text)
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def _entity(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};"
