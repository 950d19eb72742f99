"""Seven files, each broken in one known way: check misses each by the right rule, and running them says the same.

Beside each stands the mended file, which holds the same budget. The golden outputs are replayed in the runtime that the
file is for: those that a runtime cannot take fail there too, and of those that only miss a budget they hold.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from converters.probes.weights import sparsity
from device_tests import bundle as bundle_format
from device_tests import ranking, record
from device_tests import report as report_format
from device_tests.evaluation import EvaluationSet
from device_tests.manifest import FORMAT, TOLERANCE, Input, Manifest
from device_tests.ragged import Ragged
from device_tests.report import DeviceReport
from edgerec import packing
from edgerec.config import parse_config
from edgerec.errors import EdgerecError
from edgerec.gate.budget import NO_LIMITS
from edgerec.gate.from_reports import Expected
from edgerec.gate.plan import check_and_update, plan, read_and_check
from edgerec.gate.verdict import Check, Verdict
from edgerec.models.roles import CATALOGUE, Roles
from edgerec.targets import environment, local
from edgerec.targets.job import Job

OLD, NEW = "tflite-runtime==2.14.0", "ai-edge-litert==2.3.0"
COLUMNS, LENGTH, K, GROUP = 32, 4, 10, 10
DYNAMIC = "dynamic_int8"


@dataclass(frozen=True, eq=False)
class World:
    """Items in groups of ten that are alike, and users who took some of a group and are asked for one more of it."""

    items: np.ndarray
    evaluation: EvaluationSet

    @property
    def roles(self) -> Roles:
        ids = len(self.items) + 1
        return Roles("history", CATALOGUE, (Input("history", "history", LENGTH, ids, ids - 1),), ids - 1)

    @property
    def table(self) -> np.ndarray:
        return np.concatenate([self.items, np.zeros((1, COLUMNS), np.float32)])

    @property
    def tail(self) -> slice:
        return slice(len(self.items) // 2, len(self.items))


def world(count: int = 300, users: int = 200) -> World:
    random = np.random.default_rng(5)
    groups = count // GROUP
    alike = np.repeat(random.normal(size=(groups, COLUMNS)), GROUP, axis=0)
    items = alike + 0.2 * random.normal(size=(count, COLUMNS))
    # Four of five users took items of the more popular half, so that few of them tell of the tail.
    popular, other = (random.integers(*ends, users) for ends in ((0, groups // 2), (groups // 2, groups)))
    group = np.where(np.arange(users) % 5 > 0, popular, other)
    taken = np.array([one * GROUP + random.permutation(GROUP)[: LENGTH + 1] for one in group], np.int32)
    popularity = np.where(np.arange(count) < count // 2, 100, 50).astype(np.int32)
    seen, relevant = Ragged.from_lists(list(taken[:, :LENGTH])), Ragged.from_lists(list(taken[:, LENGTH:]))
    return World(items.astype(np.float32), EvaluationSet({"history": taken[:, :LENGTH]}, seen, relevant, popularity))


@dataclass(frozen=True, eq=False)
class Stored:
    """Weights as a file holds them: numbers, their scales, and whether only those that are not 0."""

    values: np.ndarray
    scales: tuple[float, ...] = ()
    sparse: bool = False

    def tensor(self, graph: Any, maker: Any, name: str) -> int:
        held = self.values[self.values != 0] if self.sparse else self.values
        index: int = graph.constant(name, held, scales=self.scales)
        made = graph.part.tensors[index]
        made.shape = np.array(self.values.shape, np.int32)
        if self.sparse:
            made.sparsity = sparsity(maker.schema, self.values, 1)
        return index


def int8(values: np.ndarray, *, rows: bool = False) -> Stored:
    greatest = np.abs(values).max(axis=1, keepdims=True) if rows else np.abs(values).max(keepdims=True)
    scale = np.where(greatest > 0, greatest, 1).astype(np.float32) / 127
    return Stored(np.round(values / scale).astype(np.int8), tuple(scale.reshape(-1).tolist()))


def model(maker: Any, table: Stored, kernel: Stored, *, version: int = 9, flex: bool = False) -> bytes:
    """Write the mean of a history's rows, scored against every item, as dynamic range writes it."""
    builder = maker.Builder()
    graph = builder.graph()
    shape = (1, LENGTH, COLUMNS)
    ids, rows = graph.tensor("history", (1, LENGTH), "INT32"), graph.tensor("rows", shape)
    stored = table.tensor(graph, maker, "table")
    if table.values.dtype == np.int8:
        looked_up = graph.tensor("looked_up", shape, "INT8", scales=table.scales)
        graph.op("GATHER", [stored, ids], [looked_up], version=2, options="GatherOptions")
        graph.op("DEQUANTIZE", [looked_up], [rows], version=2)
    else:
        whole = graph.tensor("whole", table.values.shape, batch=False)
        graph.op("DEQUANTIZE", [stored], [whole], version=3)
        graph.op("GATHER", [whole, ids], [rows], options="GatherOptions")
    mean, axis = graph.tensor("mean", (1, COLUMNS)), graph.constant("axis", np.array([1], np.int32))
    graph.op("MEAN", [rows, axis], [mean], options="ReducerOptions")
    if flex:
        changed = graph.tensor("changed", (1, COLUMNS))
        graph.op("FlexErf", [mean], [changed], custom=True)
        mean = changed
    scores = graph.tensor("scores", (1, len(kernel.values)))
    dense = [mean, kernel.tensor(graph, maker, "kernel"), -1]
    options = {"options": "FullyConnectedOptions", "asymmetricQuantizeInputs": version >= 9}
    graph.op("FULLY_CONNECTED", dense, [scores], version=version, **options)
    graph.signature({"history": ids}, {"scores": scores})
    return bytes(builder.pack())


def write(path: Path, of: World, tflite: bytes, *, like: bytes = b"", runtime: str = OLD, least: float = 0.8) -> Path:
    """Write a bundle with the decoded answers of `like`, else its own, and of float32 at `least` so much overlap."""
    rows, history = packing.golden_users(of.evaluation), of.evaluation.inputs["history"]
    float32 = of.table[history].mean(axis=1) @ of.items.T
    np.put_along_axis(float32, history, -np.inf, axis=1)
    golden = packing.golden(like or tflite, of.roles, of.evaluation, ranking.top_k(float32, K)[rows], runtime=runtime)
    items = bundle_format.join_lines(tuple(f"i{item}" for item in range(of.roles.items)))
    members = {bundle_format.MODEL: tflite, bundle_format.ITEMS: items, **packing.proof_of(of.evaluation, golden)}
    manifest = Manifest(
        format=FORMAT,
        name="history",
        recipe="broken",
        kind=CATALOGUE,
        signature="serving_default",
        inputs=of.roles.inputs,
        output="scores",
        items=of.roles.items,
        k=K,
        precision=DYNAMIC,
        runtime=runtime,
        oldest_runtime="2.3.0",
        tolerance=TOLERANCE[DYNAMIC],
        float_overlap=least,
        digests=bundle_format.digests(members),
    )
    bundle_format.write(path, {**members, bundle_format.MANIFEST: record.dumps(manifest).encode()})
    return path


def ran(path: Path, *phases: str) -> DeviceReport | None:
    """Run phases in the bundle's own runtime and write the report beside it; None where it does not take the file."""
    runtime = environment.parse(bundle_format.read(path).manifest.runtime)
    try:
        report = local.run(Job(path, runtime, calls=20, only=phases)).report
    except EdgerecError:
        return None
    report_format.write(path.with_suffix(".report.json"), report)
    return report


def golden_holds(path: Path) -> bool:
    report = ran(path, "golden")
    return report is not None and report.golden is not None and report.golden.held


def judged(path: Path, text: str, *, update: bool = False) -> Verdict:
    """Check one bundle as an edgerec.toml in its folder says."""
    config = parse_config(f'{text}\n[[bundle]]\npath = "{path.name}"\n', folder=path.parent)
    planned, conditions = plan(config, [], [], NO_LIMITS), Expected(config.target.runtime)
    if update:
        (verdict,) = check_and_update(planned, conditions, config.policy).verdicts
    else:
        (verdict,) = read_and_check(planned, conditions, config.policy)
    return verdict


def missed(verdict: Verdict, name: str) -> Check:
    """Give the one check that is missed, which has this name, and nothing else that does not hold."""
    assert not verdict
    (found,) = [check for check in verdict.checks if not check]
    assert (found.name, found.state) == (name, "missed"), found
    return found


CONTRACT = "[budget]\ncontract = true\n"


def test_a_dense_layer_of_a_version_that_2_14_does_not_know(tmp_path: Path, maker: Any) -> None:
    of = world()
    right = model(maker, int8(of.table), int8(of.items))
    newer = model(maker, int8(of.table), int8(of.items, rows=True), version=12)
    broken, mended = write(tmp_path / "b.edgerec", of, newer, like=right), write(tmp_path / "m.edgerec", of, right)
    found = missed(judged(broken, CONTRACT), "contract")
    assert found.reason.startswith("op-version: FULLY_CONNECTED 12: asked for version 12, it takes versions 1 to 10")
    assert "edgerec convert" in found.remedy
    assert "--runtime tflite-runtime==2.14.0" in found.remedy
    assert not golden_holds(broken)
    assert judged(mended, CONTRACT)
    assert golden_holds(mended)


def test_scales_of_rows_under_version_1_which_2_14_answers_with_garbage(tmp_path: Path, maker: Any) -> None:
    of = world()
    spread = np.exp(np.random.default_rng(1).normal(size=(len(of.items), 1))).astype(np.float32)
    of = replace(of, items=of.items * spread)
    right = model(maker, int8(of.table), int8(of.items))
    garbage = model(maker, int8(of.table), int8(of.items, rows=True), version=1)
    broken, mended = write(tmp_path / "b.edgerec", of, garbage), write(tmp_path / "m.edgerec", of, right)
    found = missed(judged(broken, CONTRACT), "contract")
    assert found.reason.startswith("wrong-answers: FULLY_CONNECTED 1:")
    assert "one scale a tensor" in found.remedy
    report = ran(broken, "golden")
    assert report is not None, "it loads without a word"
    assert report.golden is not None
    assert not report.golden.held
    assert judged(mended, CONTRACT)
    assert golden_holds(mended)


def test_sparse_weights_in_dynamic_range(tmp_path: Path, maker: Any) -> None:
    of = world()
    kernel = int8(np.where(np.abs(of.items) > 0.5, of.items, 0).astype(np.float32))
    right, sparse = (model(maker, int8(of.table), one) for one in (kernel, replace(kernel, sparse=True)))
    broken = write(tmp_path / "b.edgerec", of, sparse, like=right, runtime=NEW)
    mended = write(tmp_path / "m.edgerec", of, right, runtime=NEW)
    found = missed(judged(broken, CONTRACT), "contract")
    assert found.reason.split(":")[0] in {"weights-refused", "runtime-dies", "wrong-answers"}
    assert "sparse" in found.reason
    assert "store the weights densely" in found.remedy
    assert not golden_holds(broken)
    assert judged(mended, CONTRACT)
    assert golden_holds(mended)


def test_an_op_of_tensorflow(tmp_path: Path, maker: Any) -> None:
    of = world()
    right, flex = (model(maker, int8(of.table), int8(of.items), flex=is_flex) for is_flex in (False, True))
    broken, mended = write(tmp_path / "b.edgerec", of, flex, like=right), write(tmp_path / "m.edgerec", of, right)
    found = missed(judged(broken, "[budget]\nflex = false\n"), "flex")
    assert found.reason == "FlexErf"
    assert found.remedy == f"edgerec inspect {broken}"
    (asked,) = judged(broken, CONTRACT).of("missed")
    assert asked.reason.startswith("flex-op: FlexErf")
    assert not golden_holds(broken)
    assert judged(mended, "[budget]\nflex = false\ncontract = true\n")
    assert golden_holds(mended)


def test_a_float16_table_that_takes_more_memory_than_the_budget_has(tmp_path: Path, maker: Any) -> None:
    of = world(40_000, users=20)
    half, right = (
        model(maker, table, int8(of.items)) for table in (Stored(of.table.astype(np.float16)), int8(of.table))
    )
    broken, mended = write(tmp_path / "b.edgerec", of, half), write(tmp_path / "m.edgerec", of, right)
    text = '[budget]\nprivate_bytes = "2 MiB"\n'
    reports = [ran(path, "golden", "memory") for path in (broken, mended)]
    assert all(report is not None and report.golden is not None and report.golden.held for report in reports)
    found = missed(judged(broken, text), "private_bytes")
    assert found.excess is not None
    assert found.excess > of.table.nbytes / 2
    assert [tensor.name for tensor in found.largest[:1]] == ["table"]
    assert found.location is not None
    assert (found.location.file, found.location.line) == ("edgerec.toml", 2)
    assert judged(mended, text)


def test_a_table_that_grew_by_3_percent(tmp_path: Path, maker: Any) -> None:
    of, path = world(), tmp_path / "model.edgerec"
    text = '[budget.tensors]\n"table" = "+2 %"\n[policy]\nbaseline = "baseline.json"\n'
    table, kernel = int8(of.table), int8(of.items)

    def shipped(more: int) -> Path:
        grown = replace(table, values=np.concatenate([table.values, table.values[:more]]))
        return write(path, of, model(maker, grown, kernel))

    assert judged(shipped(0), text, update=True)
    found = missed(judged(shipped(9), text), "tensors.table")
    assert found.change == pytest.approx(9 / 301)
    (grown,) = found.grew
    assert (grown.name, grown.before_bytes, grown.size_bytes) == ("table", 301 * COLUMNS, 310 * COLUMNS)
    assert found.where == "edgerec.toml:2"
    assert golden_holds(path), "nothing is wrong with it but its size"
    assert judged(shipped(6), text)
    assert golden_holds(path)


def test_recall_of_the_tail_below_its_floor_while_that_of_all_users_holds(tmp_path: Path, maker: Any) -> None:
    of = world()
    worn = of.table.copy()
    worn[of.tail] = 0
    right, forgetful = (model(maker, int8(table), int8(of.items)) for table in (of.table, worn))
    broken = write(tmp_path / "b.edgerec", of, forgetful, least=0.5)
    mended = write(tmp_path / "m.edgerec", of, right)
    text = "[budget]\nrecall_at_10 = 0.7\nrecall_at_10_of_tail = 0.7\n"
    reports = [ran(path, "golden", "quality") for path in (broken, mended)]
    assert all(report is not None and report.golden is not None and report.golden.held for report in reports)
    found = missed(judged(broken, text), "recall_at_10_of_tail")
    assert isinstance(found.measured, float)
    assert found.measured < 0.3
    assert found.source.endswith("b.report.json")
    assert judged(mended, text)
