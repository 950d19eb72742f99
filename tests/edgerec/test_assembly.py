"""What flags and edgerec.toml come to, as far as no model has to be built for it."""

from dataclasses import replace
from pathlib import Path

import pytest

from edgerec import assembly
from edgerec.assembly import Asked, AssemblyError
from edgerec.config import Config, DataSetting, HoldoutSetting, ModelSetting, TargetSetting, parse_config
from edgerec.errors import EdgerecError
from edgerec.targets import environment
from edgerec.targets.environment import RuntimeUnknownError

WRITTEN = Config(
    model=ModelSetting(Path("written.keras"), name="mine", k=7),
    data=DataSetting(Path("written.csv"), holdout=HoldoutSetting("last_n", 2), seed=5),
    target=TargetSetting("ai-edge-litert==2.3.0"),
)


def test_flags_win_over_the_file_and_leave_the_rest_of_it() -> None:
    asked = Asked(model=Path("given.keras"), data="given.csv", runtime="tflite-runtime==2.14.0")
    assert assembly.model_setting(WRITTEN, asked) == replace(WRITTEN.model, path=Path("given.keras"))  # type: ignore[type-var]
    assert assembly.data_setting(WRITTEN, asked) == replace(WRITTEN.data, path=Path("given.csv"))  # type: ignore[type-var]
    assert assembly.runtime(WRITTEN, asked) == "tflite-runtime==2.14.0"


def test_without_flags_the_file_says_it_and_without_both_the_default() -> None:
    assert assembly.model_setting(WRITTEN, Asked()) == WRITTEN.model
    assert assembly.data_setting(WRITTEN, Asked()) == WRITTEN.data
    assert assembly.runtime(WRITTEN, Asked()) == "ai-edge-litert==2.3.0"
    assert assembly.runtime(Config(), Asked()) == str(environment.DEFAULT)


def test_what_nobody_says_is_refused_with_the_way_to_say_it() -> None:
    with pytest.raises(AssemblyError, match=r"no model: .* write \[model\] path"):
        assembly.model_setting(Config(), Asked())
    with pytest.raises(AssemblyError, match=r"no data: .* --data movietweetings"):
        assembly.data_setting(Config(), Asked())
    with pytest.raises(RuntimeUnknownError):
        assembly.runtime(Config(), Asked(runtime="tflite-runtime==1.0"))


def test_the_built_in_data_has_titles_and_a_users_file_has_none(tmp_path: Path) -> None:
    read, titles = assembly.interactions(assembly.data_setting(Config(), Asked(data="movietweetings")))
    assert (read.items, len(titles)) == (2414, 2414)
    (tmp_path / "own.csv").write_text("user,item,time\na,x,1\na,y,2\n")
    read, titles = assembly.interactions(DataSetting(tmp_path / "own.csv"))
    assert (read.items, titles) == (2, ())


def test_only_the_bare_word_is_the_built_in_data(tmp_path: Path) -> None:
    def means(*, written: str | None = None, flag: str | None = None) -> tuple[bool, Path]:
        toml = "" if written is None else f'[data]\npath = "{written}"\n'
        data = assembly.data_setting(parse_config(toml, folder=tmp_path), Asked(data=flag))
        return data.built_in, data.path

    assert means(written="movietweetings") == means(flag="movietweetings") == (True, Path("movietweetings"))
    assert means(written="./movietweetings") == (False, tmp_path / "movietweetings")
    assert means(written="own/movietweetings") == (False, tmp_path / "own/movietweetings")
    assert means(flag="./movietweetings") == (False, Path("movietweetings"))
    assert means(flag="/data/movietweetings") == (False, Path("/data/movietweetings"))
    assert means(written="movietweetings", flag="own.csv") == (False, Path("own.csv"))
    with pytest.raises(EdgerecError, match="movietweetings"):
        assembly.interactions(DataSetting(tmp_path / "movietweetings"))


def test_one_seed_is_that_of_the_split_of_training_and_of_samples() -> None:
    assert assembly.data_setting(WRITTEN, Asked()).seed == 5
    assert assembly.data_setting(WRITTEN, Asked(seed=0)).seed == 0
    assert assembly.data_setting(Config(), Asked(data="own.csv", seed=3)).seed == 3


def test_each_rule_of_a_holdout_is_one_of_the_splitting() -> None:
    for rule, amount, name in (
        ("last_n", 2.0, "last_n(2)"),
        ("random_share", 0.2, "random_share(0.2)"),
        ("after", 0.9, "after(0.9)"),
    ):
        assert assembly.holdout(HoldoutSetting(rule, amount)).name == name


def test_a_model_that_cannot_be_read_is_refused_before_tensorflow_is_imported(tmp_path: Path) -> None:
    with pytest.raises(AssemblyError, match=r"gone.keras: cannot be read"):
        assembly.stage(ModelSetting(tmp_path / "gone.keras"))


def test_without_the_compress_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(assembly, "missing_to_compress", lambda: "tf-keras")
    with pytest.raises(AssemblyError, match=r'tf-keras is not installed: pip install "edgerec\[compress\]"'):
        assembly.stage(ModelSetting(tmp_path / "gone.keras"))


def test_the_key_of_a_model_is_its_bytes_and_what_was_said_of_it_not_where_it_lies(tmp_path: Path) -> None:
    keys = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "gru.keras").write_bytes(b"same")
        keys.append(assembly.stage(ModelSetting(tmp_path / folder / "gru.keras")).key)
    assert keys[0] == keys[1]
    assert assembly.stage(ModelSetting(tmp_path / "a/gru.keras", name="other")).key != keys[0]
    (tmp_path / "b/gru.keras").write_bytes(b"different")
    assert assembly.stage(ModelSetting(tmp_path / "b/gru.keras")).key != keys[0]
