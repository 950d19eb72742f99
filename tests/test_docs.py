"""The documentation names every command, and every command that the README shows has been run."""

import re
import shlex
from pathlib import Path

import pytest

from edgerec.cli.commands import COMMANDS
from edgerec.cli.main import group

REPOSITORY = Path(__file__).parents[1]
README = REPOSITORY / "README.md"
PAGES = (REPOSITORY / "docs" / "commands.md", README)

# What the README shows and a test runs elsewhere: the command's first words, and the test that runs it.
RUN_ELSEWHERE = {
    "scripts/demo": "tests/end_to_end/test_scripts.py",
    "scripts/test": ".ci/run",
    "edgerec demo": "tests/edgerec/cli/test_demo.py",
    "edgerec compress": "tests/edgerec/cli/test_compress.py",
    "edgerec search": "tests/edgerec/cli/test_search.py",
    "edgerec convert": "tests/edgerec/cli/test_convert.py",
    "edgerec evaluate": "tests/edgerec/cli/test_evaluate.py",
    "edgerec pack": "tests/edgerec/cli/test_pack.py",
    "edgerec bench": "tests/edgerec/cli/test_bench.py",
    "edgerec check": "tests/edgerec/cli/test_check.py",
    "edgerec inspect": "tests/edgerec/cli/test_inspect.py",
    "edgerec doctor": "tests/edgerec/cli/test_doctor.py",
    "edgerec recipes": "tests/edgerec/cli/test_recipes.py",
    "edgerec targets": "tests/edgerec/cli/test_targets.py",
    "pip install": "scripts/environment.sh",
    "git clone": ".ci/run",
    "cd edgerec": ".ci/run",
}


def shown(text: str) -> list[str]:
    """Give the commands of the ```console blocks: what stands after `$ `, continued lines joined."""
    commands = []
    for block in re.findall(r"^```console\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        joined = re.sub(r"\\\n\s*", "", block)
        commands += [line[2:].strip() for line in joined.splitlines() if line.startswith("$ ")]
    return commands


def readme_commands() -> list[str]:
    return shown(README.read_text(encoding="utf-8"))


def test_the_commands_of_console_blocks_are_found() -> None:
    text = "x\n```console\n$ edgerec check \\\n    --json\nheld\n$ cd edgerec\n```\n```python\n$ no\n```\n"
    assert shown(text) == ["edgerec check --json", "cd edgerec"]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_in_the_documentation(name: str) -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert f"edgerec {name}" in text


@pytest.mark.parametrize("page", [README, *sorted((REPOSITORY / "docs").glob("*.md"))], ids=lambda page: page.name)
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    relative = [link.split("#")[0] for link in links if not re.match(r"[a-z]+:|#", link)]
    assert [link for link in relative if not (page.parent / link).exists()] == []


def test_the_readme_shows_what_the_demo_really_printed() -> None:
    assert "DEMO_OUTPUT" not in README.read_text(encoding="utf-8")


def test_the_readme_shows_commands_in_console_blocks() -> None:
    assert readme_commands()
    other = re.findall(
        r"^```(?:bash|sh|shell)?\n((?:\$ )?(?:edgerec|scripts/)\b.*)", README.read_text("utf-8"), re.MULTILINE
    )
    assert other == []


@pytest.mark.parametrize("command", readme_commands())
def test_every_command_of_the_readme_is_run_by_a_test_that_is_there(command: str) -> None:
    known = [runner for start, runner in RUN_ELSEWHERE.items() if command == start or command.startswith(f"{start} ")]
    assert known, f"{command!r} is run by no test: add one, and its row to RUN_ELSEWHERE"
    runner = REPOSITORY / known[0]
    assert runner.exists(), f"{command!r} should be run by {known[0]}, which is not there"
    words = shlex.split(command)
    if words[0] == "edgerec" and runner.suffix == ".py":
        assert f'"{words[1]}"' in runner.read_text(encoding="utf-8"), f"{known[0]} does not run edgerec {words[1]}"


@pytest.mark.parametrize("command", [one for one in readme_commands() if one.startswith("edgerec ")])
def test_every_option_that_the_readme_shows_is_one_that_the_command_takes(command: str) -> None:
    words = shlex.split(re.split(r" [|>] ", command, maxsplit=1)[0])[1:]
    assert words[0] in COMMANDS or words[0].startswith("-"), f"edgerec has no command {words[0]}"
    if words[0] in COMMANDS:
        found = group.get_command(None, words[0])  # type: ignore[arg-type]
        assert found is not None
        known = {option for parameter in found.params for option in (*parameter.opts, *parameter.secondary_opts)}
        given = {word.split("=")[0] for word in words[1:] if word.startswith("-") and not word.lstrip("-").isdigit()}
        assert given <= known | {"--help", "-h"}, f"{command!r} has options that edgerec {words[0]} does not take"
