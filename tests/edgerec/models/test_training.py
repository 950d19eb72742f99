import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from device_tests.manifest import Input
from device_tests.ranking import ranks_of
from edgerec.data.evaluation import evaluated_users, evaluation_set
from edgerec.data.interactions import Interactions
from edgerec.data.splitting import Split
from edgerec.models import training
from edgerec.models.baselines import most_popular
from edgerec.models.recommender import ModelError, Recommender
from edgerec.models.roles import CATALOGUE, POINTWISE, Roles
from edgerec.models.serving import catalogue_scores, linear_end
from edgerec.models.session import session
from edgerec.models.training import Fit, train

NAMES = ("mf", "neumf", "gru", "attention", "two_towers")
REPOSITORY = Path(__file__).parents[3]
Build = Callable[..., Recommender]

LEARNED = {
    "mf": Fit(epochs=15, batch=64, learning_rate=3e-2),
    "neumf": Fit(epochs=15, batch=32, learning_rate=3e-2),
    "gru": Fit(epochs=25, batch=64, learning_rate=2e-2),
    "attention": Fit(epochs=25, batch=64, learning_rate=2e-2),
    "two_towers": Fit(epochs=15, batch=64, learning_rate=3e-2),
}


def losses(
    recommender: Recommender, data: Interactions, settings: Fit, keras: Any
) -> tuple[Recommender, list[float], int]:
    """Train a copy; give it, the loss of every epoch, and how many steps there were."""
    told: list[float] = []
    steps: list[int] = []
    watch = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda _, logs: told.append(logs["loss"]), on_train_batch_end=lambda step, _: steps.append(step)
    )
    copy = recommender.clone()
    training.fit(copy, copy.model, data, settings, callbacks=[watch])
    return copy, told, len(steps)


def mean_rank(scores: NDArray[np.float32], split: Split, roles: Roles) -> float:
    """Where the held-out item stands among those not seen, on average."""
    known = evaluation_set(split, roles.inputs)
    scores = scores.copy()
    scores[known.seen.rows, known.seen.values] = -np.inf
    return float(np.mean(ranks_of(scores, known.relevant.rows, known.relevant.values)))


@pytest.mark.parametrize("name", NAMES)
def test_each_kind_learns_what_there_is_to_learn(name: str, tiny: Build, blocks: Split, keras: Any) -> None:
    untrained, data = tiny(name, dropout=0.1), blocks.seen("test")
    before = untrained.digest()
    trained, told, _ = losses(untrained, data, LEARNED[name], keras)
    assert untrained.digest() == before
    assert told[-1] < 0.8 * told[0]
    fed = evaluation_set(blocks, trained.roles.inputs).inputs
    popular = mean_rank(most_popular(blocks)(evaluated_users(blocks)), blocks, trained.roles)
    assert popular > 10
    assert mean_rank(catalogue_scores(trained, fed), blocks, trained.roles) < 4  # 3 of its block are left: 2 is best


def digests() -> dict[str, str]:
    """The digest of each kind after one epoch with dropout; the other process runs this too."""
    from edgerec.models.reference import REFERENCE_MODELS

    random = np.random.default_rng(0)
    user, item = np.nonzero(random.random((20, 30)) < 0.3)
    data = Interactions.from_columns(user, item, random.integers(0, 99, len(user)))
    sizes: dict[str, tuple[Any, ...]] = dict.fromkeys(NAMES, (20, 30)) | dict.fromkeys(("gru", "attention"), (30,))
    sizes["two_towers"] = (20, random.random((30, 3)).astype(np.float32))
    found = {}
    for name, size in sizes.items():
        session().seed(0)
        untrained = REFERENCE_MODELS[name].build(*size, columns=4, dropout=0.3)
        found[name] = train(untrained, data, Fit(epochs=1, batch=32)).digest()
    return found


def test_another_process_trains_the_same_weights_to_the_bit(keras: Any) -> None:
    code = f"import runpy; print(runpy.run_path({str(Path(__file__))!r})['digests']())"
    child = subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    here = digests()
    there, _ = child.communicate(timeout=300)
    assert child.returncode == 0
    assert there.strip() == str(here)


def test_a_seed_gives_the_same_weights_again_and_another_gives_others(tiny: Build, blocks: Split) -> None:
    untrained = tiny("mf", dropout=0.3)
    found = []
    for seed in (0, 0, 1):
        session().seed(17 + len(found))  # what was drawn before does not matter
        found.append(train(untrained, blocks.train, Fit(epochs=1, seed=seed)).digest())
    assert found[0] == found[1] != found[2]


def softmax_in_batch(logits: NDArray[Any], items: NDArray[Any], share: NDArray[Any]) -> float:
    """Mean over rows of -log of the row's own share, by loops: popular items count less, an item's twins not at all."""
    total = 0.0
    for row, own in enumerate(items):
        against = [
            np.exp(logits[row, other]) / share[item] for other, item in enumerate(items) if item != own or other == row
        ]
        total -= np.log(np.exp(logits[row, row]) / share[own] / np.sum(against))
    return float(total / len(items))


@pytest.mark.parametrize("name", ["neumf", "two_towers"])
def test_in_batch_softmax_is_what_numpy_computes(name: str, tiny: Build, keras: Any) -> None:
    user, item = [0, 1, 2, 3, 3, 4, 5], [7, 7, 7, 2, 9, 2, 30]  # 7 thrice, 2 twice
    ids = [str(one) for one in range(40)]
    data = Interactions(
        np.array(user, np.int32),
        np.array(item, np.int32),
        np.zeros(7, np.int64),
        None,
        tuple(f"u{one}" for one in range(60)),
        tuple(ids),
    )
    untrained = tiny(name)
    for layer in untrained.model.layers:  # with tables as they begin every score is about 0
        if isinstance(layer, keras.layers.Embedding):
            layer.embeddings.assign(layer.embeddings * 20)
    _, told, steps = losses(untrained, data, Fit(epochs=1, batch=100, learning_rate=0.0), keras)
    if name == "neumf":
        pairs = {"user": np.repeat(data.user, 7), "item": np.tile(data.item, 7)}
        logits = np.asarray(untrained.model(pairs), np.float64).reshape(7, 7)
    else:
        users, items = np.split(np.asarray(untrained.model(training.probe(untrained, data)), np.float64), 2, axis=1)
        logits = users @ items.T
    assert 0.1 < np.abs(logits).max() < 50
    share = np.bincount(item, minlength=40) / 7
    assert steps == 1
    assert told == pytest.approx([softmax_in_batch(logits, data.item, share)], rel=1e-5)
    flat, everybody = np.ones(40), np.arange(7)  # the reference itself tells the correction and the twins
    assert softmax_in_batch(logits, data.item, flat) != pytest.approx(told[0], rel=1e-3)
    assert softmax_in_batch(logits, everybody, share[data.item]) != pytest.approx(told[0], rel=1e-3)


def pointwise_with_history(keras: Any) -> Recommender:
    layers = keras.layers
    history, item = (keras.Input(shape, dtype="int32", name=name) for name, shape in (("past", (3,)), ("film", ())))
    past = layers.GlobalAveragePooling1D()(layers.Embedding(41, 4)(history))
    model = keras.Model([history, item], layers.Dot(1)([past, layers.Embedding(40, 4)(item)]))
    inputs = (Input("past", "history", 3, 41, 40), Input("film", "item", 0, 40, None))
    return Recommender(Roles("past and film", POINTWISE, inputs, 40), model)


def test_a_pointwise_model_may_ask_with_a_history(blocks: Split, keras: Any) -> None:
    _, told, _ = losses(
        pointwise_with_history(keras), blocks.train, Fit(epochs=6, batch=4096, learning_rate=0.05), keras
    )
    assert told[-1] < told[0]


def repeated() -> Interactions:
    """50 users walk round a ring of 6 items for 4 steps from one of 6 starts: 150 histories, 18 of them distinct."""
    user, step = np.repeat(np.arange(50), 4), np.tile(np.arange(4), 50)
    return Interactions.from_columns(user, (user % 6 + step) % 6, step)


def next_item(keras: Any) -> Recommender:
    from edgerec.models.reference import gru

    session().seed(1)
    return gru(6, length=3, columns=4, dropout=0.0)


def test_merged_repeats_teach_the_same_in_fewer_rows(keras: Any) -> None:
    untrained, data = next_item(keras), repeated()
    plain = Fit(epochs=12, batch=1000, learning_rate=1e-2)  # one batch an epoch: the whole gradient
    (every, told, _), (once, merged, _) = (
        losses(untrained, data, settings, keras) for settings in (plain, replace(plain, merge_repeats=True))
    )
    assert merged == pytest.approx(told, rel=1e-5)
    assert told[-1] < told[0]
    moved = max(
        np.abs(new - old).max() for new, old in zip(every.weights().values(), untrained.weights().values(), strict=True)
    )
    apart = max(
        np.abs(one - other).max() for one, other in zip(every.weights().values(), once.weights().values(), strict=True)
    )
    assert apart < 1e-2 * moved
    small = replace(plain, batch=6)
    assert training.steps_an_epoch(untrained, data, small) == 25
    assert training.steps_an_epoch(untrained, data, replace(small, merge_repeats=True)) == 3


def test_counts_weigh_in_merged_rows(keras: Any) -> None:
    """One history, followed 9 times by item 1 and once by item 2: the model ends at 9 to 1."""
    user = np.repeat(np.arange(10), 2)
    item = np.array([one for number in range(10) for one in (0, 1 if number else 2)])
    data = Interactions.from_columns(user, item, np.tile([0, 1], 10))
    trained, _, steps = losses(
        next_item(keras), data, Fit(epochs=80, batch=64, learning_rate=0.1, merge_repeats=True), keras
    )
    assert steps == 80
    scores = catalogue_scores(trained, {"history": np.array([[6, 6, 0]], np.int32)})[0].astype(np.float64)
    share = np.exp(scores) / np.exp(scores).sum()
    assert share[1:3] == pytest.approx([0.9, 0.1], abs=0.02)


@pytest.mark.parametrize("name", ["neumf", "two_towers"])
def test_rows_of_a_batch_that_are_negatives_are_not_merged(name: str, tiny: Build, blocks: Split) -> None:
    with pytest.raises(ModelError, match=f"{name} learns from the other rows of its batch"):
        train(tiny(name), blocks.train, Fit(epochs=1, merge_repeats=True))


@pytest.mark.parametrize("name", NAMES)
def test_steps_are_counted_as_they_are_run(name: str, tiny: Build, blocks: Split, keras: Any) -> None:
    settings = Fit(epochs=1, batch=50)
    _, _, steps = losses(tiny(name), blocks.train, settings, keras)
    rows = 180 if name in {"gru", "attention"} else 240
    assert steps == rows // 50 == training.steps_an_epoch(tiny(name), blocks.train, settings)


def test_a_probe_holds_real_rows(tiny: Build, blocks: Split) -> None:
    towers = tiny("two_towers")
    fed = training.probe(towers, blocks.train, rows=9)
    assert {name: len(values) for name, values in fed.items()} == {"user": 9, "item": 9, "item_features": 9}
    assert towers.features is not None
    assert np.array_equal(fed["item_features"], towers.features[blocks.train.item[:9]])


@pytest.mark.parametrize("end", ["softmax", "sigmoid"])
def test_a_model_that_ends_in_probabilities_is_not_trained_on_them(end: str, blocks: Split, keras: Any) -> None:
    user = keras.Input((), dtype="int32", name="user")
    scores = keras.layers.Dense(40, activation=end)(keras.layers.Embedding(60, 4)(user))
    ended = Recommender(Roles("mf", CATALOGUE, (Input("user", "user", 0, 60, None),), 40), keras.Model(user, scores))
    with pytest.raises(ModelError, match=f"mf ends in a {end}, and training takes the scores before it"):
        train(ended, blocks.train, Fit(epochs=1))
    train(linear_end(ended), blocks.train, Fit(epochs=1))


def test_a_loss_that_is_no_number_is_refused(tiny: Build, blocks: Split) -> None:
    with pytest.raises(ModelError, match=r"training mf diverged: the loss of epoch \d is (nan|inf); take a learning"):
        train(tiny("mf"), blocks.train, Fit(epochs=3, batch=60, learning_rate=1e30))


def test_every_epoch_is_told(tiny: Build, blocks: Split) -> None:
    lines: list[str] = []
    train(tiny("mf"), blocks.train, Fit(epochs=2), progress=lines.append)
    assert [line.partition(",")[0] for line in lines] == ["epoch 1 of 2", "epoch 2 of 2"]
    assert all(float(line.rpartition(" ")[2]) > 0 for line in lines)
