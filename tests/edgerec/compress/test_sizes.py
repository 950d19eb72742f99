"""The size that every built-in recipe gives, so that a change of converter or of ours is noticed."""

import os
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from device_tests.bundle import deflated_bytes
from edgerec.compress import cache as step_cache
from edgerec.compress.candidate import Candidate
from edgerec.compress.conversion import Converter
from edgerec.compress.pipeline import Setting, compress
from edgerec.compress.recipe import built_in
from edgerec.compress.stage import Stage
from edgerec.data.interactions import Interactions
from edgerec.models.recommender import Recommender
from edgerec.models.session import versions

TABLE = tomllib.loads((Path(__file__).parent / "sizes.toml").read_text(encoding="utf-8"))
SEEN, SIZES = TABLE["seen_with"], TABLE["attention"]
BYTES_OFF = 64  # names of tensors and versions differ a little between converters
DEFLATED_OFF = 0.02

Made = Callable[[str], Candidate]


@pytest.fixture(scope="module")
def made(
    trained: Callable[[str], Recommender], interactions: Interactions, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Made]:
    """Compress the attention model by a recipe; what one process of the test run made is there for all of them."""
    base = tmp_path_factory.getbasetemp()
    home = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "sizes"
    setting = Setting(interactions, "tflite-runtime==2.14.0", seed=0)
    model = trained("attention")
    stage = Stage(step_cache.key("attention"), lambda: model)

    with Converter() as converter:

        def of(name: str) -> Candidate:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("EDGEREC_HOME", str(home))
                return compress(stage, built_in()[name], setting, converter)

        yield of


def test_the_table_has_every_built_in_recipe_and_no_other() -> None:
    assert set(SIZES) == set(built_in())


@pytest.mark.parametrize("name", sorted(built_in()))
def test_a_recipe_gives_the_size_that_it_gave(made: Made, name: str) -> None:
    tflite = made(name).tflite
    on_disk, deflated = SIZES[name]
    where = f"seen with {SEEN}, here {versions()}"
    assert (len(tflite), deflated_bytes(tflite)) == (
        pytest.approx(on_disk, abs=BYTES_OFF),
        pytest.approx(deflated, rel=DEFLATED_OFF),
    ), where


def test_the_built_in_recipes_are_smaller_than_float32_as_they_promise(made: Made) -> None:
    whole = made("float32").tflite
    for name in SIZES:
        if name != "float32":
            assert deflated_bytes(made(name).tflite) < deflated_bytes(whole), name
