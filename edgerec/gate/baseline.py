"""The baseline: what every bundle came to when it was last accepted, a small JSON file in the user's repository.

One figure and one tensor a line, in a fixed order and without a date: the same bundles and reports give the same bytes,
and what a pull request changes in it can be read.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from device_tests import record
from device_tests.errors import HarnessError
from device_tests.files import read_whole, write_whole
from edgerec.gate.limit_kind import UnknownLimitError, limit_kind
from edgerec.statistics import Interval

VERSION = 1
_LEAST, _MOST = 1e-9, 1 << 63  # of what is no 0, so that no sum or share of amounts is infinite
_DIGEST = re.compile(r"[0-9a-f]{64}")


class BaselineError(HarnessError):
    """A file that is no baseline, or cannot be read or written."""


@dataclass(frozen=True)
class Figure:
    """One figure in the unit of its limit, and where it came from.

    `measurer` is the machine and runtime that it is of, "" for what is the same on all. `interval` is empty, or the two
    bounds that raw values gave. `source` is the report's path, "" for what was read from the file, and `sha256` is of
    the bundle that it is of.
    """

    name: str
    measurer: str
    amount: float
    interval: tuple[float, ...]
    provenance: str
    source: str
    sha256: str

    @property
    def key(self) -> tuple[str, str]:
        """Give what tells one figure of a bundle from another."""
        return self.name, self.measurer

    @property
    def around(self) -> Interval:
        """Give the amount with its bounds, which are the amount itself where it is exact."""
        return Interval(self.amount, *(self.interval or (self.amount, self.amount)))


@dataclass(frozen=True)
class StoredTensor:
    """One stored tensor of the bundle, in bytes."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    size_bytes: int


@dataclass(frozen=True)
class Accepted:
    """What one bundle came to: figures by name and machine, and its tensors, largest first."""

    figures: tuple[Figure, ...] = ()
    tensors: tuple[StoredTensor, ...] = ()

    def figure(self, name: str, measurer: str) -> Figure | None:
        """Give the figure of a limit on a machine, None where there is none."""
        return next((one for one in self.figures if one.key == (name, measurer)), None)


@dataclass(frozen=True)
class Baseline:
    """What every bundle came to, by its path from the folder of the baseline, with `/` on every system."""

    version: int = VERSION
    bundles: Mapping[str, Accepted] = field(default_factory=dict)


EMPTY = Baseline()
NOTHING = Accepted()


def loads(text: str | bytes, name: str = "baseline") -> Baseline:
    """Return the baseline of a JSON text; raises BaselineError when it is none or of a newer edgerec."""
    value = record.parse(text, name, BaselineError)
    made = value.get("version") if isinstance(value, dict) else None
    if type(made) is int and made > VERSION:
        raise BaselineError(
            f"{name} has version {made}, from a newer edgerec; this one reads version {VERSION}: upgrade it"
        )
    if made != VERSION or set(value) != {"version", "bundles"} or not isinstance(value["bundles"], dict):
        raise BaselineError(
            f"{name} should have the version {VERSION} and bundles: make it with check --update-baseline"
        )
    bundles = {
        path: record.from_json(Accepted, one, f"{name}: bundles.{path[:60]}", BaselineError)
        for path, one in value["bundles"].items()
    }
    for path, accepted in bundles.items():
        for right, problem in _rules(accepted):
            if not right:
                raise BaselineError(f"{name}: bundles.{path[:60]}: {problem}")
    return Baseline(VERSION, bundles)


def dumps(baseline: Baseline) -> str:
    """Return the one JSON text of a baseline, sorted, with one figure and one tensor a line."""
    bundles = []
    for path, accepted in sorted(baseline.bundles.items()):
        figures = sorted(accepted.figures, key=lambda one: one.key)
        tensors = sorted(accepted.tensors, key=lambda one: (-one.size_bytes, one.name))
        parts = [_lines("figures", figures), _lines("tensors", tensors)]
        bundles.append(f"    {_line(path)}: {{\n" + ",\n".join(parts) + "\n    }")
    inner = "{\n" + ",\n".join(bundles) + "\n  }" if bundles else "{}"
    return f'{{\n  "version": {baseline.version},\n  "bundles": {inner}\n}}\n'


def read(path: Path) -> Baseline:
    """Return the baseline in a file, an empty one where there is none yet; raises BaselineError for any other file."""
    return loads(read_whole(path, BaselineError), str(path)) if path.exists() else EMPTY


def write(path: Path, baseline: Baseline) -> None:
    """Write a baseline, whole or not at all; raises BaselineError when it cannot be written."""
    write_whole(path, dumps(baseline).encode(), BaselineError)


def name_of(bundle: Path, baseline: Path) -> str:
    """Give the name that a bundle has in a baseline: its path from the folder of that file."""
    return Path(os.path.relpath(bundle.absolute(), baseline.absolute().parent)).as_posix()


def _lines(name: str, values: list[Figure] | list[StoredTensor]) -> str:
    rows = ",\n".join(f"        {_line(record.to_json(one))}" for one in values)
    return f'      "{name}": [\n{rows}\n      ]' if rows else f'      "{name}": []'


def _line(value: object) -> str:
    return json.dumps(_whole(value), ensure_ascii=False, allow_nan=False)


def _whole(value: object) -> object:
    """Write 430080.0 as 430080: an amount that was read is a float."""
    if isinstance(value, dict):
        return {key: _whole(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _rules(accepted: Accepted) -> Iterator[tuple[bool, str]]:
    keys = [one.key for one in accepted.figures]
    yield len(set(keys)) == len(keys), "a figure stands there twice"
    for one in accepted.figures:
        yield _has_amount(one.name), f"{one.name[:60]!r} is no limit with an amount"
        yield _DIGEST.fullmatch(one.sha256) is not None, f"sha256 of {one.name} should be 64 hexadecimal digits"
        low, high = one.interval if len(one.interval) == 2 else (one.amount, one.amount)  # noqa: PLR2004
        yield len(one.interval) in {0, 2}, f"interval of {one.name} should have two bounds or none"
        yield 0 <= low <= one.amount <= high <= _MOST, f"{one.name} should be at least 0 and lie in its interval"
        yield one.amount == 0 or one.amount >= _LEAST, f"{one.name} should be 0 or at least {_LEAST:g}"
    yield all(0 <= one.size_bytes <= _MOST for one in accepted.tensors), "a tensor should have 0 bytes or more"


def _has_amount(name: str) -> bool:
    try:
        return limit_kind(name).unit in {"bytes", "ns", "count", "share"}
    except UnknownLimitError:
        return False
