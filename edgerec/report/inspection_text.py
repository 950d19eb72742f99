"""What is inside a file, as text and as JSON."""

from collections.abc import Sequence

from device_tests.manifest import Input, Manifest
from device_tests.record import to_json
from edgerec.inspection import Inspection, Port, SignatureShape, StoredTensor
from edgerec.report.console import BOLD, PLAIN, RED, Style, pairs, table, visible
from edgerec.report.quantities import share, size

JSON_VERSION = 1
SHOWN_TENSORS = 20


def inspection_text(inspection: Inspection, style: Style = PLAIN, *, every: bool = False) -> str:
    """Give an inspection as text: the largest 20 tensors, or every one."""
    shown = inspection.tensors if every else inspection.tensors[:SHOWN_TENSORS]
    parts = [
        f"{style.paint(visible(inspection.name), BOLD)}  {inspection.sha256[:12]}",
        _sizes(inspection),
        *([_manifest(inspection.manifest)] if inspection.manifest is not None else []),
        f"{style.paint('signatures', BOLD)}\n{_signatures(inspection.signatures)}",
        f"{style.paint('runtime', BOLD)}\n{_runtime(inspection, style)}",
        f"{style.paint('tensors', BOLD)}\n{_tensors(inspection, shown)}",
        f"{style.paint('ops', BOLD)}\n{_ops(inspection)}",
    ]
    return "\n\n".join(parts)


def inspection_json(inspection: Inspection) -> dict[str, object]:
    """Give an inspection as plain JSON values."""
    plain = to_json(inspection)
    plain["tensors"] = [{**to_json(one.size), "deflated_bytes": one.deflated_bytes} for one in inspection.tensors]
    plain["members"] = dict(inspection.members)
    return {"version": JSON_VERSION, **plain, "by_kind": inspection.by_kind, "by_dtype": inspection.by_dtype}


def _sizes(inspection: Inspection) -> str:
    rows = [("model.tflite", size(inspection.model_bytes), size(inspection.model_deflated_bytes))]
    rows += [(f"  {kind}", size(count), "") for kind, count in inspection.by_kind.items()]
    rows.append(("  graph and quantization", size(inspection.graph_bytes), ""))
    if inspection.manifest is not None:
        app = {name: count for name, count in inspection.members.items() if name.startswith("app/")}
        proof = sum(inspection.members.values()) - sum(app.values())
        rows += [(name, size(count), "") for name, count in app.items() if name != "app/model.tflite"]
        rows += [
            ("the app in all", size(inspection.app_bytes), size(inspection.download_bytes)),
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
            size(one.deflated_bytes),
            size(one.size.overhead_bytes) if one.size.overhead_bytes else "",
        )
        for one in shown
    ]
    header = ("", "kind", "type", "shape", "on disk", "of file", "deflated", "scales")
    text = table(header, rows, right=(4, 5, 6, 7), indent="  ")
    left = len(inspection.tensors) - len(shown)
    return f"{text}\n  and {left} smaller ones (--all shows them)" if left else text


def _ops(inspection: Inspection) -> str:
    rows = [(op.name, str(op.version), str(op.count), op.oldest_runtime or "unknown") for op in inspection.ops]
    return table(("", "version", "count", "since"), rows, right=(1, 2), indent="  ")


def _shape(port: Port) -> str:
    return f"[{', '.join('any' if axis < 0 else str(axis) for axis in port.shape)}]"


def _ids(port: Port) -> str:
    return "" if port.ids is None else f"ids 0 to {port.ids - 1}"
