"""What an update came to, beside the rebuild that it spares."""

from typing import Any

from device_tests.record import to_json
from edgerec.report.console import table
from edgerec.report.quantities import share, size
from edgerec.updates.outcome import Outcome, Shipped


def updated_text(outcome: Outcome) -> str:
    """What is new, which rows may differ, and bytes and quality of update and rebuild."""
    new = f"{outcome.new_items} new items, {outcome.new_users} new users"
    held_out = f"{outcome.held_out} held-out items, {outcome.held_out_new} of them new"
    layers = [
        (each.layer, str(each.rows), str(each.new), str(each.touched), str(each.rows - each.new - each.touched))
        for each in outcome.layers
    ]
    header = ("", "patch", "download", "in the app", f"recall@{outcome.k}", f"NDCG@{outcome.k}", "new items found")
    ways = [_row("update", outcome.update), _row("rebuild", outcome.rebuild)]
    return "\n".join(
        (
            f"{outcome.path}: golden outputs hold in {outcome.runtime}",
            f"{outcome.interactions} new interactions, {new}; judged by {held_out}",
            "",
            table(("table", "rows", "new", "with news", "as they were"), layers, right=(1, 2, 3, 4)),
            "",
            table(header, ways, right=(1, 2, 3, 4, 5, 6)),
        )
    )


def updated_json(outcome: Outcome) -> dict[str, Any]:
    """The same as plain values."""
    return {**to_json(outcome), "path": str(outcome.path)}


def _row(name: str, way: Shipped) -> tuple[str, ...]:
    sizes = (size(way.delta_bytes), size(way.download_bytes), size(way.app_bytes))
    return (
        name,
        *sizes,
        f"{way.recall:.4f}",
        f"{way.ndcg:.4f}",
        "-" if way.new_hit_rate is None else share(way.new_hit_rate),
    )
