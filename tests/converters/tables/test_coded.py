"""Every codec: what it decodes to, what NumPy makes of its file, and what both runtimes answer."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

from converters import tflite_file
from converters.anatomy import anatomy
from converters.errors import ConverterError
from converters.numpy_reference import run
from converters.signature_limits import id_limits
from converters.tables.coded import payload_bytes, refuse_infinite
from converters.tables.scorer import scorer_file

OLD, NEW = "tflite-runtime==2.14.0", "ai-edge-litert==2.3.0"
OLD_VERSION = (2, 14, 0)
BATCHES = (1, 7)
FLOAT_OFF, HYBRID_OFF = 1e-5, 0.01


def queries(columns: int) -> list[dict[str, np.ndarray]]:
    random = np.random.default_rng(5)
    return [{"vector": random.normal(size=(batch, columns)).astype(np.float32)} for batch in BATCHES]


def asked(rows: int, length: int) -> list[dict[str, np.ndarray]]:
    """Give ids for each batch, the first and the last row among them."""
    random = np.random.default_rng(6)
    made = []
    for batch in BATCHES:
        ids = random.integers(0, rows, (batch, length) if length else (batch,)).astype(np.int32)
        ids.flat[0], ids.flat[-1] = rows - 1, 0
        made.append({"ids": ids})
    return made


def off(made: np.ndarray, expected: np.ndarray) -> float:
    """Give the largest difference as a share of the range that is expected."""
    assert made.shape == expected.shape
    assert made.dtype == np.float32
    return float(np.abs(made - expected).max() / np.ptp(expected))


def needs_newer(model: bytes) -> bool:
    oldest = anatomy(tflite_file.parse(model)).oldest_runtime
    assert oldest
    return tuple(map(int, oldest.split("."))) > OLD_VERSION


def names(samples: dict[str, Any], use: str, *, newer: bool) -> list[str]:
    return [name for name, sample in samples.items() if (use in sample.newer) == newer]


def test_scores_in_numpy_are_those_of_the_decoded_table(sample: Any) -> None:
    file = tflite_file.parse(scorer_file(sample.coded))
    table = sample.coded.decode()
    assert table.shape == (sample.coded.rows, sample.coded.columns)
    assert table.dtype == np.float32
    for inputs in queries(sample.coded.columns):
        scores = run(file, inputs)["scores"]
        assert off(scores, inputs["vector"] @ table.T) < (HYBRID_OFF if sample.hybrid else FLOAT_OFF)


@pytest.mark.parametrize("length", [0, 5], ids=["one id", "a history"])
def test_rows_in_numpy_are_those_of_the_decoded_table(
    sample: Any, lookup_file: Callable[..., bytes], length: int
) -> None:
    file = tflite_file.parse(lookup_file(sample.coded, length))
    for inputs in asked(sample.coded.rows, length):
        assert off(run(file, inputs)["rows"], sample.coded.decode()[inputs["ids"]]) < FLOAT_OFF


def check_scores(on_device: Any, runtime: str, samples: dict[str, Any], chosen: Iterable[str]) -> None:
    cases = [
        (name, scorer_file(samples[name].coded), inputs)
        for name in chosen
        for inputs in queries(samples[name].coded.columns)
    ]
    answers = on_device(runtime, [(model, inputs) for _, model, inputs in cases])
    for (name, model, inputs), answer in zip(cases, answers, strict=True):
        assert not isinstance(answer, str), (name, answer)
        expected = run(tflite_file.parse(model), inputs, runtime=runtime)["scores"]
        assert off(answer["scores"], expected) < FLOAT_OFF, name  # hybrid ones too: vectors are rounded as there


def check_rows(on_device: Any, lookup_file: Any, runtime: str, samples: dict[str, Any], chosen: Iterable[str]) -> None:
    cases = [
        (name, lookup_file(samples[name].coded, length), inputs)
        for name in chosen
        for length in (0, 5)
        for inputs in asked(samples[name].coded.rows, length)
    ]
    answers = on_device(runtime, [(model, inputs) for _, model, inputs in cases])
    for (name, _, inputs), answer in zip(cases, answers, strict=True):
        assert not isinstance(answer, str), (name, answer)
        assert off(answer["rows"], samples[name].coded.decode()[inputs["ids"]]) < FLOAT_OFF, name


def test_the_newest_runtime_scores_with_every_codec(on_device: Any, samples: dict[str, Any]) -> None:
    check_scores(on_device, NEW, samples, samples)


def test_the_newest_runtime_looks_up_in_every_codec(on_device: Any, lookup_file: Any, samples: dict[str, Any]) -> None:
    check_rows(on_device, lookup_file, NEW, samples, samples)


def test_the_old_runtime_scores_with_every_codec_that_claims_it(on_device: Any, samples: dict[str, Any]) -> None:
    check_scores(on_device, OLD, samples, names(samples, "scores", newer=False))


def test_the_old_runtime_looks_up_in_every_codec_that_claims_it(
    on_device: Any, lookup_file: Any, samples: dict[str, Any]
) -> None:
    check_rows(on_device, lookup_file, OLD, samples, names(samples, "lookup", newer=False))


def test_a_file_that_the_old_runtime_cannot_read_says_so_and_is_refused_there(
    on_device: Any, lookup_file: Any, samples: dict[str, Any]
) -> None:
    files = [scorer_file(samples[name].coded) for name in names(samples, "scores", newer=True)]
    files += [lookup_file(samples[name].coded) for name in names(samples, "lookup", newer=True)]
    assert len(files) == 10
    assert all(map(needs_newer, files))
    for answer in on_device(OLD, [(model, {}) for model in files]):
        assert isinstance(answer, str)
        assert "Didn't find op for builtin opcode" in answer or "Registration failed" in answer


def test_what_claims_the_old_runtime_is_as_its_sample_says(sample: Any, lookup_file: Any) -> None:
    assert needs_newer(scorer_file(sample.coded)) == ("scores" in sample.newer)
    assert needs_newer(lookup_file(sample.coded)) == ("lookup" in sample.newer)


@pytest.mark.parametrize("use", ["scores", "lookup"])
def test_the_bytes_said_are_the_bytes_of_the_buffers(sample: Any, lookup_file: Any, use: str) -> None:
    model = scorer_file(sample.coded) if use == "scores" else lookup_file(sample.coded)
    buffers = [model[start:end] for start, end in tflite_file.parse(model).spans]
    arrays = [array.tobytes() for array in sample.coded.stored]
    assert all(buffers.count(array) == 1 for array in arrays)
    assert payload_bytes(sample.coded) == sum(len(one) for one in buffers if one in arrays)
    assert sum(len(one) for one in buffers if one not in arrays) < 200


def test_the_graph_around_the_bytes_stays_small(sample: Any, lookup_file: Any) -> None:
    parts = len(getattr(getattr(sample.coded, "table", sample.coded), "parts", (0,)))
    scales = 12 * sample.coded.rows if type(sample.coded).__name__ == "NativeRows" else 0
    for model in (scorer_file(sample.coded), lookup_file(sample.coded)):
        assert len(model) - payload_bytes(sample.coded) - scales < 2_900 * parts
        assert all(not tensor.name for tensor in tflite_file.parse(model).subgraphs[0].tensors)


def test_ids_are_limited_to_the_rows(sample: Any, lookup_file: Any) -> None:
    limit = sample.coded.rows + sample.ids_beyond
    assert id_limits(tflite_file.parse(lookup_file(sample.coded))) == {"ids": limit}


def test_equal_arrays_are_counted_once(integer_rows: Any) -> None:
    from converters.tables.tiers import Tiers

    part = integer_rows(20, 16, 4)
    twice = Tiers((part, part))
    assert payload_bytes(twice) == payload_bytes(part)
    assert len(scorer_file(twice)) < len(scorer_file(part)) + 400


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_numbers_that_are_not_finite_are_refused_by_row(value: float) -> None:
    values = np.ones((4, 2), np.float16)
    values[2, 1] = value
    with pytest.raises(ConverterError, match=r"got -?(inf|nan) in a number of row 2, expected finite numbers"):
        refuse_infinite(values, "a number")
