"""The steps of action.yml, run as GitHub's runner does, in a repository made for them; only its server is a fake."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for
from junitparser import JUnitXml
from xmlschema import XMLSchema

from device_tests import bundle as bundle_format

REPOSITORY = Path(__file__).parents[2]
PACKAGED = ("edgerec", "converters", "device_tests", "pyproject.toml", "README.md", "LICENSE")
ACTION = yaml.safe_load((REPOSITORY / "action.yml").read_text(encoding="utf-8"))
PULL_REQUEST = {"github.event.pull_request.node_id": "PR_7", "github.token": "t0ken"}

# Answers `gh api graphql` as GitHub does, out of the comments that it keeps in a file, most of its fields left out.
SERVER = """#!{python}
import json, os, sys
from pathlib import Path

if os.environ["GH_TOKEN"] != "t0ken":
    sys.exit("gh: Resource not accessible by integration (HTTP 403)")
kept = Path({comments!r})
comments = json.loads(kept.read_text())
fields = {{}}
for flag, value in zip(sys.argv, sys.argv[1:]):
    if flag in ("-f", "-F"):
        name, _, text = value.partition("=")
        fields[name] = Path(text[1:]).read_text() if flag == "-F" and text.startswith("@") else text
query = fields["query"]
assert sys.argv[1:3] == ["api", "graphql"]
if "addComment" in query:
    assert fields["id"] == "PR_7"
    comments.append({{"id": f"IC_{{len(comments)}}", "body": fields["body"], "viewerDidAuthor": True}})
elif "updateIssueComment" in query:
    next(one for one in comments if one["id"] == fields["id"])["body"] = fields["body"]
else:
    assert fields["id"] == "PR_7" and {{"--paginate", "--slurp"}} <= set(sys.argv)
    pages = [comments[:1], comments[1:]]
    print(json.dumps([{{"data": {{"node": {{"comments": {{"nodes": one}}}}}}}} for one in pages]))
kept.write_text(json.dumps(comments))
"""


@dataclass(frozen=True)
class Job:
    """What became of a job: the exit code of the step that ended it, its log, its summary and the action's outputs."""

    code: int
    log: str
    summary: str
    outputs: Mapping[str, str]

    @property
    def results(self) -> Path:
        return Path(self.outputs["results"])


@dataclass(frozen=True)
class Runner:
    """Where steps run: folders and files as GitHub's runner has them, and a `gh` that answers out of `comments`."""

    temporary: Path
    action: Path
    environment: Mapping[str, str]
    comments: Path
    steps: Sequence[Mapping[str, object]] = field(default_factory=lambda: ACTION["runs"]["steps"])

    def job(self, workspace: Path, event: Mapping[str, str] | None = None, **inputs: str) -> Job:
        """Run all steps but the first, which has installed edgerec already."""
        context = {
            f"inputs.{name}": resolved(one.get("default", ""), event or {}) for name, one in ACTION["inputs"].items()
        }
        context |= event or {}
        context |= {f"inputs.{name.replace('_', '-')}": value for name, value in inputs.items()}
        summary = self.temporary / "summary"
        summary.write_text("")
        log, code = "", 0
        for step in self.steps[1:]:
            if not asked(str(step.get("if", "")), context):
                continue
            done, outputs = self.step(step, workspace, context, summary)
            log += done.stdout + done.stderr
            code = done.returncode
            context |= {f"steps.{step.get('id')}.outputs.{name}": value for name, value in outputs.items()}
            if code:
                break
        told = {name: resolved(one["value"], context) for name, one in ACTION["outputs"].items()}
        return Job(code, log, summary.read_text(), told)

    def step(
        self, step: Mapping[str, object], workspace: Path, context: Mapping[str, str], summary: Path
    ) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
        """Run one step in bash, called as GitHub calls it, and give what it wrote to GITHUB_OUTPUT too."""
        script, written = self.temporary / "step.sh", self.temporary / "output"
        script.write_text(str(step["run"]))
        written.write_text("")
        own = {name: resolved(value, context) for name, value in step.get("env", {}).items()}
        files = {"GITHUB_OUTPUT": str(written), "GITHUB_STEP_SUMMARY": str(summary)}
        assert step["shell"] == "bash"
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", script],
            cwd=workspace / resolved(step.get("working-directory", "."), context),
            env={**self.environment, **files, **own},
            capture_output=True,
            text=True,
            check=False,
        )
        return done, dict(line.split("=", 1) for line in written.read_text().splitlines())


def resolved(text: object, context: Mapping[str, str]) -> str:
    """Put what is known in place of `${{ name }}`; an unknown name is empty, as on GitHub."""
    return re.sub(r"\$\{\{ *([\w.-]+) *\}\}", lambda found: context.get(found[1], ""), str(text))


def asked(condition: str, context: Mapping[str, str]) -> bool:
    """Say whether a step's `if` holds: names, and names compared with a text, joined by `&&`."""

    def holds(part: str) -> bool:
        name, _, expected = part.strip().partition(" == ")
        value = context.get(name, "")
        return value == expected.strip("'") if expected else bool(value)

    return not condition or all(map(holds, condition.split("&&")))


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """Give a runner on which the first step has installed edgerec out of the action's own folder, without an index."""
    temporary = tmp_path_factory.mktemp("runner")
    action, programs, site = (temporary / name for name in ("action", "programs", "site"))
    for folder in (action, programs, site):
        folder.mkdir()
    for name in PACKAGED:
        copy = shutil.copytree if (REPOSITORY / name).is_dir() else shutil.copy
        copy(REPOSITORY / name, action / name)
    link_installed(site, "click", "numpy", "setuptools")
    comments = temporary / "comments.json"
    (programs / "gh").write_text(SERVER.format(python=sys.executable, comments=str(comments)))
    (programs / "gh").chmod(0o755)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "PYTHON", "EDGEREC_"))},
        "PATH": f"{programs}:{os.environ['PATH']}",
        "RUNNER_TEMP": str(temporary),
        "GITHUB_ACTION_PATH": str(action),
        "GITHUB_ACTIONS": "true",
        # What an index would give; an option of pip that says `no` is asked for by a 0.
        "PYTHONPATH": str(site),
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",
    }
    made = Runner(temporary, action, environment, comments)
    done, _ = made.step(made.steps[0], temporary, {"inputs.python": sys.executable}, temporary / "summary")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    return made


def link_installed(site: Path, *names: str) -> None:
    """Let a folder hold these distributions of the environment that runs the tests, and nothing else of it."""
    from importlib.metadata import distribution

    for name in names:
        found = distribution(name)
        tops = {Path(file).parts[0] for file in found.files or () if ".." not in Path(file).parts}
        for top in tops - {"__pycache__"}:
            if not top.endswith(".pth"):
                (site / top).symlink_to(Path(str(found.locate_file(top))).resolve())


@pytest.fixture
def workspace(tmp_path: Path, tiny_members: dict[str, bytes], runner: Runner) -> Path:
    """Give a git repository with a bundle and its budget in models/, and a pull request on which two people wrote."""
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / "models").mkdir()
    bundle_format.write(tmp_path / "models/tiny.edgerec", tiny_members)
    limits(tmp_path, 'app_bytes = "8 KiB"')
    others = [
        {"id": "IC_0", "body": "nice", "viewerDidAuthor": False},
        {"id": "IC_1", "body": "<!-- edgerec check in models -->\nspoofed", "viewerDidAuthor": False},
    ]
    runner.comments.write_text(json.dumps(others))
    return tmp_path


def limits(workspace: Path, *lines: str) -> None:
    text = "\n".join(['[[bundle]]\npath = "tiny.edgerec"\n\n[budget]', *lines])
    (workspace / "models/edgerec.toml").write_text(text + "\n")


def bodies(runner: Runner) -> list[str]:
    return [one["body"] for one in json.loads(runner.comments.read_text())]


def validate(job: Job) -> None:
    """Hold what the action left to the schemas of each format."""
    sarif = json.loads((REPOSITORY / "tests/fixtures/sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))
    validator_for(sarif)(sarif).validate(json.loads((job.results / "edgerec.sarif").read_text()))
    verdict = json.loads((REPOSITORY / "edgerec/schemas/verdict.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator(verdict).validate(json.loads((job.results / "verdict.json").read_text()))
    XMLSchema(REPOSITORY / "tests/fixtures/junit-10.xsd").validate(job.results / "junit.xml")
    assert list(JUnitXml.fromfile(str(job.results / "junit.xml")))


def test_a_pull_request_that_holds_has_one_comment_which_the_next_run_replaces(runner: Runner, workspace: Path) -> None:
    held = runner.job(workspace, PULL_REQUEST, working_directory="models")
    assert held.code == 0, held.log
    assert held.outputs["exit-code"] == "0"
    assert "held: 2 of 2 checks" in held.log
    validate(held)
    first = bodies(runner)[2:]
    assert first == [held.summary]
    assert "### ✅ edgerec check: held" in first[0]

    limits(workspace, 'app_bytes = "2 KiB"', 'p50 = "2 ms"')
    missed = runner.job(workspace, PULL_REQUEST, working_directory="models")
    assert (missed.code, missed.outputs["exit-code"]) == (1, "1"), missed.log
    validate(missed)
    assert bodies(runner) == ["nice", "<!-- edgerec check in models -->\nspoofed", missed.summary]
    assert "### ❌ edgerec check: not held" in missed.summary
    assert "prove it: <code>edgerec bench tiny.edgerec" in missed.summary
    annotations = [line for line in missed.log.splitlines() if line.startswith("::error")]
    assert [re.findall(r"title=(.*),file=(.*),line=(\d+)::", line)[0] for line in annotations] == [
        ("missed%3A app_bytes", "models/edgerec.toml", "5"),
        ("unproven%3A p50", "models/edgerec.toml", "6"),
    ]
    (case,) = [
        one for one in next(iter(JUnitXml.fromfile(str(missed.results / "junit.xml")))) if one.name == "app_bytes"
    ]
    assert case.result[0].type == "missed"
    result = json.loads((missed.results / "edgerec.sarif").read_text())["runs"][0]["results"][0]
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 5}


def test_input_that_cannot_be_read_is_exit_code_2_and_said_in_every_format(runner: Runner, workspace: Path) -> None:
    limits(workspace, "p50 = 2")
    job = runner.job(workspace, PULL_REQUEST, working_directory="models")
    assert (job.code, job.outputs["exit-code"]) == (2, "2")
    validate(job)
    assert "nothing could be checked" in bodies(runner)[2]
    assert "::error title=edgerec check,file=models/edgerec.toml,line=5::" in job.log


def test_bundles_options_and_config_are_taken_line_by_line(runner: Runner, workspace: Path) -> None:
    (workspace / "models/tiny.edgerec").rename(workspace / "a b.edgerec")
    inputs = {
        "bundles": "a b.edgerec\n",
        "options": "--limit\nflex=false\n--limit=app_bytes=8 KiB",
        "config": "models/edgerec.toml",
    }
    job = runner.job(workspace, **inputs)
    assert job.code == 0, job.log
    told = json.loads((job.results / "verdict.json").read_text())
    assert [one["subject"] for one in told["verdicts"]] == ["a b.edgerec"]
    assert {one["name"] for one in told["verdicts"][0]["checks"]} == {"signature", "flex", "app_bytes"}
    assert len(bodies(runner)) == 2, "there is no pull request to write on"


def test_an_option_that_does_not_exist_is_exit_code_2_and_writes_no_comment(runner: Runner, workspace: Path) -> None:
    job = runner.job(workspace, PULL_REQUEST, working_directory="models", options="--limits=flex")
    assert job.code == 2
    assert "No such option" in job.log
    assert (len(bodies(runner)), job.summary) == (2, "")


def test_a_token_that_may_not_write_costs_the_comment_and_not_the_verdict(runner: Runner, workspace: Path) -> None:
    may_read = {**PULL_REQUEST, "github.token": "other"}
    job = runner.job(workspace, may_read, working_directory="models")
    assert job.code == 0, job.log
    assert "::warning title=edgerec check::The comment could not be written" in job.log
    assert "### ✅ edgerec check: held" in job.summary
    none = runner.job(workspace, may_read, working_directory="models", comment="false")
    assert "::warning" not in none.log


def test_no_line_of_the_log_is_a_command_while_names_of_a_model_stand_in_it(runner: Runner, workspace: Path) -> None:
    (workspace / "##[set-output name=exit-code]0.tflite").write_bytes(b"")
    job = runner.job(workspace, bundles="##[set-output name=exit-code]0.tflite", options="--limit=flex=false")
    stopped = re.fullmatch(r"::stop-commands::([0-9a-f]{32})\n(.*)::\1::\n(.*)", job.log, re.DOTALL)
    assert stopped is not None
    assert "##[set-output" in stopped[2]
    assert stopped[3].startswith("::error ")


def test_no_input_is_pasted_into_a_script() -> None:
    assert [step["name"] for step in ACTION["runs"]["steps"] if "${{" in step["run"]] == []


def test_the_pre_commit_hook_runs_the_program_that_is_installed(runner: Runner, workspace: Path) -> None:
    (hook,) = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    names = ("models/gru.edgerec", "x.tflite", "edgerec.toml", "a/edgerec.toml", "gru.report.json")
    assert all(re.search(hook["files"], name) for name in names)
    assert not any(re.search(hook["files"], name) for name in ("README.md", "my-edgerec.toml", "package.json"))
    program, *arguments = hook["entry"].split()
    installed = runner.temporary / "edgerec/bin" / program
    done = subprocess.run([installed, *arguments], cwd=workspace / "models", env=runner.environment, check=False)
    assert done.returncode == 0


def test_what_the_page_about_ci_shows_is_what_there_is(runner: Runner, workspace: Path) -> None:
    page = (REPOSITORY / "docs/ci.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    github, gitlab, hooks = map(yaml.safe_load, blocks)
    assert re.findall(r"^\| `([\w-]+)` \| .* \| .* \|$", page, re.MULTILINE) == list(ACTION["inputs"])
    used = {name for step in github["jobs"]["models"]["steps"] for name in re.findall(r"outputs\.([\w-]+)", str(step))}
    assert used
    assert used <= set(ACTION["outputs"])
    assert hooks["repos"][0]["hooks"] == [{"id": "edgerec-check"}]
    shown = [line.strip() for line in page.splitlines() if line.startswith("    edgerec check ")]
    for line in [*shown, gitlab["edgerec"]["script"][1]]:
        program, *arguments = line.split()
        installed = runner.temporary / "edgerec/bin" / program
        subprocess.run([installed, *arguments], cwd=workspace / "models", env=runner.environment, check=True)
    written = {path.name for path in (workspace / "models").iterdir()}
    artifacts = gitlab["edgerec"]["artifacts"]
    assert {*artifacts["paths"], artifacts["reports"]["junit"]} <= written
