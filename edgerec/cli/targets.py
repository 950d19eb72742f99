"""`edgerec targets`: where bundles can run, a runtime made ready, and the harness as one file for a board."""

import json
import sys
from pathlib import Path

import click

from edgerec import storage
from edgerec.config import read_config_if_there
from edgerec.installation import machine, runtimes
from edgerec.report.capsule_text import capsule_json, capsule_text
from edgerec.report.console import style_of
from edgerec.report.installation_text import targets_json, targets_text
from edgerec.report.progress import showing_progress
from edgerec.report.quantities import size
from edgerec.targets import cleaning, environment
from edgerec.targets.asked import target_named
from edgerec.targets.board import image as board_image
from edgerec.targets.capsules import archive as capsule_archive
from edgerec.targets.capsules import capsule
from edgerec.targets.readiness import readiness, schemes
from edgerec.targets.zipapp import write_harness


@click.group("targets", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@click.pass_context
def command(context: click.Context, *, as_json: bool) -> None:
    """List where bundles can run, ready or not and why.

    This machine and the runtimes it can have, how other targets are named and what they need here, and the targets that
    edgerec.toml names, each of which is asked for two seconds at most.
    """
    if context.invoked_subcommand is not None:
        return
    found = machine(), runtimes(), schemes(), readiness(read_config_if_there().target)
    if as_json:
        click.echo(json.dumps(targets_json(*found), indent=2))
    else:
        click.echo(targets_text(*found, style_of(sys.stdout)))


@command.command("install")
@click.argument("runtime")
@click.option("--wheels", type=click.Path(path_type=Path), help="A folder of wheels to take it from, without an index.")
@click.option("--json", "as_json", is_flag=True, help="Print where it is as JSON.")
def install(*, runtime: str, wheels: Path | None, as_json: bool) -> None:
    """Make RUNTIME, written as NAME==VERSION, ready on this machine.

    Every other command makes it on first use, from an index; after this none needs one.
    """
    pin = environment.parse(runtime)
    with showing_progress() as progress:
        environment.python_for(pin, wheels=wheels, progress=progress)
    told = {"runtime": str(pin), "environment": str(environment.made(pin))}
    click.echo(json.dumps(told, indent=2) if as_json else f"{pin}: ready in {told['environment']}")


@command.command("build-capsule")
@click.argument("architecture", metavar="|".join(capsule.ARCHITECTURES))
@click.option("--runtime", default=str(environment.PREFERRED), show_default=True, help="The runtime in it.")
@click.option("--mirror", help="The mirror of Debian to build it from [that of this machine's apt].")
@click.option("--from", "source", type=click.Path(path_type=Path), help="Take this archive, built elsewhere with -o.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write it as an archive (.tar) too.")
@click.option("--json", "as_json", is_flag=True, help="Print where it is as JSON.")
def build_capsule(
    *, architecture: str, runtime: str, mirror: str | None, source: Path | None, output: Path | None, as_json: bool
) -> None:
    """Build a capsule: a Python, numpy and a runtime in one folder, for a device on which nothing is installed.

    Every target that needs one builds it on first use; after this none needs a network. It is built without root from
    packages of Debian 12, whose signatures are checked, and from the runtime's wheels.
    """
    if source is not None and mirror is not None:
        raise click.UsageError("--from takes a capsule as it is and --mirror builds one: give one of the two.")
    pin = environment.parse(runtime)
    if output is not None:
        storage.prepare(output)
    with showing_progress() as progress:
        if source is None:
            made = capsule.ready(architecture, pin, mirror=mirror, progress=progress)
        else:
            made = capsule.taken(architecture, pin, source)
    if output is not None:
        capsule_archive.write(made.folder, output)
    click.echo(json.dumps(capsule_json(made, output), indent=2) if as_json else capsule_text(made, output))


@command.command("build-board")
@click.option("--mirror", help="The mirror of Debian to make it from [that of this machine's apt].")
@click.option("--json", "as_json", is_flag=True, help="Print where it is as JSON.")
def build_board(*, mirror: str | None, as_json: bool) -> None:
    """Make the Linux that emulated boards boot, from packages of Debian 12 and without root.

    `bench --target board:CPU` makes it on first use; after this, and with a capsule for aarch64, it needs no network.
    """
    with showing_progress() as progress:
        image = board_image.ready(mirror=mirror, progress=progress)
    told = {"kernel": str(image.kernel), "initramfs": str(image.initramfs)}
    click.echo(json.dumps(told, indent=2) if as_json else f"the Linux of emulated boards: {image.initramfs.parent}")


@command.command("clean")
@click.argument("names", nargs=-1, required=True, metavar="TARGET...")
@click.option("--json", "as_json", is_flag=True, help="Print which were cleaned as JSON.")
def clean(*, names: tuple[str, ...], as_json: bool) -> None:
    """Remove what edgerec keeps on each TARGET, so that nothing of it is left there; the next run sends it again."""
    settings = read_config_if_there().target
    targets = {name: target_named(name, settings) for name in names}
    with showing_progress() as progress:
        cleaned = {name: cleaning.clean(target, progress=progress) for name, target in targets.items()}
    for name, kept in cleaned.items():
        if not as_json:
            click.echo(f"{name}: {'clean' if kept else 'keeps nothing but what `edgerec doctor` shows'}")
    if as_json:
        click.echo(json.dumps({"cleaned": [name for name, kept in cleaned.items() if kept]}, indent=2))


@command.command("harness")
@click.option("-o", "--output", default="harness.pyz", type=click.Path(path_type=Path), show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print where it is as JSON.")
def harness(*, output: Path, as_json: bool) -> None:
    """Write the harness as one file.

    A board that has Python 3.9 or newer, numpy and a runtime runs it: python harness.pyz BUNDLE --report OUT.json
    """
    written = write_harness(output)
    count = written.stat().st_size
    told = f"{written}: {size(count)}; run it with python {written.name} BUNDLE --report OUT.json"
    click.echo(json.dumps({"file": str(written), "bytes": count}, indent=2) if as_json else told)
