"""Targets by name and by address, and the job that each is asked."""

from pathlib import Path

import pytest

from edgerec.config import parse_config
from edgerec.targets import environment
from edgerec.targets.asked import asked, in_every_runtime, report_names, target_named
from edgerec.targets.environment import RuntimeUnknownError
from edgerec.targets.job import Job
from edgerec.targets.local import Local
from edgerec.targets.setting import UNSAID, TargetSetting
from edgerec.targets.target import UnreachableError

LITERT = "ai-edge-litert==2.3.0"
NAMED = parse_config(
    f"[target]\ncalls = 7\n[target.desk]\naddress = 'local'\nruntime = '{LITERT}'\nthreads = 2\n"
).target
JOB = Job(Path("b.edgerec"), environment.parse("tflite-runtime==2.14.0"))


def test_what_a_flag_says_wins_over_the_named_target_and_that_over_all_targets() -> None:
    desk, local = asked(("desk", "local"), JOB, NAMED, UNSAID)
    assert (desk.name, desk.target) == ("desk", Local())
    assert (str(desk.job.runtime), desk.job.threads, desk.job.calls) == (LITERT, 2, 7)
    assert (str(local.job.runtime), local.job.threads, local.job.calls) == ("tflite-runtime==2.14.0", 1, 7)
    flags = TargetSetting("tflite-runtime==2.14.0", 3, 9)
    for one in asked(("desk", "local"), JOB, NAMED, flags):
        assert (str(one.job.runtime), one.job.threads, one.job.calls) == ("tflite-runtime==2.14.0", 3, 9)


def test_the_wheels_are_for_this_machine_whatever_its_name(tmp_path: Path) -> None:
    assert target_named("desk", NAMED, wheels=tmp_path) == Local(tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "dsk",
            r"There is no target 'dsk' \(did you mean desk\?\): edgerec.toml names desk, and an address begins with",
        ),
        ("locl", r"There is no target 'locl' \(did you mean local\?\)"),
        ("serial:ttyS0", r"There is no target 'serial:ttyS0'"),
    ],
)
def test_an_unknown_target_is_refused_with_those_that_there_are(name: str, message: str) -> None:
    with pytest.raises(UnreachableError, match=message):
        target_named(name, NAMED)


def test_two_targets_of_one_name_are_refused() -> None:
    with pytest.raises(UnreachableError, match="The target desk is given twice; it has one row and one report"):
        asked(("desk", "local", "desk"), JOB, NAMED, UNSAID)
    taken = parse_config("[target.local]\naddress = 'qemu:cortex-a72'\n").target
    with pytest.raises(UnreachableError, match=r"edgerec.toml names a target local, and local is one already"):
        target_named("local", taken)


def test_a_runtime_that_is_not_known_is_refused_by_the_target_that_asks_for_it() -> None:
    with pytest.raises(RuntimeUnknownError, match=r"ai-edge-litert==9\.9\.9"):
        asked(("desk",), JOB, UNSAID, TargetSetting("ai-edge-litert==9.9.9"))


def test_a_matrix_asks_every_target_in_every_runtime() -> None:
    pins = (environment.parse(LITERT), JOB.runtime)
    local, desk = asked(("local", "desk"), JOB, NAMED, UNSAID)
    assert [(one.label, one.job.runtime) for one in in_every_runtime((local, desk), pins)] == [
        (f"local {pins[0]}", pins[0]),
        (f"local {pins[1]}", pins[1]),
        (f"desk {pins[0]}", pins[0]),
        (f"desk {pins[1]}", pins[1]),
    ]


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("qemu:cortex-a72", "qemu-cortex-a72.report.json"),
        ("ssh://pi@192.0.2.7:22", "ssh-pi@192.0.2.7-22.report.json"),
        ("../../etc/x", "..-..-etc-x.report.json"),
    ],
)
def test_a_report_is_named_for_its_target_and_stays_in_its_folder(label: str, name: str) -> None:
    assert report_names((label,)) == {label: name}


def test_two_reports_never_share_a_file() -> None:
    with pytest.raises(UnreachableError, match=r"The reports of a:b and a/b would both be a-b.report.json: name one"):
        report_names(("a:b", "c", "a/b"))
