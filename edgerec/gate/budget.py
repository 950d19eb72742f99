"""Budgets: what a model may weigh, take and lose before it may not ship."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from device_tests.metrics import HALVES
from edgerec.errors import EdgerecError
from edgerec.floors import CANDIDATES, DEFAULT
from edgerec.gate.limit_kind import Amount, LimitKind, Unit, UnknownLimitError, kept_of_float32, limit_kind
from edgerec.gate.quantity import QuantityError, bytes_of, count_of, flag_of, nanoseconds_of, share_of, version_of
from edgerec.gate.verdict import FLAG
from edgerec.strict_toml import Table


class BudgetError(EdgerecError):
    """A limit that is not known, whose amount cannot be understood, or that another one contradicts."""


@dataclass(frozen=True)
class Limit:
    """One limit: its name, its amount in the kind's unit, and the `file:line` where it is set.

    `half` is the popularity half that it is about, and `strict` whether it is asked of the lower end of an interval;
    only limits on what is kept of float32's have them.
    """

    name: str
    amount: Amount
    where: str
    half: str = ""
    strict: bool = False

    @property
    def kind(self) -> LimitKind:
        """Give what this limit compares."""
        return limit_kind(self.name)


@dataclass(frozen=True)
class Switch:
    """What a budget says beside its limits: on or off, and the `file:line` where it is set."""

    on: bool
    where: str


@dataclass(frozen=True)
class Budget:
    """The limits that one model has to hold, in the order they were written.

    `floors` puts the default floors of `edgerec.floors` under what is kept of float32's wherever no limit of its own
    stands, `strict` asks all of those of the lower ends of their intervals; None where nothing is said.
    """

    limits: tuple[Limit, ...] = ()
    floors: Switch | None = None
    strict: Switch | None = None

    def overridden_by(self, other: "Budget") -> "Budget":
        """Give this budget with the other's limits in place of those of the same name, and its further ones."""
        merged = {limit.name: limit for limit in self.limits} | {limit.name: limit for limit in other.limits}
        return Budget(tuple(merged.values()), other.floors or self.floors, other.strict or self.strict)

    @property
    def in_force(self) -> tuple[Limit, ...]:
        """Give all limits, default floors among them; what is kept among candidates is one limit a half.

        Raises BudgetError where `strict` asks for lower ends and nothing has to be kept.
        """
        own = {kept[0] for limit in self.limits if (kept := kept_of_float32(limit.name))}
        where = self.floors.where if self.floors else ""
        amounts = {(floor.quantity, floor.k): floor.share for floor in DEFAULT if floor.quantity not in own}
        defaults = [Limit(f"{name}_kept_at_{k}", share, where) for (name, k), share in amounts.items()]
        limits = [*self.limits, *(defaults if self.floors and self.floors.on else [])]
        if self.strict is not None and self.strict.on:
            if not any(kept_of_float32(limit.name) for limit in limits):
                raise self._nothing_to_keep(self.strict)
            limits = [replace(limit, strict=kept_of_float32(limit.name) is not None) for limit in limits]
        return tuple(part for limit in limits for part in _by_half(limit))

    def _nothing_to_keep(self, strict: Switch) -> BudgetError:
        off = f'floors = "none" of {self.floors.where}' if self.floors else "no limit"
        return BudgetError(
            f"{strict.where}: strict = true asks for the lower end of what is kept of float32's, and {off} leaves "
            'nothing to keep: write floors = "default", or a limit such as recall_kept_at_20 = "99 %".'
        )


def _by_half(limit: Limit) -> tuple[Limit, ...]:
    if (kept_of_float32(limit.name) or ("",))[0] != CANDIDATES:
        return (limit,)
    return tuple(replace(limit, half=half) for half in HALVES)


NO_LIMITS = Budget()


def with_floors(budget: Budget) -> Budget:
    """Give a budget with the default floors where it says nothing of what has to be kept of float32's."""
    says = budget.floors is not None or any(kept_of_float32(limit.name) for limit in budget.limits)
    return budget if says else replace(budget, floors=Switch(on=True, where=""))


_FLOORS = ("default", "none")

_AMOUNT_OF: Mapping[Unit, Callable[[object], Amount]] = {
    "bytes": bytes_of,
    "ns": nanoseconds_of,
    "count": count_of,
    "share": share_of,
    "version": version_of,
    "flag": flag_of,
}


def limit(name: str, value: object, where: str) -> Limit:
    """Give the limit of a name and a value as it was written; raises BudgetError that names where it stands."""
    try:
        return Limit(name, _AMOUNT_OF[limit_kind(name).unit](value), where)
    except QuantityError as error:
        raise BudgetError(f"{where}: {name} is {error}.") from error
    except UnknownLimitError as error:
        raise BudgetError(f"{where}: {error}") from error


def budget_of(table: Table | None) -> Budget:
    """Give the budget that a `[budget]` table holds, empty for none; raises BudgetError or TomlError with the line."""
    if table is None:
        return NO_LIMITS
    floors, strict = table.choice("floors", _FLOORS), table.flag("strict")
    names = [key for key in table.values if key not in {"floors", "strict"}]
    return Budget(
        tuple(limit(key, table.value(key), table.where(key)) for key in names),
        None if floors is None else Switch(floors == "default", table.where("floors")),
        None if strict is None else Switch(strict, table.where("strict")),
    )


def budget_of_flags(pairs: Iterable[tuple[str, object]]) -> Budget:
    """Give the budget of `--limit NAME=VALUE`; raises BudgetError for one name with two values."""
    values: dict[str, object] = {}
    for name, value in pairs:
        if values.setdefault(name, value) != value:
            raise BudgetError(
                f"{FLAG} {name}={values[name]} and {FLAG} {name}={value} contradict each other: give one."
            )
    return budget_of(Table(FLAG, (), values, {}))
