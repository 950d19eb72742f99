"""A phone that is open: a remote device whose battery, heat and screen are looked at before and after a run."""

from contextlib import suppress
from dataclasses import dataclass, replace

from edgerec.progress import Progress, silent
from edgerec.targets.adb.android import PhoneConditions, phone_conditions, warnings
from edgerec.targets.job import Job, Ran
from edgerec.targets.remote.device import RemoteDevice
from edgerec.targets.shell import Shell
from edgerec.targets.target import UnreachableError


@dataclass(frozen=True)
class Phone:
    """A remote device that runs Android."""

    device: RemoteDevice

    @property
    def shell(self) -> Shell:
        """Its command line."""
        return self.device.shell

    def run(self, job: Job, *, progress: Progress = silent) -> Ran:
        """Run the harness as any remote device does, and add to its report what only Android says of the phone.

        That is whether the screen was on, and where times were taken a warning of each thing that slows phones down.
        Raises RunError, UnreachableError.
        """
        before = self._conditions()
        ran = self.device.run(job, progress=progress)
        seen = [each for each in (before, self._conditions()) if each is not None]
        report = ran.report
        if before is not None and before.screen_on is not None and report.conditions is not None:
            screen = "on" if before.screen_on else "off"
            report = replace(report, conditions=replace(report.conditions, screen=screen))
        if report.latency is not None:
            told = dict.fromkeys(text for each in seen for text in warnings(each))
            report = replace(report, warnings=(*report.warnings, *told))
        return replace(ran, report=report)

    def _conditions(self) -> PhoneConditions | None:
        with suppress(UnreachableError):  # a phone that went away after the run has given its report all the same
            return phone_conditions(self.shell)
        return None
