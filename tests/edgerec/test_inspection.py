"""What is inside a file: that each stored tensor is weighed alone, and that the parts add up."""

import zlib
from pathlib import Path

from edgerec.inspection import inspect
from edgerec.model_file import read_model_file

FIXTURES = Path(__file__).parents[1] / "fixtures"


def deflated(data: bytes) -> int:
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    return len(packer.compress(data) + packer.flush())


def test_each_stored_tensor_is_deflated_alone() -> None:
    path = FIXTURES / "converted_gru_full_int8.tflite"
    file = read_model_file(path).tflite
    own = {bytes(file.constant(tensor)) for graph in file.subgraphs for tensor in graph.tensors} - {b""}
    found = inspect(read_model_file(path)).tensors
    assert sorted((one.size.bytes, one.deflated_bytes) for one in found) == sorted((len(x), deflated(x)) for x in own)


def test_a_table_that_two_subgraphs_share_is_there_once() -> None:
    found = inspect(read_model_file(FIXTURES / "two_signatures.tflite"))
    assert [one.size.kind for one in found.tensors].count("table") == 1
    assert sum(found.by_kind.values()) + found.graph_bytes == found.model_bytes
    assert sum(found.by_dtype.values()) == sum(found.by_kind.values())
