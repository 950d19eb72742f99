"""The commands: name, module and one line of help, so that `--help` imports none of them."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """Where a command lives (its module has a click command called `command`) and what it does in one line."""

    module: str
    summary: str


COMMANDS: Mapping[str, Entry] = {
    "bench": Entry("edgerec.cli.bench", "Run a bundle or .tflite on a target and report what it measured."),
    "check": Entry("edgerec.cli.check", "Say whether bundles hold the budget in edgerec.toml, and why not."),
    "compress": Entry("edgerec.cli.compress", "Make a bundle of a trained Keras recommender by a recipe."),
    "contract": Entry(
        "edgerec.cli.contract", "Say what a file asks of a runtime and would not get, by that runtime's word."
    ),
    "convert": Entry("edgerec.cli.convert", "Make a .tflite of a trained Keras recommender for a named runtime."),
    "demo": Entry("edgerec.cli.demo", "Train, compress and prove a recommender on built-in data, in one table."),
    "diff": Entry("edgerec.cli.diff", "Show what changed between two bundles or .tflite files."),
    "doctor": Entry("edgerec.cli.doctor", "Show what is installed here, and what edgerec keeps on disk."),
    "evaluate": Entry("edgerec.cli.evaluate", "Show what a bundle recommends to one user, beside float32."),
    "init": Entry("edgerec.cli.init", "Write an edgerec.toml with a budget of what a bundle comes to today."),
    "inspect": Entry("edgerec.cli.inspect", "Show what is inside a bundle or .tflite: tensors, ops, signatures."),
    "pack": Entry("edgerec.cli.pack", "Make a bundle of a .tflite that somebody else converted."),
    "recipes": Entry("edgerec.cli.recipes", "List the recipes: what each does, promises and gave."),
    "report": Entry("edgerec.cli.report", "Write bundles and what was measured of them as one HTML page."),
    "search": Entry("edgerec.cli.search", "Find and prove the smallest bundle under budgets and floors."),
    "targets": Entry("edgerec.cli.targets", "List where bundles can run, make a runtime ready, or write the harness."),
}
