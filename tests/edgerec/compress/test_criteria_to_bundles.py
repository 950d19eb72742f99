"""Every criterion that a step takes, by weights and by columns, through `compress` to a bundle in both runtimes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from converters import tflite_file, values
from converters.anatomy import anatomy
from edgerec.build import Task, build
from edgerec.compress.conversion import Converter
from edgerec.compress.forecast import forecast
from edgerec.compress.ranking import ModelPath
from edgerec.compress.recipe import Recipe
from edgerec.compress.steps import Narrow, Prune
from edgerec.criteria.criterion import COLUMN, ELEMENT
from edgerec.criteria.registry import CRITERIA
from edgerec.models import reference
from edgerec.models.session import session
from edgerec.targets import environment
from edgerec.two_runtimes import in_both

RUNTIMES = (environment.parse("tflite-runtime==2.14.0"), environment.parse("ai-edge-litert==2.3.0"))
USERS, ITEMS, COLUMNS = 72, 96, 16
COLUMN_ONLY = ("variance", "max_variance", "mutual_information")
BOTH = ("reset", "random", "share", "magnitude", "gradient", "fisher")
TICKET = (("to", "initial"),)

Recipes = dict[str, Callable[[ModelPath], Recipe]]


def recipe(*steps: Narrow | Prune) -> Recipe:
    return Recipe("mine", steps, "float32", 0.1)  # so few weights stay float32 in int8 too


RECIPES: Recipes = {
    **{name: lambda _, by=name: recipe(Narrow(0.5, by, 1)) for name in COLUMN_ONLY},  # type: ignore[misc]
    **{
        name: lambda _, by=name: recipe(Narrow(0.5, by, 1), Prune(0.5, epochs=1, criterion=by, per="row"))  # type: ignore[misc]
        for name in BOTH
    },
    "columns of a lottery ticket": lambda file: recipe(Narrow(0.5, "reset", 8, 0.02, settings=TICKET, initial=file)),
    "weights of a lottery ticket": lambda file: recipe(
        Prune(0.5, "constant", 8, 0.02, criterion="reset", settings=TICKET, initial=file)
    ),
}


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> ModelPath:
    session().seed(3)
    path = tmp_path_factory.mktemp("untrained") / "mf.keras"
    reference.matrix_factorization(USERS, ITEMS, columns=COLUMNS).model.save(path)
    return ModelPath(str(path))


@pytest.fixture(scope="module")
def task(task_of: Callable[[str], Task]) -> Task:
    """Give matrix factorization."""
    return task_of("mf")


@pytest.fixture(scope="module")
def converter() -> Iterator[Converter]:
    with Converter() as made:
        yield made


def test_every_built_in_criterion_of_these_grains_is_here() -> None:
    grains = {name: set(make().grains) for name, make in CRITERIA.items()}
    assert {name for name, each in grains.items() if ELEMENT in each} == set(BOTH)
    assert {name for name, each in grains.items() if COLUMN in each} == {*BOTH, *COLUMN_ONLY}


@pytest.mark.parametrize("name", RECIPES)
def test_what_a_criterion_prunes_is_gone_from_the_file_and_both_runtimes_answer(
    task: Task, untrained: ModelPath, converter: Converter, tmp_path: Path, name: str
) -> None:
    asked = RECIPES[name](untrained)
    built = build(task, asked, tmp_path / "made.edgerec", converter)
    both = in_both(built.path, RUNTIMES, only=("golden", "quality"))
    assert both.golden_held == (True, True), [report.golden for report in both.reports]
    assert both.agree, (both.agreement, both.recall_difference)
    file = tflite_file.parse(built.candidate.tflite)
    tables = [
        values.decode(file, tensor)
        for tensor in file.subgraphs[0].tensors
        if len(tensor.shape) == 2 and len(file.constant(tensor))
    ]
    kinds = {type(step) for step in asked.steps}
    width = COLUMNS // 2 if Narrow in kinds else COLUMNS
    assert sorted(table.shape for table in tables) == [(USERS, width), (ITEMS, width)]
    if Prune in kinds:
        assert all((table == 0).mean() >= 0.5 for table in tables)
    held = sum(tensor.bytes for tensor in anatomy(file).tensors if tensor.dtype != "INT32" or len(tensor.shape) == 1)
    assert held == pytest.approx(forecast(task.base, asked, task.setting).weight_bytes, rel=0.1)
