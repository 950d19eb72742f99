"""Every built-in recipe on every reference model, trained on MovieTweetings: sizes, quality, agreement of two runtimes.

    python benchmarks/recipes.py [--models gru,neumf] [--recipes int8,float16] [--write]

The history encoders are judged on the last item of each user (recall@10), the others on a random 20 % (recall@20). Of
every bundle: size, recall and its share of float32's with 95 % intervals in tflite-runtime 2.14.0, whether golden
outputs hold there and in the newest LiteRT, and whether both agree: every score of the decoded golden users within the
tolerance that the bundle states, the order kept, lists that overlap by 0.98, and recall over all test users that
differs by less than 0.002. Mean overlap, identical lists and difference in recall are over all test users. `--write`
renews edgerec/compress/recipes/measured.json, which `edgerec recipes` shows.
"""

import argparse
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from device_tests import metrics
from device_tests.evaluation import EvaluationSet
from edgerec import judging, measured
from edgerec.build import Task, build
from edgerec.compress.conversion import Converter
from edgerec.compress.finding import built_in
from edgerec.compress.pipeline import Setting
from edgerec.compress.stage import Stage
from edgerec.data import movietweetings
from edgerec.data.evaluation import evaluated_users, evaluation_set
from edgerec.data.interactions import Interactions
from edgerec.data.splitting import Split, last_n, random_share, split
from edgerec.errors import EdgerecError
from edgerec.models import baselines, training
from edgerec.models.recommender import Recommender
from edgerec.models.reference import REFERENCE_MODELS
from edgerec.models.session import session, versions
from edgerec.packing import Catalogue
from edgerec.results import Result, result
from edgerec.targets import environment
from edgerec.two_runtimes import in_both

RUNTIMES = (environment.parse("tflite-runtime==2.14.0"), environment.parse("ai-edge-litert==2.3.0"))
SEED = 0


@dataclass(frozen=True)
class Judged:
    """How a reference model is judged: its split, and the length of the lists."""

    parts: Split
    k: int


def judged(interactions: Interactions) -> dict[str, Judged]:
    last = Judged(split(interactions, last_n(1), seed=SEED), 10)
    random = Judged(split(interactions, random_share(0.2), seed=SEED), 20)
    return {"gru": last, "attention": last, "mf": random, "neumf": random, "two_towers": random}


def build_model(name: str, interactions: Interactions) -> Recommender:
    users, items = interactions.users, interactions.items
    arguments: dict[str, tuple[object, ...]] = {
        "gru": (items,),
        "attention": (items,),
        "mf": (users, items),
        "neumf": (users, items),
        "two_towers": (users, movietweetings.genres()[1].astype(np.float32)),
    }
    session().seed(SEED)
    return REFERENCE_MODELS[name].build(*arguments[name])


def task_of(name: str, how: Judged) -> Task:
    data, fit = how.parts.seen("test"), REFERENCE_MODELS[name].fit
    setting = Setting(data, str(RUNTIMES[0]), SEED)
    base = Stage(
        setting.key("benchmark", model=name, fit=vars(fit)),
        lambda: training.train(build_model(name, data), data, fit),
    )
    catalogue = Catalogue(data.item_ids, data.user_ids if base.roles.of_role("user") else (), movietweetings.titles())
    return Task(base, setting, evaluation_set(how.parts, base.roles.inputs), catalogue, how.k)


def recall_of(scorer: baselines.Scorer, how: Judged, evaluation: EvaluationSet) -> float:
    users = evaluated_users(how.parts)
    return judging.judge(lambda rows: scorer(users[rows]), evaluation).mean(metrics.recall, how.k)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", default=",".join(REFERENCE_MODELS))
    parser.add_argument("--recipes", default=",".join(built_in()))
    parser.add_argument("--out", type=Path, help="a folder for the bundles [a temporary one]")
    parser.add_argument("--write", action="store_true", help="renew measured.json")
    asked = parser.parse_args()
    interactions = movietweetings.load()
    ways = judged(interactions)
    found: dict[str, dict[str, dict[str, object]]] = {}
    with tempfile.TemporaryDirectory() as scratch, Converter() as converter:
        folder = asked.out or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for name in asked.models.split(","):
            task = task_of(name, ways[name])
            popular = recall_of(baselines.most_popular(ways[name].parts), ways[name], task.evaluation)
            ease = recall_of(baselines.ease(ways[name].parts, 300.0), ways[name], task.evaluation)
            print(
                f"\n{name}, {task.setting.data.users} users, {ways[name].parts.holdout}, recall@{task.k}: "
                f"most popular {popular:.3f}, EASE {ease:.3f}"
            )
            print(
                "| recipe | app bytes | download | ratio | recall (95 %) | of float32's | 2.14 / LiteRT overlap "
                "| identical lists | recall difference | agree | float32 overlap | golden in both |"
            )
            print("|---|---|---|---|---|---|---|---|---|---|---|---|")
            found[name] = rows(name, task, asked.recipes.split(","), folder, converter)
    if asked.write:
        provenance = {
            "data": "MovieTweetings 100K, 5-core",
            "judged": "; ".join(f"{name} on {how.parts.holdout} by recall@{how.k}" for name, how in ways.items()),
            "runtime": str(RUNTIMES[0]),
            "seed": SEED,
            **versions(),
        }
        text = json.dumps({"provenance": provenance, "models": found}, indent=1, sort_keys=True) + "\n"
        measured.PATH.write_text(text)
        print(f"\nwritten: {measured.PATH.name}")


def rows(name: str, task: Task, recipes: list[str], folder: Path, converter: Converter) -> dict[str, dict[str, object]]:
    gave: dict[str, dict[str, object]] = {}
    first = 0
    for recipe in recipes:
        try:
            built = build(task, built_in()[recipe], folder / f"{name}-{recipe}.edgerec", converter)
            both = in_both(built.path, RUNTIMES)
        except EdgerecError as error:
            print(f"| {recipe} | {error} |", flush=True)
            continue
        first = first or build_float32_download(task, folder, name, converter)
        row = result(built.bundle, both.reports[0], float32_download=first, verdict=True)
        overlaps = [report.golden.float_overlap for report in both.reports if report.golden]
        print(
            f"| {recipe} | {row.app_bytes} | {row.download_bytes} | {row.ratio:.2f}x | {told(row)} "
            f"| {both.overlap:.4f} | {both.identical_lists:.1%} "
            f"| {both.recall_difference:.4f} | {'yes' if both.agree else f'NO: {both.agreement}'} "
            f"| {min(overlaps):.4f} | {'yes' if all(both.golden_held) else both.golden_held} |",
            flush=True,
        )
        gave[recipe] = {
            "app_bytes": row.app_bytes,
            "download_bytes": row.download_bytes,
            "recall": round(row.recall.estimate, 4),
            "kept": round(row.kept.estimate, 4),
            "loads": [str(runtime) for runtime, held in zip(RUNTIMES, both.golden_held, strict=True) if held],
        }
    return gave


def build_float32_download(task: Task, folder: Path, name: str, converter: Converter) -> int:
    built = build(task, built_in()["float32"], folder / f"{name}-float32.edgerec", converter)
    return built.bundle.download_bytes


def told(row: Result) -> str:
    recall, kept = row.recall, row.kept
    return (
        f"{recall.estimate:.4f} ({recall.low:.4f}-{recall.high:.4f}) "
        f"| {kept.estimate:.1%} ({kept.low:.1%}-{kept.high:.1%})"
    )


if __name__ == "__main__":
    main()
