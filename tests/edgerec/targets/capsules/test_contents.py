"""What is kept of Debian's files and of wheels, on small trees of their shape."""

import os
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from edgerec.targets.capsules import contents, elf

LIBRARY = "lib/python3.11"


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_of_the_standard_library_only_what_a_harness_imports_is_kept(tmp_path: Path) -> None:
    kept = ("os.py", "json/decoder.py", "encodings/cp437.py", "lib-dynload/mmap.cpython-311-arm.so", "testament.py")
    left = (
        *("test/regrtest.py", "idlelib/run.py", "tkinter/__init__.py", "lib2to3/main.py", "ensurepip/__init__.py"),
        *("ctypes/test/test_a.py", "encodings/mac_roman.py", "encodings/cp1252.py", "lib-dynload/_ssl.cpython.so"),
        *("distutils/core.py", "pydoc.py", "LICENSE.txt", "sitecustomize.py", "__pycache__/os.cpython-311.pyc"),
        *("dist-packages/numpy/__init__.py", "config-3.11-arm/Makefile", "EXTERNALLY-MANAGED"),
    )
    write(tmp_path / "root/usr/lib/python3.11", dict.fromkeys((*kept, *left), "x"))
    write(tmp_path / "root/usr/bin", {"python3.11": "a program", "pydoc3.11": "x"})
    contents.standard_library(tmp_path / "root", tmp_path / "capsule")
    assert names(tmp_path / "capsule") == {"bin/python3.11", *(f"{LIBRARY}/{name}" for name in kept)}


def test_of_numpy_and_runtimes_neither_tests_nor_headers_nor_tools_are_kept(tmp_path: Path) -> None:
    kept = (
        *("numpy/__init__.py", "numpy/core/_multiarray_umath.cpython.so", "numpy/core/_multiarray_tests.cpython.so"),
        *("numpy/typing/__init__.py", "numpy-1.24.2.egg-info/METADATA"),
    )
    left = (
        *("numpy/core/tests/test_a.py", "numpy/f2py/crackfortran.py", "numpy/core/include/numpy/a.h", "numpy/a.pyi"),
        *("numpy/distutils/core.py", "numpy/core/_umath_tests.cpython.so", "numpy/testing/utils.py"),
        *("pkg_resources/__init__.py", "numpy-1.24.2.egg-info/RECORD"),
    )
    write(tmp_path / "root/usr/lib/python3/dist-packages", dict.fromkeys((*kept, *left), "x"))
    contents.debian_numpy(tmp_path / "root", tmp_path / "capsule")
    assert names(tmp_path / "capsule") == {f"{LIBRARY}/{name}" for name in kept}


def test_a_wheel_gives_its_modules_and_its_licences(tmp_path: Path) -> None:
    kept = (
        *("ai_edge_litert/interpreter.py", "ai_edge_litert/_pywrap_litert_interpreter_wrapper.so"),
        *("ai_edge_litert/libLiteRt.so", "ai_edge_litert/libpywrap_litert_common.so"),
        "ai_edge_litert-2.1.6.dist-info/METADATA",
    )
    left = (
        *("ai_edge_litert/aot/a.py", "ai_edge_litert/api_pb2.py", "ai_edge_litert/libLiteRtWebGpuAccelerator.so"),
        *("ai_edge_litert/_pywrap_litert_converter.so", "ai_edge_litert-2.1.6.dist-info/RECORD"),
        "ai_edge_litert-2.1.6.data/scripts/tool",
    )
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as archive:
        for name in (*kept, *left, "ai_edge_litert-2.1.6.dist-info/licenses/LICENSE"):
            archive.writestr(name, "x")
        archive.writestr("ai_edge_litert/folder/", "")
    contents.wheel(tmp_path / "a.whl", tmp_path / "capsule", "ai_edge_litert")
    licence = "licences/ai_edge_litert/ai_edge_litert-2.1.6.dist-info-licenses-LICENSE"
    assert names(tmp_path / "capsule") == {licence, *(f"{LIBRARY}/{name}" for name in kept)}


def test_what_the_programs_need_comes_along_and_what_debian_lacks_is_told(tmp_path: Path) -> None:
    program = Path("/bin/echo").resolve()
    triplet = tmp_path / "root/lib/arm-linux-gnu"
    write(triplet, {"loader.so.1": "the loader", "libmore.so": "not needed"})
    (tmp_path / "capsule/bin").mkdir(parents=True)
    (tmp_path / "capsule/bin/echo").write_bytes(program.read_bytes())
    (triplet / "libc.so.6").symlink_to(program)  # a link to this machine's own is none of Debian's files
    with pytest.raises(ValueError, match=r"^echo needs libc\.so\.6, which none of the packages has$"):
        contents.shared_objects(tmp_path / "root", tmp_path / "capsule", "loader.so.1")
    (triplet / "libc.so.6").unlink()
    for name in elf.needed(program):
        (triplet / "blas").mkdir(exist_ok=True)
        (triplet / "blas" / name).write_bytes(program.read_bytes())
    contents.shared_objects(tmp_path / "root", tmp_path / "capsule", "loader.so.1")
    libraries = {f"lib/{name}" for name in (*elf.needed(program), "loader.so.1")}
    assert names(tmp_path / "capsule") == {"bin/echo", *libraries}
    assert len((tmp_path / "capsule/bin/echo").read_bytes()) < program.stat().st_size


def test_every_package_shows_its_copyright_or_is_refused(tmp_path: Path) -> None:
    common = {"GPL-3": "the text"}
    write(tmp_path / "root/usr/share/doc/libc6", {"copyright": "LGPL", "changelog": "x"})
    write(tmp_path / "root/usr/share/common-licenses", common)
    contents.licences(tmp_path / "root", tmp_path / "capsule", ["libc6"])
    assert names(tmp_path / "capsule") == {"licences/libc6/copyright", "licences/common-licenses/GPL-3"}
    with pytest.raises(ValueError, match="the package zlib1g has no file of its copyright"):
        contents.licences(tmp_path / "root", tmp_path / "capsule", ["zlib1g"])


def test_modules_are_compiled_to_the_same_bytes_anywhere_and_at_any_time(tmp_path: Path) -> None:
    source = "WORDS = frozenset({'a', 'b', 'c'})\ndef f(x):\n    return x in {'one', 'two', 'three', 'four'}\n"
    for number, name in enumerate(("one", "another/place")):
        write(tmp_path / name / LIBRARY, {"pack/__init__.py": source, "alone.py": "import os\n"})
        os.utime(tmp_path / name / LIBRARY / "alone.py", (number, number))
        contents.compiled(tmp_path / name, (sys.executable,))
    one = tmp_path / "one"
    assert names(one) == {f"{LIBRARY}/pack/__init__.pyc", f"{LIBRARY}/alone.pyc"}
    for name in names(one):
        data = (one / name).read_bytes()
        assert data == (tmp_path / "another/place" / name).read_bytes()
        assert str(tmp_path).encode() not in data


def test_a_module_that_does_not_compile_is_told(tmp_path: Path) -> None:
    write(tmp_path / LIBRARY, {"broken.py": "def"})
    with pytest.raises(ValueError, match="the capsule's library cannot be compiled: "):
        contents.compiled(tmp_path, (sys.executable,))


def test_modes_are_the_same_whatever_they_were(tmp_path: Path) -> None:
    write(tmp_path, {"bin/program": "x", "lib/file": "x"})
    (tmp_path / "lib/file").chmod(0o600)
    (tmp_path / "lib").chmod(0o700)
    contents.settled(tmp_path, ["bin/program"])
    assert {path.name: path.stat().st_mode & 0o777 for path in (tmp_path, *tmp_path.rglob("*"))} == {
        tmp_path.name: 0o755,
        "bin": 0o755,
        "program": 0o755,
        "lib": 0o755,
        "file": 0o644,
    }
