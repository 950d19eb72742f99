from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from converters.tables.float32_rows import Float32Rows
from converters.tables.scorer import scorer_file
from device_tests import bundle as bundle_format
from device_tests.evaluation import EvaluationSet, Golden
from edgerec.adopting import AdoptingError, Adoption, adopt
from edgerec.config import DataSetting, InputSetting
from edgerec.data.errors import DataError
from edgerec.packing import Catalogue
from edgerec.targets import environment

BACKWARDS = tuple(f"i{item}" for item in reversed(range(40)))


@pytest.fixture
def given(tmp_path: Path) -> Adoption:
    """Say what belongs to the tiny .tflite; its vocabulary is in another order than the data's own."""
    rows = [f"u{user},i{(7 * user + 3 * step) % 40},{1000 + step}" for user in range(20) for step in range(6)]
    (tmp_path / "ratings.csv").write_text("\n".join(["user,item,time", *rows]) + "\n")
    return Adoption(
        name="mine",
        inputs=(InputSetting("history", "history", None, 40),),
        catalogue=Catalogue(BACKWARDS),
        k=5,
        runtime=environment.DEFAULT,
    )


@pytest.fixture
def model(tmp_path: Path, tiny_tflite: bytes) -> Path:
    (tmp_path / "tiny.tflite").write_bytes(tiny_tflite)
    return tmp_path / "tiny.tflite"


def test_without_data_a_bundle_has_no_proof(given: Adoption, model: Path, tmp_path: Path) -> None:
    packed = adopt(model, given, tmp_path / "out.edgerec")
    assert bundle_format.read(tmp_path / "out.edgerec").sha256 == packed.sha256
    assert {name for name in packed.members if name.startswith("proof/")} == {bundle_format.LINEAGE}
    assert packed.item_ids == BACKWARDS


def test_data_is_told_in_the_models_own_vocabulary(given: Adoption, model: Path, tmp_path: Path) -> None:
    data = DataSetting(tmp_path / "ratings.csv", candidates=3)
    packed = adopt(model, replace(given, data=data), tmp_path / "out.edgerec")
    evaluation = EvaluationSet.from_members(packed.members, packed.manifest)
    assert evaluation is not None
    assert evaluation.negatives is not None
    assert evaluation.negatives.shape == (20, 3)
    # u0 has taken i0, i3, i6, i9, i12 and then i15; row 39 of this vocabulary is i0.
    assert evaluation.inputs["history"][0].tolist() == [36, 33, 30, 27]
    assert evaluation.relevant[0].tolist() == [24]


def test_with_the_float32_file_golden_outputs_hold_in_the_runtime(given: Adoption, model: Path, tmp_path: Path) -> None:
    told: list[str] = []
    whole = replace(given, data=DataSetting(tmp_path / "ratings.csv"), float32=model)
    packed = adopt(model, whole, tmp_path / "out.edgerec", progress=told.append)
    golden = Golden.from_members(packed.members, packed.manifest, 20)
    assert golden is not None
    assert golden.float_top.shape == (20, 5)
    assert "proof/baseline_ranks.npy" in packed.members
    assert told[0] == f"split {tmp_path / 'ratings.csv'}"


def test_data_that_the_model_does_not_know_is_refused(given: Adoption, model: Path, tmp_path: Path) -> None:
    (tmp_path / "ratings.csv").write_text("user,item,time\nu,i1,1\nu,i99,2\nu,i2,3\n")
    with pytest.raises(
        AdoptingError, match=r"ratings.csv: 1 item ids of the data, such as 'i99', are not among the model's 40"
    ):
        adopt(model, replace(given, data=DataSetting(tmp_path / "ratings.csv")), tmp_path / "out.edgerec")
    assert not (tmp_path / "out.edgerec").exists()


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (99, "needs GATHER 99 in .*: it was asked for versions 1 to 20 only"),
        (7, "needs GATHER 7 .* versions 1 to 6 of it"),
    ],
)
def test_files_that_the_runtime_would_not_take_are_refused_by_name(
    given: Adoption, model: Path, tiny_model: object, version: int, message: str
) -> None:
    tmp_path = model.parent
    new = tmp_path / "new.tflite"
    new.write_bytes(tiny_model.tflite(gather_version=version))  # type: ignore[attr-defined]
    files = replace(given, data=DataSetting(tmp_path / "ratings.csv"), float32=new)
    for one in (new, model):  # the second time it is the float32 file that does not fit
        with pytest.raises(AdoptingError, match=rf"new\.tflite: .*{message}"):
            adopt(one, files, tmp_path / "out.edgerec")
    assert not (tmp_path / "out.edgerec").exists()


@pytest.fixture
def scorer(given: Adoption, tmp_path: Path) -> Adoption:
    """Say what belongs to a scorer of the 40 items, and write it and the vectors of the 20 users, u0 first."""
    random = np.random.default_rng(0)
    (tmp_path / "scorer.tflite").write_bytes(scorer_file(Float32Rows(random.normal(size=(40, 8)).astype(np.float32))))
    np.save(tmp_path / "vectors.npy", random.normal(size=(20, 8)).astype(np.float32))
    return replace(
        given,
        inputs=(InputSetting("vector", "vector"),),
        data=DataSetting(tmp_path / "ratings.csv"),
        vectors=tmp_path / "vectors.npy",
    )


@pytest.mark.parametrize("named", [False, True], ids=["users of the data", "users of a file"])
def test_vectors_are_of_the_users_in_the_order_of_their_ids_or_of_the_vocabulary(
    scorer: Adoption, tmp_path: Path, named: bool
) -> None:
    model, vectors = tmp_path / "scorer.tflite", np.load(tmp_path / "vectors.npy")
    users = tuple(f"u{user}" for user in range(20)) if named else tuple(sorted(f"u{user}" for user in range(20)))
    given = replace(scorer, catalogue=Catalogue(BACKWARDS, users if named else ()), float32=model)
    packed = adopt(model, given, tmp_path / "out.edgerec")
    evaluation = EvaluationSet.from_members(packed.members, packed.manifest)
    assert evaluation is not None
    assert bundle_format.USERS not in packed.members
    # u10 has taken i30, i33, i36, i39, i2 and then i5; row 39 of this vocabulary is i0.
    assert evaluation.relevant[users.index("u10")].tolist() == [34]
    assert evaluation.inputs["vector"].tobytes() == vectors.tobytes()
    assert "proof/golden_float_top.npy" in packed.members


def test_vectors_that_do_not_belong_are_refused(scorer: Adoption, model: Path, tmp_path: Path) -> None:
    history = (InputSetting("history", "history", None, 40),)
    np.save(tmp_path / "few.npy", np.ones((19, 8), np.float32))
    np.save(tmp_path / "narrow.npy", np.ones((20, 7), np.float32))
    own = tmp_path / "scorer.tflite"
    for path, given, error, message in (
        (
            model,
            replace(scorer, inputs=history),
            AdoptingError,
            "was given, and no input is of role vector",
        ),
        (own, replace(scorer, data=None), AdoptingError, "vectors.npy was given without interactions to judge with"),
        (
            own,
            replace(scorer, vectors=None),
            AdoptingError,
            "is a vector, which .*ratings.csv does not tell; give",
        ),
        (own, replace(scorer, vectors=tmp_path / "few.npy"), DataError, r"shape \[19, 8\], expected .* \[20, 8\]"),
        (own, replace(scorer, vectors=tmp_path / "narrow.npy"), DataError, r"shape \[20, 7\], expected .* \[20, 8\]"),
        (own, replace(scorer, vectors=tmp_path / "ratings.csv"), DataError, "ratings.csv: no .npy file of numbers"),
    ):
        with pytest.raises(error, match=message):
            adopt(path, given, tmp_path / "out.edgerec")
    assert not (tmp_path / "out.edgerec").exists()


def test_a_scorer_without_data_is_a_bundle_without_proof(scorer: Adoption, tmp_path: Path) -> None:
    packed = adopt(tmp_path / "scorer.tflite", replace(scorer, data=None, vectors=None), tmp_path / "out.edgerec")
    assert [(one.role, one.length) for one in packed.manifest.inputs] == [("vector", 8)]
