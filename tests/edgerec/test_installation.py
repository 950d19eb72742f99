from pathlib import Path

import pytest

from edgerec import installation
from edgerec.report.installation_text import installation_json, installation_text, runtimes_text
from edgerec.targets import architecture, environment


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGEREC_HOME", str(tmp_path))
    return tmp_path


def test_a_runtime_is_ready_to_be_made_or_not_to_be_had(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, *_ = environment.known()
    monkeypatch.setattr(environment, "made", lambda pin: home / "there" if pin == first else None)
    monkeypatch.setattr(environment, "available", lambda pin: pin == first)
    monkeypatch.setattr(architecture, "here", lambda: None)  # else the capsule stands in for it
    ready, refused, *_ = installation.runtimes()
    assert (ready.name, ready.environment, ready.hindrance) == (str(first), str(home / "there"), None)
    assert refused.environment is None
    assert refused.hindrance is not None
    assert f"{second} has no wheel for " in refused.hindrance
    text = runtimes_text((ready, refused))
    assert f"ready in {home / 'there'}" in text
    assert f"not to be had: {second} has no wheel for " in text


def test_no_environment_is_made_by_looking(home: Path) -> None:
    assert all(one.environment is None for one in installation.runtimes())
    assert [one.name for one in installation.runtimes() if one.default] == [str(environment.DEFAULT)]
    assert list(home.iterdir()) == []


def test_what_is_missing_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "COMPRESS", ("numpy", "no-such-distribution", "another"))
    here = installation.look()
    assert installation.missing_to_compress() == "no-such-distribution"
    assert not here.can_compress
    assert "to compress and convert: not all there: pip install 'edgerec[compress]'" in installation_text(here)
    assert installation_json(here)["can_compress"] is False
    monkeypatch.setattr(installation, "COMPRESS", ("numpy",))
    assert installation.missing_to_compress() is None
