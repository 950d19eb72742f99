"""Hostile input: what was ever found, and fresh input each run that changes the seed."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

import flatbuffers
import pytest
from ai_edge_litert import schema_py_generated as schema

from converters import tflite_file
from converters.signature_limits import id_limits_by_signature
from hostile import limits
from hostile.campaign import Tried, attempt, campaign
from hostile.readers import Readers, Surface, UncleanError, clean

CORPUS = sorted(path for path in (Path(__file__).parent / "fixtures" / "hostile").iterdir() if path.is_file())
SEED = int(os.environ.get("EDGEREC_FUZZ_SEED", "20261125"))
FRESH = {"tflite": 5000, "toml": 12_500, "bundle": 500, "report": 1250, "baseline": 750}


@pytest.fixture(scope="module")
def readers() -> Readers:
    return Readers()


def surface_of(readers: Readers, path: Path) -> str:
    return next(name for name, one in readers.surfaces.items() if path.name.endswith(one.suffix))


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_what_was_ever_found_is_read_within_its_limits(path: Path, readers: Readers) -> None:
    name = surface_of(readers, path)
    tried = attempt(name, readers.surfaces[name], path.read_bytes(), measured=True)
    assert tried.finding is None, tried.finding.trace


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(FRESH))
def test_fresh_input_is_taken_or_refused_in_clean_text_within_its_limits(name: str, readers: Readers) -> None:
    tried = list(campaign(readers.surfaces, (name,), SEED, range(FRESH[name])))
    found = [one.finding for one in tried if one.finding is not None]
    assert not found, f"EDGEREC_FUZZ_SEED={SEED}: {len(found)} findings, the first:\n{found[0].trace}"
    taken = sum(one.taken for one in tried)
    assert 0.01 * len(tried) < taken < 0.9 * len(tried)  # else they would show too little of one or the other


def surface(read: Callable[[bytes], bool], seeds: Sequence[bytes] = (b"",)) -> Surface:
    return Surface(".x", tuple(seeds), lambda data, _: data, read)


def tried(read: Callable[[bytes], bool]) -> Tried:
    return attempt("x", surface(read), b"data", measured=False)


def test_an_error_that_is_none_of_ours_is_a_finding() -> None:
    def read(_data: bytes) -> bool:
        raise IndexError("out of range")

    found = tried(read).finding
    assert found is not None
    assert (found.error, found.data) == ("IndexError: out of range", b"data")


def test_a_reader_that_hangs_is_stopped() -> None:
    with pytest.raises(limits.TooMuchError, match=r"more than 0\.05 s of processor time"), limits.timed(0.05):
        hang()


def hang() -> None:
    while True:
        pass


def test_a_reader_that_takes_memory_is_a_finding() -> None:
    with pytest.raises(limits.TooMuchError, match="bytes of memory for an input of 4"):
        limits.measured(lambda _: bytes(limits.SPARE_BYTES + 1000), b"data")
    assert limits.measured(lambda _: bytes(1000), b"data") < limits.SPARE_BYTES


@pytest.mark.parametrize("text", ["a\x1b[2J", "\u202eb", "a\n  ::error::b", "##[group]x", "a\r", "\x9b"])
def test_text_that_steers_who_shows_it_is_unclean(text: str) -> None:
    with pytest.raises(UncleanError):
        clean(text)
    assert clean("a\n b") == "a\n b"


def test_an_input_is_made_of_its_seed_and_number_alone(readers: Readers) -> None:
    for one in readers.surfaces.values():
        first, again, other = (one.change(one.seeds[0], Random(seed)) for seed in (1, 1, 2))  # noqa: S311
        assert first == again
        assert first != other


def test_the_valid_inputs_are_taken(readers: Readers) -> None:
    for one in readers.surfaces.values():
        assert all(one.read(data) for data in set(one.seeds))


def test_many_signatures_over_one_graph_walk_it_once() -> None:
    data = many_signatures(signatures=4000, operators=4000)
    with limits.timed():
        assert len(id_limits_by_signature(tflite_file.parse(data))) == 4000


def many_signatures(*, signatures: int, operators: int) -> bytes:
    """Return a model of one graph with many operators that many signatures call."""
    model = schema.ModelT()
    model.version, model.buffers = 3, [schema.BufferT()]
    code = schema.OperatorCodeT()
    code.builtinCode = schema.BuiltinOperator.RESHAPE
    model.operatorCodes = [code]
    graph = schema.SubGraphT()
    graph.tensors = [schema.TensorT()]
    step = schema.OperatorT()
    step.inputs, step.outputs = [0], [0]
    graph.operators = [step] * operators
    model.subgraphs, model.signatureDefs = [graph], []
    for number in range(signatures):
        signature = schema.SignatureDefT()
        signature.signatureKey = str(number)
        model.signatureDefs.append(signature)
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
