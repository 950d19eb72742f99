"""What the item side of a matrix factorization comes to, ours and its peers': bytes, and quality kept.

    PYTHONPATH=. python benchmarks/size.py [--data FOLDER] [--seeds 0,1,2] [--quantizer-python PATH] [--users N]

Without --data on MovieTweetings, with a folder of Amazon-CDs on that. Implicit ALS of 64 columns in float32; its
settings and all of ours are chosen on validation, by models that learned from train alone, and reported once on test,
by models that learned from train and validation. The user vector is an input: float32's own, or solved again against
the table as stored where the setting says so, and rounded as the kernel rounds it. Full ranking of all items not seen.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import factor_candidates, factor_data, factor_models, size_table
from benchmarks.factor_candidates import Grids
from benchmarks.factor_choice import FLOORS, WITHOUT_HALVES, walk
from benchmarks.factor_data import Side
from benchmarks.factor_models import Fitting, Model
from benchmarks.factor_proof import Proof, proofs
from benchmarks.factor_quality import CANDIDATES_K, K, judge, judge_coded, judge_float
from benchmarks.factor_settings import Setting
from benchmarks.peers import peers
from benchmarks.size_goals import GOALS, PEER_DROPPED, Goal, say_goals
from benchmarks.size_table import Entry, Row
from converters.rewrite import strip_names
from converters.tables.coded import Coded
from converters.tables.float32_rows import Float32Rows
from converters.tables.rounding import minmax_scales, rounded
from converters.tables.scorer import scorer_file
from device_tests.bundle import deflated_bytes
from device_tests.metrics import HALVES
from device_tests.report import Quality
from edgerec.data.splitting import Split
from edgerec.floors import Floors, FloorVerdict, judged

COLUMNS = 64
SCRATCH_COLUMNS = (8, 16, 32)
VALIDATION_USERS = 8000
PROOF_USERS = 1000
FLOAT32_FLOORS = {"MovieTweetings": 0.29, "Amazon-CDs": 0.12}


@dataclass(frozen=True, eq=False)
class Seed:
    """One seed's split, and the float32 model on test."""

    number: int
    parts: Split
    test: Model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="a folder of Amazon-CDs [MovieTweetings, built in]")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--quantizer-python", help="a Python that has ai-edge-quantizer")
    parser.add_argument("--users", type=int, default=10_000, help="at most so many test users, drawn; 0 for all")
    parser.add_argument("--threads", type=int, default=2, help="seeds that are worked on at once [2]")
    asked = parser.parse_args()
    began = time.perf_counter()
    name = "Amazon-CDs" if asked.data else "MovieTweetings"
    grids = factor_candidates.sharing(factor_candidates.AMAZON if asked.data else factor_candidates.MOVIETWEETINGS)
    numbers = [int(one) for one in asked.seeds.split(",")]
    with ThreadPoolExecutor(asked.threads) as pool:
        splits = list(pool.map(lambda number: factor_data.read(asked.data, seed=number), numbers))
        fittings, validation = learned(splits, numbers, grids, pool)
        chosen = {goal.name: walked(validation, getattr(grids, goal.grid), goal, pool) for goal in GOALS}
        test = list(
            pool.map(
                lambda parts, number: on_test(parts, number, fittings[COLUMNS], asked.users or None), splits, numbers
            )
        )
        seeds = [Seed(*one) for one in zip(numbers, splits, test, strict=True)]
        print(f"{time.perf_counter() - began:.0f} s so far: everything is chosen, test is asked now.\n", flush=True)
        say_float32(name, seeds)
        rows = list(table(seeds, chosen, fittings, asked.quantizer_python, pool))
    say_goals(name, rows, chosen)
    say_proofs(seeds[0], chosen)
    print(f"\n{time.perf_counter() - began:.0f} s in all.")


def learned(
    splits: Sequence[Split], numbers: Sequence[int], grids: Grids, pool: Executor
) -> tuple[dict[int, Fitting], list[Model]]:
    """Return the float32 settings by columns, chosen on validation of the first seed, and the models of validation."""

    def side(one: tuple[Split, int]) -> Side:
        return factor_data.side(one[0], "validation", most_users=VALIDATION_USERS, seed=one[1])

    sides = list(pool.map(side, zip(splits, numbers, strict=True)))
    fittings = {}
    for columns in (COLUMNS, *SCRATCH_COLUMNS):
        tried = list(
            pool.map(
                lambda fitting, columns=columns: factor_models.fitted_quality(
                    sides[0], columns, fitting, seed=numbers[0]
                ),
                grids.fittings,
            )
        )
        recalls = [quality.metric("recall", K) for quality in tried]
        fittings[columns] = best = grids.fittings[recalls.index(max(recalls))]
        print(
            f"float32, {columns} columns: regularization {best.regularization:g}, alpha {best.alpha:g} of "
            f"{len(recalls)} pairs, recall@20 {max(recalls):.4f} on validation of seed {numbers[0]}.",
            flush=True,
        )

    def model(side: Side, number: int) -> Model:
        return factor_models.model(side, COLUMNS, fittings[COLUMNS], seed=number)

    return fittings, list(pool.map(model, sides, numbers))


def walked(models: Sequence[Model], settings: Sequence[Setting], goal: Goal, pool: Executor) -> Setting:
    def ask(setting: int) -> list[FloorVerdict]:
        return list(pool.map(lambda model: of_setting(model, settings[setting]), models))

    found = walk(len(settings), ask, goal.floors)
    says = "holds on validation" if found.holds else "NONE HOLDS on validation, this is the nearest"
    print(f"{goal.name}: {says}, {len(found.tried)} of {len(settings)} tried: {settings[found.chosen]}", flush=True)
    return settings[found.chosen]


def of_setting(model: Model, setting: Setting) -> FloorVerdict:
    return judged(FLOORS, model.quality, factor_models.quality_of(model, factor_models.made(model, setting)))


def on_test(parts: Split, number: int, fitting: Fitting, most_users: int | None) -> Model:
    side = factor_data.side(parts, "test", most_users=most_users, seed=number)
    return factor_models.model(side, COLUMNS, fitting, seed=number)


def say_float32(name: str, seeds: Sequence[Seed]) -> None:
    whole = [seed.test.quality for seed in seeds]
    recalls = [quality.metric("recall", K) for quality in whole]
    least = FLOAT32_FLOORS[name]
    if min(recalls) < least:
        print(f"**The float32 baseline is below recall@20 {least}: no ratio below counts.**\n")
    told = ", ".join(f"{recall:.4f}" for recall in recalls)
    hits = "; ".join(" and ".join(map(str, hits_of(quality))) for quality in whole)
    users = ", ".join(str(seed.test.side.judged.users) for seed in seeds)
    covered = ", ".join(str(quality.recommended_items[K - 1]) for quality in whole)
    print(
        f"{name}, test: float32 recall@20 {told}; {users} users; hits@10 of 100 in the popular and unpopular half "
        f"{hits}; items shown {covered} of {seeds[0].test.items}.\n"
    )


def hits_of(quality: Quality) -> list[int]:
    """Return how many held-out items of each popularity half are among the first of their candidates."""
    return [sum(hits for hits, _ in quality.candidate_hits(CANDIDATES_K, half)) for half in HALVES]


def table(
    seeds: Sequence[Seed],
    chosen: dict[str, Setting],
    fittings: dict[int, Fitting],
    quantizer: str | None,
    pool: Executor,
) -> Iterator[Row]:
    print(size_table.heading(), flush=True)
    plain = [_packed(Float32Rows(seed.test.factors.items)) for seed in seeds]
    disk, download = (float(np.mean([measure(file) for file in plain])) for measure in (len, deflated_bytes))

    def row(name: str, entries: Sequence[Entry], floors: Floors = FLOORS) -> Row:
        made = Row(name, tuple(entries), disk, download, floors)
        print(size_table.line(made), flush=True)
        return made

    yield row("float32", [_entry(file, seed, seed.test.quality, 0.0) for file, seed in zip(plain, seeds, strict=True)])
    for goal in GOALS:
        ours = pool.map(lambda seed, setting=chosen[goal.name]: _ours(seed, setting), seeds)
        yield row(goal.name, list(ours), goal.floors)
    by_peer = list(pool.map(lambda seed: list(_of_peers(seed, quantizer)), seeds))
    for entries in zip(*by_peer, strict=True):
        name = entries[0][0]
        floors = WITHOUT_HALVES if name == PEER_DROPPED else FLOORS
        yield row(name, [entry for _, entry in entries], floors)
    for columns in SCRATCH_COLUMNS:
        trained = list(
            pool.map(lambda seed, columns=columns: list(_from_scratch(seed, columns, fittings[columns])), seeds)
        )
        for precision, entries in zip(("float32", "int8 rows"), zip(*trained, strict=True), strict=True):
            yield row(f"trained with {columns} columns, {precision}", entries)


def _packed(coded: Coded) -> bytes:
    return strip_names(scorer_file(coded))


def _entry(file: bytes, seed: Seed, quality: Quality, seconds: float) -> Entry:
    float32, users = seed.test.quality, seed.test.side.users
    return Entry(len(file), deflated_bytes(file), quality, float32, users, seconds)


def _ours(seed: Seed, setting: Setting) -> Entry:
    began = time.perf_counter()
    made = factor_models.made(seed.test, setting)
    seconds = time.perf_counter() - began
    return _entry(made.file, seed, factor_models.quality_of(seed.test, made), seconds)


def _of_peers(seed: Seed, quantizer: str | None) -> Iterator[tuple[str, Entry]]:
    began = time.perf_counter()
    for peer in peers(seed.test, quantizer):
        seconds = time.perf_counter() - began
        quality = judge(peer.scores, seed.test.factors.users, seed.test.side, peer.order)[0]
        yield peer.name, _entry(peer.file, seed, quality, seconds)
        began = time.perf_counter()


def _from_scratch(seed: Seed, columns: int, fitting: Fitting) -> Iterator[Entry]:
    began = time.perf_counter()
    factors = factor_models.fit(seed.test.side, columns, fitting, seed=seed.number)
    seconds = time.perf_counter() - began
    wide = judge_float(factors.items, factors.users, seed.test.side)
    yield _entry(_packed(Float32Rows(factors.items)), seed, wide, seconds)
    coded = rounded(factors.items, minmax_scales(factors.items, 8), 8)
    quality = judge_coded(coded, factors.users, seed.test.side)
    yield _entry(_packed(coded), seed, quality, seconds)


def say_proofs(seed: Seed, chosen: dict[str, Setting]) -> None:
    print(
        f"\n| finalist, seed {seed.number} | runtime | runtime recall@20 | evaluator's | overlap of top 20 | agrees |"
    )
    print("|---|---|---|---|---|---|")
    for goal in GOALS:
        made = factor_models.made(seed.test, chosen[goal.name])
        for proof in proofs(seed.parts, seed.test, made, goal.grid, most_users=PROOF_USERS):
            print(f"| {goal.name} | {_proved(proof)} |", flush=True)


def _proved(proof: Proof) -> str:
    if proof.refused:
        return f"{proof.runtime} | - | {proof.evaluated:.4f} | - | does not run: {proof.refused}"
    agrees = "yes" if proof.held else "NO, no finalist"
    return f"{proof.runtime} | {proof.recall:.4f} | {proof.evaluated:.4f} | {proof.overlap:.4f} | {agrees}"


if __name__ == "__main__":
    main()
