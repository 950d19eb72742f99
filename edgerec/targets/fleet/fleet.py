"""Several targets asked at once: those on one device take turns, and one that fails costs no other its report."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread

from edgerec.errors import EdgerecError
from edgerec.progress import Progress, silent
from edgerec.targets.fleet.process import FleetProcess, question
from edgerec.targets.job import Job, Ran
from edgerec.targets.target import Target


@dataclass(frozen=True)
class Member:
    """A target by the name that it was asked for, and the job that it is asked, one of several where `by_runtime`."""

    name: str
    target: Target
    job: Job
    by_runtime: bool = False

    @property
    def label(self) -> str:
        """Give what its row and its report are called."""
        return f"{self.name} {self.job.runtime}" if self.by_runtime else self.name


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of a member: what its run gave, or None and the sentence that says why.

    `began` is false where the target, or the runtime on it, could not be had at all.
    """

    member: Member
    ran: Ran | None
    why: str = ""
    began: bool = True


def outcomes(members: Sequence[Member], *, progress: Progress = silent) -> Generator[Outcome, None, None]:
    """Run every member and give each outcome as it comes: devices side by side, the members of one in their order.

    Each device has a process of its own, which ends with this iterator or this process and unwinds then, so that it
    leaves nothing of its run behind. Targets have to be picklable. `progress` lines begin with the label.
    """
    by_device: dict[str, list[tuple[Member, bytes]]] = {}
    for member in members:
        asked = member, question(member.target, member.job)
        by_device.setdefault(member.target.device, []).append(asked)
    came: SimpleQueue[Outcome] = SimpleQueue()
    processes = [FleetProcess() for _ in by_device]
    followers = [
        Thread(target=_follow, args=(process, group, came, progress))
        for process, group in zip(processes, by_device.values(), strict=True)
    ]
    try:
        for follower in followers:
            follower.start()
        for _ in members:
            yield came.get()
    finally:
        for process in processes:
            process.stop()
        for process in processes:
            process.wait()


def _follow(
    process: FleetProcess,
    group: Sequence[tuple[Member, bytes]],
    came: "SimpleQueue[Outcome]",
    progress: Progress,
) -> None:
    """Put one outcome a member of a device into the queue; a process that dies fails the one that it was at."""
    left = list(group)

    def tell(line: str) -> None:
        progress(f"{left[0][0].label}: {line}")

    while left:
        try:
            for answer in process.answers([asked for _, asked in left], tell):
                came.put(Outcome(left.pop(0)[0], answer.ran, answer.why, answer.began))
            why = process.last_words
        except (OSError, EdgerecError) as error:  # the process cannot be started
            why = str(error)
        if left:
            came.put(Outcome(left.pop(0)[0], None, why, began=False))
