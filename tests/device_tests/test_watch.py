"""The watch: a moment whenever it is told to look, read from the system under its root."""

from pathlib import Path

from device_tests.watch import Watch


def test_each_look_is_a_moment_of_what_the_system_says_then(tmp_path: Path) -> None:
    zone = tmp_path / "sys/class/thermal/thermal_zone0/temp"
    zone.parent.mkdir(parents=True)
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/loadavg").write_text("0.50 0 0\n")
    watch = Watch(tmp_path)
    for phase, degrees in (("before", 40_000), ("latency", 61_500), ("after", 55_000)):
        zone.write_text(str(degrees))
        watch.look(phase)
    found = watch.conditions()
    assert [(moment.phase, moment.temperature_c) for moment in found.moments] == [
        ("before", 40.0), ("latency", 61.5), ("after", 55.0)
    ]  # fmt: skip
    assert (found.before.load, found.after.available_bytes) == (0.5, None)
    times = [moment.at_ns for moment in found.moments]
    assert times == sorted(times)
    assert found.screen is None
