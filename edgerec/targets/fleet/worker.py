"""The process that asks the targets of one device in turn: pickled questions come in, progress and answers go out."""

import os
import pickle
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock, Thread, main_thread

from converters.errors import ConverterError
from device_tests.errors import HarnessError
from edgerec.errors import EdgerecError
from edgerec.progress import Progress
from edgerec.targets.job import Job, Ran
from edgerec.targets.target import RunError, Target
from edgerec.targets.turns import in_turn

_TOLD = (EdgerecError, HarnessError, ConverterError, OSError)


@dataclass(frozen=True, eq=False)
class Answer:
    """What a run gave, or None, the sentence that says why, and whether the harness had begun."""

    ran: Ran | None
    why: str = ""
    began: bool = True


def main() -> None:
    """Answer the questions of standard input one after another; when that ends, unwind whatever is being done."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)  # who starts a program in the background may ignore them
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a target prints is no answer
    questions = pickle.load(sys.stdin.buffer)  # noqa: S301  from the process that started this one
    Thread(target=_interrupt_at_end, daemon=True).start()
    writing = Lock()

    def put(value: str | Answer) -> None:
        with writing:
            pickle.dump(value, answers)
            answers.flush()

    with suppress(KeyboardInterrupt, BrokenPipeError):  # nobody listens any more
        for one in questions:
            target, job = pickle.loads(one)  # noqa: S301  as above
            put(_answer(target, job, put))
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _answer(target: Target, job: Job, progress: Progress) -> Answer:
    try:
        return Answer(in_turn(target, job, progress=progress))
    except _TOLD as error:
        return Answer(None, str(error), began=isinstance(error, RunError))


def _interrupt_at_end() -> None:
    """Interrupt the main thread as Ctrl-C would, once the process at the other end has closed its side or is gone."""
    while os.read(0, 1):
        pass
    if sys.platform == "win32":
        signal.raise_signal(signal.SIGINT)
    else:
        signal.pthread_kill(main_thread().ident or 0, signal.SIGINT)
