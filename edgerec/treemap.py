"""Where the bytes of what ships lie, as areas within areas that add up: for a treemap."""

from collections.abc import Iterable
from dataclasses import dataclass

from edgerec.inspection import Inspection

MODEL = "model.tflite"


@dataclass(frozen=True)
class Area:
    """A named number of bytes and what it is made of: `bytes` is the sum of its children's, where it has any.

    `kind` is "app" (all that ships), "model" (the .tflite), "table", "dense", "other" (a kind of tensor, and each
    tensor of it), "graph" (all in the .tflite that is no tensor's data, and each part of it) or "member" (another file
    of a bundle).
    """

    name: str
    kind: str
    bytes: int
    children: tuple["Area", ...] = ()


def treemap(inspection: Inspection) -> Area:
    """Give what ships of a file, the largest first on every level; the model alone for a bare .tflite.

    Names come out of the file as they are: whoever shows them escapes them.
    """
    kinds = (
        _sum(
            kind,
            kind,
            (Area(one.size.name, kind, one.size.bytes) for one in inspection.tensors if one.size.kind == kind),
        )
        for kind in inspection.by_kind
    )
    graph = (Area(part, "graph", count) for part, count in inspection.graph_parts.items() if count)
    model = _sum(MODEL, "model", (*kinds, _sum("graph", "graph", graph)))
    others = [
        Area(name.removeprefix("app/"), "member", count)
        for name, count in inspection.members.items()
        if name.startswith("app/") and name != f"app/{MODEL}"
    ]
    return _sum(inspection.name, "app", (model, *others)) if inspection.members else model


def _sum(name: str, kind: str, children: Iterable[Area]) -> Area:
    ordered = tuple(sorted(children, key=lambda one: (-one.bytes, one.name)))
    return Area(name, kind, sum(one.bytes for one in ordered), ordered)
