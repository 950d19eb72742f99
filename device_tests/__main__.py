"""`python -m device_tests BUNDLE_OR_TFLITE --report OUT.json`: run the harness here and write its report."""

from __future__ import annotations

import argparse
import importlib.util
import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Optional

from device_tests import report
from device_tests.errors import HarnessError, ReportError, RuntimeUnavailable
from device_tests.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

REFUSED = 2
MAX_CALLS = 1_000_000
INTERRUPTED = 130


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(REFUSED, f"error: {message}\n")


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run and return the exit code: 0 with the report written, 2 with one sentence on stderr."""
    asked = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        (_probe if asked.probe else _run)(asked)
    except KeyboardInterrupt:
        _say("error: interrupted; nothing was written")
        return INTERRUPTED
    except HarnessError as why:
        _say(f"error: {why}")
        return REFUSED
    return 0


def _probe(asked: argparse.Namespace) -> None:
    _refuse_without_numpy()
    from device_tests import probe  # noqa: PLC0415 -- only now is there a numpy to import

    said = probe.probe(asked.file, asked.runtime, lambda phase: _say(f"phase {phase}"))
    write_whole(asked.report, json.dumps(said).encode(), ReportError)


def _run(asked: argparse.Namespace) -> None:
    _refuse_without_numpy()
    from device_tests import harness  # noqa: PLC0415 -- only now is there a numpy to import
    from device_tests.evaluation import to_npy  # noqa: PLC0415
    from device_tests.settings import Settings  # noqa: PLC0415

    settings = Settings(
        path=asked.file,
        threads=asked.threads,
        calls=asked.calls,
        k=asked.k,
        only=tuple(asked.only),
        runtime=asked.runtime,
        limits=dict(asked.limits),
        provenance=asked.provenance,
        users=asked.users,
        meter=asked.meter,
        ids=asked.ids,
        trace=asked.trace,
        weight_cache=asked.weight_cache,
        sustained_s=asked.sustained,
    )
    outcome = harness.run(settings, lambda phase: _say(f"phase {phase}"))
    broken = outcome.report.golden is not None and not outcome.report.golden.held
    if asked.lists is not None and outcome.lists is None and not broken:
        raise ReportError("there are no lists to write: quality was not measured")
    if asked.scores is not None and outcome.scores is None:
        raise ReportError("there are no scores to write: golden outputs were not replayed")
    for path, array in ((asked.lists, outcome.lists), (asked.scores, outcome.scores)):
        if path is not None and array is not None:
            write_whole(path, to_npy(array), ReportError)
    report.write(asked.report, outcome.report)


def _refuse_without_numpy() -> None:
    if importlib.util.find_spec("numpy") is None:
        raise RuntimeUnavailable("this Python has no numpy: run pip install numpy")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="device_tests", description="Prove and measure a recommender in the runtime installed here.")
    parser.add_argument("file", type=Path, metavar="BUNDLE_OR_TFLITE", help="a bundle, or a bare .tflite")
    parser.add_argument("--report", type=Path, required=True, metavar="OUT.json", help="where the report goes")
    parser.add_argument("--threads", type=_at_least_one, default=1, metavar="N", help="threads of the runtime (1)")
    parser.add_argument("--calls", type=_calls, default=500, metavar="N", help="warm calls (500)")
    parser.add_argument("--k", type=_at_least_one, metavar="K", help="length of the lists (the bundle's own)")
    parser.add_argument(
        "--only", type=_names, default=[], metavar="PHASES", help="of counts,memory,latency,golden,quality"
    )
    parser.add_argument("--runtime", metavar="NAME", help="tflite-runtime or ai-edge-litert (the first that is there)")
    parser.add_argument(
        "--limits",
        type=_limit,
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=IDS",
        help="ids of a bare .tflite",
    )
    parser.add_argument("--lists", type=Path, metavar="OUT.npy", help="every evaluation user's top k, int32")
    parser.add_argument("--scores", type=Path, metavar="OUT.npy", help="scores of the decoded golden users, float32")
    parser.add_argument("--users", type=_at_least_one, metavar="N", help="of the users, for quality (all)")
    parser.add_argument("--meter", type=Path, metavar="FILE", help="where an emulator's plugin writes its counts")
    parser.add_argument("--ids", metavar="NAME", help="eval, uniform, zipf or trace (the bundle's eval set)")
    parser.add_argument("--trace", type=Path, metavar="FILE", help="a .npy or text of ids, one call a row")
    parser.add_argument("--weight-cache", action="store_true", help="with LiteRT's cache of packed weights")
    parser.add_argument("--sustained", type=_at_least_one, metavar="SECONDS", help="call for so long without a pause")
    parser.add_argument("--probe", action="store_true", help="the file is an archive of probes: ask the runtime them")
    parser.add_argument("--provenance", choices=("measured", "emulated"), default="measured", help="(measured)")
    return parser


def _at_least_one(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"should be a whole number of at least 1, not {text!r}")
    return number


def _calls(text: str) -> int:
    number = _at_least_one(text)
    if number > MAX_CALLS:
        raise argparse.ArgumentTypeError(f"should be at most {MAX_CALLS}, since every call is kept, not {text!r}")
    return number


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _limit(text: str) -> tuple[str, int]:
    name, _, ids = text.rpartition("=")
    if not name:
        raise argparse.ArgumentTypeError(f"should read NAME=IDS, like history=2415, not {text!r}")
    return name, _at_least_one(ids)


def _interrupt(_number: int, _frame: Any) -> NoReturn:
    raise KeyboardInterrupt


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
