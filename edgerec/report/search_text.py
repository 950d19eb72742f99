"""What a search found: the front, what each table alone gives and costs, the finalists and the winner, and why."""

import json
from collections.abc import Mapping
from pathlib import Path

from edgerec.finalists import Finalist
from edgerec.program import from_here
from edgerec.report.console import BOLD, PLAIN, Style, table
from edgerec.report.proof_text import proof_text
from edgerec.report.quantities import share, size
from edgerec.report.verdict_text import verdicts_json
from edgerec.search.result import Candidate
from edgerec.search.sensitivity import Effect
from edgerec.search.table_choices import told
from edgerec.searching import Searched


def search_text(found: Searched, out: Path, program: str, style: Style = PLAIN) -> str:
    """The whole outcome; `out` is where the winner lies, `program` how the next command is called."""
    result = found.result
    parts = [
        style.paint(
            f"{len(result.candidates)} candidates on every second test user, the smallest at each quality", BOLD
        ),
        table(
            ("trial", "download", "on disk", "least margin", "of", "tables"),
            [_front_row(candidate) for candidate in result.front],
            right=(0, 1, 2, 3),
        ),
        f"\n{result.why}",
        f"The search ended because {result.stopped}.",
        "",
        style.paint("Each table alone, beside what the recipe makes of the others", BOLD),
        table(
            ("table", "codec", "download saved", "quality lost"),
            [_effect_row(effect) for effect in found.effects],
            right=(2, 3),
        ),
    ]
    parts += ["", *(_finalist(finalist, style) for finalist in found.finalists)]
    winner = found.winner
    if winner is None:
        parts.append("No candidate holds; nothing was written.")
    else:
        parts += [
            f"winner  {from_here(out)}: {told(winner.candidate.choices)}",
            "",
            "Next:",
            f"  {program} evaluate {from_here(out)} --user 1",
        ]
    return "\n".join(parts)


def search_json(found: Searched, out: Path) -> dict[str, object]:
    """The same as plain JSON values; `winner` is null where no candidate holds."""
    winner = found.winner
    return {
        "version": 1,
        "held": bool(found),
        "winner": None if winner is None else {"bundle": str(out), "trial": winner.candidate.number, **_recipe(winner)},
        "result": json.loads(found.result.to_json()),
        "sensitivity": [vars(effect) for effect in found.effects],
        "finalists": [
            {
                "trial": finalist.candidate.number,
                "held": bool(finalist),
                "why": finalist.proof.why,
                "verdict": verdicts_json([finalist.proof.verdict]) if finalist.proof.verdict is not None else None,
            }
            for finalist in found.finalists
        ],
        "folder": str(found.folder),
    }


def _recipe(finalist: Finalist) -> Mapping[str, object]:
    return {"recipe": finalist.recipe.as_json()}


def _front_row(candidate: Candidate) -> tuple[str, ...]:
    outcome = candidate.outcome
    least = min(outcome.margins, key=outcome.margins.__getitem__, default="")
    return (
        str(candidate.number),
        size(outcome.download_bytes),
        size(outcome.disk_bytes),
        f"{outcome.quality_margin:+.2%}",
        least,
        told(candidate.choices),
    )


def _effect_row(effect: Effect) -> tuple[str, ...]:
    if effect.download_bytes_saved is None or effect.quality_lost is None:
        return effect.tensor, effect.codec, "", effect.why
    return effect.tensor, effect.codec, size(effect.download_bytes_saved), share(effect.quality_lost)


def _finalist(finalist: Finalist, style: Style) -> str:
    return proof_text(f"Trial {finalist.candidate.number}", finalist.proof, style)
