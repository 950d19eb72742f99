"""Latency: what a warm call is, whose ids it takes, and when a figure is doubted."""

import gc
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from device_tests import latency, sampling, system
from device_tests.errors import ModelError
from device_tests.manifest import Input
from device_tests.measurement import Faults, Latency, Start
from device_tests.model import Call

TICK = 3


class Clock:
    """A clock that takes TICK to read and otherwise stands until it is moved."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        self.now += TICK
        return self.now


class Slow:
    """What has the three steps of an interpreter, each of a known length on a clock."""

    def __init__(self, clock: Clock, failing: bool = False) -> None:
        self.clock, self.failing, self.taken = clock, failing, []

    def set_tensor(self, index: int, value: np.ndarray) -> None:
        self.taken.append((index, value.tolist()))
        self.clock.now += 200

    def invoke(self) -> None:
        if self.failing:
            raise RuntimeError("gather index out of bounds\nNode 3")
        self.clock.now += 3000 + 10 * len(self.taken)

    def get_tensor(self, _index: int) -> None:
        self.clock.now += 40_000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Give the clock that latency is measured with."""
    clock = Clock()
    monkeypatch.setattr(latency, "_clock", clock)
    return clock


def model_of(slow: Slow) -> SimpleNamespace:
    ports = [SimpleNamespace(index=7), SimpleNamespace(index=4)]
    return SimpleNamespace(
        ports=ports,
        output=SimpleNamespace(index=9),
        call=Call.of(slow, [7, 4], 9),
        runtime=SimpleNamespace(name="slow"),
    )


SETTINGS = {"ids": "uniform", "threads": 1, "look": lambda: None}
VALUES = [[np.array([row]), np.array([-row])] for row in range(6)]


def test_a_call_is_its_three_steps_and_invoke_is_apart(clock: Clock) -> None:
    slow = Slow(clock)

    def open_slowly() -> SimpleNamespace:
        clock.now += 5_000_000
        return model_of(slow)

    found = latency.measure(open_slowly, lambda _: VALUES, **SETTINGS)
    assert slow.taken == [(index, [value]) for row in range(6) for index, value in ((7, row), (4, -row))]
    invoked = [3000 + 20 * (row + 1) for row in range(6)]
    assert found.load_ns == 5_000_000 + TICK
    assert found.first_ns == 2 * 200 + invoked[0] + 40_000 + 3 * TICK
    assert found.warm_ns == tuple(2 * 200 + each + 40_000 + 3 * TICK for each in invoked[1:])
    assert found.invoke_ns == tuple(each + TICK for each in invoked[1:])
    assert found.overhead_ns == 3 * TICK, "the interpreter's own time is not the harness's"
    assert found.invoke_overhead_ns == TICK
    assert found.clock_ns == TICK


def test_the_clock_of_the_system_is_read_in_nanoseconds() -> None:
    found = latency.measure(lambda: model_of(Slow(Clock())), lambda _: VALUES, **SETTINGS)
    assert min(found.load_ns, found.first_ns, found.overhead_ns, *found.warm_ns) > 0
    assert found.first_ns < 1e9


def test_collecting_garbage_is_put_off_while_calls_are_timed_and_not_after(clock: Clock) -> None:
    slow, enabled = Slow(clock), []
    slow.get_tensor = lambda _: enabled.append(gc.isenabled())
    latency.measure(lambda: model_of(slow), lambda _: VALUES, **SETTINGS)
    assert enabled == [False] * len(VALUES)
    assert gc.isenabled()


def test_the_machine_is_looked_at_a_few_times_between_calls_and_never_within_one(clock: Clock) -> None:
    def slow_look() -> None:
        clock.now += 10**9

    looks = []
    quick = latency.measure(lambda: model_of(Slow(clock)), lambda _: VALUES * 20, **SETTINGS)
    slow = latency.measure(lambda: model_of(Slow(clock)), lambda _: VALUES * 20, **{**SETTINGS, "look": slow_look})
    latency.measure(
        lambda: model_of(Slow(clock)), lambda _: VALUES * 20, **{**SETTINGS, "look": lambda: looks.append(1)}
    )
    assert slow.warm_ns == quick.warm_ns
    assert len(quick.warm_ns) == 119
    assert len(looks) == 10


def test_page_faults_are_counted_around_load_first_call_and_warm_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = iter([Faults(*pair) for pair in ((100, 0), (170, 2), (200, 2), (203, 2), (300, 2), (301, 2))])
    monkeypatch.setattr(system, "page_faults", lambda: next(counted))
    found = latency.measure(lambda: model_of(Slow(Clock())), lambda _: VALUES, **SETTINGS)
    assert found.starts[0].load_faults == Faults(70, 2)
    assert found.starts[0].first_faults == Faults(3, 0)
    assert found.warm_faults == Faults(1, 0)


def test_the_harness_adds_less_than_half_a_microsecond_to_invoke_and_two_to_a_call() -> None:
    # The quickest of several medians: what else runs on the machine can only add.
    found = [latency.measure(lambda: model_of(Slow(Clock())), lambda _: VALUES, **SETTINGS) for _ in range(10)]
    assert min(one.invoke_overhead_ns for one in found) < 500
    assert min(one.overhead_ns for one in found) < 2000


def test_a_runtime_that_fails_is_one_sentence(clock: Clock) -> None:
    with pytest.raises(ModelError, match=r"^slow fails on one row: gather index out of bounds; Node 3$"):
        latency.measure(lambda: model_of(Slow(clock, failing=True)), lambda _: VALUES, **SETTINGS)


def test_unsteady_calls_are_said() -> None:
    start = Start(1, 1, None, None)
    steady = Latency((start,), (100,) * 99 + (900,), (100,) * 100, None, 1, 1, 1, 1, 1, "uniform")
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


def test_zipf_ids_are_as_frequent_as_their_rank_says_and_not_in_the_order_of_the_table() -> None:
    inputs = (Input("user", "user", 0, 1000, None), Input("history", "history", 3, 50, 49))
    drawn = sampling.zipf(inputs, 20_000, 0)
    assert drawn[0]["user"].shape == (1,)
    assert drawn[0]["history"].shape == (1, 3)
    users = np.bincount([int(each["user"][0]) for each in drawn], minlength=1000)
    often = np.sort(users)[::-1] / len(drawn)
    weight = 1 / np.arange(1, 1001) / (1 / np.arange(1, 1001)).sum()
    np.testing.assert_allclose(often[:5], weight[:5], rtol=0.1)
    assert users.argmax() != 0
    assert {int(one) for each in drawn for one in each["history"].flat} == set(range(50))


def test_items_that_were_dropped_are_asked_of_nobody(pointwise: SimpleNamespace) -> None:
    taken = np.zeros(len(pointwise.evaluation.popularity), np.int32)
    kept = np.arange(1, len(taken), 2, dtype=np.int32)
    taken[[0, 3]] = 1000, 7  # the most popular one has no row, and item 3 is row 1
    few = replace(pointwise.evaluation, popularity=taken, kept=kept)
    manifest = replace(pointwise.manifest, items=len(kept), dropped=len(taken) - len(kept))
    (name,) = (each.name for each in manifest.inputs if each.role == "item")
    assert {int(each[name][0]) for each in sampling.of_users(few, manifest, 50, 0)} == {1}


def test_vectors_are_those_of_users_or_of_the_width_that_the_model_takes(factors: SimpleNamespace) -> None:
    rows = {row.tobytes() for row in factors.evaluation.inputs["vector"]}
    drawn = [each["vector"] for each in sampling.of_users(factors.evaluation, factors.manifest, 200, 0)]
    assert {each.shape for each in drawn} == {(1, 8)}
    assert {each.tobytes() for each in drawn} <= rows
    uniform = np.concatenate([each["vector"] for each in sampling.uniform(factors.manifest.inputs, 100, 0)])
    assert (uniform.shape, uniform.dtype) == ((100, 8), np.float32)
    assert 0 <= uniform.min() < 0.1
    assert 0.9 < uniform.max() < 1


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
