"""What is installed here, as text and as JSON."""

from collections.abc import Sequence

from device_tests.record import to_json
from edgerec.installation import Installation, Machine, RuntimeState
from edgerec.report.console import BOLD, PLAIN, Style, table, visible
from edgerec.report.quantities import size
from edgerec.targets.readiness import Readiness, Scheme

JSON_VERSION = 2


def installation_text(here: Installation, style: Style = PLAIN) -> str:
    """Give an installation as text."""
    machine = [
        ("edgerec", here.edgerec or "not installed, run from its sources"),
        ("Python", f"{here.python}, {here.executable}"),
        ("system", here.machine.system),
        ("processor", f"{here.machine.cpu or 'unknown'}, {here.machine.cores} usable cores"),
        ("memory", size(here.machine.memory_bytes)),
    ]
    compress = "all there" if here.can_compress else "not all there: pip install 'edgerec[compress]'"
    parts = [*((name, size(count)) for name, count in here.parts.items()), ("free on that disk", size(here.free_bytes))]
    return "\n".join(
        [
            _rows(machine),
            style.paint("\nto inspect, check and benchmark", BOLD),
            _rows([(name, version or "not installed") for name, version in here.light.items()]),
            style.paint(f"\nto compress and convert: {compress}", BOLD),
            _rows([(name, version or "not installed") for name, version in here.compress.items()]),
            style.paint("\nruntimes", BOLD),
            runtimes_text(here.runtimes),
            style.paint(f"\nkept in {here.home}", BOLD),
            _rows(parts),
        ]
    )


def installation_json(here: Installation) -> dict[str, object]:
    """Give an installation as plain JSON values."""
    return {"version": JSON_VERSION, **to_json(here), "can_compress": here.can_compress}


def targets_text(
    machine: Machine,
    runtimes: Sequence[RuntimeState],
    schemes: Sequence[Scheme],
    named: Sequence[Readiness],
    style: Style = PLAIN,
) -> str:
    """Give this machine and the runtimes that it can have, how targets are named, and those that edgerec.toml names."""
    processor = f"{machine.cpu or 'unknown processor'}, {machine.cores} usable cores"
    lines = [
        f"{style.paint('local', BOLD)}  this machine: {machine.system}, {processor}",
        runtimes_text(runtimes),
        style.paint("\nhow a target is named", BOLD),
        _rows([(one.form, _needs(one)) for one in schemes]),
    ]
    if named:
        lines += [style.paint("\nnamed in edgerec.toml", BOLD), _rows([_named(one) for one in named])]
    return "\n".join(lines)


def targets_json(
    machine: Machine, runtimes: Sequence[RuntimeState], schemes: Sequence[Scheme], named: Sequence[Readiness]
) -> dict[str, object]:
    """Give the targets as plain JSON values."""
    local = {"name": "local", "machine": to_json(machine), "runtimes": [to_json(one) for one in runtimes]}
    return {
        "version": JSON_VERSION,
        "targets": [local],
        "schemes": [to_json(one) for one in schemes],
        "named": [to_json(one) for one in named],
    }


def _needs(scheme: Scheme) -> str:
    return f"apt-get install {' '.join(scheme.missing)}" if scheme.missing else "has what it needs"


def _named(one: Readiness) -> tuple[str, str]:
    state = "ready" if one.hindrance is None else f"not ready: {visible(one.hindrance)}"
    return one.name, f"{one.address}, {one.runtime}: {state}"


def runtimes_text(runtimes: Sequence[RuntimeState]) -> str:
    """Give each runtime on a line: where it is ready, that it is made on first use, or why it cannot be had."""
    return _rows([(f"{one.name}{' (default)' if one.default else ''}", _state(one)) for one in runtimes])


def _state(runtime: RuntimeState) -> str:
    if runtime.environment is not None:
        return f"ready in {runtime.environment}"
    return f"not to be had: {runtime.hindrance}" if runtime.hindrance else "not made yet, will be on first use"


def _rows(rows: list[tuple[str, str]]) -> str:
    return table(("", ""), rows, indent="  ").split("\n", 1)[1]
