"""The harness as it runs on a device: its own process, the real runtimes, tiny models with known answers."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from device_tests import bundle, ranking
from device_tests.evaluation import Golden, from_npy, to_npy
from device_tests.ragged import Ragged

# What the harness says the same whatever the runtime, so that one of them is asked.
before_any_runtime = pytest.mark.parametrize("runtime", ["tflite-runtime==2.14.0"], ids=["2.14"], indirect=True)


def lists_and_ranks(made: SimpleNamespace, scores: np.ndarray, k: int) -> tuple[list[list[int]], list[int], set[int]]:
    """Rank in plain Python: every user's list of k, the rank of each held-out item, the items in anyone's list."""
    lists, ranks, recommended = [], [], set()
    for user, row in enumerate(scores):
        seen = set(made.evaluation.seen[user].tolist())
        order = sorted(range(len(row)), key=lambda item: (item in seen, 0 if item in seen else -row[item], item))
        lists.append(order[:k])
        ranks += [order.index(item) + 1 for item in made.evaluation.relevant[user]]
        recommended |= {item for item in order[:k] if item not in seen}
    return lists, ranks, recommended


@pytest.mark.parametrize("kind", ["new_catalogue", "new_pointwise", "new_factors"])
def test_every_rank_is_the_one_that_numpy_gives(
    kind: str, make: Callable, harness: Callable, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    model = request.getfixturevalue(kind)()
    made = make(tmp_path / "x.bundle", model, users=40 if kind == "new_pointwise" else 300)
    ran = harness(made.path, "--lists", str(tmp_path / "lists.npy"))
    assert ran.code == 0, ran.lines
    scores = model.scores(made.evaluation.inputs)
    lists, ranks, _ = lists_and_ranks(made, scores, made.manifest.k)
    found = ran.report.quality
    assert found.ranks == tuple(ranks)
    assert found.offsets == tuple(made.evaluation.relevant.offsets.tolist())
    deepest = min(20, model.items)
    counts = [len(lists_and_ranks(made, scores, k)[2]) for k in range(1, deepest + 1)]
    assert found.recommended_items == tuple(counts), "a list of the bundle's k is shorter than what coverage is told of"
    assert found.distinct_scores == pytest.approx(np.mean([len(set(row.tolist())) for row in scores]))
    assert found.distinct_scores < model.items, "no tie was put to the test"
    assert found.segments == made.evaluation.segments()
    np.testing.assert_array_equal(np.load(tmp_path / "lists.npy"), np.array(lists, np.int32), strict=True)


@pytest.mark.parametrize("kind", ["catalogue", "pointwise", "factors"])
def test_a_report_says_everything(kind: str, harness: Callable, runtime: str, request: pytest.FixtureRequest) -> None:
    made = request.getfixturevalue(kind)
    ran = harness(made.path, "--threads", "2")
    assert ran.code == 0, ran.lines
    assert ran.lines == ["phase memory", "phase latency", "phase golden", "phase quality"]
    found = ran.report
    assert f"{found.board.runtime}=={found.board.runtime_version}" == runtime
    assert found.board.threads == 2
    assert found.provenance == "measured"
    assert found.bundle_sha256 == bundle.read(made.path).sha256
    assert found.model_sha256 == made.manifest.digests[bundle.MODEL]
    assert found.golden.held
    assert (found.golden.users, found.golden.decoded_users) == (20, 10)
    assert found.golden.largest_difference <= 1e-6
    assert found.golden.float_overlap == found.golden.identical_lists == 1
    assert len(found.latency.warm_ns) == len(found.latency.invoke_ns) == 20
    assert all(inner < whole for inner, whole in zip(found.latency.invoke_ns, found.latency.warm_ns, strict=True))
    assert 0 < found.latency.overhead_ns < 50_000
    assert found.latency.load_ns > 0
    assert found.latency.first_ns > 0
    assert found.latency.ids == "eval set"
    assert found.memory.calls == 20
    assert found.memory.peak > found.memory.private_run
    assert None not in (found.memory.private_load, found.memory.mapped_load, found.memory.mapped_run)


@pytest.mark.parametrize("kind", ["new_catalogue", "new_pointwise", "new_factors"])
def test_every_rank_among_candidates_is_the_one_of_a_plain_loop(
    kind: str, make: Callable, harness: Callable, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    model = request.getfixturevalue(kind)()
    made = make(tmp_path / "x.bundle", model, users=40 if kind == "new_pointwise" else 300, negatives=6)
    found = harness(made.path, "--only", "quality").report.quality
    scores, ranks, tied = model.scores(made.evaluation.inputs), [], 0
    relevant = made.evaluation.relevant
    for user, item, others in zip(relevant.rows, relevant.values, made.evaluation.negatives, strict=True):
        order = sorted([item, *others], key=lambda one: (-scores[user, one], one))
        ranks.append(order.index(item) + 1)
        tied += scores[user, item] in scores[user, others]
    assert tied > 0, "no tie was put to the test"
    assert found.candidate_ranks == tuple(ranks)
    assert found.negatives == 6
    alone = made.rewritten(tmp_path / "alone", {"proof/eval_negatives.npy": None})
    without = harness(alone, "--only", "quality").report.quality
    assert (without.negatives, without.candidate_ranks) == (0, ())
    assert without.ranks == found.ranks, "candidates change the full ranking"


def test_what_is_proved_does_not_change_from_run_to_run(catalogue: SimpleNamespace, harness: Callable) -> None:
    first, second = (harness(catalogue.path, "--only", "golden,quality").report for _ in range(2))
    assert (first.golden, first.quality) == (second.golden, second.quality)
    assert first.latency is first.memory is None


def garbled(made: SimpleNamespace, members: dict[str, bytes], path: Path) -> Path:
    return made.rewritten(path, members)


def test_the_file_that_answers_garbage_is_refused(
    make: Callable, new_catalogue: type, harness: Callable, runtime: str, tmp_path: Path
) -> None:
    """int8 rows with a scale each under FULLY_CONNECTED version 1: 2.14 loads it and reads one scale for all."""
    model = new_catalogue(real=True, items=64, columns=32)
    random = np.random.default_rng(0)
    dense = (model.dense * np.exp(2 * random.normal(size=(64, 1)))).astype(np.float32)
    true = SimpleNamespace(**{name: getattr(model, name) for name in ("items", "kind", "inputs", "people", "length")})
    scales = np.abs(dense).max(axis=1, keepdims=True) / np.float32(127)
    stored = np.round(dense / scales) * scales
    true.scores = lambda inputs: (model.table[inputs["history"]].mean(axis=1) @ stored.T).astype(np.float32)
    made = make(
        tmp_path / "x.bundle", true, users=100, file=model.file(dense=dense, per_row_int8=True),
        precision="dynamic_int8", tolerance=0.01, float_overlap=0.9,
    )  # fmt: skip
    ran = harness(made.path)
    assert ran.code == 0, "a report is written either way"
    golden = ran.report.golden
    if runtime.startswith("ai-edge-litert"):
        assert golden.held, golden.reason
        return
    assert not golden.held
    assert golden.float_overlap < 0.5
    assert golden.largest_difference > 0.1
    assert "of the user's range away from the NumPy decode's, where 1 % is allowed" in golden.reason
    assert "stand in another order" in golden.reason
    assert f"top-5 overlap with the float32 model is {golden.float_overlap:.4f}, below 0.9" in golden.reason


def test_golden_outputs_of_another_model_are_missed(
    catalogue: SimpleNamespace, harness: Callable, tmp_path: Path
) -> None:
    golden = Golden.from_members(catalogue.members, catalogue.manifest, catalogue.evaluation.users)
    scores = golden.decoded_scores.copy()
    scores[3, 7] += 0.001 * np.ptp(scores[3])
    near = catalogue.rewritten(tmp_path / "near", Golden(golden.users, golden.float_top, scores).to_members())
    other = ranking.top_k(-golden.decoded_scores, 5)
    float_top = np.concatenate([other, golden.float_top[len(other) :]])
    far = catalogue.rewritten(tmp_path / "far", Golden(golden.users, float_top, golden.decoded_scores).to_members())
    found = harness(near, "--only", "golden").report.golden
    assert not found.held
    assert found.largest_difference == pytest.approx(0.001, rel=0.01)
    assert found.reason == "a score is 0.1 % of the user's range away from the NumPy decode's, where 0.01 % is allowed"
    found = harness(far, "--only", "golden").report.golden
    assert not found.held
    assert found.reason.startswith("top-5 overlap with the float32 model is 0.5")
    assert found.largest_difference < 1e-6


def test_lists_that_differ_too_often_are_missed_though_every_score_is_near(
    make: Callable, new_catalogue: type, harness: Callable, tmp_path: Path
) -> None:
    made = make(tmp_path / "x.bundle", new_catalogue(items=300))
    golden = Golden.from_members(made.members, made.manifest, made.evaluation.users)
    noise = np.random.default_rng(0).normal(size=golden.decoded_scores.shape) * 1e-5
    decoded = (golden.decoded_scores + noise).astype(np.float32)
    near = made.rewritten(tmp_path / "near", Golden(golden.users, golden.float_top, decoded).to_members())
    found = harness(near, "--only", "golden").report.golden
    assert found.order_held
    assert found.largest_difference < found.tolerance
    assert found.decoded_overlap < 0.97
    assert found.reason == f"top-5 overlap with the NumPy decode is {found.decoded_overlap:.4f}, below 0.98"


def test_a_file_whose_scores_are_no_numbers(
    catalogue: SimpleNamespace, new_catalogue: type, harness: Callable, tmp_path: Path
) -> None:
    dense = new_catalogue().dense
    dense[3, 2] = np.nan
    broken = catalogue.rewritten(tmp_path / "nan.bundle", {bundle.MODEL: new_catalogue().file(dense=dense)})
    ran = harness(broken)
    assert ran.code == 0
    assert not ran.report.golden.held
    assert ran.report.golden.reason == "20 of 600 scores are NaN or infinite"
    assert ran.report.quality is None
    assert any(line.startswith("quality was not measured: the model scored NaN") for line in ran.report.warnings)
    assert "the model scored NaN" in harness(broken, "--only", "quality").error


def without(made: SimpleNamespace, *parts: str) -> dict[str, None]:
    return dict.fromkeys(name for name in made.members if name.startswith(tuple(f"proof/{part}" for part in parts)))


def test_a_bundle_without_proof_is_measured_and_says_so(
    catalogue: SimpleNamespace, harness: Callable, tmp_path: Path
) -> None:
    bare = catalogue.rewritten(tmp_path / "bare.bundle", without(catalogue, "eval", "golden"))
    ran = harness(bare)
    assert ran.lines == ["phase memory", "phase latency"]
    assert ran.report.golden is ran.report.quality is None
    assert ran.report.latency.ids == "uniform"
    assert "ids were drawn uniformly, not as users draw them" in ran.report.warnings
    assert harness(bare, "--only", "golden").error == "the bundle has no golden outputs to replay"
    assert harness(bare, "--only", "quality").error == "the bundle has no evaluation set to measure quality with"
    undecoded = catalogue.rewritten(
        tmp_path / "undecoded.bundle", {"proof/golden_decoded_scores.npy": to_npy(np.zeros((0, 30), np.float32))}
    )
    ran = harness(undecoded, "--only", "golden")
    assert not ran.report.golden.held
    assert ran.report.golden.decoded_users == 0
    assert ran.report.golden.reason == "the bundle holds no scores of a NumPy decode to compare with"


@before_any_runtime
def test_users_without_unseen_or_held_out_items_do_no_harm(
    catalogue: SimpleNamespace, harness: Callable, tmp_path: Path
) -> None:
    everything = Ragged.from_lists([np.arange(30, dtype=np.int32)] * 40)
    nothing = Ragged.from_lists([np.zeros(0, np.int32)] * 40)
    changed = {
        **without(catalogue, "golden"),
        "proof/eval_seen_offsets.npy": to_npy(everything.offsets),
        "proof/eval_seen_values.npy": to_npy(everything.values),
        "proof/eval_relevant_offsets.npy": to_npy(nothing.offsets),
        "proof/eval_relevant_values.npy": to_npy(nothing.values),
    }
    found = harness(catalogue.rewritten(tmp_path / "full.bundle", changed), "--only", "quality").report.quality
    assert found.ranks == ()
    assert set(found.recommended_items) == {0}


@before_any_runtime
def test_k_may_be_another(catalogue: SimpleNamespace, harness: Callable, tmp_path: Path) -> None:
    ran = harness(catalogue.path, "--only", "quality", "--k", "7", "--lists", str(tmp_path / "lists.npy"))
    assert ran.report.quality.k == 7
    assert from_npy((tmp_path / "lists.npy").read_bytes(), "lists", "<i4", (40, 7)) is not None
    assert harness(catalogue.path, "--k", "31").error == "k should be 1 to 30 (the items), not 31"


@pytest.mark.parametrize("kind", ["catalogue", "pointwise"])
def test_scores_of_the_decoded_users_are_written_seen_items_among_them(
    kind: str, harness: Callable, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    made = request.getfixturevalue(kind)
    golden = Golden.from_members(made.members, made.manifest, made.evaluation.users)
    assert sum(len(made.evaluation.seen[user]) for user in golden.users[: len(golden.decoded_scores)])
    ran = harness(made.path, "--only", "golden", "--scores", str(tmp_path / "scores.npy"))
    assert ran.code == 0, ran.lines
    scores = np.load(tmp_path / "scores.npy")
    np.testing.assert_allclose(scores, golden.decoded_scores, rtol=1e-6, atol=1e-6, strict=True)


def test_a_bare_file_is_measured_with_uniform_ids(new_catalogue: type, harness: Callable, tmp_path: Path) -> None:
    for signature in ("serving_default", None):
        path = tmp_path / "bare.tflite"
        path.write_bytes(new_catalogue().file(signature=signature))
        ran = harness(path, "--limits", "history=31")
        assert ran.code == 0, ran.lines
        assert ran.lines == ["phase memory", "phase latency"]
        assert ran.report.bundle_sha256 is None
        assert ran.report.golden is ran.report.quality is None
        assert ran.report.latency.ids == "uniform"
        assert ran.report.memory is not None


@before_any_runtime
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "input 'history' takes whole numbers: say how many ids it has with --limits history=IDS"),
        (("--limits", "item=3"), "a limit is given for 'item', which is no input: the model has history"),
        (("--limits", "history"), "argument --limits: should read NAME=IDS, like history=2415, not 'history'"),
        (("--limits", "history=0"), "argument --limits: should be a whole number of at least 1, not '0'"),
        (("--only", "golden"), "golden cannot be told from a bare .tflite: make a bundle of it with edgerec pack"),
    ],
)
def test_a_bare_file_asked_wrongly(
    arguments: tuple[str, ...], sentence: str, new_catalogue: type, harness: Callable, tmp_path: Path
) -> None:
    path = tmp_path / "bare.tflite"
    path.write_bytes(new_catalogue().file())
    assert harness(path, *arguments).error == sentence


def test_more_ids_than_a_bare_file_has_fail_in_the_runtime(
    new_catalogue: type, harness: Callable, tmp_path: Path
) -> None:
    path = tmp_path / "bare.tflite"
    path.write_bytes(new_catalogue().file())
    assert " fails on one row: " in harness(path, "--limits", "history=99").error


@before_any_runtime
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--only", "speed"), "no phase is called 'speed': there are memory, latency, golden, quality, counts"),
        (
            ("--limits", "history=31"),
            "limits are for a bare .tflite: a bundle says itself how many ids its inputs take",
        ),
        (("--threads", "0"), "argument --threads: should be a whole number of at least 1, not '0'"),
        (
            ("--calls", "1000001"),
            "argument --calls: should be at most 1000000, since every call is kept, not '1000001'",
        ),
        (("--calls", "many"), "argument --calls: should be a whole number of at least 1, not 'many'"),
        (("--k", "-1"), "argument --k: should be a whole number of at least 1, not '-1'"),
        (("--runtime", "tensorflow"), "no runtime is called 'tensorflow': there are tflite-runtime and ai-edge-litert"),
        (
            ("--provenance", "emulated", "--only", "latency"),
            "latency under an emulator means nothing and is not measured",
        ),
        (("--only", "golden", "--lists", "x.npy"), "there are no lists to write: quality was not measured"),
        (("--only", "quality", "--scores", "x.npy"), "there are no scores to write: golden outputs were not replayed"),
        (
            ("--report", "none/r.json", "--only", "golden"),
            "cannot write none/r.json: No such file or directory; nothing was left behind",
        ),
        (("--speed",), "unrecognized arguments: --speed"),
    ],
)
def test_a_bundle_asked_wrongly(
    arguments: tuple[str, ...], sentence: str, catalogue: SimpleNamespace, harness: Callable
) -> None:
    assert harness(catalogue.path, *arguments).error == sentence


@before_any_runtime
def test_more_calls_than_are_drawn_draw_them_again(catalogue: SimpleNamespace, harness: Callable) -> None:
    assert len(harness(catalogue.path, "--only", "latency", "--calls", "10050").report.latency.warm_ns) == 10_050


@before_any_runtime
def test_a_sample_of_users_is_ranked_as_among_all_and_said_to_be_one(
    catalogue: SimpleNamespace, harness: Callable, tmp_path: Path
) -> None:
    whole = harness(catalogue.path, "--only", "quality", "--lists", str(tmp_path / "whole.npy")).report.quality
    ran = harness(catalogue.path, "--only", "quality", "--users", "8", "--lists", str(tmp_path / "part.npy"))
    found, users = ran.report.quality, catalogue.evaluation.users
    assert (found.users, found.sample_of) == (8, users)
    assert ran.report.warnings == (f"quality is of a sample: 8 of {users} users",)
    rows = [row * users // 8 for row in range(8)]
    np.testing.assert_array_equal(np.load(tmp_path / "part.npy"), np.load(tmp_path / "whole.npy")[rows])
    spans = list(zip(whole.offsets, whole.offsets[1:], strict=False))
    assert found.ranks == tuple(rank for row in rows for rank in whole.ranks[slice(*spans[row])])
    everyone = harness(catalogue.path, "--only", "quality", "--users", str(users)).report
    assert (everyone.quality, everyone.warnings) == (whole, ())


@before_any_runtime
def test_counts_without_a_plugin_are_refused(catalogue: SimpleNamespace, harness: Callable, tmp_path: Path) -> None:
    assert harness(catalogue.path, "--only", "counts").error == (
        "counts need an emulator's plugin: name where it writes with --meter"
    )
    meter = str(tmp_path / "counts")
    said = harness(catalogue.path, "--only", "counts", "--meter", meter).error
    assert said == f"cannot read {meter}: No such file or directory"
    said = harness(catalogue.path, "--only", "counts", "--meter", meter, "--threads", "2").error
    assert said == "counts are exact with 1 thread, not with 2"


@before_any_runtime
def test_emulated_leaves_time_out(catalogue: SimpleNamespace, harness: Callable) -> None:
    ran = harness(catalogue.path, "--provenance", "emulated")
    assert ran.report.provenance == "emulated"
    assert ran.lines == ["phase memory", "phase golden", "phase quality"]


@before_any_runtime
def test_files_that_are_nothing(harness: Callable, catalogue: SimpleNamespace, tmp_path: Path) -> None:
    path = tmp_path / "x"
    assert harness(path).error == f"cannot read {path}: No such file or directory"
    for data in (b"", b"hello, world", b"\0" * 100):
        path.write_bytes(data)
        assert "x is neither a bundle nor a .tflite file" in harness(path).error
    path.write_bytes(catalogue.path.read_bytes()[:-30])
    assert "x is damaged or cut short" in harness(path).error


def test_a_model_that_the_runtime_refuses(
    catalogue: SimpleNamespace, new_catalogue: type, harness: Callable, runtime: str, tmp_path: Path
) -> None:
    later = catalogue.rewritten(tmp_path / "later.bundle", {bundle.MODEL: new_catalogue().file(version=99)})
    error = harness(later).error
    assert error.startswith(f"{runtime.replace('==', ' ')} does not load the model: Didn't find op for builtin opcode")
    hollow = catalogue.rewritten(tmp_path / "hollow.bundle", {bundle.MODEL: b"\x1c\0\0\0TFL3" + bytes(20)})
    assert "does not load the model: " in harness(hollow, "--only", "golden").error


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"signature": "main"}, "the model has no signature 'main': it has serving_default"),
        ({"output": "probabilities"}, "the model has no output 'probabilities': it has scores"),
    ],
)
def test_a_manifest_that_names_what_is_not_there(
    words: dict[str, str], sentence: str, catalogue: SimpleNamespace, harness: Callable, tmp_path: Path
) -> None:
    assert harness(catalogue.rewritten(tmp_path / "x.bundle", **words)).error == sentence


def test_a_model_that_does_not_fit_its_vector(
    factors: SimpleNamespace, new_factors: type, harness: Callable, tmp_path: Path
) -> None:
    wider = factors.rewritten(tmp_path / "wider.bundle", {bundle.MODEL: new_factors(columns=9).file()})
    assert harness(wider).error == "input 'vector' is float32 of shape [1, 9], which does not fit its manifest"
    whole = factors.rewritten(tmp_path / "whole.bundle", {bundle.MODEL: new_factors().file("<i4")})
    assert harness(whole).error == "input 'vector' is int32 of shape [1, 8], which does not fit its manifest"


def test_vectors_are_drawn_where_a_bundle_has_none(factors: SimpleNamespace, harness: Callable, tmp_path: Path) -> None:
    ran = harness(factors.rewritten(tmp_path / "bare.bundle", without(factors, "eval", "golden")))
    assert ran.code == 0, ran.lines
    assert ran.report.latency.ids == "uniform"
    assert len(ran.report.latency.warm_ns) == 20


def test_a_model_that_does_not_fit_its_manifest(
    catalogue: SimpleNamespace, new_catalogue: type, new_pointwise: type, harness: Callable, tmp_path: Path
) -> None:
    other = catalogue.rewritten(tmp_path / "other.bundle", {bundle.MODEL: new_pointwise().file()})
    assert harness(other).error == "the model has inputs item, user, its manifest history"
    longer = catalogue.rewritten(tmp_path / "longer.bundle", {bundle.MODEL: new_catalogue(length=5).file()})
    assert harness(longer).error == "input 'history' is int32 of shape [1, 5], which does not fit its manifest"
    wider = catalogue.rewritten(tmp_path / "wider.bundle", {bundle.MODEL: new_catalogue(items=31).file()})
    assert harness(wider, "--only", "golden").error == "the model gives 31 scores a row, where its manifest says 30"


def packages(folder: Path, **linked: Path) -> Path:
    """Make a folder of this repository's harness and the given packages, for a Python that has nothing else."""
    folder.mkdir()
    shutil.copytree(Path(bundle.__file__).parent, folder / "device_tests")
    for name, package in linked.items():
        (folder / name).symlink_to(package)
        libraries = package.with_name(f"{name}.libs")
        if libraries.exists():
            (folder / libraries.name).symlink_to(libraries)
    return folder


@pytest.fixture
def bare_python(tmp_path: Path) -> Path:
    """Give a Python without any package."""
    subprocess.run([sys.executable, "-I", "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    return tmp_path / "bare" / "bin" / "python"


@before_any_runtime
def test_a_python_without_what_it_needs_says_what_to_install(
    catalogue: SimpleNamespace, harness: Callable, bare_python: Path, tmp_path: Path
) -> None:
    nothing = packages(tmp_path / "nothing")
    ran = harness(catalogue.path, python=bare_python, path=nothing)
    assert ran.error == "this Python has no numpy: run pip install numpy"
    numpy = packages(tmp_path / "numpy", numpy=Path(np.__file__).parent)
    ran = harness(catalogue.path, python=bare_python, path=numpy)
    assert ran.error == 'this Python has no TFLite runtime: run pip install tflite-runtime "numpy<2"'
    ran = harness(catalogue.path, "--runtime", "ai-edge-litert", python=bare_python, path=numpy)
    assert ran.error == "this Python has no ai-edge-litert: run pip install ai-edge-litert"


@before_any_runtime
def test_tflite_runtime_beside_numpy_2_is_one_sentence(
    catalogue: SimpleNamespace, harness: Callable, runtime_python: Callable, tmp_path: Path
) -> None:
    """Seen on tflite-runtime 2.14.0: its import works, its Interpreter raises SystemError and prints a page."""
    old, new = runtime_python("tflite-runtime==2.14.0"), runtime_python("ai-edge-litert==2.3.0")
    package = next(old.parents[1].glob("lib/python*/site-packages/tflite_runtime"))
    both = packages(tmp_path / "both", tflite_runtime=package)
    ran = harness(catalogue.path, "--runtime", "tflite-runtime", python=new, path=both)
    assert ran.error.startswith("tflite-runtime was built for numpy 1 and numpy 2.")
    assert ran.error.endswith('is installed: run pip install "numpy<2"')
    ran = harness(catalogue.path, "--only", "golden", python=new, path=both)
    assert ran.report.board.runtime == "ai-edge-litert", "another runtime that works is taken"


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing(
    ending: signal.Signals, catalogue: SimpleNamespace, python: Path, tmp_path: Path
) -> None:
    scratch, written = tmp_path / "scratch", tmp_path / "report.json"
    scratch.mkdir()
    before = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a shell's background ignores it, and so would we
    child = subprocess.Popen(
        [python, "-m", "device_tests", catalogue.path, "--report", written, "--calls", "1000000"],
        env={"PYTHONPATH": str(Path(bundle.__file__).parents[1]), "TMPDIR": str(scratch), "PATH": os.environ["PATH"]},
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    signal.signal(signal.SIGINT, before)
    assert child.stderr.readline() == "phase memory\n"
    time.sleep(0.3)
    child.send_signal(ending)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 130
    assert said.splitlines()[-1] == "error: interrupted; nothing was written"
    assert "Traceback" not in said
    assert list(scratch.iterdir()) == []
    assert not written.exists()


@pytest.mark.parametrize("ids", ["uniform", "zipf"])
def test_ids_are_drawn_as_asked_and_the_report_says_how(
    ids: str, pointwise: SimpleNamespace, harness: Callable
) -> None:
    ran = harness(pointwise.path, "--only", "latency", "--ids", ids)
    assert ran.report.latency.ids == ids
    assert ("ids were drawn uniformly, not as users draw them" in ran.report.warnings) == (ids == "uniform")


def test_a_trace_is_called_row_by_row(pointwise: SimpleNamespace, harness: Callable, tmp_path: Path) -> None:
    (tmp_path / "trace.txt").write_text("3 7\n16 29\n")
    asked = (pointwise.path, "--only", "latency", "--ids", "trace")
    assert harness(*asked, "--trace", str(tmp_path / "trace.txt")).report.latency.ids == "trace"
    (tmp_path / "trace.txt").write_text("3 7\n16 30\n")
    refused = harness(*asked, "--trace", str(tmp_path / "trace.txt")).error
    assert refused == "input 'item' was given id 30, where the model takes 0 to 29"
    assert harness(*asked).error == "a trace needs both --ids trace and --trace FILE"


def test_ids_that_cannot_be_had_are_refused(catalogue: SimpleNamespace, harness: Callable, tmp_path: Path) -> None:
    bare = tmp_path / "bare.tflite"
    bare.write_bytes(catalogue.members[bundle.MODEL])
    limits = ("--limits", "history=31")
    assert "there is no eval set" in harness(bare, *limits, "--ids", "eval").error
    assert "ids of a zipf need a bundle" in harness(bare, *limits, "--ids", "zipf").error
    assert harness(catalogue.path, "--ids", "mine").error == "ids come from eval, uniform, zipf, trace, not 'mine'"


def test_conditions_are_of_before_during_and_after(catalogue: SimpleNamespace, harness: Callable) -> None:
    found = harness(catalogue.path, "--only", "memory,latency").report.conditions
    phases = [moment.phase for moment in found.moments]
    assert (phases[0], phases[1], phases[-1]) == ("before", "memory", "after")
    assert phases[2:-1] == ["latency"] * 10
    assert found.before.load is not None


def test_a_sustained_run_goes_on_for_as_long_as_asked(catalogue: SimpleNamespace, harness: Callable) -> None:
    found = harness(catalogue.path, "--only", "memory", "--sustained", "2").report
    assert len(found.sustained.seconds) == 2
    assert min(second.calls for second in found.sustained.seconds) > 0
    assert [moment.phase for moment in found.conditions.moments].count("sustained") == 2
    emulated = harness(catalogue.path, "--provenance", "emulated", "--sustained", "2")
    assert emulated.error == "latency under an emulator means nothing and is not measured"


def test_a_weight_cache_is_storage_and_refused_where_there_is_none(
    make: Callable, new_catalogue: type, harness: Callable, runtime: str, tmp_path: Path
) -> None:
    made = make(tmp_path / "x.bundle", new_catalogue(items=64, columns=32))
    ran = harness(made.path, "--weight-cache")
    if runtime.startswith("tflite-runtime"):
        assert ran.error == "tflite-runtime 2.14.0 takes no weight cache: use ai-edge-litert 2.3.0 or leave it out"
        return
    assert ran.code == 0, ran.lines
    found = ran.report
    assert found.storage.model_bytes == len(made.members[bundle.MODEL])
    assert found.storage.weight_cache_bytes > 64 * 32 * 4
    assert found.storage.weight_cache_made_ns > 0
    assert found.golden.held
    assert len(found.latency.warm_ns) == 20
    assert harness(made.path).report.storage.weight_cache_bytes is None


def test_memory_and_latency_are_of_the_model_with_its_cache_and_answers_of_the_one_without(
    make: Callable, new_catalogue: type, run_code: Callable, runtime: str, tmp_path: Path
) -> None:
    if runtime.startswith("tflite-runtime"):
        return  # has no cache
    made = make(tmp_path / "x.bundle", new_catalogue(items=64, columns=32))
    opened = run_code(f"""
import json
from pathlib import Path
from device_tests import harness, runtime, settings
opened, real, phases = [], runtime.Runtime.open, []
def record(self, path, threads, cache=None):
    opened.append([phases[-1], cache is not None])
    return real(self, path, threads, cache)
runtime.Runtime.open = record
harness.run(settings.Settings(Path({str(made.path)!r}), calls=5, weight_cache=True), phases.append)
print(json.dumps(opened))
""")
    assert opened == [["memory", True], ["latency", True], ["golden", False]]
