import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgerec.criteria import registry
from edgerec.criteria.criterion import saliency
from edgerec.criteria.errors import CriterionError
from edgerec.criteria.gradient import Fisher
from edgerec.criteria.share import Share
from edgerec.criteria.statistics import Statistics


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder on the path with another package's metadata and module."""
    (tmp_path / "other-1.0.dist-info").mkdir()
    (tmp_path / "other-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (tmp_path / "other_criterion.py").write_text(
        "from dataclasses import dataclass\n"
        "@dataclass(frozen=True)\n"
        "class First:\n"
        "    sign: int = 1\n"
        "    name: str = 'first'\n"
        "    needs: tuple = ()\n"
        "    grains: tuple = ('row',)\n"
        "    def score(self, weights, statistics, grain):\n"
        "        return self.sign * weights[:, 0]\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def adds(folder: Path, *lines: str) -> None:
    (folder / "other-1.0.dist-info" / "entry_points.txt").write_text("\n".join(["[edgerec.criteria]", *lines, ""]))


def test_every_criterion_knows_the_name_it_is_asked_for_by() -> None:
    for name in registry.CRITERIA:
        assert registry.criterion(name).name == name


def test_settings_go_to_the_criterion() -> None:
    assert registry.criterion("share", by="fisher", lowest=0.25, seed=4) == Share(Fisher(), 0.25, 4)


@pytest.mark.parametrize(
    ("name", "settings", "told"),
    [
        ("share", {"by": "fishr"}, r"no criterion 'fishr' \(did you mean fisher\?\)"),
        ("share", {"by": 3}, "share is by 3, expected the name of a criterion"),
        ("share", {"lowest": 1.5}, "lowest is 1.5, expected a share above 0"),
        ("share", {"lowest": "half"}, "criterion share got settings .*, and they do not fit it"),
        ("share", {"seed": -1}, "seed is -1, expected a whole number of at least 0"),
        ("random", {"seed": "1"}, "seed is '1', expected a whole number of at least 0"),
        ("random", {"name": "other"}, "criterion random got settings .*, and they do not fit it"),
        ("mutual_information", {"least_pairs": 0.5}, "least_pairs is 0.5, expected a whole number"),
        ("mutual_information", {"least_pairs": 0}, "least_pairs is 0, expected a whole number"),
    ],
)
def test_settings_that_do_not_fit_are_refused(name: str, settings: dict[str, Any], told: str) -> None:
    with pytest.raises(CriterionError, match=told):
        registry.criterion(name, **settings)


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(CriterionError, match=r"criterion random got settings {'sede': 1}, and they do not fit it"):
        registry.criterion("random", sede=1)


def test_another_packages_criterion_is_found_by_name(installed: Path) -> None:
    adds(installed, "first = other_criterion:First")
    assert registry.names() == (*registry.CRITERIA, "first")
    found = registry.criterion("first", sign=-1)
    assert saliency(found, np.array([[1.0, 2], [3, 4]]), Statistics(), "row").tolist() == [-1, -3]


def test_one_with_a_built_in_name_is_refused(installed: Path) -> None:
    adds(installed, "random = other_criterion:First")
    with pytest.raises(CriterionError, match=r"adds criterion random \(other_criterion:First\), and edgerec has one"):
        registry.names()


def test_one_that_cannot_be_loaded_is_refused(installed: Path) -> None:
    adds(installed, "first = other_criterion:Last")
    with pytest.raises(CriterionError, match="criterion first cannot be loaded from other_criterion:Last"):
        registry.criterion("first")


def test_an_unknown_name_is_answered_with_the_closest() -> None:
    with pytest.raises(CriterionError, match=r"no criterion 'magnitud' \(did you mean magnitude\?\)"):
        registry.criterion("magnitud")


def test_asking_for_a_criterion_imports_no_tensorflow() -> None:
    program = (
        "import sys\nfrom edgerec.criteria.registry import criterion\ncriterion('fisher')\n"
        "assert not {'tensorflow', 'tf_keras', 'scipy', 'sklearn'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
