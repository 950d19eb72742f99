"""From edgerec.toml and flags to a task: the user's model, the user's data, and who judges."""

import hashlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from edgerec.build import Task
from edgerec.compress import cache
from edgerec.compress.pipeline import REPRESENTATIVE_USERS, Setting
from edgerec.compress.stage import Stage
from edgerec.config import BUILT_IN_DATA, Config, DataSetting, HoldoutSetting, ModelSetting
from edgerec.data import movietweetings
from edgerec.data.errors import DataError
from edgerec.data.evaluation import evaluation_set
from edgerec.data.interactions import Interactions
from edgerec.data.reading import read_interactions
from edgerec.data.splitting import Holdout, after, last_n, random_share, split
from edgerec.data.vocabulary import read_ids
from edgerec.errors import EdgerecError
from edgerec.installation import missing_to_compress
from edgerec.models import loading
from edgerec.models.examples import Columns, sample
from edgerec.models.roles import Roles
from edgerec.packing import Catalogue
from edgerec.targets import environment

K = 10


class AssemblyError(EdgerecError):
    """A model, data and settings that do not belong together, or of which one is missing."""


@dataclass(frozen=True)
class Asked:
    """What the flags say; None leaves it to edgerec.toml and then to the default."""

    model: Path | None = None
    data: str | None = None
    runtime: str | None = None
    k: int | None = None
    seed: int | None = None
    items: Path | None = None
    users: Path | None = None


def task(config: Config, asked: Asked) -> Task:
    """The task that flags and edgerec.toml describe. Raises AssemblyError for what is missing or does not fit."""
    model = model_setting(config, asked)
    data = data_setting(config, asked)
    read, titles = in_vocabulary_of(model, data)
    parts = split(read, holdout(data.holdout), seed=data.seed)
    setting = Setting(parts.seen("test"), runtime(config, asked), data.seed, data.merge_repeats)
    base = stage(model)
    _refuse_other_vocabulary(base.roles, model, read, data)
    k = asked.k or model.k or K
    if k > base.roles.items:
        raise AssemblyError(f"k is {k}, expected 1 to {base.roles.items}, the size of the catalogue")
    catalogue = Catalogue(read.item_ids, read.user_ids if base.roles.of_role("user") else (), titles)
    judged = evaluation_set(parts, base.roles.inputs, candidates=data.candidates, seed=data.seed)
    return Task(base, setting, judged, catalogue, k)


def stage(model: ModelSetting) -> Stage:
    """The user's model as a stage: keyed by the bytes of its file and the roles that were given.

    Raises AssemblyError for a file that cannot be read, and where there is nothing installed to build a model with.
    """
    missing = missing_to_compress()
    if missing is not None:
        raise AssemblyError(
            f'training and converting need TensorFlow, and {missing} is not installed: pip install "edgerec[compress]"'
        )
    try:
        content = hashlib.sha256(model.path.read_bytes()).hexdigest()
    except OSError as error:
        raise AssemblyError(f"{model.path}: cannot be read: {error.strerror}") from error
    # Its vocabulary is of the data, and in the keys of what the data goes into.
    settings = {**asdict(replace(model, items=None, users=None)), "path": model.path.name}
    return Stage(cache.key("model", content=content, settings=settings), lambda: loading.load(model))


def model_setting(config: Config, asked: Asked) -> ModelSetting:
    """Which model, and what is said of it."""
    if asked.model is None and config.model is None:
        raise AssemblyError('no model: name a .keras or .h5 file, or write [model] path = "..." in edgerec.toml')
    setting = ModelSetting(Path()) if config.model is None else config.model
    return replace(
        setting,
        path=asked.model or setting.path,
        items=asked.items or setting.items,
        users=asked.users or setting.users,
    )


def data_setting(config: Config, asked: Asked) -> DataSetting:
    """Which interactions, how they are split, and the seed of that, of training and of every sample."""
    if asked.data is None and config.data is None:
        raise AssemblyError(
            f"no data: give --data FILE.csv, or --data {BUILT_IN_DATA} for the built-in set, or write [data] "
            'path = "..." in edgerec.toml; the model is tuned and judged on it'
        )
    setting = DataSetting(Path()) if config.data is None else config.data
    if asked.data is not None:
        setting = setting.at(asked.data)
    return setting if asked.seed is None else replace(setting, seed=asked.seed)


def runtime(config: Config, asked: Asked) -> str:
    """The runtime that the bundle is for, known to have an environment."""
    return str(environment.parse(asked.runtime or config.target.runtime or str(environment.DEFAULT)))


def holdout(setting: HoldoutSetting) -> Holdout:
    """The holdout that a setting names."""
    if setting.rule == "last_n":
        return last_n(int(setting.amount))
    return {"random_share": random_share, "after": after}[setting.rule](setting.amount)


def representative(roles: Roles, config: Config, asked: Asked) -> Columns:
    """Real inputs of real users, for a converter that needs ranges."""
    model, data = model_setting(config, asked), data_setting(config, asked)
    read, _ = in_vocabulary_of(model, data)
    _refuse_other_vocabulary(roles, model, read, data)
    return sample(roles, read, REPRESENTATIVE_USERS, seed=data.seed)


def interactions(setting: DataSetting) -> tuple[Interactions, tuple[str, ...]]:
    """The interactions that a setting names, and titles to show for their items where there are any."""
    if setting.built_in:
        return movietweetings.load(), movietweetings.titles()
    read = read_interactions(
        setting.path,
        user=setting.user,
        item=setting.item,
        time=setting.time,
        weight=setting.weight,
        duplicates=setting.duplicates,
    )
    return read, ()


def in_vocabulary_of(model: ModelSetting, data: DataSetting) -> tuple[Interactions, tuple[str, ...]]:
    """The interactions and titles in the order of the model's own vocabulary, where there are files of it."""
    read, titles = interactions(data)
    items = None if model.items is None else read_ids(model.items)
    users = None if model.users is None else read_ids(model.users)
    if items is not None and titles:
        title = dict(zip(read.item_ids, titles, strict=True))
        titles = tuple(title.get(item, item) for item in items)
    try:
        return read.in_vocabulary(users=users, items=items), titles
    except DataError as error:
        raise AssemblyError(f"{data.path}: {error}") from error


def _refuse_other_vocabulary(roles: Roles, model: ModelSetting, read: Interactions, data: DataSetting) -> None:
    if read.items != roles.items:
        way_out = (
            "give one line for each row of the model's table"
            if model.items
            else "give the data that the model was trained on, or --items, the ids of the model's rows"
        )
        raise AssemblyError(
            f"{model.items or data.path} has {read.items} items and {roles.name} was trained on {roles.items}: "
            f"{way_out}"
        )
    user = roles.of_role("user")
    if user is None:
        if model.users is not None:
            raise AssemblyError(f"{model.users} was given for users, and {roles.name} takes no user: leave it out")
    elif read.users > user.ids or (model.users is not None and read.users < user.ids):
        way_out = (
            "give one line for each row of the model's table"
            if model.users
            else "give the data that the model was trained on, or --users, the ids of the model's rows"
        )
        raise AssemblyError(
            f"{model.users or data.path} has {read.users} users and {roles.name} knows {user.ids}: {way_out}"
        )
