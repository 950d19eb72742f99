"""Targets by name in edgerec.toml."""

import pytest

from edgerec.config import parse_config
from edgerec.errors import EdgerecError
from edgerec.targets.setting import TargetSetting

FILE = """
[target]
runtime = "tflite-runtime==2.14.0"
calls = 100
[target.pi]
address = "ssh://pi@192.0.2.7"
runtime = "ai-edge-litert==2.1.6"
[target.phone]
address = "adb:R5CT"
threads = 2
"""


def test_a_named_target_says_what_is_its_own_and_takes_the_rest_from_all() -> None:
    target = parse_config(FILE).target
    assert list(target.named) == ["pi", "phone"]
    assert target.of("pi") == TargetSetting("ai-edge-litert==2.1.6", None, 100, "ssh://pi@192.0.2.7")
    assert target.of("phone") == TargetSetting("tflite-runtime==2.14.0", 2, 100, "adb:R5CT")


def test_what_has_no_name_there_is_its_own_address() -> None:
    assert parse_config(FILE).target.of("local") == TargetSetting("tflite-runtime==2.14.0", None, 100, "local")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[target.pi]\nthreads = 2\n", r"edgerec.toml:1: target.pi.address is missing; write address = "),
        ("[target.pi]\naddress = 3\n", r"edgerec.toml:2: target.pi.address is 3, expected a string"),
        ("[target.pi]\naddress = 'local'\nthread = 2\n", r"target.pi.thread is not known \(did you mean threads"),
        ("[target]\npi = 'ssh://pi'\n", r"edgerec.toml:2: target.pi is not known"),
        ("[target]\n'ssh://pi' = { address = 'x' }\n", r"edgerec.toml:2: a target is named 'ssh://pi', expected"),
        ("[target.pi]\naddress = 'x'\n[target.pi]\naddress = 'y'\n", r"edgerec.toml: not TOML: .*twice"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, message: str) -> None:
    with pytest.raises(EdgerecError, match=message):
        parse_config(text)
