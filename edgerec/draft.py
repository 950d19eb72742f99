"""Members of a bundle that is not written yet, asked in a runtime."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from device_tests import bundle
from device_tests.evaluation import from_npy
from device_tests.ranking import Ids
from device_tests.report import DeviceReport
from edgerec import storage
from edgerec.progress import Progress, silent
from edgerec.targets import local
from edgerec.targets.environment import RuntimePin
from edgerec.targets.job import LISTS, Job


def ask(
    members: Mapping[str, bytes], runtime: RuntimePin, phases: Sequence[str], *, progress: Progress = silent
) -> DeviceReport:
    """Run some phases of the harness on the members and give its report; nothing of the bundle stays."""
    with storage.scratch() as folder:
        return local.run(Job(_written(members, folder), runtime, only=tuple(phases)), progress=progress).report


def lists(
    members: Mapping[str, bytes], runtime: RuntimePin, k: int | None = None, *, progress: Progress = silent
) -> Ids:
    """Give every evaluation user's k best as the runtime ranks them, int32 [users, k]; k is the bundle's when None."""
    return ranked(members, runtime, k, progress=progress)[1]


def ranked(
    members: Mapping[str, bytes], runtime: RuntimePin, k: int | None = None, *, progress: Progress = silent
) -> tuple[DeviceReport, Ids]:
    """Give the report of the quality phase, and the lists that `lists` gives."""
    with storage.scratch() as folder:
        job = Job(_written(members, folder), runtime, only=("quality",), k=k, lists=True)
        ran = local.run(job, progress=progress)
        return ran.report, from_npy(ran.lists or b"", LISTS, "<i4", (None, None)).view(np.int32)


def _written(members: Mapping[str, bytes], folder: Path) -> Path:
    path = folder / "draft.edgerec"
    bundle.write(path, members)
    return path
