"""Debian's packages by the real apt and dpkg, from mirrors that are folders of this machine."""

import subprocess
from pathlib import Path

import pytest

from edgerec.targets import debian
from edgerec.targets.debian import DebianError, Package

pytestmark = pytest.mark.skipif(not Path("/usr/bin/apt-get").exists(), reason="no apt here: this is not a Debian")


def write_package(folder: Path) -> Path:
    """Build a package of one file."""
    (folder / "tree/DEBIAN").mkdir(parents=True)
    (folder / "tree/DEBIAN/control").write_text(
        "Package: tiny\nVersion: 1:2.0-1\nArchitecture: armhf\nMaintainer: nobody\nDescription: tiny\n"
    )
    (folder / "tree/usr/share").mkdir(parents=True)
    (folder / "tree/usr/share/tiny").write_text("of the package")
    file = folder / "tiny_1%3a2.0-1_armhf.deb"
    subprocess.run(
        ["dpkg-deb", "--build", "--root-owner-group", folder / "tree", file], check=True, capture_output=True
    )
    return file


def test_a_package_is_unpacked(tmp_path: Path) -> None:
    package = Package("tiny", "armhf", "1:2.0-1", "00", write_package(tmp_path))
    debian.unpack(package, tmp_path / "root")
    assert (tmp_path / "root/usr/share/tiny").read_text() == "of the package"


def test_a_package_that_is_damaged_is_told(tmp_path: Path) -> None:
    file = write_package(tmp_path)
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(DebianError, match=r"^tiny_1%3a2\.0-1_armhf\.deb cannot be unpacked: "):
        debian.unpack(Package("tiny", "armhf", "1:2.0-1", "00", file), tmp_path / "root")


def test_a_mirror_whose_signature_is_not_debians_is_refused(tmp_path: Path) -> None:
    release = tmp_path / "mirror/dists/bookworm"
    (release / "main/binary-armhf").mkdir(parents=True)
    (release / "main/binary-armhf/Packages").write_text("")
    (release / "Release").write_text("Origin: Debian\nCodename: bookworm\nArchitectures: armhf\nComponents: main\n")
    with pytest.raises(DebianError, match=r"no list of packages can be had from file:/.*not signed"):
        debian.fetch({"armhf": ["libc6"]}, tmp_path / "got", mirror=f"file:{tmp_path}/mirror")


def test_a_mirror_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DebianError, match=r"no list of packages can be had from file:/.*nowhere"):
        debian.fetch({"armhf": ["libc6"]}, tmp_path / "got", mirror=f"file:{tmp_path}/nowhere")


@pytest.mark.parametrize("mirror", ["", "example.org/debian", "http://a b/debian", "http://a\ndeb x", "[x]"])
def test_what_is_no_address_never_reaches_apt(mirror: str, tmp_path: Path) -> None:
    with pytest.raises(DebianError, match="is not the address of a mirror"):
        debian.fetch({"armhf": ["libc6"]}, tmp_path / "got", mirror=mirror)
    assert not (tmp_path / "got").exists()


@pytest.mark.parametrize(
    "lines",
    [
        "deb http://mirror.example/pub/debian bookworm main",
        "deb http://other.example/things stable main\ndeb [arch=amd64] http://mirror.example/pub/debian/ trixie main",
    ],
)
def test_the_mirror_is_the_one_of_this_machines_apt(
    lines: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources(lines, tmp_path, monkeypatch)
    assert debian.mirror_here() == "http://mirror.example/pub/debian"


def test_a_machine_without_a_mirror_of_debian_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources("deb http://mirror.example/ubuntu noble main", tmp_path, monkeypatch)
    with pytest.raises(DebianError, match="name no mirror of Debian"):
        debian.mirror_here()


def sources(lines: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let apt have no other sources than these."""
    (folder / "sources.list").write_text(f"{lines}\n")
    (folder / "lists").mkdir()
    settings = {"Dir::Etc::SourceList": folder / "sources.list", "Dir::State::Lists": folder / "lists"}
    text = "".join(f'{name} "{value}";\n' for name, value in settings.items()) + 'Dir::Etc::SourceParts "/dev/null";\n'
    (folder / "apt.conf").write_text(text)
    monkeypatch.setenv("APT_CONFIG", str(folder / "apt.conf"))


def test_missing_tools_and_keys_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    debian.refuse_unready()
    monkeypatch.setattr(debian, "KEYRING", tmp_path / "none.gpg")
    with pytest.raises(DebianError, match=r"without debian-archive-keyring$"):
        debian.refuse_unready()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DebianError, match=r"without apt and dpkg and debian-archive-keyring$"):
        debian.refuse_unready()
