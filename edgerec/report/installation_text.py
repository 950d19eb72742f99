"""What is installed here, as text and as JSON."""

from device_tests.record import to_json
from edgerec.installation import Installation, RuntimeState
from edgerec.report.console import BOLD, PLAIN, Style, table
from edgerec.report.quantities import size

JSON_VERSION = 1


def installation_text(here: Installation, style: Style = PLAIN) -> str:
    """Give an installation as text."""
    machine = [
        ("edgerec", here.edgerec or "not installed, run from its sources"),
        ("Python", f"{here.python}, {here.executable}"),
        ("system", here.system),
        ("processor", f"{here.cpu or 'unknown'}, {here.cores} usable cores"),
        ("memory", size(here.memory_bytes)),
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
            _rows([(runtime.name, _state(runtime)) for runtime in here.runtimes]),
            style.paint(f"\nkept in {here.home}", BOLD),
            _rows(parts),
        ]
    )


def installation_json(here: Installation) -> dict[str, object]:
    """Give an installation as plain JSON values."""
    return {"version": JSON_VERSION, **to_json(here), "can_compress": here.can_compress}


def _state(runtime: RuntimeState) -> str:
    if runtime.environment is not None:
        return f"ready in {runtime.environment}"
    return "has wheels here, made on first use" if runtime.has_wheels else "no wheels for this Python on this machine"


def _rows(rows: list[tuple[str, str]]) -> str:
    return table(("", ""), rows, indent="  ").split("\n", 1)[1]
