"""A whole file from arrays."""

from typing import Any

import numpy as np
import pytest

from converters import tflite_file
from converters.errors import ConverterError
from converters.fit import refuse_misfit
from converters.numpy_reference import run
from converters.tables.scorer import scorer_file


def test_a_vector_goes_in_and_scores_come_out_of_a_free_batch(sample: Any) -> None:
    file = tflite_file.parse(scorer_file(sample.coded))
    (signature,) = file.signatures
    tensors = file.subgraphs[0].tensors
    vector, scores = tensors[signature.inputs["vector"]], tensors[signature.outputs["scores"]]
    assert signature.key == "serving_default"
    assert (vector.shape, vector.shape_signature) == ((1, sample.coded.columns), (-1, sample.coded.columns))
    assert (scores.shape, scores.shape_signature) == ((1, sample.coded.rows), (-1, sample.coded.rows))
    refuse_misfit(file, "ai-edge-litert==2.3.0")


def test_a_bias_is_added(integer_rows: Any) -> None:
    rows, bias = integer_rows(9, 4, 8), np.arange(9, dtype=np.float32)
    inputs = {"vector": np.ones((2, 4), np.float32)}
    plain, shifted = (
        run(tflite_file.parse(scorer_file(rows, bias=one)), inputs)["scores"] for one in (None, bias)
    )  # fmt: skip
    assert np.allclose(shifted, plain + bias)
    with pytest.raises(ConverterError, match=r"got a bias of shape \[8\], expected \[9\]"):
        scorer_file(rows, bias=bias[:8])


def test_the_same_table_gives_the_same_bytes(sample: Any) -> None:
    assert scorer_file(sample.coded) == scorer_file(sample.coded)


def test_buffers_lie_where_kernels_read_them(sample: Any) -> None:
    file = tflite_file.parse(scorer_file(sample.coded))
    assert all(start % 16 == 0 for start, end in file.spans if end > start)
