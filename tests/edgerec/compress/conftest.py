"""A tiny data set and trained models of every kind, what the steps make of them, and a step cache of the tests' own."""

import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from converters.spec import ConversionSpec
from edgerec import storage
from edgerec.compress.steps import Cluster, Prune, QuantizeAware
from edgerec.data.interactions import Interactions
from edgerec.models.recommender import Recommender

USERS, ITEMS, BLOCK, TAKEN = 72, 96, 16, 8
COLUMNS, LENGTH = 16, 4  # 96 rows of 16: more than the 1,024 elements below which nothing is quantized
KINDS = ("mf", "neumf", "gru", "attention", "two_towers")
WITH_INNER_DENSE = ("neumf", "attention", "two_towers")
PRUNE, CLUSTER, QAT = Prune(0.5, epochs=2), Cluster(16), QuantizeAware(epochs=3, learning_rate=1e-3, allow_no_gain=True)

Of = Callable[[str], Recommender]
Kept = Callable[[str, Callable[[], Recommender]], Recommender]
Convert = Callable[[Recommender, str], bytes]


@pytest.fixture(scope="session")
def interactions() -> Interactions:
    """72 users who each took 8 of the 16 items of one block, in any order."""
    random = np.random.default_rng(5)
    user = np.repeat(np.arange(USERS), TAKEN)
    item = np.concatenate(
        [random.permutation(BLOCK)[:TAKEN] + BLOCK * (one % (ITEMS // BLOCK)) for one in range(USERS)]
    )
    made = Interactions.from_columns(user, item, np.tile(np.arange(TAKEN), USERS))
    assert (made.users, made.items) == (USERS, ITEMS)
    return made


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory, keras: Any) -> Kept:
    """Give the recommender of a name, made once for all processes of this test run and one object in each of them."""
    from edgerec.compress import cache as step_cache
    from edgerec.compress.stage import Stage

    base = tmp_path_factory.getbasetemp()
    home = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "trained"
    found: dict[str, Recommender] = {}

    def of(name: str, make: Callable[[], Recommender]) -> Recommender:
        if name not in found:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("EDGEREC_HOME", str(home))
                found[name] = Stage(step_cache.key(name), make).recommender
        return found[name]

    return of


@pytest.fixture(scope="session")
def trained(kept: Kept, interactions: Interactions) -> Of:
    """Give a small reference model of a kind, trained for some epochs; always the same object."""
    from edgerec.models import reference, training
    from edgerec.models.session import session

    features = np.eye(ITEMS // BLOCK, dtype=np.float32)[np.arange(ITEMS) // BLOCK]
    builders: dict[str, Callable[[], Recommender]] = {
        "mf": lambda: reference.matrix_factorization(USERS, ITEMS, columns=COLUMNS),
        "neumf": lambda: reference.neumf(USERS, ITEMS, columns=COLUMNS),
        "gru": lambda: reference.gru(ITEMS, length=LENGTH, columns=COLUMNS),
        "attention": lambda: reference.attention(ITEMS, length=LENGTH, columns=COLUMNS),
        "two_towers": lambda: reference.two_towers(USERS, features, columns=COLUMNS),
        "wide_attention": lambda: reference.attention(ITEMS, length=LENGTH, columns=2 * COLUMNS),
    }

    def make(kind: str) -> Recommender:
        session().seed(3)
        settings = training.Fit(8, learning_rate=0.02, seed=3)
        return training.train(builders[kind](), interactions, settings)

    return lambda kind: kept(f"{kind} trained", lambda: make(kind))


@pytest.fixture(scope="session")
def nested(kept: Kept, interactions: Interactions, keras: Any) -> Recommender:
    """Give a trained history model of models, laid open as loading does, with a dense layer that nothing reaches."""
    from device_tests.manifest import Input
    from edgerec.models import training
    from edgerec.models.flattening import flat
    from edgerec.models.roles import CATALOGUE, Roles

    def make() -> Recommender:
        layers = keras.layers
        keras.utils.set_random_seed(3)
        ids = keras.Input((LENGTH,), dtype="int32", name="ids")
        steps = layers.Embedding(ITEMS + 1, COLUMNS, name="table")(ids)
        steps = layers.TimeDistributed(layers.Dense(COLUMNS, name="inside"), name="over_time")(steps)
        state = layers.Bidirectional(layers.GRU(COLUMNS, unroll=True, name="gru"), name="both")(steps)
        encoder = keras.Model(ids, state, name="encoder")
        head = keras.Sequential([layers.Dense(64, "relu", name="wide"), layers.Dense(32, name="out")], name="head")
        history = keras.Input((LENGTH,), dtype="int32", name="history")
        model = flat(keras.Model(history, layers.Dense(ITEMS, name="scores")(head(encoder(history)))))
        roles = Roles("nested", CATALOGUE, (Input("history", "history", LENGTH, ITEMS + 1, ITEMS),), ITEMS)
        return training.train(Recommender(roles, model), interactions, training.Fit(8, learning_rate=0.01, seed=3))

    return kept("nested trained", make)


@pytest.fixture(scope="session")
def served(trained: Of) -> Of:
    """Give what ships of a trained model, which is what the steps are given."""
    from edgerec.models.serving import serving

    return cache(lambda kind: serving(trained(kind)))


@pytest.fixture(scope="session")
def pruned(kept: Kept, served: Of, interactions: Interactions) -> Of:
    """Give a model with half of every kernel zero."""
    from edgerec.compress.pruning import prune

    return lambda kind: kept(f"{kind} pruned", lambda: prune(served(kind), PRUNE, interactions, seed=0))


@pytest.fixture(scope="session")
def clustered(kept: Kept, pruned: Of, interactions: Interactions) -> Of:
    """Give a pruned model with 16 values a kernel, zero among them."""
    from edgerec.compress.clustering import cluster

    return lambda kind: kept(
        f"{kind} clustered", lambda: cluster(pruned(kind), CLUSTER, interactions, earlier=(PRUNE,), seed=0)
    )


@pytest.fixture(scope="session")
def trained_to_round(kept: Kept, clustered: Of, interactions: Interactions) -> Of:
    """Give a pruned and clustered model whose dense layers were trained quantization-aware."""
    from edgerec.compress.quantization_aware import quantize_aware

    return lambda kind: kept(
        f"{kind} trained to round",
        lambda: quantize_aware(clustered(kind), QAT, interactions, earlier=(PRUNE, CLUSTER), seed=0),
    )


@pytest.fixture(scope="session")
def in_this_process(tmp_path_factory: pytest.TempPathFactory, interactions: Interactions) -> Convert:
    """Convert a recommender without a process of its own, for tests that look at the file alone."""
    from converters.keras_to_tflite import convert
    from edgerec.compress.conversion import export
    from edgerec.models.examples import sample
    from edgerec.models.serving import serving

    def made(recommender: Recommender, precision: str) -> bytes:
        folder = tmp_path_factory.mktemp("saved_model")
        export(serving(recommender), folder)
        real = sample(recommender.roles, interactions, 100, seed=0)
        return convert(folder, ConversionSpec(precision), real)

    return made


@pytest.fixture(scope="session")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give a home with an empty step cache of these tests' own; the runtimes' environments are the suite's."""
    home = own_home(tmp_path_factory.mktemp("home"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EDGEREC_HOME", str(home))
        yield home


def own_home(folder: Path) -> Path:
    """Make a folder a home of its own that shares environments, capsules and boards with the one in use."""
    for part in ("environments", "harness", "capsules", "boards"):
        (folder / part).symlink_to(storage.folder(part))
    return folder


@pytest.fixture(scope="session")
def own_home_in() -> Callable[[Path], Path]:
    """Give the function that makes a folder a home of its own."""
    return own_home


def architecture(recommender: Recommender) -> tuple[str, list[np.ndarray]]:
    """Give what a step must not change in the recommender it is given."""
    return recommender.model.to_json(), [values.copy() for values in recommender.model.get_weights()]


@pytest.fixture
def untouched() -> Iterator[Callable[[Recommender], None]]:
    """Note a recommender as it is, and at the end of the test assert that it still is so."""
    noted: list[tuple[Recommender, str, list[np.ndarray]]] = []

    def note(recommender: Recommender) -> None:
        noted.append((recommender, *architecture(recommender)))

    yield note
    assert noted
    for recommender, json, weights in noted:
        after_json, after = architecture(recommender)
        assert after_json == json
        assert all(np.array_equal(one, other) for one, other in zip(weights, after, strict=True))
        assert all(layer.trainable for layer in recommender.model.layers)


@pytest.fixture(scope="module")
def task_of(
    trained: Of,
    interactions: Interactions,
    tmp_path_factory: pytest.TempPathFactory,
    own_home_in: Callable[[Path], Path],
) -> Iterator[Callable[[str], Any]]:
    """Give the task of a kind of model, judged by the items of a user's block that the user has not taken."""
    from device_tests.evaluation import EvaluationSet
    from device_tests.ragged import Ragged
    from edgerec.build import Task
    from edgerec.compress import cache as step_cache
    from edgerec.compress.pipeline import Setting
    from edgerec.compress.stage import Stage
    from edgerec.data.histories import histories
    from edgerec.packing import Catalogue

    taken = [np.unique(interactions.item[interactions.user == user]).astype(np.int32) for user in range(USERS)]
    blocks = [np.flatnonzero(np.arange(ITEMS) // BLOCK == items[0] // BLOCK).astype(np.int32) for items in taken]
    values = {"user": np.arange(USERS, dtype=np.int32), "history": histories(interactions, LENGTH, ITEMS)}

    def of(kind: str) -> Task:
        model = trained(kind)
        evaluation = EvaluationSet(
            inputs={each.name: values[each.name] for each in model.roles.inputs if each.role != "item"},
            seen=Ragged.from_lists(taken),
            relevant=Ragged.from_lists([np.setdiff1d(*each) for each in zip(blocks, taken, strict=True)]),
            popularity=interactions.popularity(),
        )
        users = interactions.user_ids if model.roles.of_role("user") else ()
        setting = Setting(interactions, "tflite-runtime==2.14.0", seed=0)
        stage = Stage(step_cache.key(kind), lambda: model)
        return Task(stage, setting, evaluation, Catalogue(interactions.item_ids, users), 5)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EDGEREC_HOME", str(own_home_in(tmp_path_factory.mktemp("home"))))
        yield cache(of)
