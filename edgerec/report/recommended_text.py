"""What a bundle recommends, as text and as JSON."""

from collections.abc import Sequence

from device_tests.record import to_json
from edgerec.recommending import Item, Recommended
from edgerec.report.console import BOLD, PLAIN, Style, table, visible
from edgerec.report.quantities import share

JSON_VERSION = 1
SHOWN_SEEN = 5


def recommended_text(recommended: Recommended, style: Style = PLAIN) -> str:
    """Give the list by title, float32's beside it, with what was held out marked `*`."""
    lines = []
    if recommended.seen:
        last = [_name(item) for item in recommended.seen[-SHOWN_SEEN:]]
        lines.append(f"has seen {len(recommended.seen)} items, the last of them {', '.join(map(visible, last))}\n")
    mine, float32 = recommended.items, recommended.float32
    columns = [mine] if float32 is None else [mine, float32]
    rows = [
        (str(rank), *(_marked(item, recommended) for item in row))
        for rank, row in enumerate(zip(*columns, strict=False), 1)
    ]
    lines.append(table(("", "this bundle", "float32")[: 1 + len(columns)], rows, right=(0,)))
    if float32 is not None:
        lines.append(style.paint(f"\n{share(overlap(mine, float32))} of float32's list is in this one", BOLD))
    if recommended.held_out:
        lines.append("* is what this user did next")
    if recommended.dropped:
        names = ", ".join(visible(_name(item)) for item in recommended.dropped)
        lines.append(f"{names}: what this user did next too, and dropped from this bundle's catalogue")
    return "\n".join(lines)


def recommended_json(recommended: Recommended) -> dict[str, object]:
    """Give the lists as plain JSON values."""
    return {"version": JSON_VERSION, **to_json(recommended)}


def overlap(mine: Sequence[Item], float32: Sequence[Item]) -> float:
    """Give the share of one list's items that are in the other too."""
    return len({one.id for one in mine} & {one.id for one in float32}) / max(1, len(float32))


def _name(item: Item) -> str:
    return item.id if item.title is None else item.title


def _marked(item: Item, recommended: Recommended) -> str:
    return f"{_name(item)} *" if item in recommended.held_out else _name(item)
