"""What a runtime said when it was asked: the op versions that it takes, and which weights it answers rightly."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

from converters.errors import TableError
from converters.weight_use import WeightUse

FOLDER = Path(__file__).parent / "runtime_tables"
KERNELS = ("default", "none", "reference")
"""Which kernels compute: those of the default delegate, without a delegate, and the reference kernels."""

Outcome: TypeAlias = Literal["right", "wrong", "refused", "died"]
OUTCOMES: tuple[Outcome, ...] = ("right", "wrong", "refused", "died")


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one model in one version: the outcome, and what the runtime said or by how much it was off."""

    outcome: Outcome
    said: str = ""


@dataclass(frozen=True)
class RuntimeTable:
    """One runtime on one platform, asked on a day.

    `ops` has the versions that it takes of each op, of the versions up to `asked_versions` of every op of the schema.
    `weights` has what it answered, by how weights are read, by kernels, by version.
    """

    runtime: str
    platform: str
    date: str
    asked_versions: int
    ops: Mapping[str, frozenset[int]]
    weights: Mapping[WeightUse, Mapping[str, Mapping[int, Answer]]]

    def takes(self, op: str, version: int) -> bool | None:
        """Tell whether the runtime takes a version of an op, None where it was not asked."""
        return version in self.ops.get(op, ()) if 1 <= version <= self.asked_versions else None

    def answer(self, weights: WeightUse, version: int, kernels: str = "default") -> Answer | None:
        """Tell what became of weights that are read so, None where it was not asked."""
        return self.weights.get(weights, {}).get(kernels, {}).get(version)


def known_runtimes() -> tuple[str, ...]:
    """Give the runtimes that there is a table of, such as ai-edge-litert==2.3.0: tflite-runtime first, old to new."""
    names = {path.stem.rsplit("-", 1)[0] for path in FOLDER.glob("*.json")}
    pins = (name.rsplit("-", 1) for name in names)
    order = sorted(pins, key=lambda pin: (pin[0] != "tflite-runtime", [int(part) for part in pin[1].split(".")]))
    return tuple(f"{name}=={version}" for name, version in order)


def tables_of(runtime: str) -> tuple[RuntimeTable, ...]:
    """Give the shipped tables of a runtime, one a platform, none where there is none."""
    name = runtime.replace("==", "-")
    paths = sorted(FOLDER.glob("*.json"))
    return tuple(_shipped(path) for path in paths if path.stem.rsplit("-", 1)[0] == name)


@cache
def _shipped(path: Path) -> RuntimeTable:
    return parse(path.read_bytes(), path.name)


def parse(data: bytes, name: str) -> RuntimeTable:
    """Read a table from JSON; raises TableError, one sentence that begins with `name`."""
    try:
        return _table(json.loads(data))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as why:
        raise TableError(
            f"{name} is no table of a runtime ({type(why).__name__}: {why}); make one with edgerec contract --probe."
        ) from why


def to_json(table: RuntimeTable) -> str:
    """Give a table as JSON, one line an op and one a way to read weights."""
    head = {"runtime": table.runtime, "platform": table.platform, "date": table.date}
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    lines.append(f'"asked_versions": {table.asked_versions}')
    ops = ",\n  ".join(f"{json.dumps(op)}: {json.dumps(_ranges(table.ops[op]))}" for op in sorted(table.ops))
    weights = ",\n  ".join(json.dumps(_plain(use, table.weights[use])) for use in sorted(table.weights))
    return "{" + ",\n".join([*lines, f'"ops": {{\n  {ops}\n}}', f'"weights": [\n  {weights}\n]']) + "}\n"


def _table(plain: Any) -> RuntimeTable:
    return RuntimeTable(
        runtime=_text(plain["runtime"]),
        platform=_text(plain["platform"]),
        date=_text(plain["date"]),
        asked_versions=int(plain["asked_versions"]),
        ops={_text(op): _numbers(versions) for op, versions in plain["ops"].items()},
        weights=dict(_answers(one) for one in plain["weights"]),
    )


def _answers(plain: Any) -> tuple[WeightUse, dict[str, dict[int, Answer]]]:
    use = WeightUse(**{name: plain[name] for name in WeightUse.__match_args__})
    return use, {kernels: _by_version(plain[kernels]) for kernels in KERNELS if kernels in plain}


def _by_version(plain: Any) -> dict[int, Answer]:
    found: dict[int, Answer] = {}
    for outcome in OUTCOMES:
        for said, versions in plain.get(outcome, {}).items():
            found |= dict.fromkeys(_numbers(versions), Answer(outcome, _text(said)))
    return found


def _plain(use: WeightUse, answers: Mapping[str, Mapping[int, Answer]]) -> dict[str, object]:
    plain: dict[str, object] = {name: getattr(use, name) for name in WeightUse.__match_args__}
    for kernels, by_version in answers.items():
        grouped: dict[Outcome, dict[str, set[int]]] = {}
        for version, answer in sorted(by_version.items()):
            grouped.setdefault(answer.outcome, {}).setdefault(answer.said, set()).add(version)
        plain[kernels] = {
            outcome: {said: _ranges(versions) for said, versions in said_of.items()}
            for outcome, said_of in grouped.items()
        }
    return plain


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, got {value!r}")
    return value


def _numbers(text: str) -> frozenset[int]:
    """Read versions such as "1-3,5"."""
    found: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        low, high = int(first), int(last or first)
        if not 1 <= low <= high <= _MOST_VERSIONS:
            raise ValueError(f"expected versions from 1 to {_MOST_VERSIONS}, got {part!r}")
        found.update(range(low, high + 1))
    return frozenset(found)


_MOST_VERSIONS = 1000


def _ranges(versions: frozenset[int] | set[int]) -> str:
    """Write versions such as "1-3,5"."""
    parts: list[list[int]] = []
    for version in sorted(versions):
        if parts and parts[-1][1] == version - 1:
            parts[-1][1] = version
        else:
            parts.append([version, version])
    return ",".join(f"{low}-{high}" if low < high else str(low) for low, high in parts)
