"""A process that asks the targets of one device, seen from the one that started it."""

import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import IO

from edgerec import storage, system
from edgerec.progress import Progress
from edgerec.targets.fleet.worker import Answer
from edgerec.targets.job import Job
from edgerec.targets.target import Target

UNWINDING_S = 30.0
"""How long a process may clean its device up after it was told to end."""

# Where this process finds modules, a target of another package among them, that one does too.
_PROGRAM = "import sys\nsys.path[:] = sys.argv[1:]\nfrom edgerec.targets.fleet.worker import main\nmain()"


def question(target: Target, job: Job) -> bytes:
    """Give a target and its job as the process takes them; raises what `pickle` does where they cannot be pickled."""
    return pickle.dumps((target, job))


class FleetProcess:
    """Asks one device; `stop` and `wait` may be called from another thread than the one that follows `answers`."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._starting, self._closed = Lock(), False
        self.last_words = ""

    def answers(self, questions: Sequence[bytes], progress: Progress) -> Iterator[Answer]:
        """Start the process and give its answers, in order; fewer than questions when it dies or is stopped.

        `last_words` then says how it ended.
        """
        with storage.scratch_file() as chatter:
            child = self._start(chatter)
            if child is None or child.stdin is None or child.stdout is None:
                return
            with child.stdout as out:
                with suppress(BrokenPipeError):
                    pickle.dump(list(questions), child.stdin)
                    child.stdin.flush()
                with suppress(EOFError, pickle.UnpicklingError):
                    for _ in questions:
                        while isinstance(said := pickle.load(out), str):  # noqa: S301  a process of ours
                            progress(said)
                        yield said
            _hang_up(child)
            _wait(child)
            chatter.seek(0)
            self.last_words = _ended(child.returncode, chatter.read().decode(errors="replace"))

    def stop(self) -> None:
        """Tell the process to clean up and end, and start no other."""
        with self._starting:
            self._closed = True
        if self._child is not None:
            _hang_up(self._child)

    def wait(self) -> None:
        """Wait until the process that was told to end has done so; one that takes longer than UNWINDING_S is killed."""
        if self._child is not None:
            _wait(self._child)

    def _start(self, chatter: IO[bytes]) -> subprocess.Popen[bytes] | None:
        with self._starting:
            if self._closed:
                return None
            self._child = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, *(str(Path(one).absolute()) for one in sys.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=chatter,
                start_new_session=True,  # Ctrl-C is for the parent, which then tells this one to end
            )
            return self._child


def _hang_up(child: subprocess.Popen[bytes]) -> None:
    if child.stdin is not None:
        with suppress(BrokenPipeError):
            child.stdin.close()


def _wait(child: subprocess.Popen[bytes]) -> None:
    try:
        child.wait(UNWINDING_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _ended(code: int, chatter: str) -> str:
    killer = system.signal_name(code)
    how = f"was killed by {killer}" if killer else f"ended with exit code {code}"
    lines = chatter.strip().splitlines()
    return f"The process that asked the target {how}: {lines[-1].strip()[:300] if lines else 'it said nothing'}."
