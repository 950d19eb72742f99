"""`edgerec.toml`: what the flags would say, read once into frozen values.

Every path in it is relative to the file's own folder. A whole one::

    [model]
    path = "gru.h5"
    items = "items.txt"       # item ids, line i is the model's item i; without it the data's, sorted
    kind = "catalogue"
    inputs = { history = { role = "history", padding_id = 0 } }

    [data]
    path = "ratings.csv"
    user = "userId"
    holdout = "last_n(1)"
    candidates = 99           # one held-out item is also ranked among that many others
    merge_repeats = true      # training steps feed examples that say the same once
    new = ["week1.csv"]       # what came since the first bundle, one file an update, for compress --from

    [recipe]
    name = "prune80_int8"

    [search]
    trials = 40             # in all, in rounds of
    round_size = 8
    no_progress_rounds = 3  # the last when so many rounds brought no better candidate
    workers = 2             # any number of them gives the same result
    seed = 0

    [target]                # what holds for every target
    runtime = "tflite-runtime==2.14.0"
    threads = 1

    [target.pi]             # `bench --target pi`
    address = "ssh://pi@192.0.2.7"
    threads = 4

    [budget]                # holds for every bundle
    app_bytes = "420 KiB"
    p50 = "2 ms"
    recall_at_10 = 0.21
    floors = "default"      # of float32's quality, wherever no limit such as the next says another
    recall_kept_at_20 = "98 %"
    recall_kept_at_20_of_tail = "90 %"    # of the held-out items in one segment
    model_bytes = "+2 %"                  # relative to the baseline; "ratchet" is no worse than it
    private_bytes = ["2 MiB", "+64 KiB"]  # both

    [budget.tensors]        # all tensors whose names fit, together
    "items*" = "200 KiB"

    [budget.kinds]          # what lookups read, what matrix products do, and the rest
    table = "300 KiB"

    [budget.on."Cortex-A72*"]   # only of machines whose name in a verdict fits
    p50 = "4 ms"

    [policy]
    baseline = "edgerec-baseline.json"  # what `check --update-baseline` keeps
    threshold = "0.5 %"     # a smaller change than that is none
    inconclusive = "pass"   # what is too noisy to tell; so for unproven and no_evidence; they fail unless it is said

    [[bundle]]
    path = "demo/gru.edgerec"
    reports = ["demo/gru.report.json"]
    budget = { app_bytes = "400 KiB" }    # this one's own, in place of the limit of the same name
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self, cast

from device_tests.manifest import KINDS, ROLES
from edgerec.data.duplicates import DUPLICATES, Duplicates
from edgerec.gate.budget import NO_LIMITS, Budget, budget_of
from edgerec.gate.policy import STRICT, Policy, policy_of
from edgerec.search.setting import DEFAULTS, SearchSetting, search_setting
from edgerec.strict_toml import Table, parse_toml, read_toml
from edgerec.targets.setting import UNSAID, TargetSetting, target_setting

FILE_NAME = "edgerec.toml"
BUILT_IN_DATA = "movietweetings"
MODEL_KINDS = (*KINDS, "two_towers")

_HOLDOUT = re.compile(r"(?:(last_n)\(([1-9][0-9]{0,5})\))|(?:(random_share|after)\((0\.[0-9]{1,9})\))")


@dataclass(frozen=True)
class InputSetting:
    """What a model's input means: its role, and where the file says so, its ids and its padding id."""

    name: str
    role: str
    ids: int | None = None
    padding_id: int | None = None


@dataclass(frozen=True)
class ModelSetting:
    """`[model]`: the trained model, its roles, and files of the ids that its rows stand for, in their order."""

    path: Path
    kind: str | None = None
    name: str | None = None
    k: int | None = None
    inputs: tuple[InputSetting, ...] = ()
    items: Path | None = None
    users: Path | None = None


@dataclass(frozen=True)
class HoldoutSetting:
    """`holdout = "last_n(1)"`: the rule of edgerec.data.splitting and its amount."""

    rule: str
    amount: float


@dataclass(frozen=True)
class DataSetting:
    """`[data]`: the interactions, their columns, how they are split, and what training and judging make of them.

    `path` is only a name where they are the `built_in` ones. `candidates` are the negatives that a held-out item is
    ranked among beside the whole catalogue, 0 for none. `new` are files of what came since, one an update.
    """

    path: Path
    user: str | None = None
    item: str | None = None
    time: str | None = None
    weight: str | None = None
    duplicates: Duplicates = "refuse"
    holdout: HoldoutSetting = HoldoutSetting("last_n", 1)
    seed: int = 0
    merge_repeats: bool = False
    candidates: int = 0
    built_in: bool = False
    new: tuple[Path, ...] = ()

    def at(self, written: str, folder: Path = Path()) -> Self:
        """Give the same setting for other interactions: the bare word `movietweetings`, or a path in `folder`."""
        built_in = written == BUILT_IN_DATA
        return replace(self, path=Path(written) if built_in else folder / written, built_in=built_in)


@dataclass(frozen=True)
class BundleSetting:
    """`[[bundle]]`: one bundle or .tflite, the reports that prove it, its own limits, and the `file:line` it stands in.

    `where` is empty for one that no file names.
    """

    path: Path
    reports: tuple[Path, ...] = ()
    budget: Budget = NO_LIMITS
    where: str = ""


@dataclass(frozen=True)
class Config:
    """A whole edgerec.toml; a part is None or empty when the file does not have it."""

    model: ModelSetting | None = None
    data: DataSetting | None = None
    recipe: str | None = None
    search: SearchSetting = DEFAULTS
    target: TargetSetting = UNSAID
    budget: Budget = NO_LIMITS
    policy: Policy = STRICT
    bundles: tuple[BundleSetting, ...] = ()


def read_config(path: Path) -> Config:
    """Read an edgerec.toml; raises TomlError or BudgetError, each naming the file and line."""
    return _config(read_toml(path), path.parent)


def read_config_if_there(path: Path | None = None) -> Config:
    """Read the given edgerec.toml, else the one in the current folder, else give an empty config."""
    if path is None and not Path(FILE_NAME).exists():
        return Config()
    return read_config(path or Path(FILE_NAME))


def parse_config(text: str, *, folder: Path = Path(), name: str = FILE_NAME) -> Config:
    """Give the config of TOML text whose paths are relative to `folder`."""
    return _config(parse_toml(text, name), folder)


def _config(root: Table, folder: Path) -> Config:
    recipe = root.table("recipe")
    config = Config(
        model=_model(root.table("model"), folder),
        data=_data(root.table("data"), folder),
        recipe=None if recipe is None else recipe.required_text("name"),
        search=search_setting(root.table("search")),
        target=target_setting(root.table("target")),
        budget=budget_of(root.table("budget")),
        policy=policy_of(root.table("policy"), folder),
        bundles=tuple(_bundle(table, folder) for table in root.tables("bundle")),
    )
    if recipe is not None:
        recipe.refuse_unknown()
    root.refuse_unknown()
    return config


def _model(table: Table | None, folder: Path) -> ModelSetting | None:
    if table is None:
        return None
    inputs = table.table("inputs")
    setting = ModelSetting(
        path=folder / table.required_text("path"),
        kind=table.choice("kind", MODEL_KINDS),
        name=table.text("name"),
        k=table.integer("k", least=1),
        inputs=() if inputs is None else tuple(_input(inputs, name) for name in inputs.values),
        items=_file(table, "items", folder),
        users=_file(table, "users", folder),
    )
    table.refuse_unknown()
    return setting


def _file(table: Table, key: str, folder: Path) -> Path | None:
    written = table.text(key)
    return None if written is None else folder / written


def _input(inputs: Table, name: str) -> InputSetting:
    """Read `user = "user"` or `history = { role = "history", padding_id = 0 }`."""
    if isinstance(inputs.value(name), str):
        return InputSetting(name, inputs.choice(name, ROLES) or "")
    table = inputs.table(name)
    role = None if table is None else table.choice("role", ROLES)
    if table is None or role is None:
        raise inputs.refuse(
            name, f'a role ({", ".join(ROLES)}) or a table such as {{ role = "history", padding_id = 0 }}'
        )
    setting = InputSetting(name, role, table.integer("ids", least=1), table.integer("padding_id", least=0))
    table.refuse_unknown()
    return setting


def _data(table: Table | None, folder: Path) -> DataSetting | None:
    if table is None:
        return None
    written = table.required_text("path")
    setting = DataSetting(
        path=Path(written),
        user=table.text("user"),
        item=table.text("item"),
        time=table.text("time"),
        weight=table.text("weight"),
        duplicates=cast("Duplicates", table.choice("duplicates", DUPLICATES) or "refuse"),
        holdout=_holdout(table),
        seed=table.integer("seed", least=0) or 0,
        merge_repeats=table.flag("merge_repeats") or False,
        candidates=table.integer("candidates", least=1) or 0,
        new=tuple(folder / each for each in table.texts("new")),
    )
    table.refuse_unknown()
    return setting.at(written, folder)


def _holdout(table: Table) -> HoldoutSetting:
    written = table.text("holdout")
    if written is None:
        return HoldoutSetting("last_n", 1)
    match = _HOLDOUT.fullmatch(written)
    if match is None:
        raise table.refuse("holdout", '"last_n(1)", "random_share(0.2)" or "after(0.9)"')
    return HoldoutSetting(match[1] or match[3], float(match[2] or match[4]))


def _bundle(table: Table, folder: Path) -> BundleSetting:
    setting = BundleSetting(
        path=folder / table.required_text("path"),
        reports=tuple(folder / report for report in table.texts("reports")),
        budget=budget_of(table.table("budget")),
        where=table.where("path"),
    )
    table.refuse_unknown()
    return setting
