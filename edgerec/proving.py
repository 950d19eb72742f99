"""Members of a bundle that is not written yet, asked in the runtime that they are for."""

from collections.abc import Mapping, Sequence

import numpy as np

from device_tests import bundle
from device_tests.evaluation import Baseline
from device_tests.report import DeviceReport
from edgerec import storage
from edgerec.errors import EdgerecError
from edgerec.progress import Progress, silent
from edgerec.targets import local
from edgerec.targets.environment import RuntimePin


class NotProvedError(EdgerecError):
    """A bundle that does not answer as it should in the runtime that it was made for."""

    exit_code = 1


def replay(members: Mapping[str, bytes], runtime: RuntimePin, what: str, *, progress: Progress = silent) -> None:
    """Replay the golden outputs of `what`; raises NotProvedError when the runtime does not answer as they say."""
    report = _asked(members, runtime, ("golden",), progress)
    if report.golden is None or not report.golden.held:
        reason = report.golden.reason if report.golden else "the harness reported no golden result"
        raise NotProvedError(f"{what} does not hold in {runtime}, so nothing was written: {reason}")


def baseline(members: Mapping[str, bytes], runtime: RuntimePin, *, progress: Progress = silent) -> Baseline:
    """Measure where a float32 model ranks the held-out items; raises NotProvedError when the runtime does not say."""
    report = _asked(members, runtime, ("quality",), progress)
    if report.quality is None:
        raise NotProvedError(f"the harness reported no quality of the float32 model in {runtime}")
    return Baseline(np.array(report.quality.ranks, np.int32))


def _asked(
    members: Mapping[str, bytes], runtime: RuntimePin, phases: Sequence[str], progress: Progress
) -> DeviceReport:
    with storage.scratch() as folder:
        draft = folder / "draft.edgerec"
        bundle.write(draft, members)
        return local.run(draft, runtime=runtime, only=phases, progress=progress)
