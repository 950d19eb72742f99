"""The process that runs trials: a factory and its context come in, then trials, as JSON lines; outcomes go out.

The first line is ``{"factory": "module:function", "context": {...}}``, answered with ``{"ready": true}``; each other is
``{"number": N, "choices": {...}}``, answered with ``{"outcome": {...}}``. Instead of either comes ``{"refused":
SENTENCE}``. What trials print goes to standard error.
"""

import json
import os
import sys
from importlib import import_module
from typing import Any, TextIO

from converters.errors import ConverterError
from converters.lifetime import end_with
from device_tests import record
from device_tests.errors import HarnessError
from edgerec.errors import EdgerecError
from edgerec.search.errors import SearchError
from edgerec.search.trial import Run, Trial

_TOLD = (EdgerecError, ConverterError, HarnessError)


def main(parent: int) -> None:
    """Answer lines until standard input ends, or until the process `parent` is gone, whatever ended it."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    end_with(parent)
    serve(sys.stdin, answers)


def serve(lines: TextIO, answers: TextIO) -> None:
    """Give one answer line for every line."""
    run: Run | None = None
    for line in lines:
        asked = json.loads(line)
        try:
            if run is None:
                run = made(asked["factory"], asked["context"])
                answer: dict[str, Any] = {"ready": True}
            else:
                answer = {"outcome": record.to_json(run(Trial(asked["number"], asked["choices"])))}
        except _TOLD as error:
            answer = {"refused": str(error)}
        answers.write(json.dumps(answer, allow_nan=False) + "\n")
        answers.flush()


def made(factory: str, context: Any) -> Run:
    """Give what the factory makes of its context. Raises SearchError where there is no such factory."""
    module, _, name = factory.partition(":")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise SearchError(f'{factory} cannot be had: {error}; expected "module:function" of an installed one') from None
    run: Run = found(context)
    return run
