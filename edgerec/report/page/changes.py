"""What changed against the baseline: figures, tensors, operators and signatures of each file."""

from collections.abc import Iterator, Sequence

from edgerec.diff import Difference, TensorChange, diff
from edgerec.inspection import StoredTensor
from edgerec.report.exhibit_changes import Change, changes
from edgerec.report.page.html import EMPTY, Html, element, joined, shown, table
from edgerec.report.page.sources import Named, source
from edgerec.report.quantities import amount, size

MOST_TENSORS = 30
TOO_CLOSE = 0.05  # of a time or memory: two runs of one file differ by as much


def against_baseline(baseline: Named, others: Sequence[Named]) -> Html:
    """Give one table of figures and one of tensors for each file, against the baseline."""
    told = element(
        "p",
        "Recall and NDCG are compared user by user, with 95 % intervals. Times and memory are compared where machine "
        "and runtime are the same; two runs differ by some percent by chance, and ",
        element("code", "edgerec bench NEW --against OLD"),
        " tells them apart.",
    )
    compared = (
        element(
            "div",
            *(
                element("h3", f"{one.title} against {baseline.letter}"),
                _changes(baseline, one),
                *_contents(diff(baseline.exhibit.inspection, one.exhibit.inspection)),
            ),
        )
        for one in others
    )
    return joined((told, element("div", *compared, class_="cards")))


def _changes(baseline: Named, one: Named) -> Html:
    reports = {each.source: name for named in (baseline, one) for name, each in named.reports}
    rows = [
        (
            change.name,
            _amount(change.before, change.unit),
            _amount(change.after, change.unit),
            _difference(change),
            _relative(change),
            _judged(change),
            _from(change, reports, baseline, one),
        )
        for change in changes(baseline.exhibit, one.exhibit)
    ]
    header = ("figure", baseline.letter, one.letter, "change", "relative", "", "from")
    return table(f"Figures of {one.letter} against {baseline.letter}", header, rows, right=(1, 2, 3, 4))


def _contents(difference: Difference) -> Iterator[Html]:
    """Say what an interpreter would notice, and list what is no longer as it was."""
    if difference.same_content:
        yield element("p", "Both compute the same: what differs in the files makes no difference to an interpreter.")
    before, after = difference.old.oldest_runtime, difference.new.oldest_runtime
    if before != after:
        yield element("p", f"Oldest runtime: {before or 'unknown'} before, {after or 'unknown'} now.")
    if difference.ops:
        rows = [(shown(one.name), *map(str, (one.version, one.old_count, one.new_count))) for one in difference.ops]
        body = table("Operators that changed", ("operator", "version", "before", "now"), rows, right=(1, 2, 3))
        yield element("details", element("summary", f"{len(rows)} operators changed"), body)
    if difference.signatures:
        keys = ", ".join(shown(one.key) for one in difference.signatures)
        yield element("p", f"Signatures with other inputs or outputs: {keys}.")
    changed = [one for one in difference.tensors if one.status != "same"]
    if changed:
        yield _tensors(changed)


def _tensors(changed: Sequence[TensorChange]) -> Html:
    rows = [
        (_name(one), one.status, _stored(one.old), _stored(one.new), _signed(one.grown_bytes, "bytes"))
        for one in changed[:MOST_TENSORS]
    ]
    left = len(changed) - len(rows)
    more = element("p", f"and {left} smaller ones") if left else EMPTY
    body = table("Tensors that changed", ("tensor", "", "before", "after", "change"), rows, right=(2, 3, 4))
    return element("details", element("summary", f"{len(changed)} tensors changed"), body, more)


def _name(change: TensorChange) -> str:
    names = dict.fromkeys(shown(one.size.name) for one in (change.old, change.new) if one is not None)
    return ", now ".join(names)


def _stored(tensor: StoredTensor | None) -> str:
    return "none" if tensor is None else f"{size(tensor.size.bytes)} {tensor.size.dtype}"


def _from(change: Change, reports: dict[str, str], baseline: Named, one: Named) -> Html:
    names = [reports[each] for each in change.sources]
    return source(*names) if names or change.is_measured else joined((baseline.read, ", ", one.read))


def _judged(change: Change) -> Html | str:
    difference = change.difference
    if change.note:
        return change.note
    if difference is None:
        return "not measured" if change.after is None else ""
    if change.interval is not None and change.interval.low <= 0 <= change.interval.high:
        return "within chance"
    if not difference:
        return "same"
    if change.is_run and change.before and abs(difference) < TOO_CLOSE * change.before:
        return "too close to tell"
    good = (difference < 0) == (change.better == "less")
    return element("span", "better" if good else "worse", class_="good" if good else "bad")


def _difference(change: Change) -> str:
    if change.difference is None:
        return ""
    text = _signed(change.difference, change.unit)
    if change.interval is None:
        return text
    return f"{text} ({100 * change.interval.low:+.2f} to {100 * change.interval.high:+.2f})"


def _relative(change: Change) -> str:
    if change.difference is None or not change.before:
        return ""
    return f"{100 * change.difference / change.before:+.1f} %"


def _signed(value: float, unit: str) -> str:
    if unit == "share":
        return f"{100 * value:+.2f} points"
    return f"{'+' if value > 0 else '-' if value < 0 else ''}{amount(abs(value), unit)}"


def _amount(value: float | None, unit: str) -> str:
    return "not measured" if value is None else amount(value, unit)
