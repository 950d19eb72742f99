"""What NeuMF and a GRU of 64 columns come to as whole files, ours and their peers', every item recommendable.

    PYTHONPATH=. python benchmarks/size_deep.py [--models gru,neumf] [--seeds 0] [--kept FOLDER]

MovieTweetings, full ranking of all items not seen, as LiteRT answers. The recipe is the first of its grid, from small
to large, that holds the floors on validation, for a model that learned from train alone; test is asked once, of models
that learned from train and validation. Bytes are those of the .tflite, names stripped from ours. `--kept` is where
trained models go and are read again.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.factor_floors import LEAST_HITS, Kept, kept, walk

from benchmarks import deep_models, size_table
from benchmarks.deep_candidates import CANDIDATES
from benchmarks.deep_models import MODELS, RUNTIMES, Deep, Side
from benchmarks.factor_quality import Quality
from benchmarks.size_table import Entry, Row
from device_tests.bundle import deflated_bytes
from edgerec.build import build
from edgerec.compress.conversion import Converter
from edgerec.compress.finding import find
from edgerec.compress.pipeline import compress
from edgerec.compress.recipe import Recipe
from edgerec.data.splitting import Part
from edgerec.errors import EdgerecError
from edgerec.two_runtimes import in_both

COLUMNS = 64
SCRATCH_COLUMNS = (8, 16, 32)
FLOAT32, INT8 = "float32", "int8"
ASKED, ASKED_ON_DISK = 15.0, 11.25


@dataclass(frozen=True)
class Work:
    """What every question of one run shares."""

    deep: Deep
    seeds: tuple[int, ...]
    kept: Path
    converter: Converter

    def sides(self, part: Part, columns: int) -> list[Side]:
        """The models of so many columns, seed by seed."""
        return [
            deep_models.side(
                self.deep, deep_models.read(self.deep, seed=seed), part, columns, seed=seed, kept=self.kept
            )
            for seed in self.seeds
        ]

    def file(self, side: Side, recipe: Recipe) -> bytes:
        """The .tflite that a recipe makes."""
        return compress(side.task.base, recipe, side.task.setting, self.converter).tflite

    def quality(self, side: Side, recipe: Recipe) -> Quality:
        """What it gives on its side."""
        return deep_models.quality(side, self.file(side, recipe), recipe)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", default=",".join(deep.name for deep in MODELS))
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--kept", type=Path, help="a folder for trained models [a temporary one]")
    asked = parser.parse_args()
    seeds = tuple(int(one) for one in asked.seeds.split(","))
    with tempfile.TemporaryDirectory() as scratch, Converter() as converter:
        folder = asked.kept or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for deep in MODELS:
            if deep.name in asked.models.split(","):
                say(Work(deep, seeds, folder, converter))


def say(work: Work) -> None:
    began = time.perf_counter()
    print(f"\n### {work.deep.name}, {COLUMNS} columns, {work.deep.holdout.name}\n", flush=True)
    recipe = chosen(work)
    print(f"{time.perf_counter() - began:.0f} s so far: the recipe is chosen, test is asked now.\n", flush=True)
    sides = work.sides("test", COLUMNS)
    whole = [work.quality(side, find(FLOAT32)) for side in sides]
    say_float32(sides, whole)
    print(size_table.heading())
    rows = list(table(work, recipe, sides, whole))
    say_goal(rows)
    say_proof(work, recipe, sides[0])
    print(f"\n{time.perf_counter() - began:.0f} s in all.")


def chosen(work: Work) -> Recipe:
    """Return the first recipe that holds on validation, the nearest where none does."""
    sides, grid = work.sides("validation", COLUMNS), CANDIDATES[work.deep.name]
    whole = [work.quality(side, find(FLOAT32)) for side in sides]

    def ask(number: int) -> list[Kept]:
        return [kept(work.quality(side, grid[number]), of) for side, of in zip(sides, whole, strict=True)]

    found = walk(len(grid), ask, size_table.FLOORS)
    says = "holds on validation" if found.holds else "NONE HOLDS with its margin on validation, this is the nearest"
    print(f"ours: {says}, {len(found.tried)} of {len(grid)} tried: {grid[found.chosen].name}", flush=True)
    return grid[found.chosen]


def say_float32(sides: Sequence[Side], whole: Sequence[Quality]) -> None:
    recalls = ", ".join(f"{one.recall.mean():.4f}" for one in whole)
    hits = "; ".join(f"{one.hits[0]} and {one.hits[1]}" for one in whole)
    covered = ", ".join(str(one.coverage) for one in whole)
    print(
        f"Test: float32 recall@20 {recalls}; {len(sides[0].users)} users; hits@10 of 100 in the popular and unpopular "
        f"half {hits}, {LEAST_HITS} are needed; items shown {covered} of {sides[0].task.base.roles.items}.\n"
    )


def table(work: Work, recipe: Recipe, sides: Sequence[Side], whole: Sequence[Quality]) -> Iterator[Row]:
    """Print and give float32, ours and the peers, row by row."""
    plain = [work.file(side, find(FLOAT32)) for side in sides]
    disk, download = (sum(map(measure, plain)) / len(plain) for measure in (len, deflated_bytes))

    def row(name: str, made_of: Sequence[Side], how: Recipe) -> Row:
        entries = []
        for side, of in zip(made_of, whole, strict=True):
            began = time.perf_counter()
            file = work.file(side, how)
            seconds = time.perf_counter() - began
            quality = deep_models.quality(side, file, how)
            entries.append(Entry(len(file), deflated_bytes(file), quality, of, side.users, seconds))
        made = Row(name, tuple(entries), disk, download)
        print(size_table.line(made), flush=True)
        return made

    yield row(FLOAT32, sides, find(FLOAT32))
    yield row("ours", sides, recipe)
    yield row("TFLiteConverter DEFAULT", sides, find(INT8))
    for columns in SCRATCH_COLUMNS:
        trained = work.sides("test", columns)
        for precision in (FLOAT32, INT8):
            yield row(f"trained with {columns} columns, {precision}", trained, find(precision))


def say_goal(rows: Sequence[Row]) -> None:
    ours, scratch = rows[1], [row for row in rows if row.name.startswith("trained")]
    large = [row for row in scratch if row.ratio <= ours.ratio]
    best = max(large, key=lambda row: row.kept.recall, default=None)
    beside = f"; of those trained at no fewer bytes the best keeps {best.kept.recall:.1%}: {best.name}" if best else ""
    print(
        f"\nOurs: {ours.ratio:.1f}x of {ASKED:g}x asked of the download, {ours.disk_ratio:.1f}x of {ASKED_ON_DISK:g}x "
        f"on disk, at {ours.kept.recall:.1%} of recall{beside}."
    )


def say_proof(work: Work, recipe: Recipe, side: Side) -> None:
    """Print what both runtimes say of the bundle of the first seed, and what the app part comes to."""
    with tempfile.TemporaryDirectory() as scratch:
        try:
            ours, plain = (
                build(side.task, replace(each, name=each.name[:40]), Path(scratch) / str(number), work.converter)
                for number, each in enumerate((recipe, find(FLOAT32)))
            )
            both = in_both(ours.path, RUNTIMES, only=("golden", "quality"))
        except EdgerecError as error:
            print(f"No bundle: {error}")
            return
        app = plain.bundle.download_bytes / ours.bundle.download_bytes
        print(
            f"The app part, vocabulary included: {ours.bundle.download_bytes:,} bytes to download, {app:.1f}x. "
            f"{RUNTIMES[0]} and {RUNTIMES[1]}: golden outputs held {both.golden_held}, overlap {both.overlap:.4f}, "
            f"recall differs by {both.recall_difference:.4f}, agree {both.agree}."
        )


if __name__ == "__main__":
    main()
