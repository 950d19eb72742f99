"""One worker seen from the search: started for its first trial, made anew when a trial killed it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import IO, Any

import edgerec
from device_tests import record
from edgerec import storage, system
from edgerec.search.errors import SearchError
from edgerec.search.space import key
from edgerec.search.trial import Finished, Outcome, Trial

# Found by path, so that nothing in the user's own folder is taken for the worker or for what it imports.
_PROGRAM = (
    "import sys\n"
    "if sys.argv[1] not in sys.path: sys.path.insert(0, sys.argv[1])\n"
    "from edgerec.search.worker import main\n"
    "main(int(sys.argv[2]))"
)
# Sums come out the same whatever the number of workers only where each has the same number of threads.
_ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}


@dataclass(frozen=True)
class Factory:
    """What makes a worker's function: "module:function", importable where the worker runs, and its JSON-able context.

    The context is all that the function may depend on beside the choices: names of files by their digests, a seed.
    """

    name: str
    context: Mapping[str, Any]


class WorkerProcess:
    """Runs one trial at a time; `kill` alone may be called from another thread than the one that waits for it."""

    def __init__(self, factory: Factory) -> None:
        self._factory = factory
        self._child: subprocess.Popen[str] | None = None
        self._chatter: IO[bytes] | None = None
        self._kept = ExitStack()
        self._killed, self._starting = False, Lock()

    def run(self, trial: Trial) -> Finished:
        """Run a trial. One that a signal ends is run once more: the signal may have been meant for the whole search.

        Raises SearchError where no trial can be run.
        """
        question = {"number": trial.number, "choices": dict(trial.choices)}
        answer = self._answer(question)
        if answer.get("signal"):
            answer = self._answer(question)
        if "died" in answer:
            what = f"the worker was {answer['died']} as it ran trial {trial.number}, {key(trial.choices)}"
            again = ", twice; SIGKILL is often a lack of memory" if answer["signal"] else ""
            return Finished(trial, None, f"{what}{again}")
        if "refused" in answer:
            return Finished(trial, None, str(answer["refused"]))
        return Finished(trial, record.from_json(Outcome, answer["outcome"], f"trial {trial.number}"))

    def kill(self) -> None:
        """Kill the process, and start no other."""
        with self._starting:
            self._killed = True
            if self._child is not None:
                self._child.kill()

    def close(self) -> None:
        """Kill the process and let go of its files."""
        if self._child is not None:
            self._child.kill()
            self._ended(self._child)
        self._kept.close()

    def _answer(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Give the answer to one line, or how the process `died` of it and whether a `signal` ended it."""
        if self._child is None:
            child = self._start()
            answer = self._ask(child, {"factory": self._factory.name, "context": dict(self._factory.context)})
            if "ready" not in answer:
                self.close()
                reason = answer.get("refused") or f"the worker was {answer['died']} as it began"
                raise SearchError(f"no trial can be run: {reason}")
            return self._ask(child, question)
        return self._ask(self._child, question)

    def _start(self) -> subprocess.Popen[str]:
        with self._starting:
            if self._killed:
                raise SearchError("no trial can be run: the workers of this search have ended")
            self._kept.close()
            self._chatter = self._kept.enter_context(storage.scratch_file())
            temporary = self._kept.enter_context(storage.scratch())  # what a killed trial leaves goes with its folder
            self._child = subprocess.Popen(
                # Unbuffered, so that the last words are those of an error and not of an earlier print.
                [sys.executable, "-u", "-P", "-c", _PROGRAM, str(Path(edgerec.__file__).parents[1]), str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._chatter,
                env={**os.environ, **_ONE_THREAD, "TMPDIR": str(temporary)},
                text=True,
                encoding="utf-8",
                start_new_session=True,  # Ctrl-C is for the parent, which then ends it
            )
            return self._child

    def _ask(self, child: subprocess.Popen[str], question: Mapping[str, Any]) -> dict[str, Any]:
        line = ""
        if child.stdin is not None and child.stdout is not None:
            with suppress(BrokenPipeError):  # it died between two trials
                child.stdin.write(json.dumps(question) + "\n")
                child.stdin.flush()
                line = child.stdout.readline()
        if line.endswith("\n"):
            answer: dict[str, Any] = json.loads(line)
            return answer
        code = self._ended(child)
        killer = system.signal_name(code)
        how = f"killed by {killer}" if killer else f"ended with exit code {code} ({self._last_words()})"
        return {"died": how, "signal": killer is not None}

    def _ended(self, child: subprocess.Popen[str]) -> int:
        """Wait for the end of a process that is about to end, and give its exit code."""
        code, self._child = child.wait(), None
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        return code

    def _last_words(self) -> str:
        """Give the last line of standard error, where an uncaught error names itself."""
        if self._chatter is None:
            return "it said nothing"
        self._chatter.seek(0)
        lines = self._chatter.read().decode(errors="replace").strip().splitlines()
        return lines[-1].strip()[:300] if lines else "it said nothing"
