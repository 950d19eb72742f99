"""Targets by name: a scheme and what comes after it."""

import pytest

from edgerec.targets.local import Local
from edgerec.targets.naming import target_of
from edgerec.targets.target import UnreachableError


def test_this_machine_is_a_word_of_its_own() -> None:
    assert target_of("local") == Local()
    with pytest.raises(UnreachableError, match="takes nothing after it, got 'pi': write local"):
        target_of("local:pi")


def test_a_scheme_that_is_none_is_refused_with_the_closest() -> None:
    with pytest.raises(UnreachableError, match=r"no target 'sssh'.*ssh.*adb"):
        target_of("sssh://pi@board")
