"""A model in the real runtimes: names, rows in one call, and ids that never reach the runtime."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from device_tests.errors import ModelError
from device_tests.model import Port, dequantized

OPEN = """
import json, math
import numpy as np
from device_tests import bundle, runtime
from device_tests.evaluation import EvaluationSet
from device_tests.errors import ModelError
from device_tests.model import Model, Recommender
from device_tests.runtime import Runtime

opened = bundle.read({bundle!r})
manifest, engine = opened.manifest, runtime.load()
with open({model!r}, "wb") as file:
    file.write(opened.model)

class Counting(engine.interpreter):
    '''The real interpreter, which keeps count.'''
    invoked, resized = 0, []

    def invoke(self):
        Counting.invoked += 1
        super().invoke()

    def resize_tensor_input(self, index, shape, strict=False):
        Counting.resized.append(int(shape[0]))
        super().resize_tensor_input(index, shape, strict)

engine = Runtime(engine.name, engine.version, Counting)
model = Model({model!r}, manifest.inputs, runtime=engine, signature=manifest.signature, output=manifest.output)
people = EvaluationSet.from_members(opened.members, manifest).inputs

def refusal(inputs, calls=0):
    before = Counting.invoked
    try:
        model.score(inputs)
    except ModelError as why:
        assert Counting.invoked == before + calls, "it reached the runtime"
        return str(why)
"""


@pytest.fixture
def ask(run_code: Callable, tmp_path: Path) -> Callable:
    """Open a bundle's model in the runtime, run statements on it and give what `answer` then is."""

    def run(made: SimpleNamespace, code: str) -> object:
        start = OPEN.format(bundle=str(made.path), model=str(tmp_path / "model.tflite"))
        return run_code(f"{start}\n{code}\nprint(json.dumps(answer))")

    return run


def test_ids_are_refused_before_the_runtime(ask: Callable, catalogue: SimpleNamespace) -> None:
    answer = ask(
        catalogue,
        """
row = np.zeros((3, 4), np.int32)
def one(value):
    changed = row.copy()
    changed[1, 2] = value
    return refusal({"history": changed})
answer = [one(31), one(-1), one(2**31 - 1), one(30), refusal({}), refusal({"history": row, "user": row}),
    refusal({"history": row[:, :3]}), refusal({"history": row[0]}), refusal({"history": row[:0]}),
    refusal({"history": row.astype(np.float32)})]
""",
    )
    shape = "input 'history' should be whole numbers of shape [rows, 4], not"
    assert answer == [
        "input 'history' was given id 31, where the model takes 0 to 30",
        "input 'history' was given id -1, where the model takes 0 to 30",
        "input 'history' was given id 2147483647, where the model takes 0 to 30",
        None,
        "input 'history' is missing",
        "the model has no input 'user': it has history",
        f"{shape} int32 of shape [3, 3]",
        f"{shape} int32 of shape [4]",
        f"{shape} int32 of shape [0, 4]",
        f"{shape} float32 of shape [3, 4]",
    ]


def test_inputs_of_different_lengths_do_not_go_together(ask: Callable, pointwise: SimpleNamespace) -> None:
    answer = ask(pointwise, 'answer = refusal({"user": np.zeros(3, int), "item": np.zeros(2, int)})')
    assert answer == "inputs of 3 and 2 rows do not go together"


def test_many_users_are_one_call(ask: Callable, catalogue: SimpleNamespace) -> None:
    answer = ask(
        catalogue,
        """
whole = Recommender(model, manifest)
together = whole.score_catalogue(people, np.arange(40))
answer = [Counting.invoked, list(Counting.resized)]
apart = np.concatenate([whole.score_catalogue(people, np.array([row])) for row in range(40)])
answer += [Counting.invoked, list(Counting.resized), bool((together == apart).all()), list(together.shape)]
""",
    )
    assert answer == [1, [40], 41, [40, 1], True, [40, 30]]


def test_the_items_of_a_user_are_one_call(ask: Callable, pointwise: SimpleNamespace, new_pointwise: type) -> None:
    answer = ask(
        pointwise,
        """
scores = Recommender(model, manifest).score_catalogue(people, np.arange(10))
answer = [Counting.invoked, list(Counting.resized), scores.tolist()]
""",
    )
    people = {"user": pointwise.evaluation.inputs["user"][:10]}
    assert answer == [10, [30, 30], new_pointwise().scores(people).tolist()]


def test_a_model_that_makes_one_row_of_many_says_so(
    ask: Callable, make: Callable, new_catalogue: type, tmp_path: Path
) -> None:
    made = make(tmp_path / "one.bundle", new_catalogue(), file=new_catalogue().file(over=(0, 1)))
    answer = ask(made, 'answer = [refusal({"history": people["history"][:count]}, calls=1) for count in (1, 2)]')
    assert answer == [None, "2 rows gave an output of shape (1, 30): the model's batch axis is not free"]


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16])
def test_small_integers_are_scores_times_their_scale(dtype: type) -> None:
    port = Port("scores", 0, dtype, (1, 3), 0.5, 2)
    found = dequantized(np.array([[2, 4, 0]], dtype), port)
    assert found.dtype == np.float32
    assert found.tolist() == [[0.0, 1.0, -1.0]]


@pytest.mark.parametrize(("dtype", "scale"), [(np.int8, 0.0), (np.int32, 0.5), (np.bool_, 0.0)])
def test_what_is_no_score_is_refused(dtype: type, scale: float) -> None:
    with pytest.raises(ModelError, match=r"^output 'scores' is \w+, which is no score$"):
        dequantized(np.ones((1, 3), dtype), Port("scores", 0, dtype, (1, 3), scale, 0))
