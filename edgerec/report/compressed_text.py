"""What compressing did, and what it would do."""

from typing import Any

from edgerec.build import Built, Dropped
from edgerec.compress.forecast import Forecast
from edgerec.program import from_here
from edgerec.report.console import table
from edgerec.report.quantities import share, size


def built_text(built: Built, program: str) -> str:
    """Sizes of the bundle, what each step gained, and the next command, to be called as `program`."""
    lines = [
        f"{built.path}: {size(built.bundle.app_bytes)} in the app, {size(built.bundle.download_bytes)} to download",
        f"golden outputs hold in {built.bundle.manifest.runtime}",
    ]
    if built.dropped is not None:
        lines.append(_dropped(built.dropped))
    rows = [
        (
            gain.step,
            f"{size(gain.bytes_before)} -> {size(gain.bytes_after)}",
            f"{size(gain.deflated_before)} -> {size(gain.deflated_after)}",
        )
        for gain in built.candidate.gains
    ]
    if rows:
        lines += ["", table(("step", "model on disk", "model deflated"), rows)]
    bundle, report = (from_here(path) for path in (built.path, built.path.with_suffix(".report.json")))
    return "\n".join((*lines, "", "Next:", f"  {program} bench {bundle} -o {report}"))


def _dropped(dropped: Dropped) -> str:
    lost = f"{dropped.held_out:,} of {dropped.held_out_in_all:,} held-out interactions"
    part = f" ({share(dropped.held_out / dropped.held_out_in_all)})" if dropped.held_out_in_all else ""
    return (
        f"{dropped.items:,} of {dropped.catalogue:,} items dropped: they can no longer be recommended; {lost}{part} "
        "were theirs and count as misses"
    )


def built_json(built: Built) -> dict[str, Any]:
    """The same as plain values."""
    return {
        "bundle": str(built.path),
        "sha256": built.bundle.sha256,
        "app_bytes": built.bundle.app_bytes,
        "download_bytes": built.bundle.download_bytes,
        "dropped": None if built.dropped is None else vars(built.dropped),
        "gains": [vars(gain) for gain in built.candidate.gains],
    }


def forecast_text(forecast: Forecast) -> str:
    """The steps to come and what of them is cached."""
    rows = [
        (str(number), step.what, "cached" if step.cached else "to do") for number, step in enumerate(forecast.steps, 1)
    ]
    return (
        f"{table(('', 'step', ''), rows)}\n\nweights in the file: {size(forecast.weight_bytes)}, the graph comes on top"
    )


def forecast_json(forecast: Forecast) -> dict[str, Any]:
    """The same as plain values."""
    return {"steps": [vars(step) for step in forecast.steps], "weight_bytes": forecast.weight_bytes}
