"""A small Linux for emulated boards: Debian's arm64 kernel and a first file system with busybox and an ssh server."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgerec import storage, system
from edgerec.progress import Progress, silent
from edgerec.targets import debian
from edgerec.targets.board import cpio
from edgerec.targets.board.cpio import Entry
from edgerec.targets.debian import DebianError, Package
from edgerec.targets.target import UnreachableError

READY = "edgerec: the board is up"
HOST_KEY, AUTHORIZED = "etc/dropbear/host", "root/.ssh/authorized_keys"
"""Where the keys of one boot lie."""

_LAYOUT = 1
_ARCHITECTURE = "arm64"
_KERNEL = "linux-image-arm64"
_PACKAGES = (
    "busybox-static",
    "dropbear-bin",
    "libc6",
    "libtomcrypt1",
    "libtommath1",
    "zlib1g",
    "libcrypt1",
    "libgmp10",
)
_LIBRARIES = (
    *("ld-linux-aarch64.so.1", "libc.so.6", "libcrypt.so.1", "libgmp.so.10", "libtomcrypt.so.1", "libtommath.so.1"),
    "libz.so.1",
)
DISK = "/root/.cache"
"""Where the board keeps what is sent to it: the disk that lies under its user's cache."""
_MODULES = ("virtio_pci", "virtio_net", "virtio_blk", "ext4", "crc32c_generic")
_FOLDERS = (
    *("bin", "dev", "dev/pts", "etc", "etc/dropbear", "lib", "modules", "proc", "root", DISK[1:], "root/.ssh"),
    *("run", "sys", "tmp", "var", "var/log"),
)
# The model is mapped from a disk, as on a board: what lies in the first file system is memory. Whoever started the
# board may be killed: with nobody logged in for a minute it ends by itself.
_INIT = f"""#!/bin/sh
export PATH=/bin HOME=/root
/bin/busybox --install -s /bin
mount -t devtmpfs dev /dev
mkdir -p /dev/pts
mount -t devpts pts /dev/pts
mount -t proc proc /proc
mount -t sysfs sys /sys
while read -r module; do insmod "/modules/$module.ko"; done < /modules/order
mount -t ext4 /dev/vda {DISK} 2>/dev/null || {{
  mke2fs -F /dev/vda > /dev/null && mount -t ext4 /dev/vda {DISK}
}}
ip link set lo up
ip addr add 10.0.2.15/24 dev eth0
ip link set eth0 up
ip route add default via 10.0.2.2
dropbear -s -r /{HOST_KEY} -p 22
echo "{READY}" > /dev/console
quiet=0
while [ $quiet -lt 12 ]; do
  sleep 5
  quiet=$((quiet + 1))
  [ "$(pidof dropbear | wc -w)" -gt 1 ] && quiet=0
done
sync
poweroff -f
"""


@dataclass(frozen=True)
class BoardImage:
    """The files that a board boots from, without the keys of a boot."""

    kernel: Path
    initramfs: Path


def kept() -> BoardImage | None:
    """Return the image from the cache, None where there is none."""
    image = _at(_folder())
    return image if image.initramfs.exists() else None


def ready(*, mirror: str | None = None, progress: Progress = silent) -> BoardImage:
    """Return the image from the cache, made there where there is none, without root.

    `mirror` is the mirror of Debian to take its packages from, else that of this machine's apt.
    Raises UnreachableError.
    """
    folder = _folder()
    with system.locked(storage.folder("boards") / f".{folder.name}.lock"):
        image = kept()
        if image is not None:
            return image
        progress("making a Linux for emulated boards, once")
        with storage.telling(folder), storage.scratch("image-", within=folder.parent) as scratch:
            shutil.rmtree(folder, ignore_errors=True)
            made = scratch / "made"
            made.mkdir()
            try:
                _make(scratch, made, mirror)
            except DebianError as error:
                raise UnreachableError(
                    f"No emulated board can be made here: {error}. Use a machine whose apt has Debian 12, or another "
                    "target, such as qemu:cortex-a72."
                ) from error
            made.rename(folder)
    return _at(folder)


def _folder() -> Path:
    return storage.home() / "boards" / f"linux-{_LAYOUT}"


def _at(folder: Path) -> BoardImage:
    return BoardImage(folder / "kernel", folder / "initramfs")


def _make(scratch: Path, made: Path, mirror: str | None) -> None:
    debian.refuse_unready()
    from_here = mirror or debian.mirror_here()
    newest, *packages = debian.fetch({_ARCHITECTURE: (_KERNEL, *_PACKAGES)}, scratch / "packages", mirror=from_here)
    [kernel] = debian.fetch({_ARCHITECTURE: (_kernel_of(newest),)}, scratch / "kernel-package", mirror=from_here)
    root, kernel_root = scratch / "root", scratch / "kernel"
    for package in packages:
        debian.unpack(package, root)
    debian.unpack(kernel, kernel_root)
    image = _at(made)
    next((kernel_root / "boot").glob("vmlinuz-*")).rename(image.kernel)
    image.initramfs.write_bytes(cpio.archive(_entries(root, kernel_root)))


def _kernel_of(newest: Package) -> str:
    """Tell the package of the kernel that is the newest: the one that the package for it depends on."""
    words = ["dpkg-deb", "--field", str(newest.file), "Depends"]
    depends = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    found = re.match(r"linux-image-[\w.+-]+", depends)
    if found is None:
        raise DebianError(f"{newest.name} depends on {depends.strip()!r} and names no kernel")
    return found[0]


def _entries(root: Path, kernel_root: Path) -> dict[str, Entry]:
    libraries = {path.name: path for path in sorted(root.rglob("lib*.so*")) + sorted(root.rglob("ld-linux-*"))}
    modules = {path.stem.replace("-", "_"): path for path in sorted(kernel_root.rglob("*.ko"))}
    order = ordered(_MODULES, lambda name: needs(modules[name].read_bytes()))
    return {
        **{name: cpio.folder(0o700 if name.startswith("root") else 0o755) for name in _FOLDERS},
        "init": cpio.file(_INIT.encode(), 0o755),
        "bin/busybox": cpio.file((root / "bin" / "busybox").read_bytes(), 0o755),
        "bin/sh": cpio.link("busybox"),
        "bin/dropbear": cpio.file((root / "usr" / "sbin" / "dropbear").read_bytes(), 0o755),
        **{f"lib/{name}": cpio.file(libraries[name].resolve().read_bytes(), 0o755) for name in _LIBRARIES},
        **{f"modules/{name}.ko": cpio.file(modules[name].read_bytes()) for name in order},
        "modules/order": cpio.file("".join(f"{name}\n" for name in order).encode()),
        "etc/passwd": cpio.file(b"root::0:0:root:/root:/bin/sh\n"),
        "etc/group": cpio.file(b"root:x:0:\n"),
        "etc/shells": cpio.file(b"/bin/sh\n"),
    }


def needs(module: bytes) -> tuple[str, ...]:
    """Give the modules of the kernel that one names as needed, by what is written in it."""
    found = re.search(rb"\0depends=([^\0]*)\0", module)
    return tuple(name.replace("-", "_") for name in found[1].decode().split(",") if name) if found else ()


def ordered(names: Iterable[str], needed: Callable[[str], Sequence[str]]) -> tuple[str, ...]:
    """Give names and all that they need, each after what it needs itself."""
    order: dict[str, None] = {}

    def visit(name: str) -> None:
        if name not in order:
            for other in needed(name):
                visit(other)
            order[name] = None

    for name in names:
        visit(name)
    return tuple(order)
