"""What is inside a file, as text and as JSON."""

from collections.abc import Sequence

from converters.anatomy import TensorSize
from converters.stored_numbers import MOST_DISTINCT
from device_tests.manifest import Input, Manifest
from device_tests.record import to_json
from edgerec.inspection import Inspection, Port, SignatureShape, StoredTensor
from edgerec.report.console import BOLD, PLAIN, RED, Style, pairs, table, visible
from edgerec.report.quantities import count, share, size
from edgerec.treemap import treemap
from edgerec.weighing import LOOKED_AT_BYTES

JSON_VERSION = 2
SHOWN_TENSORS = 20
ESTIMATED = (
    f"~ is estimated from {size(LOOKED_AT_BYTES)} in blocks evenly spaced over the file; --deep reads all of it."
)


def inspection_text(inspection: Inspection, style: Style = PLAIN, *, every: bool = False) -> str:
    """Give an inspection as text: the largest 20 tensors, or every one."""
    shown = inspection.tensors if every else inspection.tensors[:SHOWN_TENSORS]
    parts = [
        f"{style.paint(visible(inspection.name), BOLD)}  {inspection.sha256[:12]}",
        f"content {inspection.content_sha256[:12]}, equal for files that compute the same\n{_sizes(inspection)}",
        *([_manifest(inspection.manifest)] if inspection.manifest is not None else []),
        f"{style.paint('signatures', BOLD)}\n{_signatures(inspection.signatures)}",
        f"{style.paint('runtime', BOLD)}\n{_runtime(inspection, style)}",
        f"{style.paint('tensors', BOLD)}\n{_tensors(inspection, shown)}",
        f"{style.paint('ops', BOLD)}\n{_ops(inspection)}",
        *([f"{style.paint('stored more than once', BOLD)}\n{_twice(inspection)}"] if inspection.duplicates else []),
        *([ESTIMATED] if inspection.estimated else []),
    ]
    return "\n\n".join(parts)


def inspection_json(inspection: Inspection) -> dict[str, object]:
    """Give an inspection as plain JSON values, the treemap among them; docs/inspect.md says what they mean."""
    plain = to_json(inspection)
    for tensor in plain["tensors"]:
        tensor.update(tensor.pop("size"))
    plain["graph_parts"], plain["members"] = dict(inspection.graph_parts), dict(inspection.members)
    sums = {"by_kind": inspection.by_kind, "by_dtype": inspection.by_dtype}
    return {"version": JSON_VERSION, **plain, **sums, "treemap": to_json(treemap(inspection))}


def _sizes(inspection: Inspection) -> str:
    deflated: dict[str, int] = {}
    for one in inspection.tensors:
        deflated[one.size.kind] = deflated.get(one.size.kind, 0) + one.deflated_bytes
    about = "~ " if inspection.estimated else ""
    rows = [("model.tflite", size(inspection.model_bytes), about + size(inspection.model_deflated_bytes))]
    rows += [(f"  {kind}", size(total), about + size(deflated[kind])) for kind, total in inspection.by_kind.items()]
    rows.append(("  graph", size(inspection.graph_bytes), ""))
    rows += [(f"    {part}", size(total), "") for part, total in inspection.graph_parts.items() if total]
    if inspection.manifest is not None:
        app = {name: total for name, total in inspection.members.items() if name.startswith("app/")}
        proof = sum(inspection.members.values()) - sum(app.values())
        rows += [(name, size(total), "") for name, total in app.items() if name != "app/model.tflite"]
        rows += [
            ("the app in all", size(inspection.app_bytes), about + size(inspection.download_bytes)),
            ("proof, which does not ship", size(proof), ""),
        ]
    return table(("", "on disk", "deflated"), rows, right=(1, 2), indent="  ")


def _manifest(manifest: Manifest) -> str:
    roles = ", ".join(f"{one.name} ({one.role}, {_takes(one)})" for one in manifest.inputs)
    rows = [
        ("name", f"{manifest.name}, {manifest.kind}, k = {manifest.k}, {_items(manifest)}"),
        ("recipe", f"{manifest.recipe}, {manifest.precision}"),
        ("inputs", roles),
        ("converted for", manifest.runtime),
        ("tolerance", f"{share(manifest.tolerance)} of a user's score range"),
        ("promises", f"top-{manifest.k} overlap with float32 of at least {share(manifest.float_overlap)}"),
    ]
    return "manifest\n" + pairs(rows)


def _items(manifest: Manifest) -> str:
    dropped = f" of a catalogue of {manifest.catalogue}, the others dropped" if manifest.dropped else ""
    return f"{manifest.items} items{dropped}"


def _takes(one: Input) -> str:
    return f"{one.length} numbers" if one.role == "vector" else f"{one.ids} ids"


def _signatures(signatures: Sequence[SignatureShape]) -> str:
    rows = []
    for signature in signatures:
        for way, ports in (("in", signature.inputs), ("out", signature.outputs)):
            rows += [(signature.key, way, port.name, port.dtype, _shape(port), _ids(port)) for port in ports]
    if not rows:
        return "  none: an app has to call this model by tensor index"
    return table(("", "", "name", "type", "shape", ""), rows, indent="  ")


def _runtime(inspection: Inspection, style: Style) -> str:
    oldest = inspection.oldest_runtime
    computed = "unknown: it has ops or versions that no table knows" if oldest is None else oldest or "any"
    claimed = inspection.claimed_runtime or "nothing"
    rows = [("oldest, computed from the ops", computed), ("oldest, as its metadata claims", claimed)]
    if inspection.flex:
        rows.append(("Flex ops", ", ".join(inspection.flex)))
    if inspection.custom:
        rows.append(("custom ops", ", ".join(inspection.custom)))
    rows.append(("free axes but the batch", ", ".join(inspection.free_axes) or "none"))
    return pairs(rows, style, colours={"Flex ops": RED, "custom ops": RED})


def _tensors(inspection: Inspection, shown: Sequence[StoredTensor]) -> str:
    total = inspection.model_bytes or 1
    rows = [
        (
            one.size.name,
            one.size.kind,
            one.size.dtype,
            str(list(one.size.shape)),
            size(one.size.bytes),
            share(one.size.bytes / total),
            ("~ " if one.estimated else "") + size(one.deflated_bytes),
            share(one.deflated_bytes / (one.size.bytes or 1)),
            _scales(one.size),
            "" if one.zeros is None else ("~ " if one.estimated else "") + share(one.zeros),
            _distinct(one),
        )
        for one in shown
    ]
    header = ("", "kind", "type", "shape", "on disk", "of file", "deflated", "to", "scales", "zeros", "values")
    text = table(header, rows, right=(4, 5, 6, 7, 8, 9, 10), indent="  ")
    left = len(inspection.tensors) - len(shown)
    return f"{text}\n  and {left} smaller ones (--all shows them)" if left else text


def _scales(tensor: TensorSize) -> str:
    if tensor.scales is None:
        return ""
    if tensor.scales.blockwise:
        return f"{count(tensor.scales.count)} in blocks"
    return f"{count(tensor.scales.count)}, {size(tensor.overhead_bytes)}"


def _distinct(one: StoredTensor) -> str:
    if one.zeros is None and one.distinct is None:
        return ""
    if one.distinct is None:
        return f"over {count(MOST_DISTINCT)}"
    return ("at least " if one.estimated else "") + count(one.distinct)


def _ops(inspection: Inspection) -> str:
    rows = [
        (op.name, str(op.version), str(op.count), size(op.bytes) if op.bytes else "", op.oldest_runtime or "unknown")
        for op in inspection.ops
    ]
    if inspection.unread_bytes:
        rows.append(("no op", "", "", size(inspection.unread_bytes), ""))
    return table(("", "version", "count", "reads", "since"), rows, right=(1, 2, 3), indent="  ")


def _twice(inspection: Inspection) -> str:
    rows = [
        (f"{one.tensors[0]} and {len(one.tensors) - 1} more", size(one.wasted_bytes)) for one in inspection.duplicates
    ]
    return table(("", "wasted"), rows[:SHOWN_TENSORS], right=(1,), indent="  ")


def _shape(port: Port) -> str:
    return f"[{', '.join('any' if axis < 0 else str(axis) for axis in port.shape)}]"


def _ids(port: Port) -> str:
    return "" if port.ids is None else f"ids 0 to {port.ids - 1}"
