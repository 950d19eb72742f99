"""A recipe that grows round by round: prune a little, tune, look at every segment, go on, and give the best back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from converters.errors import ConverterError
from edgerec import packing, storage
from edgerec.build import Task
from edgerec.choosing import Proof, floors_to_choose_by, prove
from edgerec.compress.conversion import ConversionError, Converter
from edgerec.compress.errors import RecipeError
from edgerec.compress.recipe import Recipe
from edgerec.gate.budget import Budget
from edgerec.gate.from_quality import floors_of
from edgerec.loop.ending import closest, ended, listed
from edgerec.loop.errors import LoopError
from edgerec.loop.journal import read_rounds, write_rounds
from edgerec.loop.measuring import Measuring
from edgerec.loop.round import SIZES, Judged, Round, judge
from edgerec.models.recommender import ModelError
from edgerec.progress import Progress, silent

JOURNAL = "rounds.jsonl"
ITS_OWN_FAULT = (RecipeError, ModelError, ConversionError, ConverterError)
"""What ends the loop at one round and leaves those before it their chance, unlike a disk that is full."""

Told = Callable[[Judged], None]


@dataclass(frozen=True)
class Asked:
    """A task, a recipe with a loop, and the budget whose floors and sizes say when its rounds end."""

    task: Task
    recipe: Recipe
    budget: Budget

    @property
    def sizes(self) -> Mapping[str, int]:
        """The sizes that are asked for, in bytes."""
        return {each.name: int(each.amount) for each in self.budget.in_force if each.name in SIZES}


@dataclass(frozen=True)
class Proved:
    """A round that holds for the users that choose, as a bundle, judged by the others and by all."""

    number: int
    proof: Proof


@dataclass(frozen=True)
class Looped:
    """What a loop came to; true when a round holds all of the budget, and that one is written.

    `rounds` are float32 and then every round; `ended` and `why` say in one sentence each why there are no more, and
    which is given back. `proofs` are of the rounds that were tried, the last of them the one that holds, if any; `best`
    is that one, else the one that comes closest.
    """

    recipe: Recipe
    rounds: tuple[Judged, ...]
    ended: str
    proofs: tuple[Proved, ...]
    best: Judged
    why: str
    journal: Path

    def __bool__(self) -> bool:
        return bool(self.proofs) and bool(self.proofs[-1].proof)


def nobody(one: Judged) -> None:
    """Tell nobody of a round."""
    del one


def run(asked: Asked, out: Path, converter: Converter, *, told: Told = nobody, progress: Progress = silent) -> Looped:
    """Carry out the rounds of a recipe's loop until they end; the smallest that is proved goes to `out`.

    `told` gets every round as it ends, those of a run that was killed at once. Raises LoopError where the budget has
    neither a floor nor a size to end at, and what ITS_OWN_FAULT names where the first round cannot be made.
    """
    task, recipe, loop, limits = asked.task, asked.recipe, asked.recipe.loop, asked.sizes
    if loop is None:
        raise LoopError(f"{recipe.name} has no [loop]: edgerec compress carries it out as it is")
    floors = floors_of(asked.budget, task.k)
    if not floors.each and not limits:
        raise LoopError(
            f"{recipe.name} has a loop, and the budget has nothing to end it at, neither what has to be kept nor a "
            'size: write floors = "default" or download_bytes = "100 KiB" under [budget] in edgerec.toml'
        )
    packing.refuse_misfit(task.base.roles, task.catalogue, task.k)  # before minutes of training
    measuring = Measuring(task, recipe, converter, progress)
    journal = storage.folder("loops") / measuring.key[:32] / JOURNAL
    rounds = _Rounds(measuring, journal)
    float32 = rounds[0]
    floors = floors_to_choose_by(floors, float32.validation, progress)
    if not floors.each and not limits:
        raise LoopError(
            "half of the test users give no evidence of any floor, and no size is asked for: hold more out with "
            "holdout under [data], or write download_bytes under [budget]"
        )
    found, why_ended = [judge(float32, float32, floors, limits, task.k)], ""
    told(found[0])
    while not why_ended:
        number = len(found)
        try:
            one = rounds[number]
        except ITS_OWN_FAULT as error:
            if number == 1:
                raise
            why_ended = f"round {number} cannot be made: {error}"
            break
        found.append(judge(one, float32, floors, limits, task.k))
        told(found[-1])
        why_ended = ended(found, loop, len(recipe.rounds), limits)
    proofs = _proofs(asked, found[1:], out, converter, progress)
    holds = bool(proofs) and bool(proofs[-1].proof)
    best = found[proofs[-1].number] if holds else closest(found[1:])
    return Looped(recipe, tuple(found), why_ended, proofs, best, _why(best, found[1:], proofs), journal)


class _Rounds:
    """Rounds by number, those of the journal as they stand there, others measured and written to it."""

    def __init__(self, measuring: Measuring, journal: Path) -> None:
        self._measuring, self._journal = measuring, journal
        self._found = list(read_rounds(journal))

    def __getitem__(self, number: int) -> Round:
        if number == len(self._found):
            self._found.append(self._measuring(number))
            write_rounds(self._journal, self._found)
        return self._found[number]


def _proofs(
    asked: Asked, rounds: Sequence[Judged], out: Path, converter: Converter, progress: Progress
) -> tuple[Proved, ...]:
    """Prove the rounds that hold for the users that choose, the smallest first, until one holds for the others too.

    It ends as well at what no round could hold, such as a floor of which all test users give no evidence.
    """
    found: list[Proved] = []
    for one in sorted(filter(bool, rounds), key=lambda one: one.size):
        recipe = asked.recipe.rounds[one.round.number - 1]
        proof = prove(asked.task, recipe, asked.budget, out, converter, progress=progress)
        found.append(Proved(one.round.number, proof))
        if proof or _undecided(proof):
            break
    return tuple(found)


def _undecided(proof: Proof) -> tuple[str, ...]:
    """What is neither held nor missed, where nothing is missed: another round would leave it so too."""
    if proof.verdict is None or proof.unseen is None:
        return ()
    if proof.verdict.of("missed") or any(one.state == "missed" for one in proof.unseen.each):
        return ()
    return tuple(f"{one.name} {one.half}".rstrip() for one in proof.verdict.checks if one.held is None)


def _why(best: Judged, rounds: Sequence[Judged], proofs: Sequence[Proved]) -> str:
    number, holding = best.round.number, sum(map(bool, rounds))
    if not holding:
        return (
            f"No round of {len(rounds)} holds every floor and size; round {number} comes closest, and misses "
            f"{listed(best.missed)}"
        )
    if undecided := _undecided(proofs[-1].proof):
        return (
            f"No round is given back: round {proofs[-1].number} misses nothing, and {' and '.join(undecided)} can be "
            "told of none"
        )
    failed = [str(each.number) for each in proofs if not each.proof]
    told = f"round{'s' if len(failed) > 1 else ''} {' and '.join(failed)}"
    if not proofs[-1].proof:
        return f"No round is given back: {told} held for the users that choose, and not for the others, or not for all"
    if holding == 1:
        return (
            f"Round {number} is given back: the only one that holds for the users that choose, and for all the others"
        )
    smaller = f", as {told} did not" if failed else ""
    return (
        f"Round {number} is given back: of the {holding} that hold for the users that choose, the smallest that holds "
        f"for the others and for all{smaller}"
    )
