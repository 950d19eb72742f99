"""The rounds of a loop: one line as each ends, and the table of all with why they ended and which is given back."""

from pathlib import Path

from device_tests.metrics import HALVES
from edgerec.compress.loop import GROWING
from edgerec.floors import Kept
from edgerec.loop.round import Judged
from edgerec.looping import Looped
from edgerec.program import from_here
from edgerec.report.console import BOLD, PLAIN, Style, table
from edgerec.report.proof_text import proof_text
from edgerec.report.quantities import share, size
from edgerec.report.verdict_text import verdicts_json
from edgerec.search.table_trials import label

JSON_VERSION = 1
WENT = {"sparsity": "zeros", "remove": "columns gone"}  # what grows, as the head of a column


def round_line(one: Judged) -> str:
    """One round as it ends, float32 as round 0."""
    recall = f"recall@{one.recall[0].floor.k} train {_recall(one, 0):.4f}, validation {_recall(one, 1):.4f}"
    least = "" if one.least is None else f", {one.least[0]} {one.least[1]:+.2%}"
    return (
        f"round {one.round.number}: {share(one.round.share)} gone, {size(one.round.download_bytes)} to download, "
        f"{recall}, {_kept(one.recall[1])} of float32's{least}: {_verdict(one)}"
    )


def loop_text(found: Looped, out: Path, program: str, style: Style = PLAIN) -> str:
    """The whole outcome; `out` is where the round that is given back lies, `program` how the next command is called."""
    grow = found.recipe.loop.grow if found.recipe.loop else ""
    head = (
        *("round", WENT[GROWING[grow]], "on disk", "download", "train", "validation", "kept: train", "validation"),
        *(half.removesuffix("_half") for half in HALVES),
        *("least margin", "", "verdict"),
    )
    recall = f"recall@{found.best.recall[0].floor.k}"
    title = f"{len(found.rounds) - 1} rounds of {found.recipe.name}: {recall}, and what is kept of float32's"
    parts = [
        style.paint(title, BOLD),
        table(head, [_row(one) for one in found.rounds], right=range(11)),
        *(f"? no evidence: {reason}" for reason in _doubts(found.best)),
        f"\nThe rounds ended because {found.ended}.",
        f"{found.why}.",
        f"journal {found.journal}",
        "",
        *(proof_text(f"Round {each.number}", each.proof, style) for each in found.proofs),
    ]
    if found:
        parts += ["Next:", f"  {program} evaluate {from_here(out)} --user 1"]
    else:
        parts.append("Nothing was written.")
    return "\n".join(parts)


def loop_json(found: Looped, out: Path) -> dict[str, object]:
    """The same as plain JSON values; `bundle` is null where no round is given back."""
    return {
        "version": JSON_VERSION,
        "held": bool(found),
        "bundle": str(out) if found else None,
        "recipe": found.recipe.as_json(),
        "rounds": [_round_json(one) for one in found.rounds],
        "ended": found.ended,
        "best": found.best.round.number,
        "why": found.why,
        "proofs": [
            {
                "round": each.number,
                "held": bool(each.proof),
                "why": each.proof.why,
                "verdict": None if each.proof.verdict is None else verdicts_json([each.proof.verdict]),
                "unseen": [] if each.proof.unseen is None else [_kept_json(kept) for kept in each.proof.unseen.each],
            }
            for each in found.proofs
        ],
        "journal": str(found.journal),
    }


def _round_json(one: Judged) -> dict[str, object]:
    each = {"train": 0, "validation": 1}
    return {
        "round": one.round.number,
        "gone": one.round.share,
        "app_bytes": one.round.app_bytes,
        "download_bytes": one.round.download_bytes,
        "model_sha256": one.round.model_sha256,
        "recall": {name: {"value": _recall(one, at), **_kept_json(one.recall[at])} for name, at in each.items()},
        "halves": {
            half: {name: _kept_json(both[at]) for name, at in each.items()} for half, both in one.halves.items()
        },
        "floors": [_kept_json(kept) for kept in one.floors.each],
        "margins": dict(one.margins),
        "held": bool(one),
    }


def _kept_json(kept: Kept) -> dict[str, object]:
    return {
        "name": label(kept.floor),
        "state": kept.state,
        "kept": kept.estimate,
        "interval": None if kept.interval is None else [kept.interval.low, kept.interval.high],
        "floor": kept.floor.share,
        "reason": kept.reason,
    }


def _row(one: Judged) -> tuple[str, ...]:
    halves = [_kept(one.halves[half][1]) if half in one.halves else "-" for half in HALVES]
    least = ("-", "") if one.least is None else (f"{one.least[1]:+.2%}", one.least[0])
    return (
        *(str(one.round.number), share(one.round.share), size(one.round.app_bytes), size(one.round.download_bytes)),
        *(f"{_recall(one, 0):.4f}", f"{_recall(one, 1):.4f}", _kept(one.recall[0]), _kept(one.recall[1])),
        *(*halves, *least, _verdict(one)),
    )


def _recall(one: Judged, at: int) -> float:
    quality = (one.round.train, one.round.validation)[at]
    return quality.metric("recall", one.recall[at].floor.k)


def _kept(kept: Kept) -> str:
    told = "-" if kept.estimate is None else share(kept.estimate)
    return f"{told} ?" if kept.state == "no evidence" else told


def _doubts(one: Judged) -> list[str]:
    """Why what a half keeps proves nothing, where it does not."""
    return [both[1].reason for both in one.halves.values() if both[1].state == "no evidence"]


def _verdict(one: Judged) -> str:
    if one.round.number == 0:
        return "float32"
    if one.missed_floors:
        return f"misses {', '.join(one.missed_floors)}"
    return "holds" if one else "larger than asked"
