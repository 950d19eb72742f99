"""Keys of one boot of an emulated board: who may log in, and what the board proves itself by."""

import base64
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edgerec.targets.target import UnreachableError

_KIND = b"ssh-ed25519"
_MAGIC = b"openssh-key-v1\0"


@dataclass(frozen=True)
class Keys:
    """The user's key, as files of OpenSSH's, and the board's as dropbear has it and as `known_hosts` has it."""

    user: Path
    authorized: bytes
    host: bytes
    known: str


def make(folder: Path) -> Keys:
    """Make the keys of a boot in a private folder. Raises UnreachableError where there is no ssh-keygen."""
    user, host = folder / "user", folder / "host"
    for key in (user, host):
        try:
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "edgerec", "-f", str(key)],
                check=True,
                capture_output=True,
            )
        except (OSError, subprocess.CalledProcessError) as error:
            raise UnreachableError(
                f"No key can be made for an emulated board: {error}. Install OpenSSH's client: "
                "`apt-get install openssh-client`."
            ) from error
    return Keys(
        user,
        user.with_suffix(".pub").read_bytes(),
        dropbear_key(host.read_text(encoding="utf-8")),
        " ".join(host.with_suffix(".pub").read_text(encoding="utf-8").split()[:2]),
    )


def dropbear_key(private: str) -> bytes:
    """Give a private ed25519 key of OpenSSH's, without a passphrase, as dropbear keeps it.

    The format is that of OpenSSH's PROTOCOL.key; dropbear's is the kind and the 64 bytes of the key, each after its
    length.
    """
    raw = base64.b64decode("".join(private.split("\n")[1:-2]))
    cipher, _, _, rest = _strings(raw[len(_MAGIC) :], 3)
    if not raw.startswith(_MAGIC) or cipher != b"none":
        raise UnreachableError(
            "The key made for an emulated board is none that edgerec reads: use OpenSSH's ssh-keygen."
        )
    _, secret, _ = _strings(rest[4:], 2)
    _, _, key, _ = _strings(secret[8:], 3)
    return _string(_KIND) + _string(key)


def _strings(data: bytes, count: int) -> Iterator[bytes]:
    """Give the first strings, each after its length, and then what is left."""
    for _ in range(count):
        size = int.from_bytes(data[:4], "big")
        yield data[4 : 4 + size]
        data = data[4 + size :]
    yield data


def _string(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data
