"""A trial of table codecs: each table by the codec that the choices name, the file measured in the runtime."""

from collections.abc import Mapping
from pathlib import Path

from converters import tflite_file
from converters.fit import refuse_misfit
from converters.spec import DYNAMIC_INT8
from converters.tables.coded import Coded
from converters.tables.found import find_tables
from device_tests import bundle
from edgerec import draft
from edgerec.codecs.codec import encoded
from edgerec.codecs.naming import decode
from edgerec.compress.coding import file_with
from edgerec.floors import Floor, Kept, judged
from edgerec.search.errors import SearchError
from edgerec.search.problem import Problem, load, members
from edgerec.search.trial import Outcome, Run, Trial
from edgerec.targets import environment

FACTORY = "edgerec.search.table_trials:trials"
PLAIN = "float32"
"""The choice that leaves a table as it is."""


def trials(context: Mapping[str, str]) -> Run:
    """What a worker runs trials of the problem in context["folder"] with. Raises SearchError where there is none."""
    return TableTrials(load(Path(context["folder"])))


class TableTrials:
    """Runs trials of one problem; a table that was coded once is not coded again."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._values = {table.tensors[0]: table.values for table in find_tables(problem.model)}
        self._coded: dict[tuple[str, str], Coded] = {}

    def __call__(self, trial: Trial, /) -> Outcome:
        """Code the tables, measure sizes and quality. Raises EdgerecError and ConverterError for what cannot be."""
        problem = self._problem
        coded = {
            table.tensor: self._table(table.name, str(trial.choices[table.name]))
            for table in problem.tables
            if trial.choices[table.name] != PLAIN
        }
        model = file_with(problem.model, coded, problem.precision)
        refuse_misfit(tflite_file.parse(model), problem.runtime)
        made = members(problem, model, f"trial {trial.number}", DYNAMIC_INT8)
        app = [data for name, data in made.items() if name.startswith("app/")]
        report = draft.ask(made, environment.parse(problem.runtime), ("quality",))
        if report.quality is None:
            raise SearchError(f"the harness reported no quality of trial {trial.number}")
        verdict = judged(problem.floors, problem.float32, report.quality)
        return Outcome(
            download_bytes=sum(bundle.deflated_bytes(data) for data in app),
            disk_bytes=sum(map(len, app)),
            margins={label(one.floor): _margin(one) for one in verdict.each},
            figures={f"recall@{problem.k}": report.quality.metric("recall", problem.k)},
        )

    def _table(self, name: str, choice: str) -> Coded:
        if (name, choice) not in self._coded:
            table = next(one for one in self._problem.tables if one.name == name)
            codec = decode(choice)
            if codec is None:
                raise SearchError(f"{choice!r} spells no codec; see edgerec recipes for names that do")
            values = self._values[table.tensor]
            self._coded[name, choice] = encoded(codec, values, table.statistics, seed=self._problem.seed)
        return self._coded[name, choice]


def label(floor: Floor) -> str:
    """What a floor is called in a trial's margins: `recall_kept_at_20`, `candidates_kept_at_10 popular_half`."""
    return f"{floor.quantity}_kept_at_{floor.k}" + (f" {floor.half}" if floor.half else "")


def _margin(kept: Kept) -> float:
    """By how much a floor holds, as a share of it. Raises SearchError where the floor can be told nothing of."""
    if kept.figure is None:
        raise SearchError(f"{label(kept.floor)} is {kept.state}: {kept.reason}")
    return kept.figure / kept.floor.share - 1
