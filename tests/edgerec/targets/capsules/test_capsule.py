"""Capsules in the cache, and real ones that run the harness from wherever they lie with nothing but themselves."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from device_tests import report as report_format
from edgerec import storage
from edgerec.targets import debian, environment, zipapp
from edgerec.targets.architecture import KNOWN
from edgerec.targets.capsules import archive as capsule_archive
from edgerec.targets.capsules import building, capsule
from edgerec.targets.capsules.capsule import Capsule
from edgerec.targets.capsules.manifest import CapsuleError, Manifest
from edgerec.targets.debian import DebianError
from edgerec.targets.environment import RuntimeUnavailableError

PIN = environment.PREFERRED
LITERT = environment.known()[1]
Write = Callable[..., Manifest]
EMULATORS = {"aarch64": "qemu-aarch64", "armv7": "qemu-arm"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty folder of edgerec's own."""
    monkeypatch.setenv("EDGEREC_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def archive(tmp_path: Path, write_capsule: Write) -> Path:
    """Give a small capsule as a file."""
    write_capsule(tmp_path / "elsewhere")
    capsule_archive.write(tmp_path / "elsewhere", tmp_path / "capsule.tar")
    return tmp_path / "capsule.tar"


def left_in(home: Path) -> list[str]:
    """List what lies with the capsules beside the locks."""
    return [path.name for path in (home / "capsules").iterdir() if path.suffix != ".lock"]


def test_an_archive_becomes_the_capsule_in_the_cache(home: Path, archive: Path) -> None:
    assert capsule.kept("aarch64", PIN) is None
    taken = capsule.taken("aarch64", PIN, archive)
    assert capsule.kept("aarch64", PIN) == capsule.ready("aarch64", PIN) == taken
    assert left_in(home) == [taken.folder.name]


def test_an_archive_takes_the_place_of_a_capsule_that_is_damaged(home: Path, archive: Path) -> None:
    taken = capsule.taken("aarch64", PIN, archive)
    (taken.folder / "bin/python3.11").write_bytes(b"b program")
    for look in (capsule.kept, capsule.ready):
        with pytest.raises(CapsuleError, match=r"is damaged: bin/python3\.11"):
            look("aarch64", PIN)
    assert capsule.taken("aarch64", PIN, archive) == capsule.kept("aarch64", PIN) == taken
    assert left_in(home) == [taken.folder.name]


def test_an_archive_of_another_kind_or_a_damaged_one_leaves_nothing(home: Path, archive: Path) -> None:
    with pytest.raises(
        CapsuleError, match=r"is a capsule of tflite-runtime==2\.14\.0 for aarch64, and one of .* armv7 "
    ):
        capsule.taken("armv7", PIN, archive)
    with pytest.raises(CapsuleError, match="for aarch64, and one of ai-edge-litert"):
        capsule.taken("aarch64", LITERT, archive)
    archive.write_bytes(archive.read_bytes()[:-1])
    with pytest.raises(CapsuleError, match="is damaged between its files"):
        capsule.taken("aarch64", PIN, archive)
    assert left_in(home) == []


def test_an_unknown_architecture_is_refused_with_those_there_are(home: Path, archive: Path) -> None:
    for refused in (lambda: capsule.ready("arm64", PIN), lambda: capsule.taken("arm64", PIN, archive)):
        with pytest.raises(CapsuleError, match=r"^There is no capsule for 'arm64'.*aarch64, armv7, x86_64\.$"):
            refused()


def test_a_runtime_without_a_wheel_is_refused_before_anything_is_fetched(home: Path) -> None:
    with pytest.raises(RuntimeUnavailableError, match="has no wheel for armv7; use tflite-runtime"):
        capsule.ready("armv7", LITERT)
    assert not home.exists()


def test_where_debians_tools_are_missing_the_way_around_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise DebianError("packages of Debian cannot be fetched here without apt")

    monkeypatch.setattr(debian, "refuse_unready", missing)
    with pytest.raises(CapsuleError) as refused:
        capsule.ready("aarch64", PIN)
    assert str(refused.value) == (
        "No capsule can be built here: packages of Debian cannot be fetched here without apt. Name a mirror of Debian "
        "with --mirror, or give --from a capsule that was built elsewhere with -o."
    )
    assert not home.exists()


@pytest.mark.parametrize("ending", [KeyboardInterrupt, CapsuleError, OSError])
def test_a_build_that_ends_early_leaves_nothing(
    ending: type[BaseException], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(folder: Path, scratch: Path, *_: object, **__: object) -> None:
        folder.mkdir()
        (scratch / "fetched").write_text("x")
        raise ending

    monkeypatch.setattr(building, "refuse_unbuildable", lambda: None)
    monkeypatch.setattr(building, "build", build)
    with pytest.raises((ending, storage.StorageError)):
        capsule.ready("aarch64", PIN)
    assert left_in(home) == []


def test_what_a_killed_build_left_is_gone_after_the_next(home: Path, archive: Path) -> None:
    taken = capsule.taken("aarch64", PIN, archive)
    leftover, others = home / "capsules" / f".{taken.folder.name}-abc", home / "capsules" / ".armv7-x-abc"
    for folder in (leftover, others):
        (folder / "debian").mkdir(parents=True)
    capsule.taken("aarch64", PIN, archive)
    assert not leftover.exists()
    assert others.exists()


def test_the_interpreter_is_started_by_the_capsules_own_loader() -> None:
    words = Capsule("armv7", PIN, Path("/here"), "00").python("/data/local/tmp/edgerec")
    assert words[0] == "/data/local/tmp/edgerec/lib/ld-linux-armhf.so.3"
    assert words[words.index("--library-path") + 1] == "/data/local/tmp/edgerec/lib"
    assert words[-4:] == ("/data/local/tmp/edgerec/bin/python3.11", "-I", "-S", "-B")


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """Give a folder that any user may read, whose name has a space and an accent."""
    folder = Path("/var/tmp", f"edgerec caf\u00e9 {os.getpid()}")  # noqa: S108 - what any user may read
    folder.mkdir(mode=0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.slow
@pytest.mark.parametrize("architecture", capsule.ARCHITECTURES)
def test_a_capsule_runs_the_harness_from_any_folder_as_any_user_with_an_empty_environment(
    architecture: str, kept_capsule: Callable, tool: Callable, bundle_path: Path, elsewhere: Path
) -> None:
    found: Capsule = kept_capsule(architecture)
    emulator = (tool(EMULATORS[architecture]),) if architecture in EMULATORS else ()
    shutil.copytree(found.folder, elsewhere / "capsule")
    (elsewhere / "harness.pyz").write_bytes(zipapp.harness_bytes())
    (elsewhere / "it.edgerec").write_bytes(bundle_path.read_bytes())
    (elsewhere / "out").mkdir(mode=0o777)
    (elsewhere / "out").chmod(0o777)
    words = (*found.python(str(elsewhere / "capsule")), "harness.pyz", "it.edgerec", "--report", "out/report.json")
    as_nobody = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
    done = subprocess.run(
        [*emulator, *words, "--runtime", PIN.name, "--calls", "5"],
        cwd=elsewhere,
        env={},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        **as_nobody,
    )
    assert done.returncode == 0, done.stderr
    report = report_format.read(elsewhere / "out/report.json")
    assert report.quality is not None
    assert report.board.python.startswith("3.11.")
    assert report.board.runtime_version == PIN.version


@pytest.mark.slow
@pytest.mark.parametrize("architecture", capsule.ARCHITECTURES)
def test_a_capsule_is_as_small_as_it_is_promised_and_says_what_is_in_it(
    architecture: str, kept_capsule: Callable
) -> None:
    found: Capsule = kept_capsule(architecture)
    assert sum(path.stat().st_size for path in found.folder.rglob("*") if path.is_file()) < 50 * 2**20
    assert not [path for path in found.folder.rglob("*") if path.is_symlink() or path.suffix == ".py"]
    for package in ("libc6", "python3-numpy", "libpython3.11-stdlib", "common-licenses"):
        assert list((found.folder / "licences" / package).iterdir()), package
    assert (found.folder / "lib" / KNOWN[architecture].loader).is_file()
