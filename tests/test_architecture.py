"""The three worlds and the direction between them, read out of every import; and what each command may load."""

import ast
import functools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from edgerec.cli.commands import COMMANDS

REPOSITORY = Path(__file__).parents[1]
WORLDS = ("device_tests", "converters", "edgerec")
SHARED = {
    "errors",
    "record",
    "container",
    "manifest",
    "bundle",
    "report",
    "measurement",
    "conditions",
    "metrics",
    "quality",
    "ranking",
    "evaluation",
    "ragged",
    "files",
    "npy",
    "popularity",
    "system",
    "counts",
    "agreement",
}
TENSORFLOW = {"tensorflow", "tf_keras", "keras", "tensorflow_model_optimization"}
RUNTIMES = {"tflite_runtime", "ai_edge_litert"}
HEAVY = TENSORFLOW | RUNTIMES | {"numpy", "flatbuffers", "pydantic", "pyarrow", "polars"}
EMPTY_NAMES = {"util", "utils", "helper", "helpers", "common", "core", "manager", "processor", "handler", "misc"}
STDLIB_ONLY = {
    "errors",
    "record",
    "container",
    "manifest",
    "bundle",
    "report",
    "measurement",
    "conditions",
    "metrics",
    "files",
    "npy",
    "system",
    "validity",
    "counts",
}

# What came to the standard library after Python 3.9, as the parser cannot know it.
NEWER_THAN_39 = {
    "tomllib": None,
    "dataclasses": {"KW_ONLY"},
    "enum": {"StrEnum", "verify"},
    "itertools": {"pairwise", "batched"},
    "types": {"NoneType", "EllipsisType", "UnionType"},
    "typing": {"TypeAlias", "ParamSpec", "Concatenate", "TypeGuard", "Self", "Never", "assert_never", "override"},
    "contextlib": {"aclosing", "chdir"},
    "datetime": {"UTC"},
    "hashlib": {"file_digest"},
    "math": {"cbrt", "exp2", "sumprod"},
    "operator": {"call"},
    "statistics": {"covariance", "correlation", "linear_regression"},
}
NEWER_KEYWORDS = {"zip": {"strict"}, "dataclass": {"slots", "kw_only"}, "bit_count": set()}


@dataclass(frozen=True)
class Import:
    """One name that a file imports, the function it stands in, and whether only a type checker follows it."""

    file: Path
    line: int
    module: str
    name: str | None
    lazy: bool
    typing_only: bool

    @property
    def full(self) -> str:
        return self.module if self.name is None else f"{self.module}.{self.name}"

    def __str__(self) -> str:
        return f"{self.file.relative_to(REPOSITORY)}:{self.line} imports {self.full}"


def sources(world: str) -> list[Path]:
    return sorted((REPOSITORY / world).rglob("*.py"))


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@functools.cache
def imports(path: Path) -> tuple[Import, ...]:
    def walk(node: ast.AST, *, lazy: bool, typing_only: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(path, node.lineno, alias.name, None, lazy, typing_only)
        if isinstance(node, ast.ImportFrom):
            package = path.relative_to(REPOSITORY).parent.parts
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            for alias in node.names:
                yield Import(path, node.lineno, module, alias.name, lazy, typing_only)
        inside = lazy or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        checking = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for child in ast.iter_child_nodes(node):
            yield from walk(child, lazy=inside, typing_only=typing_only or checking)

    return tuple(walk(ast.parse(read(path)), lazy=False, typing_only=False))


def every_import(*worlds: str) -> list[Import]:
    return [one for world in worlds for path in sources(world) for one in imports(path)]


def world_of(module: str) -> str | None:
    top = module.partition(".")[0]
    return top if top in WORLDS else None


def test_there_is_something_to_read() -> None:
    assert len(every_import(*WORLDS)) > 100
    assert all(sources(world) for world in WORLDS)


def test_the_imports_of_a_file_are_all_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "REPOSITORY", tmp_path)
    path = tmp_path / "edgerec" / "x.py"
    path.parent.mkdir()
    path.write_text(
        "import a.b, c\nfrom d import e\nfrom . import f\nfrom .g import h\n"
        "if TYPE_CHECKING:\n    import i\ndef f():\n    if True:\n        import j\nclass K:\n    import k\n"
    )
    found = {one.full: (one.lazy, one.typing_only) for one in imports(path)}
    assert found == {
        "a.b": (False, False),
        "c": (False, False),
        "d.e": (False, False),
        "edgerec.f": (False, False),
        "edgerec.g.h": (False, False),
        "i": (False, True),
        "j": (True, False),
        "k": (False, False),
    }


@pytest.mark.parametrize("world", ["device_tests", "converters"])
def test_device_and_converters_import_nothing_of_ours_outside_themselves(world: str) -> None:
    assert [str(one) for one in every_import(world) if world_of(one.module) not in {None, world}] == []


def test_the_host_imports_only_what_it_shares_with_the_device() -> None:
    def shared(one: Import) -> bool:
        parts = one.full.split(".")
        return len(parts) > 1 and parts[1] in SHARED

    ours = [one for one in every_import("edgerec") if world_of(one.module) == "device_tests"]
    assert [str(one) for one in ours if not shared(one)] == []


def test_no_module_loads_tensorflow_or_a_runtime_before_it_is_used() -> None:
    eager = [one for one in every_import(*WORLDS) if not one.lazy and not one.typing_only]
    assert [str(one) for one in eager if one.module.split(".")[0] in TENSORFLOW | RUNTIMES] == []


def test_the_host_never_loads_a_runtime_of_the_device() -> None:
    """The generated schema of ai-edge-litert writes files; its interpreter, and tflite-runtime, run in a child."""
    loads = [one for one in every_import("edgerec", "converters") if one.module.split(".")[0] in RUNTIMES]
    assert [str(one) for one in loads if "schema_py_generated" not in one.full] == []


def test_what_check_reads_with_needs_the_standard_library_alone() -> None:
    def third_party(one: Import) -> bool:
        top = one.module.split(".")[0]
        return top not in sys.stdlib_module_names and world_of(one.module) is None

    files = [REPOSITORY / "device_tests" / f"{name}.py" for name in STDLIB_ONLY]
    assert [str(one) for path in files for one in imports(path) if third_party(one)] == []


def test_only_the_command_line_and_the_reports_write_to_a_person() -> None:
    found = []
    for path in sources("edgerec") + sources("converters"):
        if {"cli", "report"} & set(path.relative_to(REPOSITORY).parts):
            continue
        found += [
            f"{path.relative_to(REPOSITORY)}:{node.lineno}"
            for node in ast.walk(ast.parse(read(path)))
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"print", "sys.exit", "exit", "input"}
        ]
    allowed = {"converters/worker.py", "edgerec/compress/worker.py"}  # programs of their own, run as children
    assert [place for place in found if place.rsplit(":", 1)[0] not in allowed] == []


def test_what_linux_tells_of_itself_is_read_in_one_module() -> None:
    place = re.compile(r"/(?:proc|sys)\b|\b(?:proc|sys)/")
    found = [path.relative_to(REPOSITORY) for world in WORLDS for path in sources(world) if place.search(read(path))]
    # The other two hold scripts for a device's shell, which nothing here can read for.
    scripts = ["edgerec/targets/board/image.py", "edgerec/targets/remote/run.py"]
    assert [str(path) for path in found] == ["device_tests/system.py", *scripts]


def test_nothing_is_named_for_nothing() -> None:
    names = {path for world in WORLDS for path in (REPOSITORY / world).rglob("*") if path.stem in EMPTY_NAMES}
    assert [str(path.relative_to(REPOSITORY)) for path in sorted(names)] == []


def test_every_module_opens_with_one_sentence() -> None:
    silent = []
    for path in (path for world in WORLDS for path in sources(world)):
        text = read(path)
        if not ast.get_docstring(ast.parse(text)):
            silent.append(str(path.relative_to(REPOSITORY)))
    assert silent == []


@pytest.mark.parametrize("path", sources("device_tests"), ids=lambda path: path.name)
def test_the_harness_keeps_to_python_39(path: Path) -> None:
    tree = ast.parse(read(path), feature_version=(3, 9))
    newer = [
        f"{node.lineno}: {node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in NEWER_THAN_39
        for alias in node.names
        if NEWER_THAN_39[node.module] is None or alias.name in (NEWER_THAN_39[node.module] or ())
    ]
    newer += [
        f"{node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.attr in (NEWER_THAN_39.get(node.value.id) or ())
    ]
    newer += [
        f"{node.lineno}: {ast.unparse(node.func)}({keyword.arg}=...)"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg in NEWER_KEYWORDS.get(ast.unparse(node.func).split(".")[-1], ())
    ]
    newer += [
        f"{node.lineno}: import {alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name in NEWER_THAN_39 and NEWER_THAN_39[alias.name] is None
    ]
    assert newer == []
    assert "match" not in {type(node).__name__.lower() for node in ast.walk(tree)}


def test_the_check_for_python_39_finds_what_39_does_not_know() -> None:
    with pytest.raises(SyntaxError):
        ast.parse("match x:\n    case 1: pass\n", feature_version=(3, 9))
    with pytest.raises(SyntaxError):
        ast.parse("try:\n    pass\nexcept* ValueError:\n    pass\n", feature_version=(3, 9))


def loaded_by(*runs: Sequence[str], cwd: Path) -> set[str]:
    """Give the top names of the modules that runs of `edgerec`, one after another, have loaded when they end."""
    program = (
        "import json, sys\n"
        "from edgerec.cli.main import run\n"
        f"codes = [run(arguments) for arguments in {[list(one) for one in runs]!r}]\n"
        "print(json.dumps([codes, sorted({name.split('.')[0] for name in sys.modules})]), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=True,
    )
    codes, modules = json.loads(done.stderr.strip().splitlines()[-1])
    assert set(codes) <= {0, 1}, done.stderr
    return set(modules)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the smallest .tflite that there is, and a budget for it."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "model.tflite").write_bytes(smallest_tflite())
    (folder / "edgerec.toml").write_text(
        '[[bundle]]\npath = "model.tflite"\n[budget]\napp_bytes = "1 KiB"\np50 = "1 ms"\nfloors = "default"\n'
    )
    return folder


def smallest_tflite() -> bytes:
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model, graph = schema.ModelT(), schema.SubGraphT()
    graph.tensors, graph.operators, graph.inputs, graph.outputs = [], [], [], []
    model.version, model.subgraphs, model.buffers, model.operatorCodes = 3, [graph], [schema.BufferT()], []
    builder = flatbuffers.Builder(256)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def test_the_fast_commands_load_nothing_heavy(project: Path) -> None:
    files = ["model.tflite"]
    fast = (["--help"], ["check"], ["check", "--json"], ["inspect", *files], ["contract", *files], ["diff", *2 * files])
    assert loaded_by(*fast, cwd=project) & HEAVY == set()


def test_help_loads_no_command(project: Path) -> None:
    program = (
        "import sys\n"
        "from edgerec.cli.main import run\n"
        "run(['--help'])\n"
        "print([name for name in sys.modules if name.startswith('edgerec')])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(ast.literal_eval(done.stdout.splitlines()[-1]))
    assert loaded <= {
        "edgerec",
        "edgerec.errors",
        "edgerec.suggestion",
        "edgerec.cli",
        "edgerec.cli.main",
        "edgerec.cli.commands",
        "edgerec.cli.interruption",
    }


def test_a_budget_and_a_baseline_are_written_with_nothing_heavy(project: Path) -> None:
    update = ["check", "--limit", "app_bytes=ratchet", "--baseline", "baseline.json", "--update-baseline"]
    draft = ["init", "--budget-from", "model.tflite", "-o", "drafted.toml"]
    assert loaded_by(update, draft, cwd=project) & HEAVY == set()


def test_no_command_loads_tensorflow_to_show_its_help(project: Path) -> None:
    helps = [(name, "--help") for name in sorted(COMMANDS)]
    assert loaded_by(*helps, cwd=project) & (TENSORFLOW | RUNTIMES) == set()


def test_a_command_holds_no_logic() -> None:
    """A command file reads its flags, calls, and prints: no classes, no loops over data, and it stays short."""
    for path in sources("edgerec/cli"):
        if path.stem in {"main", "commands", "interruption", "__main__", "__init__"}:
            continue
        tree = ast.parse(read(path))
        assert not [node for node in ast.walk(tree) if isinstance(node, (ast.ClassDef, ast.While))], path.name
        assert len(read(path).splitlines()) <= 150, path.name
