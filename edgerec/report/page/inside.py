"""What is inside each file: its tensors as a treemap and as a table."""

from collections.abc import Iterator, Sequence

from edgerec.report.page.drawing import drawn
from edgerec.report.page.html import Html, element, figure, joined, shown, table
from edgerec.report.page.sources import Named
from edgerec.report.page.treemap_chart import Tile, treemap_chart
from edgerec.report.quantities import share, size
from edgerec.treemap import Area, treemap

MOST_TILES = 60
MOST_ROWS = 30
KINDS = {
    "table": "tables that ids are looked up in",
    "dense": "weights of matrix products",
    "other": "other tensors",
    "graph": "graph and scales",
    "member": "vocabulary and manifest",
}


def inside(files: Sequence[Named]) -> Html:
    """Give a legend, and for each file a treemap and a table of its largest tensors."""
    legend = (
        element("span", element("span", class_=f"swatch {kind}", aria_hidden="true"), words, class_="kind")
        for kind, words in KINDS.items()
    )
    return joined((element("p", *legend), *(_file(one) for one in files)))


def tiles(whole: Area) -> tuple[Tile, ...]:
    """Give the tiles of what ships: its largest parts, and the rest of each kind in one, the largest first."""
    leaves = sorted(_leaves(whole), key=lambda one: (-one.bytes, one.name))
    large, rest = leaves[:MOST_TILES], leaves[MOST_TILES:]
    found = [Tile(shown(one.name), size(one.bytes), one.kind, one.bytes) for one in large]
    for kind in dict.fromkeys(one.kind for one in rest):
        weights = [one.bytes for one in rest if one.kind == kind]
        found.append(Tile(f"{len(weights)} smaller", size(sum(weights)), kind, sum(weights)))
    return tuple(found)


def _leaves(area: Area) -> Iterator[Area]:
    """Give the areas that are made of no others and are not empty."""
    for child in area.children:
        yield from _leaves(child)
    if not area.children and area.bytes:
        yield area


def _file(one: Named) -> Html:
    inspection = one.exhibit.inspection
    by_kind = ", ".join(f"{kind} {share(count / inspection.model_bytes)}" for kind, count in inspection.by_kind.items())
    label = (
        f"Treemap of {one.title}: model.tflite has {size(inspection.model_bytes)} "
        f"in {len(inspection.tensors)} tensors; {by_kind}."
    )
    rows = [
        (
            shown(each.size.name),
            each.size.kind,
            f"{each.size.dtype} {list(each.size.shape)}",
            size(each.size.bytes),
            share(each.size.bytes / inspection.model_bytes),
            _about(size(each.deflated_bytes), estimated=each.estimated),
            "" if each.zeros is None else _about(share(each.zeros), estimated=each.estimated),
        )
        for each in inspection.tensors[:MOST_ROWS]
    ]
    left = len(inspection.tensors) - len(rows)
    more = f", the largest {len(rows)} of {len(inspection.tensors)}" if left else ""
    header = ("tensor", "kind", "type and shape", "on disk", "of model", "deflated", "zeros")
    data = table(f"Tensors of {one.letter}{more}", header, rows, right=(3, 4, 5, 6))
    caption = joined(
        (
            f"Areas are bytes on disk of what ships, {size(inspection.app_bytes)} in all, read from the ",
            one.read,
            ". ~ is estimated from blocks of the file." if inspection.estimated else ".",
        )
    )
    chart = drawn(treemap_chart(tiles(treemap(inspection))), label, f"tree{one.letter}")
    return joined((element("h3", one.title), figure(chart, caption, data)))


def _about(written: str, *, estimated: bool) -> str:
    return f"~ {written}" if estimated else written
