"""What the test users say of a candidate that some of them chose: the verdict of all, and what the others keep."""

from edgerec.choosing import Proof
from edgerec.floors import Kept
from edgerec.report.console import PLAIN, Style, table
from edgerec.report.quantities import share
from edgerec.report.verdict_text import verdict_text
from edgerec.search.table_trials import label


def proof_text(name: str, proof: Proof, style: Style = PLAIN) -> str:
    """The proof of the candidate of a name."""
    title = f"{name} on the test users"
    if proof.verdict is None:
        return f"{title}: {proof.why}\n"
    rows = [_row(kept) for kept in proof.unseen.each] if proof.unseen is not None else []
    unseen = table(("", "floor", "kept", "at least"), rows, right=(2, 3), indent="  ")
    shown = f"\n  with the users that chose nothing\n{unseen}\n" if rows else ""
    return f"{title}\n{verdict_text(proof.verdict, style)}\n{shown}"


def _row(kept: Kept) -> tuple[str, ...]:
    estimate = "-" if kept.estimate is None else share(kept.estimate)
    return kept.state, label(kept.floor), estimate, share(kept.floor.share)
