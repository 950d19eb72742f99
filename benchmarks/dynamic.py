"""Dynamic mode on MovieTweetings: a bundle, a week of new interactions, the update beside a full rebuild.

    python benchmarks/dynamic.py [--recipes rows8_int8,rows4_int8] [--days 7] [--ago 0] [--new 20]

The last days of the data are the week. 5-core data has hardly a film that is new in it, so that `--new` films, those of
the week whose first interaction is the latest, are left out of the old data altogether. What else came before trains
the GRU of the demo and makes the first bundle. Of each user the last interaction of the week is held out. Printed are,
for the update and for the rebuild, the bsdiff patch between the two app parts, the whole download, and quality in
tflite-runtime 2.14.0. `--ago` takes an earlier week, on which nothing was tried out.
"""

import argparse
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from edgerec.build import Task, build
from edgerec.compress.conversion import Converter
from edgerec.compress.finding import find
from edgerec.compress.pipeline import Setting
from edgerec.compress.stage import Stage
from edgerec.data import movietweetings
from edgerec.data.evaluation import evaluation_set
from edgerec.data.interactions import Interactions
from edgerec.data.splitting import last_n, split
from edgerec.models import reference, training
from edgerec.models.session import session
from edgerec.packing import Catalogue
from edgerec.report.updated_text import updated_text
from edgerec.targets import environment
from edgerec.updates.next_release import FIT
from edgerec.updates.update import Weeks, update

DAY_S = 24 * 3600
SEED, K = 0, 10


def cut(days: int, new_films: int, ago: int = 0) -> tuple[Interactions, Interactions]:
    """The interactions before some days, without the newest films, and those of the days, which end `ago` days ago."""
    every = movietweetings.load()
    every = every.rows(every.time <= every.time.max() - ago * DAY_S)
    late = every.time >= every.time.max() - days * DAY_S
    first = np.full(every.items, np.iinfo(np.int64).max)
    np.minimum.at(first, every.item, every.time)
    in_week = np.bincount(every.item[late], minlength=every.items) > 1
    newest = np.argsort(np.where(in_week, -first, 1), kind="stable")[:new_films]
    is_new = np.isin(every.item, newest)
    return compact(every.rows(~late & ~is_new)), compact(every.rows(late))


def compact(part: Interactions) -> Interactions:
    """The same interactions, with only the ids that they have."""
    names = [np.array(ids)[codes].tolist() for ids, codes in ((part.user_ids, part.user), (part.item_ids, part.item))]
    return Interactions.from_columns(names[0], names[1], part.time, part.weight)


def first_task(old: Interactions, epochs: int) -> Task:
    parts = split(old, last_n(1), seed=SEED)
    data, fit = parts.seen("test"), replace(reference.REFERENCE_MODELS["gru"].fit, epochs=epochs)
    setting = Setting(data, str(environment.DEFAULT), SEED)

    def trained() -> reference.Recommender:
        session().seed(SEED)
        return training.train(reference.gru(old.items), data, fit, progress=lambda line: print(line, flush=True))

    base = Stage(setting.key("dynamic", fit=asdict(fit)), trained)
    return Task(base, setting, evaluation_set(parts, base.roles.inputs, seed=SEED), Catalogue(old.item_ids), K)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipes", default="rows8_int8,rows4_int8")
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--ago", type=int, default=0, help="days after the week that are left out")
    parser.add_argument("--new", type=int, default=20, help="films left out of the old data")
    parser.add_argument("--epochs", type=int, default=reference.REFERENCE_MODELS["gru"].fit.epochs)
    parser.add_argument("--tune", type=int, default=FIT.epochs, help="epochs of the update and of the rebuild")
    asked = parser.parse_args()
    old, new = cut(asked.days, asked.new, asked.ago)
    print(
        f"{len(old)} interactions with {old.items} films before, {len(new)} by {new.users} users in {asked.days} days"
    )
    task = first_task(old, asked.epochs)
    with tempfile.TemporaryDirectory() as scratch, Converter() as converter:
        for name in asked.recipes.split(","):
            before = build(task, find(name), Path(scratch) / f"{name}-1.edgerec", converter).bundle
            weeks = Weeks(old, (new,), last_n(1))
            out, fit = Path(scratch) / f"{name}-2.edgerec", replace(FIT, epochs=asked.tune)
            found = update(task, find(name), weeks, before, out, converter=converter, fit=fit)
            print(f"\n{name}: {before.app_bytes} bytes in the app before\n{updated_text(found)}", flush=True)


if __name__ == "__main__":
    main()
