"""What changed between two files, as text and as JSON."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from device_tests.record import to_json
from edgerec.diff import Difference, OpChange, SignatureChange, TensorChange
from edgerec.inspection import Inspection, Port, SignatureShape, StoredTensor
from edgerec.report.console import BOLD, GREEN, PLAIN, RED, Style, pairs, table, visible
from edgerec.report.inspection_text import ESTIMATED
from edgerec.report.quantities import count, share, size

if TYPE_CHECKING:
    from edgerec.rankings_apart import RankingsApart

JSON_VERSION = 1


def diff_text(
    found: Difference, apart: "RankingsApart | None" = None, style: Style = PLAIN, *, every: bool = False
) -> str:
    """Give a difference as text: the tensors that changed, or every one."""
    tensors = [one for one in found.tensors if every or one.status != "same"]
    same = sum(one.status == "same" for one in found.tensors)
    parts = [_verdict(found, style), _sizes(found)]
    if tensors:
        parts.append(f"{style.paint('tensors', BOLD)}, {same} of {len(found.tensors)} the same\n{_tensors(tensors)}")
    if found.ops:
        parts.append(f"{style.paint('ops', BOLD)}\n{_ops(found.ops)}")
    if found.signatures:
        parts.append(f"{style.paint('signatures', BOLD)}\n{_signatures(found.signatures)}")
    if apart is not None:
        parts.append(f"{style.paint('recommendations', BOLD)}\n{_rankings(apart)}")
    elif not found.same_content and all(one.manifest is not None for one in (found.old, found.new)):
        parts.append("--run compares their lists and recall in the runtime, on the users that both carry.")
    if found.old.estimated or found.new.estimated:
        parts.append(ESTIMATED)
    return "\n\n".join(parts)


def diff_json(found: Difference, apart: "RankingsApart | None" = None) -> dict[str, object]:
    """Give a difference as plain JSON values; docs/inspect.md says what they mean."""
    return {
        "version": JSON_VERSION,
        "same_content": found.same_content,
        "old": _summary(found.old),
        "new": _summary(found.new),
        "tensors": [
            {
                "status": one.status,
                "matched_by": one.matched_by,
                "what": list(one.what),
                "grown_bytes": one.grown_bytes,
                "old": _tensor(one.old),
                "new": _tensor(one.new),
            }
            for one in found.tensors
        ],
        "ops": [to_json(one) for one in found.ops],
        "signatures": [to_json(one) for one in found.signatures],
        "recommendations": None if apart is None else to_json(apart),
    }


def _summary(one: Inspection) -> dict[str, object]:
    names = (
        *("name", "sha256", "content_sha256", "app_bytes", "download_bytes", "model_bytes", "model_deflated_bytes"),
        *("estimated", "graph_bytes", "by_kind", "by_dtype", "oldest_runtime", "claimed_runtime", "flex", "custom"),
        "free_axes",
    )
    return {name: to_json(getattr(one, name)) for name in names}


def _tensor(one: StoredTensor | None) -> dict[str, object] | None:
    if one is None:
        return None
    plain: dict[str, object] = to_json(one)
    return {**to_json(one.size), **{name: value for name, value in plain.items() if name != "size"}}


def _verdict(found: Difference, style: Style) -> str:
    said = style.paint("the same content", GREEN) if found.same_content else style.paint("different content", RED)
    hashes = " and ".join(dict.fromkeys(one.content_sha256[:12] for one in (found.old, found.new)))
    whole = ", equal to the byte" if found.old.sha256 == found.new.sha256 else ""
    names = f"{visible(found.old.name)} -> {visible(found.new.name)}"
    return f"{style.paint(names, BOLD)}\n{said} ({hashes}){whole}"


def _sizes(found: Difference) -> str:
    old, new = found.old, found.new
    about = "~ " if old.estimated or new.estimated else ""
    rows = [
        ("model.tflite", size(old.model_bytes), size(new.model_bytes), _grown(old.model_bytes, new.model_bytes)),
        *(
            (f"  {kind}", size(old.by_kind.get(kind, 0)), size(new.by_kind.get(kind, 0)), _grown(*both))
            for kind in dict.fromkeys((*old.by_kind, *new.by_kind))
            for both in [(old.by_kind.get(kind, 0), new.by_kind.get(kind, 0))]
        ),
        ("  graph", size(old.graph_bytes), size(new.graph_bytes), _grown(old.graph_bytes, new.graph_bytes)),
        ("the app in all", size(old.app_bytes), size(new.app_bytes), _grown(old.app_bytes, new.app_bytes)),
        (
            "  deflated",
            about + size(old.download_bytes),
            about + size(new.download_bytes),
            about + _grown(old.download_bytes, new.download_bytes),
        ),
        ("oldest runtime", _runtime(old), _runtime(new), ""),
        *(
            (name, _listed(before), _listed(after), "")
            for name, before, after in (
                ("Flex ops", old.flex, new.flex),
                ("custom ops", old.custom, new.custom),
                ("free axes", old.free_axes, new.free_axes),
            )
            if before != after
        ),
    ]
    return table(("", "old", "new", "change"), rows, right=(1, 2, 3), indent="  ")


def _runtime(one: Inspection) -> str:
    return "unknown" if one.oldest_runtime is None else one.oldest_runtime or "any"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _grown(old: int, new: int) -> str:
    if old == new:
        return "="
    sign = "+" if new > old else "-"
    return f"{sign}{size(abs(new - old))}" + (f" ({sign}{share(abs(new - old) / old)})" if old else "")


def _tensors(changes: Sequence[TensorChange]) -> str:
    rows = [
        (
            _both(change, lambda each: each.size.name),
            change.status if change.matched_by in (None, "name") else f"{change.status}, by {change.matched_by}",
            _both(change, lambda each: each.size.dtype),
            _both(change, lambda each: str(list(each.size.shape))),
            _both(change, lambda each: size(each.size.bytes)),
            _both(change, _scales),
            _both(change, _zeros),
            "data" if "data" in change.what else "",
        )
        for change in changes
    ]
    header = ("", "", "type", "shape", "bytes", "scales", "zeros", "")
    return table(header, rows, indent="  ")


def _both(change: TensorChange, said: Callable[[StoredTensor], str]) -> str:
    found = [said(one) for one in (change.old, change.new) if one is not None]
    return " -> ".join(one or "none" for one in found) if len(set(found)) > 1 else found[0]


def _scales(one: StoredTensor) -> str:
    scales = one.size.scales
    if scales is None:
        return ""
    if scales.least is None or scales.greatest is None:
        return f"{count(scales.count)} {'in blocks' if scales.blockwise else 'not finite'}"
    if scales.count == 1:
        return f"{scales.least:.4g}"
    return f"{count(scales.count)}: {scales.least:.4g} to {scales.greatest:.4g}"


def _zeros(one: StoredTensor) -> str:
    return "" if one.zeros is None else ("~ " if one.estimated else "") + share(one.zeros)


def _ops(changes: Sequence[OpChange]) -> str:
    rows = [(one.name, str(one.version), str(one.old_count), str(one.new_count)) for one in changes]
    return table(("", "version", "old", "new"), rows, right=(1, 2, 3), indent="  ")


def _signatures(changes: Sequence[SignatureChange]) -> str:
    rows = []
    for change in changes:
        for side, shape in (("old", change.old), ("new", change.new)):
            rows.append((change.key, side, _ports(shape)))
    return table(("", "", "inputs -> outputs"), rows, indent="  ")


def _ports(shape: SignatureShape | None) -> str:
    if shape is None:
        return "no such signature"
    return " -> ".join(", ".join(map(_port, ports)) or "nothing" for ports in (shape.inputs, shape.outputs))


def _port(port: Port) -> str:
    axes = ", ".join("any" if axis < 0 else str(axis) for axis in port.shape)
    ids = "" if port.ids is None else f" ids 0 to {port.ids - 1}"
    return f"{port.name} {port.dtype} [{axes}]{ids}"


def _rankings(apart: "RankingsApart") -> str:
    change = apart.recall_change
    interval = f"{100 * change.low:+.2f} to {100 * change.high:+.2f}"
    return pairs(
        [
            ("asked", f"{count(apart.users)} users, top {apart.k}, in {apart.runtime}"),
            ("overlap", share(apart.overlap)),
            ("rank-biased overlap", f"{apart.rank_biased_overlap:.3f}, persistence {apart.persistence}"),
            (f"recall@{apart.k}", f"{100 * apart.recall_old:.2f} % -> {100 * apart.recall_new:.2f} %"),
            ("change", f"{100 * change.estimate:+.2f} points, 95 % interval {interval}"),
        ]
    )
