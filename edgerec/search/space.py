"""What may be chosen: named dimensions, each a list of values or a range."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from edgerec.search.errors import SearchError
from edgerec.suggestion import did_you_mean

Value: TypeAlias = str | int | float | bool
Choices: TypeAlias = Mapping[str, Value]


@dataclass(frozen=True)
class OneOf:
    """One of these values, which have no order."""

    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        if not self.values or len({(type(value), value) for value in self.values}) < len(self.values):
            raise SearchError(f"a dimension is one of {list(self.values)}, expected values that all differ")

    @property
    def count(self) -> int:
        """How many values there are."""
        return len(self.values)

    def at(self, place: int) -> Value:
        """Give the value at a place from 0 on."""
        return self.values[place]

    def has(self, value: object) -> bool:
        """Tell whether a value is one of these, of the same type."""
        return any(type(value) is type(one) and value == one for one in self.values)


@dataclass(frozen=True)
class WholeNumbers:
    """Whole numbers from `low` to `high`, both among them; `log` draws them evenly by ratio."""

    low: int
    high: int
    log: bool = False

    def __post_init__(self) -> None:
        _refuse_unless_range(self.low, self.high, log=self.log)

    @property
    def count(self) -> int:
        """How many numbers there are."""
        return self.high - self.low + 1

    def at(self, place: int) -> Value:
        """Give the number at a place from 0 on."""
        return self.low + place

    def has(self, value: object) -> bool:
        """Tell whether a value is a whole number in the range."""
        return type(value) is int and self.low <= value <= self.high


@dataclass(frozen=True)
class Numbers:
    """Numbers from `low` to `high`; `log` draws them evenly by ratio."""

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        _refuse_unless_range(self.low, self.high, log=self.log)

    @property
    def count(self) -> None:
        """None: more than can be counted."""
        return

    def has(self, value: object) -> bool:
        """Tell whether a value is a number in the range."""
        return isinstance(value, int | float) and type(value) is not bool and self.low <= value <= self.high


Dimension: TypeAlias = OneOf | WholeNumbers | Numbers


@dataclass(frozen=True)
class Space:
    """Every combination of the values of some dimensions, which go by name."""

    dimensions: Mapping[str, Dimension]

    def __post_init__(self) -> None:
        if not self.dimensions:
            raise SearchError("got no dimension to search, expected at least one; name what may be chosen")

    @property
    def combinations(self) -> int | None:
        """How many there are, None where a dimension is of numbers without end."""
        counts = [dimension.count for dimension in self.dimensions.values()]
        return None if None in counts else math.prod(count or 0 for count in counts)

    def at(self, place: int) -> dict[str, Value]:
        """Give the combination at a place from 0 to `combinations` - 1; the last dimension varies fastest."""
        chosen: dict[str, Value] = {}
        for name, dimension in reversed(list(self.dimensions.items())):
            if isinstance(dimension, Numbers):
                raise SearchError(f"{name} is of numbers without end, so that there is no combination {place}")
            place, own = divmod(place, dimension.count)
            chosen[name] = dimension.at(own)
        return {name: chosen[name] for name in self.dimensions}

    def refuse_outside(self, choices: Choices) -> None:
        """Raise SearchError unless there is a value for each dimension, in it, and no other."""
        for name in [*(name for name in choices if name not in self.dimensions), *self.dimensions]:
            if name not in self.dimensions:
                raise SearchError(
                    f"{name} is no dimension of this search{did_you_mean(name, self.dimensions)}; "
                    f"there are {', '.join(self.dimensions)}"
                )
            if name not in choices:
                raise SearchError(f"{dict(choices)} says nothing of {name}, expected {self.dimensions[name]}")
            if not self.dimensions[name].has(choices[name]):
                raise SearchError(f"{name} is {choices[name]!r}, expected {self.dimensions[name]}")


def key(choices: Choices) -> str:
    """Give one text for the same choices, whatever their order."""
    return json.dumps(dict(choices), sort_keys=True)


def _refuse_unless_range(low: float, high: float, *, log: bool) -> None:
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise SearchError(f"a dimension goes from {low} to {high}, expected finite numbers that rise")
    if log and low <= 0:
        raise SearchError(f"a dimension goes from {low} by ratio, expected more than 0; or leave log out")
