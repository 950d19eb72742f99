"""Manifests: what cannot be is refused by name."""

from dataclasses import replace

import pytest

from device_tests.errors import BundleError
from device_tests.manifest import PRECISIONS, TOLERANCE, Input, Manifest, validate

INPUT = Input("history", "history", 4, 4, 3)
VECTOR = Input("vector", "vector", 8, 0, None)
MANIFEST = Manifest(
    1, "tiny", "float32", "catalogue", "serving_default", (INPUT,), "scores", 3, 2, "float32", "tflite-runtime==2.14.0",
    "2.3.0", 0.0001, 0.99, {},
)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"format": 0}, "format should be 1, not 0"),
        ({"name": ""}, "name and recipe should not be empty"),
        ({"kind": "towers"}, "kind should be one of catalogue, pointwise, not 'towers'"),
        ({"signature": ""}, "signature and output should not be empty"),
        ({"inputs": ()}, "at least one entry"),
        ({"inputs": (INPUT, INPUT)}, "no name twice"),
        ({"kind": "pointwise"}, "a pointwise model has 1 item input"),
        ({"inputs": (INPUT, Input("i", "item", 0, 3, None))}, "a catalogue model has 0 item input"),
        ({"kind": "pointwise", "inputs": (Input("i", "item", 0, 3, None),)}, "of role user, history or vector"),
        ({"items": 0}, "items should be at least 1, not 0"),
        ({"dropped": -1}, "dropped should be 0 or more, not -1"),
        ({"k": 0}, "k should be 1 to 3 (the items), not 0"),
        ({"k": 4}, "k should be 1 to 3 (the items), not 4"),
        ({"precision": "int4"}, "precision should be one of"),
        ({"runtime": "tflite-runtime"}, "runtime should read like"),
        ({"oldest_runtime": "new"}, "oldest_runtime should read like"),
        ({"tolerance": 0.01}, "tolerance should be 0 to 0.0001 (float32), not 0.01"),
        ({"tolerance": 0.02, "precision": "dynamic_int8"}, "tolerance should be 0 to 0.01 (dynamic_int8), not 0.02"),
        ({"tolerance": -0.1}, "tolerance should be"),
        ({"tolerance": float("nan")}, "tolerance should be"),
        ({"float_overlap": 1.1}, "float_overlap should be 0 to 1, not 1.1"),
        ({"inputs": (replace(INPUT, name="a/b"),)}, "should have a name of letters"),
        ({"inputs": (replace(INPUT, role="context"),)}, "should have a role of"),
        ({"inputs": (replace(INPUT, length=0),)}, "of role history cannot have length 0"),
        ({"inputs": (replace(INPUT, role="user"),)}, "of role user cannot have length 4"),
        ({"inputs": (replace(INPUT, length=1 << 20),)}, "length from 0 to 65536"),
        ({"inputs": (replace(INPUT, ids=2),)}, "should take at least 3 ids, not 2"),
        ({"inputs": (replace(INPUT, padding_id=4),)}, "padding id below 4, not 4"),
        ({"inputs": (VECTOR, replace(VECTOR, name="second"))}, "at most one input should be of role vector"),
        ({"inputs": (replace(VECTOR, length=0),)}, "of role vector cannot have length 0"),
        ({"inputs": (replace(VECTOR, ids=9),)}, "input 'vector' of role vector takes no ids, not 9"),
        ({"inputs": (replace(VECTOR, padding_id=0),)}, "input 'vector' of role vector has no padding id, not 0"),
    ],
)
def test_a_manifest_that_cannot_be_is_refused(change: dict[str, object], sentence: str) -> None:
    with pytest.raises(BundleError) as refused:
        validate(replace(MANIFEST, **change))
    assert sentence in str(refused.value)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_tolerance_of_the_precision_is_the_most_that_may_be_stated(precision: str) -> None:
    validate(replace(MANIFEST, precision=precision, tolerance=TOLERANCE[precision]))
    validate(replace(MANIFEST, precision=precision, tolerance=0.0))


@pytest.mark.parametrize("inputs", [(VECTOR,), (INPUT, VECTOR), (VECTOR, Input("user", "user", 0, 1, None))])
def test_a_vector_says_who_asks_alone_or_beside_others(inputs: tuple[Input, ...]) -> None:
    validate(replace(MANIFEST, inputs=inputs))
    item = Input("item", "item", 0, 3, None)
    validate(replace(MANIFEST, inputs=(*inputs, item), kind="pointwise"))
