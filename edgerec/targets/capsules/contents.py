"""What goes into a capsule: Debian's Python and a runtime without what the harness never imports, and the licences."""

import re
import shutil
import zipfile
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from edgerec.targets import child
from edgerec.targets.capsules import elf

LIBRARY = "lib/python3.11"
_PACKAGES = "usr/lib/python3/dist-packages"

_STANDARD = re.compile(
    r"""^(__phello__ | _aix_support | _bootsubprocess | _osx_support | _pyio | antigravity | asynchat | asyncio
    | asyncore
    | bdb | binhex | cgi | cgitb | chunk | code | codeop | crypt | curses | dbm | dist-packages | distutils |
    doctest | ensurepip | EXTERNALLY-MANAGED | filecmp | ftplib | html | http | idlelib | imaplib | imghdr | lib2to3
    | mailbox | mailcap | modulefinder | msilib | multiprocessing | netrc | nntplib | optparse | pdb | pickletools |
    pipes | poplib | profile | pstats | pty | pyclbr | pydoc | pydoc_data | sched | shelve | smtpd | smtplib |
    sndhdr | socketserver | sqlite3 | ssl | sunau | symtable | tabnanny | telnetlib | test | this | tkinter | trace
    | turtle | turtledemo | unittest | uu | venv | wave | webbrowser | wsgiref | xdrlib | xml | xmlrpc | zipapp |
    zoneinfo)(\.py$|/|$)""",
    re.VERBOSE,
)
"""What is left out of the standard library: neither numpy nor a runtime nor the harness imports it."""

_DYNAMIC = ("_contextvars", "_ctypes", "_decimal", "_json", "_queue", "_typing", "mmap", "resource", "termios")
"""What is kept of the standard library's own shared objects; hashing is in the interpreter itself."""

_LEFT_OUT = re.compile(
    r"""(^|/)(tests?|testing|doc|docs|__pycache__|include|locale)/      # of any package
    | \.(pyi|pxd|pyx|h|c|hpp|f|f90|a|lib|exe|cmake|sh|txt|toml|ini|build|template|src|inc|typed|rst|md|pc|js|html)$
    | ^numpy/(f2py|distutils|array_api|typing/mypy_plugin|_pyinstaller)(/|\.)
    | ^numpy/(_core|core)/(_(operand|rational|struct|umath)_.*tests?\.|_simd|lib/)
    | ^ai_edge_litert/(aot|internal|test|tflite|tools|vendors)/
    | ^ai_edge_litert/(\w+_pb2|schema_py_generated)\.py$
    | ^ai_edge_litert/(\w*(analyzer|calibration|converter|genai|metrics|modify|string)\w*|libLiteRt\w+Accelerator)\.so$
    | ^encodings/(big5|cp(?!437)|euc|gb|hz|iso2022|iso8859|johab|koi|kz|mac_|palmos|ptcp|shift|tis)
    | ^encodings/(bz2|hp|quopri|uu|zlib)
    | \.data/ | (^|/)(conftest|setup)\.py$ | ^(sitecustomize|config-) | ^LICENSE
    """,
    re.VERBOSE,
)
_METADATA = re.compile(r"\.(dist|egg)-info/")
_LICENCE = re.compile(r"(^|/)(LICEN[CS]E|COPYING|NOTICE)[^/]*$", re.IGNORECASE)

_COMPILE = """
import pathlib, py_compile, sys
root = pathlib.Path(sys.argv[1])
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
for path in sorted(root.rglob("*.py")):
    name = path.relative_to(root).as_posix()
    py_compile.compile(str(path), str(path.with_suffix(".pyc")), name, doraise=True, invalidation_mode=mode)
    path.unlink()
"""


def standard_library(root: Path, folder: Path) -> None:
    """Copy the interpreter and its standard library from Debian's files under `root` into a capsule's folder."""
    _copy(root / "usr/bin/python3.11", folder / "bin/python3.11")
    source = root / "usr" / LIBRARY
    for name in _files(source):
        dynamic = name.startswith("lib-dynload/")
        kept = name.split("/")[1].split(".")[0] in _DYNAMIC if dynamic else not _STANDARD.search(name)
        if kept and not _LEFT_OUT.search(name):
            _copy(source / name, folder / LIBRARY / name)


def debian_numpy(root: Path, folder: Path) -> None:
    """Copy Debian's own numpy from its files under `root` into a capsule's folder."""
    source = root / _PACKAGES
    for name in _files(source):
        if name.startswith("numpy") and (kept := _kept(name)):
            _copy(source / name, folder / LIBRARY / kept)


def wheel(file: Path, folder: Path, distribution: str) -> None:
    """Unpack a wheel's modules into a capsule's library, and its licences beside the others."""
    with zipfile.ZipFile(file) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith("/"):
                continue
            if _LICENCE.search(name) and not name.endswith(".py"):
                _write(folder / "licences" / distribution / name.replace("/", "-"), archive.read(name))
            elif kept := _kept(name):
                _write(folder / LIBRARY / kept, archive.read(name))


def shared_objects(root: Path, folder: Path, loader: str) -> None:
    """Copy the loader and every shared object that the capsule's own need, from Debian's files under `root`.

    Raises ValueError for one that is not there.
    """
    there = _shared_under(root)
    _copy(there[loader], folder / "lib" / loader)
    waiting = [path for path in sorted(folder.rglob("*")) if path.is_file() and elf.is_elf(path)]
    inside = {path.name for path in waiting}
    while waiting:
        path = waiting.pop()
        for name in elf.needed(path):
            if name in inside:
                continue
            if name not in there:
                raise ValueError(f"{path.name} needs {name}, which none of the packages has")
            _copy(there[name], folder / "lib" / name)
            inside.add(name)
            waiting.append(folder / "lib" / name)
    for path in folder.rglob("*"):
        if path.is_file() and elf.is_elf(path):
            path.write_bytes(elf.loaded(path.read_bytes()))


def licences(root: Path, folder: Path, packages: Sequence[str]) -> None:
    """Copy what Debian says of the copyright of packages, and the licences that this names.

    Raises ValueError for a package that says nothing.
    """
    for package in packages:
        source = root / "usr/share/doc" / package / "copyright"
        if not source.is_file():
            raise ValueError(f"the package {package} has no file of its copyright")
        _copy(source, folder / "licences" / package / "copyright")
    for name in _files(root / "usr/share/common-licenses"):
        _copy(root / "usr/share/common-licenses" / name, folder / "licences" / "common-licenses" / name)


def compiled(folder: Path, python: Sequence[str]) -> None:
    """Compile the capsule's library with a Python 3.11, and leave the sources out. Raises ValueError."""
    # The same bytes wherever and whenever it is done: no dates, names from the library's root on, sets in one order.
    ended = child.run([*python, "-S", "-s", "-c", _COMPILE, str(folder / LIBRARY)], environment={"PYTHONHASHSEED": "0"})
    if ended.code:
        raise ValueError(f"the capsule's library cannot be compiled: {ended.lines[-1] if ended.lines else ended.code}")


def settled(folder: Path, programs: Collection[str]) -> None:
    """Give every file its mode: readable by all, and executable where it is one of `programs`."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.relative_to(folder).as_posix() in programs else 0o644)


def _kept(name: str) -> str | None:
    """Return where a file of a package goes in the library, None where it is left out."""
    if _METADATA.search(name):
        return name if name.endswith("/METADATA") else None
    return None if _LEFT_OUT.search(name) else name


def _shared_under(root: Path) -> dict[str, Path]:
    """Return the shared objects that Debian keeps where its loader looks, by name."""
    found: dict[str, Path] = {}
    for folder in (*root.glob("lib/*-linux-*"), *root.glob("usr/lib/*-linux-*")):
        for path in (*folder.glob("*.so*"), *folder.glob("blas/*.so*"), *folder.glob("lapack/*.so*")):
            if path.is_file() and path.resolve().is_relative_to(root):  # not through a link to this machine's own
                found[path.name] = path
    return found


def _files(folder: Path) -> Iterator[str]:
    return (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file())


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _write(target: Path, data: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
