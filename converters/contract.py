"""`contract(file, runtime) -> findings`: what a .tflite asks of a runtime, against what that runtime said."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

from converters.errors import TableError
from converters.finding import LEVELS, Evidence, Finding
from converters.runtime_table import Answer, RuntimeTable, known_runtimes, tables_of
from converters.static_rules import static_findings
from converters.tflite_file import TfliteFile
from converters.weight_use import WeightUse, weight_uses

__all__ = ["Evidence", "Finding", "contract", "findings_by_table"]

_BAD = {"wrong": "wrong-answers", "refused": "weights-refused", "died": "runtime-dies"}
_SEVERITY = ("died", "wrong", "refused")
_Uses: TypeAlias = dict[tuple[WeightUse, int], dict[str, None]]  # the names of the tensors, in their order
_WITHOUT = {"none": "without a delegate", "reference": "with the reference kernels"}


def contract(file: TfliteFile, runtime: str) -> tuple[Finding, ...]:
    """Return what `file` asks of `runtime`, a pin such as tflite-runtime==2.14.0, and may not get; errors first.

    Raises TableError, which names those that there are, for a runtime that no table is of.
    """
    tables = tables_of(runtime)
    if not tables:
        raise TableError(
            f"there is no table of {runtime}, and nothing is guessed: there is one of {', '.join(known_runtimes())}; "
            "ask your own with edgerec contract --probe local"
        )
    return findings_by_table(file, tables)


def findings_by_table(file: TfliteFile, tables: Sequence[RuntimeTable]) -> tuple[Finding, ...]:
    """Return what `file` asks and may not get by the tables of one runtime, one a platform; errors first."""
    uses: _Uses = {}
    for use in weight_uses(file):
        uses.setdefault((use.weights, use.version), {})[use.tensor] = None
    found = [*static_findings(file), *_of_versions(file, uses, tables), *_of_weights(uses, tables)]
    return tuple(sorted(found, key=lambda one: LEVELS.index(one.level)))


def _of_versions(file: TfliteFile, uses: _Uses, tables: Sequence[RuntimeTable]) -> Iterator[Finding]:
    for name, version in sorted({(code.name, code.version) for code in file.operator_codes if not code.custom}):
        refusing = next((table for table in tables if table.takes(name, version) is False), None)
        asked = next((table for table in tables if table.takes(name, version) is not None), None)
        if refusing is not None:
            versions = sorted(refusing.ops.get(name, ()))
            taken = f"takes versions {versions[0]} to {versions[-1]} of it" if versions else "does not know it"
            evidence = _evidence(refusing, f"asked for version {version}, it {taken}")
            remedy = f"convert for it (edgerec convert MODEL --runtime {refusing.runtime}){_newer(name, version, uses)}"
            yield Finding("op-version", "error", f"{name} {version}", evidence, remedy)
        elif asked is None:
            evidence = _evidence(tables[0], f"it was asked for versions 1 to {tables[0].asked_versions} only")
            yield Finding("op-unknown", "unknown", f"{name} {version}", evidence, _run_it(tables[0]))


def _newer(name: str, version: int, uses: _Uses) -> str:
    """Name the runtimes that take a version of an op and answer rightly with the weights that it reads here."""
    weights = [use for use, of in uses if (use.op, of) == (name, version)]

    def fits(table: RuntimeTable) -> bool:
        return table.takes(name, version) is True and all(_is_right(table, one, version) for one in weights)

    return _or_ship(_those(fits))


def _is_right(table: RuntimeTable, weights: WeightUse, version: int, kernels: str = "default") -> bool:
    answer = table.answer(weights, version, kernels)
    return answer is not None and answer.outcome == "right"


def _of_weights(uses: _Uses, tables: Sequence[RuntimeTable]) -> Iterator[Finding]:
    for (weights, version), names in uses.items():
        if not all(table.takes(weights.op, version) for table in tables):
            continue  # told once, by its version
        yield from _of_use(weights, version, tuple(names), tables)


def _of_use(
    weights: WeightUse, version: int, tensors: tuple[str, ...], tables: Sequence[RuntimeTable]
) -> Iterator[Finding]:
    op = f"{weights.op} {version}"
    answers = [(table, answer) for table in tables if (answer := table.answer(weights, version)) is not None]
    bad = [(table, answer) for table, answer in answers if answer.outcome != "right"]
    if bad:
        table, answer = min(bad, key=lambda pair: _SEVERITY.index(pair[1].outcome))
        remedy = _other_weights(weights, version, table)
        yield Finding(_BAD[answer.outcome], "error", op, _evidence(table, _seen(weights, answer)), remedy, tensors)
    elif not answers:
        evidence = _evidence(tables[0], f"it was not asked for {weights}")
        yield Finding("weights-unknown", "unknown", op, evidence, _run_it(tables[0]), tensors)
    else:
        yield from _without_the_delegate(weights, version, tensors, tables)


def _without_the_delegate(
    weights: WeightUse, version: int, tensors: tuple[str, ...], tables: Sequence[RuntimeTable]
) -> Iterator[Finding]:
    for kernels, words in _WITHOUT.items():
        for table in tables:
            answer = table.answer(weights, version, kernels)
            if answer is not None and answer.outcome != "right":
                evidence = _evidence(table, f"{words}: {_seen(weights, answer)}")
                remedy = f"keep the default delegate on: right with it, and not {words}"
                yield Finding("needs-delegate", "warning", f"{weights.op} {version}", evidence, remedy, tensors)
                break


def _other_weights(weights: WeightUse, version: int, table: RuntimeTable) -> str:
    if weights.layout.startswith(("sparse", "densified")):
        step = "store the weights densely (leave out tf.lite.Optimize.EXPERIMENTAL_SPARSITY)"
    elif weights.granularity in {"none", "tensor"} or weights.granularity.endswith("shifted"):
        step = f"store the weights in another type (edgerec convert MODEL --runtime {table.runtime})"
    else:
        convert = f"edgerec convert MODEL --precision dynamic_int8 --runtime {table.runtime}"
        step = f"quantize with one scale a tensor ({convert})"
    off = ", or switch the default delegate off" if _is_right(table, weights, version, "none") else ""
    return f"{step}{off}{_or_ship(_those(lambda one: _is_right(one, weights, version)))}"


def _those(fits: Callable[[RuntimeTable], bool]) -> list[str]:
    """Return the runtimes all of whose tables fit."""
    return [runtime for runtime in known_runtimes() if all(map(fits, tables_of(runtime)))]


def _or_ship(runtimes: Sequence[str]) -> str:
    return f", or ship {_listed(runtimes)}" if runtimes else ""


def _listed(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def _seen(weights: WeightUse, answer: Answer) -> str:
    said = f" ({answer.said})" if answer.said else ""
    outcome = {
        "right": "answers rightly",
        "wrong": "loads and answers wrongly",
        "refused": "refuses to run",
        "died": "kills its process",
    }[answer.outcome]
    return f"asked with {weights}, it {outcome}{said}"


def _evidence(table: RuntimeTable, seen: str) -> Evidence:
    return Evidence(seen, table.runtime, table.platform, table.date)


def _run_it(table: RuntimeTable) -> str:
    return f"replay the bundle's golden outputs (edgerec contract FILE --runtime {table.runtime} --run)"
