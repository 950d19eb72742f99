"""Budgets: what a model may weigh, take and lose before it may not ship."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from device_tests.metrics import HALVES
from edgerec.errors import EdgerecError
from edgerec.floors import CANDIDATES, DEFAULT
from edgerec.gate.growth import Growth, growth, is_relative
from edgerec.gate.limit_kind import (
    OF_MACHINE,
    Amount,
    LimitKind,
    Unit,
    UnknownLimitError,
    kept_of_float32,
    limit_kind,
)
from edgerec.gate.quantity import QuantityError, bytes_of, count_of, flag_of, nanoseconds_of, share_of, version_of
from edgerec.gate.verdict import FLAG
from edgerec.strict_toml import Table


class BudgetError(EdgerecError):
    """A limit that is not known, whose amount cannot be understood, or that another one contradicts."""


@dataclass(frozen=True)
class Limit:
    """One limit: its name, its amount in the kind's unit, and the `file:line` where it is set.

    `half` is the popularity half that it is about, and `strict` whether it is asked of the lower end of an interval;
    only limits on what is kept of float32's have them. `on` limits it to machines of that name, "" for any.
    """

    name: str
    amount: Amount
    where: str
    half: str = ""
    strict: bool = False
    on: str = ""

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
    """The limits that one model has to hold, in the order they were written; `growths` are relative to a baseline.

    `floors` puts the default floors of `edgerec.floors` under what is kept of float32's wherever no limit of its own
    stands, `strict` asks all of those of the lower ends of their intervals; None where nothing is said.
    """

    limits: tuple[Limit, ...] = ()
    floors: Switch | None = None
    strict: Switch | None = None
    growths: tuple[Growth, ...] = ()

    def overridden_by(self, other: "Budget") -> "Budget":
        """Give this budget with the other's limits in place of those of the same name, and its further ones."""
        return Budget(
            _merged(self.limits, other.limits, other),
            other.floors or self.floors,
            other.strict or self.strict,
            _merged(self.growths, other.growths, other),
        )

    @property
    def alone(self) -> "Budget":
        """Give what holds for a file that no baseline has a figure of yet: all but the limits relative to one."""
        return replace(self, growths=())

    @property
    def in_force(self) -> tuple[Limit, ...]:
        """Give all limits, default floors among them; what is kept among candidates is one limit a half.

        Raises BudgetError where `strict` asks for lower ends and nothing has to be kept.
        """
        kept_names = filter(None, (kept_of_float32(limit.name) for limit in self.limits))
        own = {kept.quantity for kept in kept_names if not kept.segment}
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


_Relative = TypeVar("_Relative", Limit, Growth)


def _merged(own: tuple[_Relative, ...], others: tuple[_Relative, ...], other: Budget) -> tuple[_Relative, ...]:
    """Give the limits of one kind of two budgets: what the other says of a name takes the place of all said of it."""
    said = {(one.name, one.on) for part in (other.limits, other.growths) for one in part}
    replaced = {(one.name, one.on): one for one in others}
    kept = {(one.name, one.on): one for one in own if (one.name, one.on) not in said - replaced.keys()}
    return tuple((kept | replaced).values())


def _by_half(limit: Limit) -> tuple[Limit, ...]:
    kept = kept_of_float32(limit.name)
    if kept is None or kept.quantity != CANDIDATES:
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


def limit(name: str, value: object, where: str, on: str = "") -> Limit:
    """Give the limit of a name and a value as it was written; raises BudgetError that names where it stands."""
    with _telling(name, where):
        return Limit(name, _AMOUNT_OF[limit_kind(name).unit](value), where, on=on)


def _relative(name: str, value: object, where: str, on: str) -> Growth:
    with _telling(name, where):
        return growth(name, str(value), where, on)


@contextmanager
def _telling(name: str, where: str) -> Iterator[None]:
    try:
        yield
    except QuantityError as error:
        raise BudgetError(f"{where}: {name} is {error}.") from error
    except UnknownLimitError as error:
        raise BudgetError(f"{where}: {error}") from error


def limits_of(name: str, value: object, where: str, on: str = "") -> tuple[tuple[Limit, ...], tuple[Growth, ...]]:
    """Give what is written under one name: an absolute limit, one relative to the baseline, or a list of both.

    Raises BudgetError that names where it stands.
    """
    each = value if isinstance(value, list) else [value]
    relative = tuple(_relative(name, one, where, on) for one in each if is_relative(one))
    absolute = tuple(limit(name, one, where, on) for one in each if not is_relative(one))
    if not each or len(relative) > 1 or len(absolute) > 1:
        raise BudgetError(
            f"{where}: {name} is {value!r}, expected one amount, one relative to the baseline, or a list of the two "
            'such as ["420 KiB", "+2 %"].'
        )
    if on and limit_kind(name).evidence not in OF_MACHINE:
        raise BudgetError(f"{where}: {name} is the same on every machine: write it under [budget] itself.")
    return absolute, relative


def budget_of(table: Table | None) -> Budget:
    """Give the budget that a `[budget]` table holds, empty for none; raises BudgetError or TomlError with the line.

    `[budget.tensors]` limits tensors by the pattern of their names and `[budget.kinds]` by what reads them;
    `[budget.on.PATTERN]` holds limits for the machines and runtimes whose name fits a pattern.
    """
    if table is None:
        return NO_LIMITS
    floors, strict = table.choice("floors", _FLOORS), table.flag("strict")
    written = [_Written(key, table.value(key), table.where(key)) for key in table.values if key not in _OTHER]
    for group in ("tensors", "kinds"):
        written += [replace(one, name=f"{group}.{one.name}") for one in _written(table.table(group))]
    machines = table.table("on")
    for pattern in () if machines is None else machines.values:
        written += [replace(one, on=pattern) for one in _written(machines.table(pattern) if machines else None)]
    found = [limits_of(one.name, one.value, one.where, one.on) for one in written]
    return Budget(
        tuple(one for limits, _ in found for one in limits),
        None if floors is None else Switch(floors == "default", table.where("floors")),
        None if strict is None else Switch(strict, table.where("strict")),
        tuple(one for _, growths in found for one in growths),
    )


_OTHER = frozenset(("floors", "strict", "tensors", "kinds", "on"))


@dataclass(frozen=True)
class _Written:
    name: str
    value: object
    where: str
    on: str = ""


def _written(table: Table | None) -> list[_Written]:
    return [] if table is None else [_Written(key, table.value(key), table.where(key)) for key in table.values]


def budget_of_flags(pairs: Iterable[tuple[str, object]]) -> Budget:
    """Give the budget of `--limit NAME=VALUE`; raises BudgetError for one name with two values."""
    values: dict[str, object] = {}
    for name, value in pairs:
        if values.setdefault(name, value) != value:
            raise BudgetError(
                f"{FLAG} {name}={values[name]} and {FLAG} {name}={value} contradict each other: give one."
            )
    return budget_of(Table(FLAG, (), values, {}))
