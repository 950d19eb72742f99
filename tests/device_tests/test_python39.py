"""The harness keeps to what Python 3.9 reads, and its shared modules to the standard library."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import device_tests

SOURCES = sorted(Path(device_tests.__file__).parent.glob("*.py"))
SHARED = ("errors", "files", "record", "bundle", "report", "metrics")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_a_module_is_python_3_9(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 9))
    for node in ast.walk(tree):
        assert not isinstance(node, ast.Match), f"line {node.lineno}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "zip":
            assert not node.keywords, f"line {node.lineno}: zip takes no strict in 3.9"
        if isinstance(node, ast.ClassDef):
            for part in ast.walk(ast.Module([each for each in node.body if isinstance(each, ast.AnnAssign)], [])):
                is_union = isinstance(part, ast.BinOp) and isinstance(part.op, ast.BitOr)
                assert not is_union, f"line {node.lineno}: record.py cannot read X | Y in 3.9"
            for keyword in (
                each for call in node.decorator_list if isinstance(call, ast.Call) for each in call.keywords
            ):
                assert keyword.arg not in {"slots", "kw_only"}, f"line {node.lineno}: not in 3.9"


def test_what_the_host_checks_with_needs_no_package() -> None:
    imports = "; ".join(f"import device_tests.{name}" for name in SHARED)
    code = f"{imports}; import sys; print(sorted({{'numpy', 'edgerec'}} & set(sys.modules)))"
    repository = str(Path(device_tests.__file__).parents[1])
    said = subprocess.run(
        [sys.executable, "-S", "-c", code], env={"PYTHONPATH": repository}, capture_output=True, text=True, check=True
    )
    assert said.stdout == "[]\n"
