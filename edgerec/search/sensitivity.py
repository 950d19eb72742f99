"""What each tensor gives and costs alone: one tensor coded, the others left as they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from device_tests import record
from edgerec.progress import Progress, silent
from edgerec.search.errors import SearchError
from edgerec.search.journal import opened
from edgerec.search.pool import Pool
from edgerec.search.space import OneOf, Space
from edgerec.search.trial import NO_SIZE_LIMITS, Finished, Outcome, Trial


@dataclass(frozen=True)
class Effect:
    """One tensor in one codec, against none coded; None and the reason where that trial failed.

    `quality_lost` is how much the quality margin shrank, as a share of a floor, below 0 where it grew.
    """

    tensor: str
    codec: str
    download_bytes_saved: int | None
    disk_bytes_saved: int | None
    quality_lost: float | None
    why: str


def sensitivity(
    pool: Pool, folder: Path, *, tensors: Sequence[str], codecs: Sequence[str], left: str, progress: Progress = silent
) -> tuple[Effect, ...]:
    """Try each tensor alone in each codec, the others in the codec `left`; tensor by tensor, in the order given.

    The factory of the pool is given {tensor: codec}. What an earlier run in `folder` finished is not run again. Raises
    SearchError where the model with every tensor `left` cannot be had, StorageError.
    """
    space = Space({tensor: OneOf((left, *codecs)) for tensor in tensors})
    plain = dict.fromkeys(tensors, left)
    pairs = [(tensor, codec) for tensor in tensors for codec in codecs]
    asked = [plain, *({**plain, tensor: codec} for tensor, codec in pairs)]
    trials = [Trial(number, dict(choices)) for number, choices in enumerate(asked)]
    identity = {"trials": asked, "factory": pool.factory.name, "context": dict(pool.factory.context)}
    with opened(folder, "sensitivity", space, NO_SIZE_LIMITS, identity) as journal:
        for one in pool.run(trials[len(journal.finished()) :]):
            journal.add(one)
            progress(f"sensitivity: {one.trial.number + 1} of {len(trials)} trials")
        finished = journal.finished()
    base = finished[0]
    if base.outcome is None:
        raise SearchError(f"the model with every tensor as {left} cannot be had: {base.why}")
    return tuple(_effect(*pair, one, base.outcome) for pair, one in zip(pairs, finished[1:], strict=True))


def to_json(effects: Sequence[Effect]) -> str:
    """Give the one JSON text of these effects."""
    return record.dumps(tuple(effects))


def _effect(tensor: str, codec: str, one: Finished, base: Outcome) -> Effect:
    if one.outcome is None:
        return Effect(tensor, codec, None, None, None, one.why)
    return Effect(
        tensor,
        codec,
        base.download_bytes - one.outcome.download_bytes,
        base.disk_bytes - one.outcome.disk_bytes,
        base.quality_margin - one.outcome.quality_margin,
        "",
    )
