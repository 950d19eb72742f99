"""The sides of the choice."""

import numpy as np

from benchmarks.factor_data import by_popularity, side
from edgerec.data.interactions import Interactions
from edgerec.data.splitting import Split, random_share, split

RANDOM = np.random.default_rng(0)
USERS, ITEMS = 30, 400
PAIRS = [(user, item) for user in range(USERS) for item in RANDOM.choice(ITEMS, 20, replace=False, p=None)]


def parts() -> Split:
    columns = zip(*PAIRS, strict=True)
    user, item = ([str(one) for one in column] for column in columns)
    return split(Interactions.from_columns(user, item, [0] * len(PAIRS)), random_share(0.2), seed=1)


def named(part: Interactions) -> set[tuple[str, str]]:
    return {(part.user_ids[u], part.item_ids[i]) for u, i in zip(part.user, part.item, strict=True)}


def test_items_are_numbered_by_popularity_in_train_and_nothing_else_changes() -> None:
    before = parts()
    after = by_popularity(before)
    assert (np.diff(after.train.popularity()) <= 0).all()
    assert (np.diff(before.train.popularity()) > 0).any()
    for one, other in ((before.train, after.train), (before.validation, after.validation), (before.test, after.test)):
        assert named(one) == named(other)


def test_only_the_users_asked_for_judge_every_item_among_candidates() -> None:
    made = side(by_popularity(parts()), "test", most_users=12, seed=3)
    judged = made.judged
    assert (judged.users, len(made.users)) == (12, 12)
    assert judged.negatives is not None
    for row, drawn in zip(judged.relevant.rows, judged.negatives, strict=True):
        negatives = set(drawn.tolist())
        assert len(negatives) == 99
        assert not negatives & set(judged.relevant[row].tolist()) | negatives & set(judged.seen[row].tolist())
    for place, user in enumerate(made.users):
        seen = made.seen.item[made.seen.user == user]
        assert set(judged.seen[place].tolist()) == set(seen.tolist())


def test_everyone_judges_when_no_number_is_given() -> None:
    made = side(by_popularity(parts()), "validation", most_users=None, candidates=0, seed=3)
    assert made.judged.users == USERS
    assert made.judged.negatives is None
