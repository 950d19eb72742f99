"""The release after the one that there is: what is new solved and tuned, everything else as it was."""

from collections.abc import Mapping
from dataclasses import asdict, replace

import numpy as np

from converters.fit import refuse_misfit
from converters.tflite_file import parse
from edgerec.build import Task
from edgerec.codecs.change import Change
from edgerec.codecs.updating import updated
from edgerec.compress.coding import chosen_tables, file_with
from edgerec.compress.conversion import Converter
from edgerec.compress.id_rows import USER, Rows
from edgerec.compress.pipeline import Setting
from edgerec.compress.stage import Stage
from edgerec.criteria.statistics import Values
from edgerec.data.evaluation import evaluation_set
from edgerec.models.recommender import Recommender
from edgerec.models.serving import serving
from edgerec.models.training import Fit, train
from edgerec.packing import Catalogue
from edgerec.progress import Progress, silent
from edgerec.updates.errors import UpdateError
from edgerec.updates.folding import folded_in
from edgerec.updates.growth import grown, rows_of
from edgerec.updates.news import News
from edgerec.updates.release import Release, float32_file
from edgerec.updates.tuning import of_no_rows, tuned_rows

FIT = Fit(epochs=6)
"""The training of an update, and of the rebuild that it is compared with."""


def updated_release(
    release: Release,
    week: News,
    converter: Converter,
    *,
    fit: Fit = FIT,
    candidates: int = 0,
    progress: Progress = silent,
) -> Release:
    """The release after a week of news.

    New rows are solved from who took what is new, and tuned together with the rows that score items with new
    interactions, those of users with some, and the layers that have no rows, such as a history's encoder; the bytes and
    places of every other row stay. Raises UpdateError and CodecError for what cannot be updated.
    """
    before = release.task
    setting = replace(before.setting, data=week.parts.seen("test"))

    def made() -> Recommender:
        larger = grown(serving(before.base.recommender), week.everything.items, week.everything.users)
        progress("solve new rows")
        solved = folded_in(larger, setting.data, only=week.learned, seed=setting.seed)
        free = {name: _touched(rows, week) | (rows.source < 0) for name, rows in larger.tables.items()}
        told = _told(progress, "tune new rows")
        return tuned_rows(
            solved,
            free,
            setting.data,
            _seeded(fit, setting),
            whole=of_no_rows(solved, free),
            only=week.learned,
            progress=told,
        )

    task = _task(release, week, Stage(_key(release, week, setting, fit, "update"), made), setting, candidates)
    plain = float32_file(task.base, setting, converter, progress)
    progress(f"{release.recipe.name}: store what is new")
    recommender = serving(task.base.recommender)
    sources = rows_of(serving(before.base.recommender), week.everything.items, week.everything.users)
    tables, coded = {}, {}
    chosen = chosen_tables(plain, recommender, release.recipe.tables, setting.data, seed=setting.seed)
    for each, _ in chosen:
        table = release.tables.get(each.names)
        if table is None:
            raise UpdateError(f"layers {', '.join(each.names)} had no table of their own before: make the bundle anew")
        statistics = replace(each.statistics, second_moment=table.second_moment)
        change = _change(sources, each.names, week, len(each.values))
        stored = updated(table.stored, each.values, change, statistics, seed=setting.seed)
        tables[each.names], coded[each.tensor] = replace(table, stored=stored), stored.coded
    tflite = file_with(plain, coded, release.recipe.precision)
    refuse_misfit(parse(tflite), setting.runtime)
    return Release(task, release.recipe, tables, tflite, week.everything, task.base.sha256)


def rebuild_task(
    release: Release, week: News, *, fit: Fit = FIT, candidates: int = 0, progress: Progress = silent
) -> Task:
    """The task that makes everything anew: the same solved rows, then every weight tuned, and no table coded yet."""
    before = release.task
    setting = replace(before.setting, data=week.parts.seen("test"))

    def made() -> Recommender:
        larger = grown(serving(before.base.recommender), week.everything.items, week.everything.users)
        solved = folded_in(larger, setting.data, only=week.learned, seed=setting.seed)
        told = _told(progress, "rebuild")
        return train(solved, setting.data, _seeded(fit, setting), only=week.learned, progress=told)

    return _task(release, week, Stage(_key(release, week, setting, fit, "rebuild"), made), setting, candidates)


def change_of(release: Release, week: News) -> dict[str, Change]:
    """What an update does to the rows of each layer's table that goes by items or users."""
    sources = rows_of(serving(release.task.base.recommender), week.everything.items, week.everything.users)
    return {name: Change(rows.source, _touched(rows, week)) for name, rows in sources.items()}


def _change(sources: Mapping[str, Rows], layers: tuple[str, ...], week: News, size: int) -> Change:
    rows = next((sources[name] for name in layers if name in sources), None)
    if rows is None:  # a table of something else, of which nothing moves
        return Change(np.arange(size), np.zeros(size, np.bool_))
    return Change(rows.source, _touched(rows, week))


def _touched(rows: Rows, week: News) -> Values:
    """Rows that may change: what scores items with news, and users with news.

    What a history looks up means to the encoder what it meant before: its old rows stay, which costs no quality that
    was seen and halves the update.
    """
    touched: Values = np.zeros(len(rows.source), np.bool_)
    if rows.of == USER or rows.scores:
        touched[np.unique(week.fresh.user if rows.of == USER else week.fresh.item)] = True
    return touched


def _seeded(fit: Fit, setting: Setting) -> Fit:
    return replace(fit, seed=setting.seed, merge_repeats=setting.merge_repeats)


def _key(release: Release, week: News, setting: Setting, fit: Fit, kind: str) -> str:
    return setting.key(kind, model=release.task.base.key, fresh=week.fresh.digest(), fit=asdict(fit))


def _task(release: Release, week: News, stage: Stage, setting: Setting, candidates: int) -> Task:
    before, roles, data = release.task, stage.roles, week.everything
    judged = evaluation_set(week.parts, roles.inputs, candidates=candidates, seed=setting.seed)
    titles = before.catalogue.titles
    titles = (*titles, *data.item_ids[len(titles) :]) if titles else ()
    catalogue = Catalogue(data.item_ids, data.user_ids if roles.of_role("user") else (), titles)
    return Task(stage, setting, judged, catalogue, before.k)


def _told(progress: Progress, what: str) -> Progress:
    return lambda line: progress(f"{what}: {line}")
