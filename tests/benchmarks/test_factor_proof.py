"""Tables proved in the runtimes."""

import numpy as np

from benchmarks.factor_data import by_popularity, side
from benchmarks.factor_models import Fitting, made, model
from benchmarks.factor_proof import Proof, in_row_order, proofs
from benchmarks.factor_settings import SHOWN, Codes, Integers, Setting
from edgerec.data.interactions import Interactions
from edgerec.data.splitting import Split, random_share, split

USERS, ITEMS = 30, 400


def parts() -> Split:
    random = np.random.default_rng(0)
    pairs = {(user, int(item)) for user in range(USERS) for item in random.integers(0, ITEMS, 40)}
    pairs |= {(item % USERS, item) for item in range(ITEMS)}
    user, item = ([str(one) for one in column] for column in zip(*sorted(pairs), strict=True))
    return by_popularity(split(Interactions.from_columns(user, item, [0] * len(user)), random_share(0.2), seed=1))


def test_items_are_numbered_as_rows_and_those_without_one_are_left_out() -> None:
    given = parts()
    order = np.array([7, 0, 3])
    renumbered = in_row_order(given, order)
    assert renumbered.train.item_ids == tuple(given.train.item_ids[item] for item in order)
    old = given.train
    expected = {(old.user_ids[u], old.item_ids[i]) for u, i in zip(old.user, old.item, strict=True) if i in order}
    new = renumbered.train
    assert {(new.user_ids[u], new.item_ids[i]) for u, i in zip(new.user, new.item, strict=True)} == expected


def test_a_table_of_integers_and_codes_ranks_in_both_runtimes_as_evaluated() -> None:
    given = parts()
    trained = model(side(given, "test", most_users=None, seed=1), 8, Fitting(1, 10), seed=1)
    setting = Setting((Integers(0.3, ((4, 8), (4, 4)), 0.1), Codes(1, 6, 4, 16)), SHOWN)
    found = list(proofs(given, trained, made(trained, setting), "test", most_users=20))
    assert [proof.runtime for proof in found] == ["tflite-runtime==2.14.0", "ai-edge-litert==2.3.0"]
    assert all(proof.held for proof in found), found


def test_two_bit_rows_are_refused_by_the_old_runtime_and_that_is_said() -> None:
    given = parts()
    trained = model(side(given, "test", most_users=None, seed=1), 8, Fitting(1, 10), seed=1)
    old, new = proofs(given, trained, made(trained, Setting((Integers(1, ((8, 2),), 0.1),))), "test", most_users=20)
    assert (old.held, new.held) == (False, True)
    assert "tflite-runtime" in old.refused or "FULLY_CONNECTED" in old.refused


def test_a_runtime_whose_lists_or_recall_are_elsewhere_proves_nothing() -> None:
    assert Proof("r", 0.3, 0.3, 0.996).held
    assert not Proof("r", 0.3, 0.3, 0.99).held
    assert not Proof("r", 0.3, 0.302, 1.0).held
