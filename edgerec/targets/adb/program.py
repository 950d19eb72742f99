"""Android's own adb program, run once for each thing that is asked of a device or of the adb server."""

import shutil
import subprocess
from dataclasses import dataclass

from edgerec.targets.target import UnreachableError


@dataclass(frozen=True)
class Said:
    """How adb ended: its exit code, the bytes of its stdout, and its stderr without what it says of its own server."""

    code: int
    out: bytes
    err: str

    @property
    def reason(self) -> str:
        """The last line that it complained in, without its own name."""
        lines = [line.strip() for line in (self.err or self.out.decode(errors="replace")).splitlines() if line.strip()]
        last = lines[-1] if lines else "adb said nothing"
        return last.removeprefix("adb: ").removeprefix("error: ").rstrip(".")


def adb(*words: str, time_limit_s: float) -> Said:
    """Run adb to its end; the adb server is started by it where none runs.

    Raises UnreachableError where there is no adb, TimeoutError when it is not done in time.
    """
    program = shutil.which("adb")
    if program is None:
        raise UnreachableError(
            "There is no adb program on the PATH: install Android's platform-tools (Debian: apt-get install adb)."
        )
    try:
        done = subprocess.run(
            [program, *words], stdin=subprocess.DEVNULL, capture_output=True, timeout=time_limit_s, check=False
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"adb was not done after {time_limit_s:g} s") from None
    err = [line for line in done.stderr.decode(errors="replace").splitlines() if not line.startswith("* daemon ")]
    return Said(done.returncode, done.stdout, "\n".join(err))
