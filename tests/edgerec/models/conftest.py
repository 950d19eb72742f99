"""A data set that any recommender can learn, tiny untrained models for it, and Keras files of models."""

import json
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgerec.data.interactions import Interactions
from edgerec.data.splitting import Split, last_n, split
from edgerec.models.recommender import Recommender

BLOCKS, BLOCK, USERS, TAKEN, LENGTH = 5, 8, 60, 6, 4
ITEMS = BLOCKS * BLOCK

Build = Callable[..., Recommender]


@pytest.fixture(scope="session")
def blocks() -> Split:
    """60 users, each of one block of 8 items among 40, who took 6 of it in any order; the last one is for test."""
    random = np.random.default_rng(5)
    user = np.repeat(np.arange(USERS), TAKEN)
    item = np.concatenate([random.permutation(BLOCK)[:TAKEN] + BLOCK * (one % BLOCKS) for one in range(USERS)])
    time = np.tile(np.arange(TAKEN), USERS)
    every = Interactions.from_columns(user, item, time)
    assert every.item_ids == tuple(map(str, range(ITEMS)))
    return split(every, last_n(1), seed=0)


@pytest.fixture(scope="session")
def tiny(keras: Any) -> Build:
    """Build a reference model of this data by name, untrained, from a seed."""
    from edgerec.models.reference import REFERENCE_MODELS
    from edgerec.models.session import session

    features = np.eye(BLOCKS, dtype=np.float32)[np.arange(ITEMS) // BLOCK]
    sizes: dict[str, tuple[tuple[Any, ...], dict[str, int]]] = {
        "mf": ((USERS, ITEMS), {}),
        "neumf": ((USERS, ITEMS), {}),
        "gru": ((ITEMS,), {"length": LENGTH}),
        "attention": ((ITEMS,), {"length": LENGTH}),
        "two_towers": ((USERS, features), {}),
    }

    def build(name: str, *, dropout: float = 0.0, columns: int = 8) -> Recommender:
        session().seed(3)
        sized, named = sizes[name]
        return REFERENCE_MODELS[name].build(*sized, columns=columns, dropout=dropout, **named)

    return build


@pytest.fixture(scope="session")
def saved() -> Callable[[Any, Path], Path]:
    """Save a Keras model; Keras warns that .h5 is old, which is why we are asked to read it."""

    def save(model: Any, path: Path) -> Path:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="You are saving your model as an HDF5 file")
            model.save(path)
        return path

    return save


@pytest.fixture(scope="session")
def reconfigured() -> Callable[[Path, Callable[[dict[str, Any]], None]], Path]:
    """Change the architecture that a Keras file states, in place, as somebody who means harm would."""

    def change(path: Path, edit: Callable[[dict[str, Any]], None]) -> Path:
        if path.suffix == ".h5":
            import h5py

            with h5py.File(path, "r+") as file:
                config = json.loads(file.attrs["model_config"])
                edit(config)
                file.attrs["model_config"] = json.dumps(config)
            return path
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        config = json.loads(members["config.json"])
        edit(config)
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in {**members, "config.json": json.dumps(config).encode()}.items():
                archive.writestr(name, data)
        return path

    return change
