import pytest

from converters.errors import ConverterError
from converters.spec import DEFAULT_RUNTIME, NEEDS_REPRESENTATIVE_DATA, PRECISIONS, ConversionSpec, runtime_version


@pytest.mark.parametrize("precision", PRECISIONS)
def test_every_precision_is_taken_and_meant_for_the_default_runtime(precision: str) -> None:
    assert ConversionSpec(precision).runtime == DEFAULT_RUNTIME == "tflite-runtime==2.14.0"


def test_an_unknown_precision_is_refused_with_the_closest_one() -> None:
    with pytest.raises(
        ConverterError, match=r"precision 'full_int4' is not known, expected one of .*did you mean full_i"
    ):
        ConversionSpec("full_int4")
    with pytest.raises(ConverterError, match="precision '' is not known"):
        ConversionSpec("")


@pytest.mark.parametrize(
    ("runtime", "version"),
    [("tflite-runtime==2.14.0", (2, 14, 0)), ("ai-edge-litert==2.3.0", None), ("tflite-runtime==2.5", (2, 5))],
)
def test_only_tflite_runtime_has_a_version_of_tensorflow(runtime: str, version: tuple[int, ...] | None) -> None:
    assert runtime_version(runtime) == version


def test_only_integer_activations_need_representative_data() -> None:
    assert {"full_int8", "int16"} == NEEDS_REPRESENTATIVE_DATA
