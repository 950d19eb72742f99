"""The manifest of a bundle: what an app and the harness must know of the model, and which of it can be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

from device_tests import record
from device_tests.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMAT = 1
KINDS = ("catalogue", "pointwise")
ROLES = ("user", "item", "history", "vector")
TOLERANCE = {"float32": 1e-4, "float16": 1e-4, "dynamic_int8": 0.01, "full_int8": 0.05, "int16": 0.05}
"""By precision, the largest share of a user's score range by which two runtimes may differ and still agree."""
PRECISIONS = tuple(TOLERANCE)
LEAST_OVERLAP = 0.98
"""The least mean overlap of the lists of two runtimes that agree."""

_INPUT_NAME = re.compile(r"[A-Za-z0-9_.]{1,64}")
_RUNTIME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}==[0-9][0-9A-Za-z.]{0,31}")
_VERSION = re.compile(r"([0-9]{1,6}(\.[0-9]{1,6}){0,3})?")


@dataclass(frozen=True)
class Input:
    """One input of the signature.

    Of role user, item and history: int32 ids in [0, ids), of shape [batch] when length is 0, else [batch, length]. Of
    role vector: the user as finite float32 numbers [batch, length], with `ids` 0 and no padding id.
    """

    name: str
    role: str
    length: int
    ids: int
    padding_id: Optional[int]


@dataclass(frozen=True)
class Manifest:
    """What an app and the harness must know of the model; `digests` is the SHA-256 of every other member of app/.

    `tolerance` is the share of a user's score range by which two runtimes may differ, at most the one that TOLERANCE
    has for the precision; `float_overlap` the least mean top-k overlap with the float32 Keras model that the recipe
    promises. `dropped` is how many items of the catalogue the model does not score, and can never recommend.
    """

    format: int
    name: str
    recipe: str
    kind: str
    signature: str
    inputs: tuple[Input, ...]
    output: str
    items: int
    k: int
    precision: str
    runtime: str
    oldest_runtime: str
    tolerance: float
    float_overlap: float
    digests: dict[str, str]
    dropped: int = 0

    @property
    def catalogue(self) -> int:
        """How many items there were before any was dropped."""
        return self.items + self.dropped


def loads(data: bytes, name: str, member: str) -> Manifest:
    """Return the manifest in a member's bytes, of the bundle `name`; BundleError when it cannot be, or is newer."""
    where = f"{name}: {member}"
    value = record.parse(data, where, BundleError)
    made = value.get("format") if isinstance(value, dict) else None
    if type(made) is int and made > FORMAT:
        raise BundleError(
            f"{name} has format {made}, made by a newer edgerec; this one reads format {FORMAT}: upgrade it"
        )
    manifest = record.from_json(Manifest, value, where, BundleError)
    if record.dumps(manifest).encode() != data:
        raise BundleError(f"{where} is not in the form that edgerec writes")
    try:
        validate(manifest)
    except BundleError as why:
        raise BundleError(f"{name}: {why}") from None
    return manifest


def validate(manifest: Manifest) -> None:
    """Raise BundleError, naming the value, when a manifest says what cannot be."""
    for right, problem in _rules(manifest):
        if not right:
            raise BundleError(f"manifest: {problem}")
    for each in manifest.inputs:
        for right, problem in _input_rules(each, manifest):
            if not right:
                raise BundleError(f"manifest: input {each.name!r} {problem}")


def _rules(manifest: Manifest) -> Iterator[tuple[bool, str]]:
    roles = [each.role for each in manifest.inputs]
    names = {each.name for each in manifest.inputs}
    pointwise = manifest.kind == "pointwise"
    yield manifest.format == FORMAT, f"format should be {FORMAT}, not {manifest.format}"
    yield bool(manifest.name and manifest.recipe), "name and recipe should not be empty"
    yield manifest.kind in KINDS, f"kind should be one of {', '.join(KINDS)}, not {manifest.kind!r}"
    yield bool(manifest.signature and manifest.output), "signature and output should not be empty"
    yield len(names) == len(roles) > 0, "inputs should have at least one entry and no name twice"
    yield roles.count("item") == pointwise, f"a {manifest.kind} model has {int(pointwise)} item input"
    yield len(roles) > pointwise, "at least one input should be of role user, history or vector"
    yield roles.count("vector") <= 1, "at most one input should be of role vector"
    yield manifest.items >= 1, f"items should be at least 1, not {manifest.items}"
    yield manifest.dropped >= 0, f"dropped should be 0 or more, not {manifest.dropped}"
    yield 1 <= manifest.k <= manifest.items, f"k should be 1 to {manifest.items} (the items), not {manifest.k}"
    yield (
        manifest.precision in PRECISIONS,
        f"precision should be one of {', '.join(PRECISIONS)}, not {manifest.precision!r}",
    )
    yield (
        _RUNTIME.fullmatch(manifest.runtime) is not None,
        f"runtime should read like tflite-runtime==2.14.0, not {manifest.runtime!r}",
    )
    yield (
        _VERSION.fullmatch(manifest.oldest_runtime) is not None,
        f"oldest_runtime should read like 2.3.0 or be empty, not {manifest.oldest_runtime!r}",
    )
    most = TOLERANCE.get(manifest.precision, 0.0)
    yield (
        0 <= manifest.tolerance <= most,
        (f"tolerance should be 0 to {most} ({manifest.precision}), not {manifest.tolerance}"),
    )
    yield 0 <= manifest.float_overlap <= 1, f"float_overlap should be 0 to 1, not {manifest.float_overlap}"


def _input_rules(each: Input, manifest: Manifest) -> Iterator[tuple[bool, str]]:
    padded = each.padding_id
    yield _INPUT_NAME.fullmatch(each.name) is not None, "should have a name of letters, digits, dots and underscores"
    yield each.role in ROLES, f"should have a role of {', '.join(ROLES)}, not {each.role!r}"
    yield 0 <= each.length <= 1 << 16, f"should have a length from 0 to 65536, not {each.length}"
    is_row = each.role in ("history", "vector")
    yield (each.length > 0) == is_row, f"of role {each.role} cannot have length {each.length}"
    if each.role == "vector":
        yield each.ids == 0, f"of role vector takes no ids, not {each.ids}"
        yield padded is None, f"of role vector has no padding id, not {padded}"
        return
    least = 1 if each.role == "user" else manifest.items
    yield least <= each.ids < 1 << 31, f"should take at least {least} ids, not {each.ids}"
    yield padded is None or 0 <= padded < each.ids, f"should have a padding id below {each.ids}, not {padded}"
