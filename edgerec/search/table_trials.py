"""A trial: the columns that are left and each table by its codec, the file written, its quality evaluated."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from converters import tflite_file
from converters.fit import refuse_misfit
from converters.spec import DYNAMIC_INT8
from converters.tables.coded import Coded, Floats
from converters.tables.found import find_tables
from device_tests import bundle
from device_tests.ranking import Ids
from device_tests.report import Quality
from edgerec import draft
from edgerec.codecs.naming import decode
from edgerec.compress.coded_store import stored
from edgerec.compress.coding import file_with
from edgerec.floors import Floor, Kept, judged
from edgerec.search.errors import SearchError
from edgerec.search.fast_model import FastModel, fast_model
from edgerec.search.problem import Problem, load, members
from edgerec.search.space import Choices
from edgerec.search.table_choices import ALL_COLUMNS, COLUMNS, PLAIN
from edgerec.search.trial import Outcome, Run, Trial
from edgerec.targets import environment

FACTORY = "edgerec.search.table_trials:trials"


@dataclass(frozen=True, eq=False)
class Evaluated:
    """What the fast evaluator finds: the quality, and every evaluation user's list, int32 [users, k]."""

    quality: Quality
    lists: Ids


def trials(context: Mapping[str, str]) -> Run:
    """What a worker runs trials of the problem in context["folder"] with. Raises SearchError where there is none."""
    return TableTrials(load(Path(context["folder"])))


class TableTrials:
    """Runs trials of one problem, in each of its structures."""

    def __init__(self, problem: Problem) -> None:
        narrowed = {one.name: _Structure(problem.as_narrowed(one)) for one in problem.narrowed}
        self._structures = {ALL_COLUMNS: _Structure(problem), **narrowed}

    def __call__(self, trial: Trial, /) -> Outcome:
        """Code the tables, measure sizes and quality. Raises EdgerecError and ConverterError for what cannot be."""
        return self._structure(trial.choices).outcome(trial)

    def evaluated(self, choices: Choices) -> Evaluated | None:
        """Give what the fast evaluator finds; None where the model is not of those that it knows."""
        return self._structure(choices).evaluated(choices)

    def _structure(self, choices: Choices) -> "_Structure":
        name = str(choices.get(COLUMNS, ALL_COLUMNS))
        if name not in self._structures:
            raise SearchError(f"{name!r} names no columns, expected one of {', '.join(self._structures)}")
        return self._structures[name]


class _Structure:
    """Trials in one structure; a table that was coded once is not coded again, nor are its queries made again."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._coded: dict[tuple[str, str], Coded] = {}
        self._queries: dict[tuple[str, ...], Floats] = {}

    @cached_property
    def _fast(self) -> FastModel | None:
        return fast_model(self._problem)

    @cached_property
    def _values(self) -> dict[int, Floats]:
        return {table.tensors[0]: table.values for table in find_tables(self._problem.model)}

    def outcome(self, trial: Trial) -> Outcome:
        problem = self._problem
        model = file_with(problem.model, self._tables(trial.choices), problem.precision)
        refuse_misfit(tflite_file.parse(model), problem.runtime)
        made = members(problem, model, f"trial {trial.number}", DYNAMIC_INT8, None)
        app = [data for name, data in made.items() if name.startswith("app/")]
        found = self.evaluated(trial.choices)
        quality = self._in_runtime(model, trial) if found is None else found.quality
        verdict = judged(problem.floors, problem.float32, quality, intervals=False)
        return Outcome(
            download_bytes=sum(bundle.deflated_bytes(data) for data in app),
            disk_bytes=sum(map(len, app)),
            margins={label(one.floor): _margin(one) for one in verdict.each},
            figures={f"recall@{problem.k}": quality.metric("recall", problem.k)},
        )

    def evaluated(self, choices: Choices) -> Evaluated | None:
        fast = self._fast
        if fast is None:
            return None
        coded = self._tables(choices)
        read = [table.name for table in self._problem.tables if table.tensor in fast.looked_up]
        key = tuple(str(choices[name]) for name in read)
        if key not in self._queries:
            self._queries[key] = fast.queries(coded)
        return Evaluated(*fast.measured(coded.get(fast.scored), self._queries[key]))

    def _in_runtime(self, model: bytes, trial: Trial) -> Quality:
        problem = self._problem
        made = members(problem, model, f"trial {trial.number}", DYNAMIC_INT8, problem.evaluation)
        report = draft.ask(made, environment.parse(problem.runtime), ("quality",))
        if report.quality is None:
            raise SearchError(f"the harness reported no quality of trial {trial.number}")
        return report.quality

    def _tables(self, choices: Choices) -> dict[int, Coded]:
        """Give the coded tables by their first tensors; one that is left as it is is not among them."""
        tables = [table for table in self._problem.tables if choices[table.name] != PLAIN]
        return {table.tensor: self._table(table.name, str(choices[table.name])) for table in tables}

    def _table(self, name: str, choice: str) -> Coded:
        if (name, choice) not in self._coded:
            table = next(one for one in self._problem.tables if one.name == name)
            codec = decode(choice)
            if codec is None:
                raise SearchError(f"{choice!r} spells no codec; see edgerec recipes for names that do")
            values = self._values[table.tensor]
            self._coded[name, choice] = stored(codec, values, table.statistics, seed=self._problem.seed)
        return self._coded[name, choice]


def label(floor: Floor) -> str:
    """What a floor is called in a trial's margins: `recall_kept_at_20`, `candidates_kept_at_10 popular_half`."""
    return f"{floor.quantity}_kept_at_{floor.k}" + (f" {floor.half}" if floor.half else "")


def _margin(kept: Kept) -> float:
    """By how much a floor holds, as a share of it. Raises SearchError where the floor can be told nothing of."""
    if kept.figure is None:
        raise SearchError(f"{label(kept.floor)} is {kept.state}: {kept.reason}")
    return kept.figure / kept.floor.share - 1
