"""Coded item factors tuned until the users that are solved against them rank as the float factors do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.tables.coded import Coded
from device_tests.popularity import halves
from edgerec.compress.errors import RecipeError
from edgerec.compress.trained_tables import trained_table
from edgerec.compress.tuning import recode
from edgerec.data.interactions import Interactions
from edgerec.models.factors import Factors, solve_users
from edgerec.models.session import session
from edgerec.models.training import IMPOSSIBLE
from edgerec.progress import Progress, silent

Matrix = NDArray[np.float32]
Judge = Callable[[Matrix, Matrix], float]
"""Takes users [U, d] and the decoded items [I, d] and says how good they are; more is better."""

_PROBE_USERS = 1024


@dataclass(frozen=True)
class FactorTuning:
    """How long and how fast to tune, and what counts.

    `temperature` and `half_temperature` are in standard deviations of the float scores over the whole catalogue and
    over one popularity half; `halves` is the share of the loss that ranking inside each half has. With `solve` users
    are solved again before every epoch; `regularization` and `alpha` are those of the float factors.
    """

    epochs: int
    regularization: float
    alpha: float
    learning_rate: float = 1e-3
    temperature: float = 0.3
    half_temperature: float = 0.5
    halves: float = 0.5
    batch: int = 256
    solve: bool = True
    scales: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.halves <= 1:
            raise RecipeError(f"halves is {self.halves}, expected a share of the loss from 0 to 1")
        for name in ("epochs", "learning_rate", "temperature", "half_temperature", "batch"):
            if not getattr(self, name) > 0:
                raise RecipeError(f"{name} is {getattr(self, name)}, expected more than 0")


@dataclass(frozen=True)
class FactorEpoch:
    """One epoch, 0 the start: the mean loss over the users (None at the start), what the judge said (None without)."""

    number: int
    loss: float | None
    judged: float | None


@dataclass(frozen=True, eq=False)
class TunedFactors:
    """The item table as it ships, the users that go with it, float32 [U, d], and how it went; `best` is their epoch."""

    coded: Coded
    users: Matrix
    epochs: tuple[FactorEpoch, ...]
    best: int


def tune_factors(
    factors: Factors,
    coded: Coded,
    setting: FactorTuning,
    interactions: Interactions,
    *,
    seed: int,
    judge: Judge | None = None,
    progress: Progress = silent,
) -> TunedFactors:
    """Tune the coded item table of `factors`, which are what it is to rank like.

    The loss of a user is the divergence of the softmax over the items that the user has not taken, as the coded table
    scores them, from that of the float factors; over the whole catalogue and over each popularity half, since the
    whole one says nothing of items that come first for nobody. Users and table alternate: users are solved against the
    table as decoded, the table takes one epoch of steps, codes move where that lowers the loss. With a judge the best
    epoch is given back, the start among them and the earliest of equal ones, without one the last. Raises RecipeError
    where the table has another shape than the items.
    """
    if (coded.rows, coded.columns) != factors.items.shape:
        raise RecipeError(f"the items are coded as {[coded.rows, coded.columns]}, expected {list(factors.items.shape)}")
    session().seed(seed)
    tf, keras = session().tf, session().keras
    table = trained_table(coded, scales=setting.scales)
    lessons = _Lessons(factors, interactions, setting)
    active = np.unique(interactions.user)
    steps = setting.epochs * -(-len(active) // setting.batch)
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(setting.learning_rate, steps))

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def loss_of(users: Any, wanted: Any, seen: Any) -> Any:
        return lessons.loss(users, wanted, seen, table.table())

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def step(users: Any, wanted: Any, seen: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = lessons.loss(users, wanted, seen, table.table())
        optimizer.minimize(loss, table.trained, tape=tape)
        return loss

    def users_of(items: Matrix) -> Matrix:
        if not setting.solve:
            return factors.users
        return solve_users(items, interactions, regularization=setting.regularization, alpha=setting.alpha)

    random = np.random.default_rng(seed)
    probe = np.sort(random.permutation(active)[:_PROBE_USERS])
    epochs: list[FactorEpoch] = []
    best, loss = 0, None
    kept: tuple[Coded, Matrix] | None = None
    for number in range(setting.epochs + 1):
        made = table.coded()
        items = made.decode()
        users = users_of(items)
        judged = None if judge is None else judge(users, items)
        least = epochs[best].judged if epochs else None
        if least is None or judged is None or judged > least:
            best, kept = number, (made, users)
        epochs.append(FactorEpoch(number, loss, judged))
        progress(_line(epochs[-1]))
        if number == setting.epochs:
            break
        losses = [
            float(step(*lessons.batch(users, rows))) for rows in _parts(random.permutation(active), setting.batch)
        ]
        loss = float(np.mean(losses))
        drawn = [lessons.batch(users, rows) for rows in _parts(probe, setting.batch)]
        for part in table.codes:
            recode(part, lambda drawn=drawn: float(sum(loss_of(*each) for each in drawn)))  # type: ignore[misc]
    assert kept is not None  # noqa: S101 - for the type checker: the start was kept
    return TunedFactors(*kept, tuple(epochs), best)


@dataclass(frozen=True, eq=False)
class _Group:
    """Items that are ranked among themselves, the temperature of their softmax, and their share of the loss."""

    members: NDArray[np.int32]
    temperature: float
    share: float


class _Lessons:
    """What the float factors say of users: scores in standard deviations, and which items are not asked for."""

    def __init__(self, factors: Factors, interactions: Interactions, setting: FactorTuning) -> None:
        self._factors, self._interactions, self._setting = factors, interactions, setting
        half = halves(interactions.popularity())
        deviation = _deviations(factors, half)
        whole = (np.ones(len(half), bool), deviation[None] * setting.temperature, 1 - setting.halves)
        parts = [(half == each, deviation[each] * setting.half_temperature, setting.halves / 2) for each in (0, 1)]
        self._groups = [
            _Group(np.flatnonzero(members).astype(np.int32), temperature, share)
            for members, temperature, share in (whole, *parts)
            if share and members.any()
        ]

    def batch(self, users: Matrix, rows: NDArray[np.integer]) -> tuple[Any, Any, Any]:
        """The vectors of some users as they are, as the float factors have them, and whom not to ask for what."""
        offsets = self._interactions.offsets
        items = [self._interactions.item[offsets[row] : offsets[row + 1]] for row in rows]
        places = np.repeat(np.arange(len(rows)), [len(each) for each in items])
        seen = np.zeros((len(rows), self._interactions.items), np.float32)
        seen[places, np.concatenate(items)] = IMPOSSIBLE
        return users[rows], self._factors.users[rows], tuple(seen[:, group.members] for group in self._groups)

    def loss(self, users: Any, wanted: Any, seen: Any, items: Any) -> Any:
        """The mean loss of some users: for each group of items its divergence, by its share."""
        tf, total = session().tf, 0.0
        for group, hidden in zip(self._groups, seen, strict=True):
            own, other = (
                tf.nn.log_softmax(tf.matmul(vectors, rows, transpose_b=True) / group.temperature + hidden)
                for vectors, rows in (
                    (users, tf.gather(items, group.members)),
                    (wanted, self._factors.items[group.members]),
                )
            )
            total += group.share * tf.reduce_mean(tf.reduce_sum(tf.exp(other) * (other - own), axis=1))
        return total


def _deviations(factors: Factors, half: NDArray[np.integer]) -> dict[int | None, float]:
    """The standard deviation of a user's float scores over all items (None) and over each half, a mean over users."""
    found = {}
    for group in (None, 0, 1):
        items = factors.items if group is None else factors.items[half == group]
        if not len(items):
            continue
        centered = items - items.mean(axis=0)
        moment = (centered.T @ centered).astype(np.float64) / len(items)
        variances = ((factors.users @ moment) * factors.users).sum(axis=1)
        found[group] = max(float(np.sqrt(np.maximum(variances, 0)).mean()), 1e-12)
    return found


def _parts(rows: NDArray[np.integer], size: int) -> list[NDArray[np.integer]]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _line(epoch: FactorEpoch) -> str:
    loss = "" if epoch.loss is None else f", loss {epoch.loss:.4f}"
    return f"epoch {epoch.number}{loss}" + ("" if epoch.judged is None else f", judged {epoch.judged:.4f}")
