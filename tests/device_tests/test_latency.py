"""Latency: what a warm call is, whose ids it takes, and when a figure is doubted."""

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from device_tests import latency, sampling
from device_tests.errors import ModelError
from device_tests.model import Call
from device_tests.report import Latency

STEP_S = 0.002


class Slow:
    """What has the three steps of an interpreter, each of a known length."""

    def __init__(self, failing: bool = False) -> None:
        self.failing, self.taken = failing, []

    def set_tensor(self, index: int, value: np.ndarray) -> None:
        self.taken.append((index, value.tolist()))
        time.sleep(2 * STEP_S)

    def invoke(self) -> None:
        if self.failing:
            raise RuntimeError("gather index out of bounds\nNode 3")
        time.sleep(3 * STEP_S)

    def get_tensor(self, _index: int) -> None:
        time.sleep(4 * STEP_S)


def model_of(slow: Slow) -> SimpleNamespace:
    ports = [SimpleNamespace(index=7), SimpleNamespace(index=4)]
    return SimpleNamespace(
        ports=ports,
        output=SimpleNamespace(index=9),
        call=Call.of(slow, [7, 4], 9),
        runtime=SimpleNamespace(name="slow"),
    )


VALUES = [[np.array([row]), np.array([-row])] for row in range(6)]


def test_a_call_is_its_three_steps_and_invoke_is_apart() -> None:
    slow = Slow()

    def open_slowly() -> SimpleNamespace:
        time.sleep(0.05)
        return model_of(slow)

    found = latency.measure(open_slowly, lambda _: VALUES, "uniform")
    assert slow.taken == [(index, [value]) for row in range(6) for index, value in ((7, row), (4, -row))]
    assert len(found.warm_ns) == len(found.invoke_ns) == 5
    assert 50e6 <= found.load_ns < 1e9
    assert 11 * STEP_S <= found.first_ns / 1e9 < 1
    assert 11 * STEP_S <= statistics.median(found.warm_ns) / 1e9 < 22 * STEP_S
    assert 3 * STEP_S <= statistics.median(found.invoke_ns) / 1e9 < 6 * STEP_S
    assert found.overhead_ns < STEP_S * 1e9 / 10, "the interpreter's own time is not the harness's"
    assert 0 < found.clock_ns < 10_000


def test_a_runtime_that_fails_is_one_sentence() -> None:
    with pytest.raises(ModelError, match=r"^slow fails on one row: gather index out of bounds; Node 3$"):
        latency.measure(lambda: model_of(Slow(failing=True)), lambda _: VALUES, "uniform")


def test_unsteady_calls_are_said() -> None:
    steady = Latency(1, 1, (100,) * 99 + (900,), (100,) * 100, 1, 1, 1, "uniform")
    assert latency.warnings(steady) == []
    unsteady = replace(steady, warm_ns=(100,) * 90 + (250,) * 10)
    assert latency.warnings(unsteady) == ["latency was unsteady: p95 is 2.5 times p50, so something else was running"]


def test_ids_are_drawn_as_users_draw_them(catalogue: SimpleNamespace, pointwise: SimpleNamespace) -> None:
    drawn = sampling.of_users(catalogue.evaluation, catalogue.manifest, 200, 0)
    rows = {tuple(row) for row in catalogue.evaluation.inputs["history"].tolist()}
    assert {tuple(each["history"][0]) for each in drawn} <= rows
    assert len({tuple(each["history"][0]) for each in drawn}) > 30
    drawn = sampling.of_users(pointwise.evaluation, pointwise.manifest, 4000, 0)
    assert all(each["user"].shape == each["item"].shape == (1,) for each in drawn)
    often = np.bincount([each["item"][0] for each in drawn], minlength=30)
    popularity = pointwise.evaluation.popularity
    assert np.corrcoef(often, popularity)[0, 1] > 0.95
    assert not often[popularity == 0].any()


def test_the_same_seed_draws_the_same_ids(pointwise: SimpleNamespace) -> None:
    for draw in (sampling.of_users, lambda _, manifest, *rest: sampling.uniform(manifest.inputs, *rest)):
        first, second, other = (draw(pointwise.evaluation, pointwise.manifest, 50, seed) for seed in (1, 1, 2))
        assert repr(first) == repr(second) != repr(other)


def test_uniform_ids_reach_every_id(catalogue: SimpleNamespace) -> None:
    drawn = sampling.uniform(catalogue.manifest.inputs, 500, 0)
    assert {int(value) for each in drawn for value in each["history"].flat} == set(range(31))
    assert all(each["history"].shape == (1, 4) for each in drawn)


def port(name: str, dtype: type, shape: tuple[int, ...]) -> SimpleNamespace:
    return SimpleNamespace(name=name, dtype=dtype, shape=shape)


def test_a_bare_model_gets_what_its_inputs_take() -> None:
    model = SimpleNamespace(
        ports=[port("ids", np.int64, (1, 3)), port("small", np.int8, (2,)), port("x", np.float32, (1, 2))]
    )
    drawn = sampling.for_ports(model, {"ids": 4, "small": 1000}, 300, 0)
    ids, small, floats = (np.stack(values) for values in zip(*drawn, strict=True))
    assert (ids.dtype, small.dtype, floats.dtype) == (np.int64, np.int8, np.float32)
    assert (ids.shape, small.shape, floats.shape) == ((300, 1, 3), (300, 2), (300, 1, 2))
    assert set(ids.flat) == {0, 1, 2, 3}
    assert (small.min(), small.max()) == (0, 127)
    assert 0 <= floats.min() < 0.1
    assert 0.9 < floats.max() < 1


def test_what_cannot_be_drawn_is_refused(catalogue: SimpleNamespace, harness: Callable) -> None:
    with pytest.raises(ModelError, match=r"input 'words' is str_: only ids and floats can be drawn"):
        sampling.for_ports(SimpleNamespace(ports=[port("words", np.str_, (1,))]), {}, 1, 0)
