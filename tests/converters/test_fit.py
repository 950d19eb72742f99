from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest

from converters.errors import Misfit
from converters.fit import refuse_misfit
from converters.tflite_file import TfliteFile, parse

OLD, NEW = "tflite-runtime==2.14.0", "ai-edge-litert==2.3.0"


@pytest.fixture
def doubled(maker: ModuleType) -> Callable[..., TfliteFile]:
    """Make a file that adds its input to itself, with the shape signatures and the operator version asked for."""

    def make(
        history: tuple[int, int] = (-1, 5),
        scores: tuple[int, int] = (-1, 5),
        *,
        shape: tuple[int, int] = (1, 5),
        op: str = "ADD",
        version: int = 1,
        custom: bool = False,
    ) -> TfliteFile:
        builder = maker.Builder()
        graph = builder.graph()
        first, last = graph.tensor("history", shape), graph.tensor("scores", shape)
        for tensor, signature in ((first, history), (last, scores)):
            graph.part.tensors[tensor].shapeSignature = np.array(signature, np.int32)
        graph.op(op, [first, first], [last], version=version, custom=custom)
        graph.signature({"history": first}, {"scores": last})
        return parse(builder.pack())

    return make


@pytest.mark.parametrize("runtime", [OLD, NEW])
def test_a_free_batch_and_ops_that_the_runtime_knows_are_taken(
    doubled: Callable[..., TfliteFile], load: Callable[[str], bytes], runtime: str
) -> None:
    refuse_misfit(doubled(), runtime)
    refuse_misfit(parse(load("converted_gru_full_int8")), runtime)


def test_another_free_axis_is_refused(doubled: Callable[..., TfliteFile]) -> None:
    with pytest.raises(Misfit, match="only the batch axis may be free, but axis 1 of scores is too"):
        refuse_misfit(doubled(scores=(-1, -1)), NEW)


def test_a_batch_that_is_not_free_is_refused(doubled: Callable[..., TfliteFile]) -> None:
    with pytest.raises(
        Misfit, match=r"batch axis of history has size \(1,\) and signature \(1,\), expected 1 and free"
    ):
        refuse_misfit(doubled(history=(1, 5)), NEW)
    with pytest.raises(
        Misfit, match=r"batch axis of history has size \(8,\) and signature \(-1,\), expected 1 and free"
    ):
        refuse_misfit(doubled(shape=(8, 5)), NEW)


@pytest.mark.parametrize("name", ["FlexErf", "Mystery"])
def test_ops_without_a_built_in_kernel_are_refused_by_name(doubled: Callable[..., TfliteFile], name: str) -> None:
    with pytest.raises(Misfit, match=f"the model needs {name}, which no built-in kernel serves"):
        refuse_misfit(doubled(op=name, custom=True), NEW)


@pytest.mark.parametrize("runtime", [OLD, NEW])
def test_a_version_that_no_runtime_was_asked_for_is_refused_and_not_guessed(
    doubled: Callable[..., TfliteFile], runtime: str
) -> None:
    with pytest.raises(Misfit, match=f"needs ADD 99 in {runtime}: it was asked for versions 1 to 20 only"):
        refuse_misfit(doubled(version=99), runtime)


def test_a_version_that_the_runtime_refused_is_refused(doubled: Callable[..., TfliteFile]) -> None:
    with pytest.raises(
        Misfit, match=r"needs ADD 6 in tflite-runtime==2\.14\.0: asked for version 6, it takes versions 1 to 5"
    ):
        refuse_misfit(doubled(version=6), OLD)
    refuse_misfit(doubled(version=6), NEW)
    refuse_misfit(doubled(version=4), OLD)
