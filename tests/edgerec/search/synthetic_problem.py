"""A synthetic problem with a known optimum, as workers import it: bits and rows of two tables, no model."""

import os
import signal
from pathlib import Path
from typing import Any

from edgerec.search.errors import SearchError
from edgerec.search.trial import Outcome, Run, Trial

COST = {"int8": 8, "int4": 4, "int2": 2, "codes": 1}
LOSS = {"int8": 0.0, "int4": 0.01, "int2": 0.08, "codes": 0.05}


def outcome(choices: Any) -> Outcome:
    """Fewer bits and rows are smaller and worse; `users` loses twice as much as `items`."""
    share = choices["rows"]
    size = round(1000 * share * (COST[choices["items"]] + COST[choices["users"]]))
    lost = LOSS[choices["items"]] + 2 * LOSS[choices["users"]] + 0.2 * (1 - share)
    return Outcome(size, size + 100, {"recall": 0.11 - lost, "tail": 0.15 - lost * 1.2}, {"lost": lost})


def pure(context: Any) -> Run:
    """Give what the choices say, and a line for each run in the file `runs`, where it is named."""

    def run(trial: Trial) -> Outcome:
        if "runs" in context:
            with Path(context["runs"]).open("a") as file:
                file.write(f"{trial.number}\n")
        print("what a trial prints is not an answer")  # noqa: T201
        return outcome(trial.choices)

    return run


def faulty(context: Any) -> Run:
    """Refuse, raise or die in the trials whose numbers are named; `once` is a file that remembers a death."""

    def run(trial: Trial) -> Outcome:
        match context.get(str(trial.number)):
            case "refuse":
                raise SearchError("int2 needs LiteRT")
            case "raise":
                raise ZeroDivisionError("a bug")
            case "die":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "die once" if not Path(context["once"]).exists():
                Path(context["once"]).touch()
                os.kill(os.getpid(), signal.SIGKILL)
        return outcome(trial.choices)

    return run


def tables(context: Any) -> Run:
    """Give the outcome of named tables, each in a codec or left."""
    size = {"items": 3000, "users": 1000}

    def run(trial: Trial) -> Outcome:
        coded = {name: codec for name, codec in trial.choices.items() if codec != "float32"}
        if "broken" in coded.values():
            raise SearchError("that codec is broken")
        saved = sum(size[name] // 2 for name in coded)
        lost = sum({"items": 0.25, "users": 0.125}[name] for name in coded)
        return Outcome(8000 - saved, 9000 - saved, {"recall": 0.5 - lost}, {})

    return run


def unusable(context: Any) -> Run:
    """Refuse to make anything."""
    raise SearchError(f"no model at {context['path']}")


def endless(context: Any) -> Run:
    """Answer the first trial and never another."""

    def run(trial: Trial) -> Outcome:
        if trial.number:
            signal.pause()
        return outcome(trial.choices)

    return run


def threads(context: Any) -> Run:
    """Give how many threads a worker may sum with."""

    def run(trial: Trial) -> Outcome:
        return Outcome(
            1, 1, {}, {name: float(os.environ[name]) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
        )

    return run


def killing(context: Any) -> Run:
    """Kill the search that asks for the trial `at`, the first time."""

    def run(trial: Trial) -> Outcome:
        once = Path(context["once"])
        if trial.number == context["at"] and not once.exists():
            once.touch()
            os.kill(os.getppid(), signal.SIGKILL)
            signal.pause()
        return outcome(trial.choices)

    return run
