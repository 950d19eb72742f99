import hashlib

import pytest

from edgerec.compress.candidate import Candidate, StepGain
from edgerec.compress.finding import find


@pytest.mark.parametrize(
    ("on_disk", "deflated", "smaller"), [(99, 100, True), (100, 99, True), (101, 99, True), (100, 100, False)]
)
def test_a_step_gains_on_disk_or_as_a_download(on_disk: int, deflated: int, *, smaller: bool) -> None:
    assert StepGain("prune", 100, on_disk, 100, deflated).smaller is smaller


def test_a_candidate_is_known_by_the_bytes_of_its_file() -> None:
    made = Candidate("gru", find("int8"), b"a file", (), {})
    assert made.sha256 == hashlib.sha256(b"a file").hexdigest()
