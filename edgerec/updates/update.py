"""A bundle and new interactions become the next bundle, and what it saves beside making everything anew."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from device_tests.bundle import Bundle
from device_tests.report import Quality
from edgerec import storage
from edgerec.build import Task, build, bundled
from edgerec.compress.conversion import Converter
from edgerec.compress.recipe import Recipe
from edgerec.data.duplicates import Duplicates
from edgerec.data.interactions import Interactions
from edgerec.data.splitting import Holdout
from edgerec.models.training import Fit
from edgerec.progress import Progress, silent
from edgerec.proving import NotProvedError
from edgerec.targets import environment, local
from edgerec.targets.job import Job
from edgerec.updates.delta import delta_bytes
from edgerec.updates.errors import UpdateError
from edgerec.updates.news import News, news
from edgerec.updates.next_release import FIT, change_of, rebuild_task, updated_release
from edgerec.updates.outcome import Outcome, layer_rows, shipped
from edgerec.updates.release import refuse_other, released


@dataclass(frozen=True, eq=False)
class Weeks:
    """What came after the first release: `old` are all interactions of that one, `new` those of every update since."""

    old: Interactions
    new: Sequence[Interactions]
    holdout: Holdout
    duplicates: Duplicates = "refuse"
    candidates: int = 0

    def news(self, old: Interactions, new: Interactions, seed: int) -> News:
        """What is new in one of them."""
        return news(old, new, self.holdout, duplicates=self.duplicates, seed=seed)


def update(
    task: Task,
    recipe: Recipe,
    weeks: Weeks,
    before: Bundle,
    out: Path,
    *,
    converter: Converter,
    fit: Fit = FIT,
    progress: Progress = silent,
) -> Outcome:
    """Write the bundle after `before` to `out`, and say what it costs to ship and recommends beside a rebuild.

    `task` and `recipe` made the first release; `before` is that release, or the update before the last of `weeks`. The
    rebuild is the same recipe on the model with every weight tuned on old and new data. Quality is measured on both
    files in the runtime. Raises UpdateError where `before` is not what these make, where nothing can be updated, and
    whatever building raises.
    """
    if not weeks.new:
        raise UpdateError("no new interactions: give at least one file of them")
    seed = task.setting.seed
    release = released(task, recipe, weeks.old, converter, progress=progress)
    for new in weeks.new[:-1]:
        week = weeks.news(release.everything, new, seed)
        release = updated_release(release, week, converter, fit=fit, candidates=weeks.candidates, progress=progress)
    refuse_other(release, before, "the bundle to update")
    last = weeks.news(release.everything, weeks.new[-1], seed)
    after = updated_release(release, last, converter, fit=fit, candidates=weeks.candidates, progress=progress)
    made = bundled(after.task, after.candidate(before.sha256), out, converter, progress=progress)
    anew = rebuild_task(release, last, fit=fit, candidates=weeks.candidates, progress=progress)
    with storage.scratch() as folder:
        narrow = replace(recipe, steps=())  # its columns went with the first release
        rebuilt = build(anew, narrow, folder / "rebuilt.edgerec", converter, progress=progress)
        ways = [
            shipped(
                each.bundle,
                _quality(each.path, after.task, progress),
                after.task.evaluation,
                delta_bytes(before, each.bundle),
                last.items,
            )
            for each in (made, rebuilt)
        ]
    held_out = after.task.evaluation.relevant.values
    return Outcome(
        path=out,
        sha256=made.bundle.sha256,
        runtime=task.setting.runtime,
        k=task.k,
        interactions=len(last.fresh),
        new_items=last.everything.items - last.items,
        new_users=last.everything.users - last.users,
        held_out=len(held_out),
        held_out_new=int(np.count_nonzero(held_out >= last.items)),
        layers=tuple(layer_rows(name, change) for name, change in change_of(release, last).items()),
        update=ways[0],
        rebuild=ways[1],
    )


def _quality(path: Path, task: Task, progress: Progress) -> Quality:
    progress(f"measure {path.name} in {task.setting.runtime}")
    report = local.run(Job(path, environment.parse(task.setting.runtime), only=("quality",))).report
    if report.quality is None:
        raise NotProvedError(f"the harness reported no quality of {path.name} in {task.setting.runtime}")
    return report.quality
