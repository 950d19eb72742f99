"""Conditions: what spoils a measurement is said, and what does not is not."""

from dataclasses import replace

import pytest

from device_tests.conditions import Conditions, Moment, warnings

QUIET = Moment("before", 0, "performance", 1_500_000, 45.0, False, 0, 0.2, 1 << 30)
TOTAL = 4 << 30


def seen(*moments: Moment) -> list[str]:
    return warnings(Conditions(moments), 4, TOTAL)


def during(**said: object) -> Moment:
    return replace(QUIET, phase="latency", **said)


def test_a_quiet_machine_is_not_warned_of_and_neither_is_one_that_tells_nothing() -> None:
    assert seen(QUIET, during(), QUIET) == []
    silent = Moment("before", 0, None, None, None, None, None, None, None)
    assert warnings(Conditions((silent, silent)), 4, None) == []


@pytest.mark.parametrize(
    ("before", "later", "said"),
    [
        ({"load": 2.5}, {}, "the machine was not quiet: load average 2.50 on 4 cores"),
        ({"governor": "powersave"}, {}, "the CPU frequency governor is powersave: times vary with the clock"),
        ({"available_bytes": 100 << 20}, {}, "only 100 MiB of memory were free: pages may have gone to disk"),
        ({}, {"under_voltage": True}, "the supply voltage was too low"),
        ({}, {"throttled": 1}, "the supply voltage was too low"),
        ({}, {"throttled": 1 << 16}, "the supply voltage was too low"),
        ({}, {"throttled": 1 << 2}, "the board held its clock down during the run"),
        ({}, {"throttled": 1 << 17}, "the board held its clock down during the run"),
        ({}, {"temperature_c": 82.4}, "the CPU was at 82 degrees C, where it may slow itself down"),
    ],
)
def test_what_spoils_times_is_said_in_one_sentence(
    before: dict[str, object], later: dict[str, object], said: str
) -> None:
    (found,) = seen(replace(QUIET, **before), during(**later))
    assert found.startswith(said)


def test_what_happened_since_boot_but_before_the_run_spoils_nothing() -> None:
    bits = 0b1111 << 16
    assert seen(replace(QUIET, throttled=bits), during(throttled=bits)) == []


def test_a_clock_that_moved_is_said_only_of_the_calls_that_were_timed() -> None:
    assert seen(replace(QUIET, frequency_khz=600_000), during(), during()) == []
    (found,) = seen(QUIET, during(frequency_khz=600_000), during())
    assert found == "the clock moved between 600 and 1500 MHz while calls were timed"
    assert seen(QUIET, during(frequency_khz=1_400_000), during()) == []
