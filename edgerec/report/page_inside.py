"""What is inside each file: its tensors as a treemap and as a table."""

from collections.abc import Sequence

from edgerec.inspection import Inspection
from edgerec.report.page_drawing import drawn
from edgerec.report.page_html import Html, element, figure, joined, shown, table
from edgerec.report.page_sources import Named
from edgerec.report.page_treemap import Tile, treemap
from edgerec.report.quantities import share, size

MOST_TILES = 60
MOST_ROWS = 30
KINDS = {
    "table": "tables that ids are looked up in",
    "dense": "weights of matrix products",
    "other": "other tensors",
    "graph": "graph, scales and padding",
}


def inside(files: Sequence[Named]) -> Html:
    """Give a legend, and for each file a treemap and a table of its largest tensors."""
    legend = (
        joined((element("span", class_=f"swatch {kind}", aria_hidden="true"), f"{words}. "))
        for kind, words in KINDS.items()
    )
    return joined((element("p", *legend), *(_file(one) for one in files)))


def tiles(inspection: Inspection) -> tuple[Tile, ...]:
    """Give the tiles of a file, largest first: the largest tensors, the rest of each kind in one, and the graph."""
    large, rest = inspection.tensors[:MOST_TILES], inspection.tensors[MOST_TILES:]
    found = [Tile(shown(one.size.name), size(one.size.bytes), _kind(one.size.kind), one.size.bytes) for one in large]
    for kind in dict.fromkeys(_kind(one.size.kind) for one in rest):
        weights = [one.size.bytes for one in rest if _kind(one.size.kind) == kind]
        found.append(Tile(f"{len(weights)} smaller", size(sum(weights)), kind, sum(weights)))
    if inspection.graph_bytes > 0:
        found.append(Tile("graph", size(inspection.graph_bytes), "graph", inspection.graph_bytes))
    return tuple(found)


def _file(one: Named) -> Html:
    inspection = one.exhibit.inspection
    parts = tiles(inspection)
    by_kind = ", ".join(f"{kind} {share(count / inspection.model_bytes)}" for kind, count in inspection.by_kind.items())
    label = f"Treemap of {one.title}: {size(inspection.model_bytes)} in {len(inspection.tensors)} tensors; {by_kind}."
    rows = [
        (
            shown(each.size.name),
            each.size.kind,
            f"{each.size.dtype} {list(each.size.shape)}",
            size(each.size.bytes),
            share(each.size.bytes / inspection.model_bytes),
            size(each.deflated_bytes),
        )
        for each in inspection.tensors[:MOST_ROWS]
    ]
    left = len(inspection.tensors) - len(rows)
    more = f", the largest {len(rows)} of {len(inspection.tensors)}" if left else ""
    header = ("tensor", "kind", "type and shape", "on disk", "of model", "deflated")
    data = table(f"Tensors of {one.letter}{more}", header, rows, right=(3, 4, 5))
    caption = joined(
        (
            f"Areas are bytes of model.tflite on disk, {size(inspection.model_bytes)} in all, read from the ",
            one.read,
            ".",
        )
    )
    return joined((element("h3", one.title), figure(drawn(treemap(parts), label, f"tree{one.letter}"), caption, data)))


def _kind(kind: str) -> str:
    return kind if kind in KINDS else "other"
