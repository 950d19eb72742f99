"""Which wheels a capsule takes from the locks of the runtimes."""

from pathlib import Path

import pytest

from edgerec.targets import environment
from edgerec.targets.architecture import KNOWN
from edgerec.targets.capsules import wheels as capsule_wheels
from edgerec.targets.environment import RuntimeUnavailableError

LITERTS = [pin for pin in environment.known() if pin.name == "ai-edge-litert"]


@pytest.mark.parametrize("pin", environment.known(), ids=str)
@pytest.mark.parametrize("architecture", ["aarch64", "x86_64"])
def test_every_runtime_has_a_wheel_for_64_bits(pin: environment.RuntimePin, architecture: str) -> None:
    wheels = capsule_wheels.wheels_of(pin, KNOWN[architecture])
    assert "numpy" not in wheels
    own = wheels[pin.name.replace("-", "_")]
    assert f"-{pin.version}-cp311-cp311-" in own
    assert own.endswith(f"_{architecture}.whl")


def test_armv7_has_the_one_runtime_and_others_are_refused_with_it() -> None:
    assert capsule_wheels.wheels_of(environment.PREFERRED, KNOWN["armv7"]) == {
        "tflite_runtime": "tflite_runtime-2.14.0-cp311-cp311-manylinux_2_34_armv7l.whl"
    }
    for pin in LITERTS:
        with pytest.raises(RuntimeUnavailableError) as refused:
            capsule_wheels.wheels_of(pin, KNOWN["armv7"])
        assert str(refused.value) == f"{pin} has no wheel for armv7; use tflite-runtime==2.14.0."


def test_the_part_of_a_lock_is_what_pip_reads_of_some_distributions() -> None:
    pin = environment.PREFERRED
    both = environment.lock_of(pin, ("tflite_runtime", "numpy"))
    one = environment.lock_of(pin, ("tflite_runtime",))
    assert both.split() == pin.lock.read_text().split()
    assert one.count("==") == 1
    assert "tflite-runtime==2.14.0 \\" in one
    assert one.count("--hash=sha256:") == one.count("# tflite_runtime-")


def test_wheels_that_cannot_be_fetched_are_told_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("PIP_NO_INDEX", "1"), ("PIP_FIND_LINKS", str(tmp_path))):
        monkeypatch.setenv(name, value)
    with pytest.raises(RuntimeUnavailableError, match=r"^pip could not fetch .* for armv7: .*\. Give --from a capsule"):
        capsule_wheels.fetch(environment.PREFERRED, KNOWN["armv7"], tmp_path / "wheels")
