"""All that is known of one file: what it says itself, and what its own reports measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from converters.anatomy import Anatomy, anatomy
from device_tests.report import DeviceReport
from edgerec.gate.budget import Limit
from edgerec.gate.from_contract import contract_readings
from edgerec.gate.from_file import read_amount
from edgerec.gate.from_reports import Expected, Measured, measured_amounts
from edgerec.gate.limit_kind import CONTRACT
from edgerec.model_file import ModelFile


@dataclass(frozen=True)
class Evidence:
    """A file, the reports that are of it by name, and where figures have to be measured to prove a limit."""

    file: ModelFile
    reports: Mapping[str, DeviceReport]
    expected: Expected

    @cached_property
    def inside(self) -> Anatomy:
        """The tensors and ops of the .tflite."""
        return anatomy(self.file.tflite)

    def of(self, limit: Limit) -> tuple[Measured, ...]:
        """Give what there is for a limit: one reading of the file, or of reports one for each machine that counts.

        Of the contract it is one for each finding that breaks it.
        """
        if limit.name == CONTRACT:
            found = contract_readings(self.file, self.reports.values(), self.expected)
            return tuple(Measured(one, as_asked=True) for one in found)
        if limit.kind.evidence == "file":
            return (Measured(read_amount(limit.name, self.file, self.inside), as_asked=True),)
        return measured_amounts(limit, self.file, self.reports, self.expected)
