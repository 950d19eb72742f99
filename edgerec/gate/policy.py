"""How a verdict is come to: which undecided checks pass, what a change has to exceed, and where the baseline lies."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgerec.gate.quantity import QuantityError, share_of
from edgerec.gate.verdict import Undecided
from edgerec.strict_toml import Table, TomlError

_STATES: Mapping[str, Undecided] = {
    "inconclusive": "inconclusive",
    "unproven": "unproven",
    "no_evidence": "no evidence",
}


@dataclass(frozen=True)
class Policy:
    """The file of the baseline, the share of it below which a change is none, and what passes undecided."""

    baseline: Path | None = None
    threshold: float = 0.0
    tolerated: frozenset[Undecided] = frozenset()


STRICT = Policy()
"""Nothing passes undecided, and every byte is a change."""


def policy_of(table: Table | None, folder: Path) -> Policy:
    """Give the policy that a `[policy]` table holds, a baseline in it relative to `folder`; STRICT for none.

    Raises TomlError that names the line of what cannot be understood.
    """
    if table is None:
        return STRICT
    written = table.text("baseline")
    policy = Policy(
        None if written is None else folder / written,
        _threshold(table),
        frozenset(state for key, state in _STATES.items() if table.choice(key, ("fail", "pass")) == "pass"),
    )
    table.refuse_unknown()
    return policy


def _threshold(table: Table) -> float:
    written = table.value("threshold")
    try:
        return 0.0 if written is None else share_of(written)
    except QuantityError as error:
        raise TomlError(f"{table.where('threshold')}: {table.name('threshold')} is {error}.") from error
