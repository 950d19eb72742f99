"""What is not wrong and may well be: said in a sentence each, beside a result that stands."""

from collections.abc import Sequence

import numpy as np

from device_tests import metrics
from device_tests.bundle import Bundle
from device_tests.evaluation import Baseline
from edgerec import judging
from edgerec.build import Task
from edgerec.config import InputSetting
from edgerec.models.roles import Roles


def guessed_padding(roles: Roles, said: Sequence[InputSetting]) -> str | None:
    """Say that the padding id of a history was guessed from its table; None where it was said or masked.

    A table with one row more than there are items has it last where ids run from 0, as in the reference models, and
    first where they run from 1.
    """
    history = roles.of_role("history")
    told = any(one.padding_id is not None for one in said if history is not None and one.name == history.name)
    if history is None or told or not history.padding_id == roles.items == history.ids - 1:
        return None
    return (
        f"history {history.name!r} has a table of {history.ids} rows for {roles.items} items, so id {roles.items} is "
        "taken for its padding; say so by padding_id beside its role in edgerec.toml, and where ids run from 1 and 0 "
        "is the padding, build the model with a score for id 0 too"
    )


def below_most_popular(task: Task, bundle: Bundle) -> str | None:
    """Say that the float32 model recommends worse than the most popular items do to the same users; None if not so.

    Raises BundleError where the bundle's own proof cannot be read.
    """
    relevant, k = task.evaluation.relevant, task.k
    baseline = Baseline.from_members(bundle.members, bundle.manifest, task.evaluation)
    if baseline is None:
        return None
    popularity = task.setting.data.popularity().astype(np.float32)
    popular = judging.judge(lambda rows: np.tile(popularity, (len(rows), 1)), task.evaluation)
    reached = popular.mean(metrics.recall, k)
    found = judging.Judged(relevant.offsets, baseline.ranks).mean(metrics.recall, k)
    if found >= reached:
        return None
    return (
        f"recall@{k} of the float32 model is {found:.4f}, and {reached:.4f} of the most popular items for the same "
        "users: its rows may stand for other ids than the data's in their order (give them by --items and --users), "
        "or it was trained too little"
    )
