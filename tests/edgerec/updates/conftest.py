"""Two tiny recommenders, what they were trained on, and a week after it with items that nobody had taken before."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgerec import storage
from edgerec.build import Task
from edgerec.compress import cache as step_cache
from edgerec.compress.conversion import Converter
from edgerec.compress.pipeline import Setting
from edgerec.compress.stage import Stage
from edgerec.data.evaluation import evaluation_set
from edgerec.data.interactions import Interactions
from edgerec.data.splitting import last_n, split
from edgerec.models.recommender import Recommender
from edgerec.packing import Catalogue

BLOCKS, BLOCK, USERS, K, COLUMNS, LENGTH = 4, 20, 80, 5, 16, 4
NEW_ITEMS = tuple(f"i{block * BLOCK + 3:02}" for block in range(BLOCKS))  # among the others by name
RUNTIME = "tflite-runtime==2.14.0"
WEEK = 100


def taken(*, new: bool) -> Interactions:
    """Everybody keeps to one block of items; in the week most of them take the block's new one, among two others.

    The last user is there only in the week.
    """
    random = np.random.default_rng(8)
    rows = []
    for user in range(USERS + 1):
        block = user % BLOCKS
        old = [item for item in range(block * BLOCK, (block + 1) * BLOCK) if f"i{item:02}" not in NEW_ITEMS]
        chosen = random.permutation(old)
        rows += [(f"u{user}", f"i{item:02}", time) for time, item in enumerate(chosen[:10]) if user < USERS]
        if user < 3 * USERS // 4 or user == USERS:  # the others do nothing in the week
            week = [NEW_ITEMS[block], f"i{chosen[10]:02}", f"i{chosen[11]:02}"]
            turn = random.permutation(3)
            rows += [(f"u{user}", week[one], WEEK + time) for time, one in enumerate(turn)]
    kept = [row for row in rows if (row[2] >= WEEK) == new]
    return Interactions.from_columns(*map(list, zip(*kept, strict=True)))


@pytest.fixture(scope="session")
def old() -> Interactions:
    """Give what the first release was trained on."""
    return taken(new=False)


@pytest.fixture(scope="session")
def new() -> Interactions:
    """Give the week after it."""
    return taken(new=True)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give a home with a step cache of these tests' own; the runtimes' environments are the suite's."""
    folder = tmp_path_factory.mktemp("home")
    for part in ("environments", "harness", "capsules", "boards"):
        (folder / part).symlink_to(storage.folder(part))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EDGEREC_HOME", str(folder))
        yield folder


@pytest.fixture(scope="session")
def task_of(home: Path, keras: Any, old: Interactions) -> Callable[[str], Task]:
    """Give the task of a small reference model trained on the old interactions."""
    from edgerec.models import reference, training
    from edgerec.models.session import session

    parts = split(old, last_n(1), seed=0)
    builders: dict[str, Callable[[], Recommender]] = {
        "gru": lambda: reference.gru(old.items, length=LENGTH, columns=COLUMNS, dropout=0.0),
        "attention": lambda: reference.attention(old.items, length=LENGTH, columns=COLUMNS, dropout=0.0),
        "mf": lambda: reference.matrix_factorization(old.users, old.items, columns=COLUMNS, dropout=0.0),
        "neumf": lambda: reference.neumf(old.users, old.items, columns=COLUMNS),
    }

    def trained(kind: str) -> Recommender:
        session().seed(2)
        return training.train(builders[kind](), parts.train, training.Fit(20, learning_rate=0.01, batch=64))

    @cache
    def of(kind: str) -> Task:
        base = Stage(step_cache.key(f"tiny {kind}"), lambda: trained(kind))
        catalogue = Catalogue(old.item_ids, old.user_ids if kind in {"mf", "neumf"} else ())
        setting = Setting(parts.seen("test"), RUNTIME)
        return Task(base, setting, evaluation_set(parts, base.roles.inputs), catalogue, K)

    return of


@pytest.fixture(scope="session")
def converter() -> Iterator[Converter]:
    """Give a warm converter."""
    with Converter() as made:
        yield made
