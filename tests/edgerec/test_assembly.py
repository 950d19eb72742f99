"""What flags and edgerec.toml come to, as far as no model has to be built for it."""

from dataclasses import replace
from pathlib import Path

import pytest

from device_tests.manifest import Input
from edgerec import assembly
from edgerec.assembly import Asked, AssemblyError
from edgerec.build import Task
from edgerec.compress.stage import Stage
from edgerec.config import Config, DataSetting, HoldoutSetting, ModelSetting, parse_config
from edgerec.errors import EdgerecError
from edgerec.models.recommender import Recommender
from edgerec.models.roles import Roles
from edgerec.targets import environment
from edgerec.targets.environment import RuntimeUnknownError
from edgerec.targets.setting import TargetSetting

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
    vocabulary = ModelSetting(tmp_path / "a/gru.keras", items=tmp_path / "items.txt", users=tmp_path / "users.txt")
    assert assembly.stage(vocabulary).key == keys[0]  # what its rows are called changes nothing in the model
    assert assembly.stage(ModelSetting(tmp_path / "a/gru.keras", name="other")).key != keys[0]
    (tmp_path / "b/gru.keras").write_bytes(b"different")
    assert assembly.stage(ModelSetting(tmp_path / "b/gru.keras")).key != keys[0]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """Give a folder of interactions of a model's 2 users with 3 of its 4 items, and the model's own order of them."""
    rows = [f"{user},{item},{time}" for user in "ab" for time, item in enumerate("xyz")]
    (tmp_path / "ratings.csv").write_text("\n".join(["user,item,time", *rows]) + "\n")
    (tmp_path / "items.txt").write_text("z\nnever\nx\ny\n")
    (tmp_path / "users.txt").write_text("b\na\n")
    return tmp_path


NOTHING_WRITTEN = Config()
HISTORY, USER = Input("history", "history", 2, 5, 4), Input("user", "user", 0, 2, None)


def catalogue(*inputs: Input, items: int = 4) -> Roles:
    return Roles("mine", "catalogue", inputs, items)


def task_of(
    folder: Path, roles: Roles, monkeypatch: pytest.MonkeyPatch, config: Config = NOTHING_WRITTEN, **vocabulary: str
) -> Task:
    """Give the task of a model of these roles that is never built."""

    def never() -> Recommender:
        raise AssertionError("built although only its roles are asked for")

    stage = Stage("a" * 64, never)
    stage.__dict__["roles"] = roles
    monkeypatch.setattr(assembly, "stage", lambda _: stage)
    files = {name: folder / file for name, file in vocabulary.items()}
    asked = Asked(folder / "m.keras", str(folder / "ratings.csv"), k=2, **files)  # type: ignore[arg-type]
    return assembly.task(config, asked)


def test_data_is_told_in_the_order_of_the_models_own_vocabulary(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = task_of(written, catalogue(HISTORY, USER), monkeypatch, items="items.txt", users="users.txt")
    assert (task.catalogue.items, task.catalogue.users) == (("z", "never", "x", "y"), ("b", "a"))
    assert task.evaluation.popularity.tolist() == [0, 0, 2, 0]
    assert [task.evaluation.relevant[row].tolist() for row in range(2)] == [[0], [0]]
    assert task.evaluation.inputs["history"].tolist() == [[2, 3], [2, 3]]


def test_what_training_and_judging_make_of_the_data_reaches_them(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    merging = Config(data=DataSetting(Path(), merge_repeats=True))
    assert task_of(written, catalogue(USER, items=3), monkeypatch, merging).setting.merge_repeats
    plain = task_of(written, catalogue(USER, items=3), monkeypatch)
    assert (plain.setting.merge_repeats, plain.evaluation.negatives) == (False, None)
    judged = Config(data=DataSetting(Path(), candidates=1))
    (written / "items.txt").write_text("z\nx\nq\ny\nr\ns\n")
    task = task_of(written, catalogue(USER, items=6), monkeypatch, judged, items="items.txt")
    assert task.evaluation.negatives is not None
    assert task.evaluation.negatives.shape == (2, 1)


def test_without_a_vocabulary_the_datas_own_is_sorted_and_has_to_have_as_many(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert task_of(written, catalogue(USER, items=3), monkeypatch).catalogue.items == ("x", "y", "z")
    with pytest.raises(AssemblyError, match=r"ratings.csv has 3 items and mine was trained on 4: .* or --items"):
        task_of(written, catalogue(USER), monkeypatch)
    with pytest.raises(AssemblyError, match=r"ratings.csv has 2 users and mine knows 1: .* or --users"):
        task_of(written, catalogue(replace(USER, ids=1), items=3), monkeypatch)


@pytest.mark.parametrize(
    ("items", "users", "message"),
    [
        ("z\nx\nq\nr\n", "b\na\n", "ratings.csv: 1 item ids of the data, such as 'y', are not among the model's 4"),
        ("z\nx\ny\n", "b\na\n", "items.txt has 3 items and mine was trained on 4: give one line for each row"),
        ("z\nx\ny\nq\n", "b\n", "ratings.csv: 1 user ids of the data, such as 'a', are not among the model's 1"),
        ("z\nx\ny\nq\n", "b\na\nc\n", "users.txt has 3 users and mine knows 2: give one line for each row"),
    ],
)
def test_a_vocabulary_that_is_not_the_models_is_refused(
    items: str, users: str, message: str, written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (written / "items.txt").write_text(items)
    (written / "users.txt").write_text(users)
    with pytest.raises(AssemblyError, match=message):
        task_of(written, catalogue(USER), monkeypatch, items="items.txt", users="users.txt")


def test_users_are_refused_of_a_model_that_takes_none(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AssemblyError, match=r"users.txt was given for users, and mine takes no user: leave it out"):
        task_of(written, catalogue(HISTORY), monkeypatch, items="items.txt", users="users.txt")


def test_titles_follow_their_items(tmp_path: Path) -> None:
    read, titles = assembly.interactions(assembly.data_setting(Config(), Asked(data="movietweetings")))
    (tmp_path / "items.txt").write_text("\n".join(["new", *reversed(read.item_ids)]))
    data = assembly.data_setting(Config(), Asked(data="movietweetings"))
    _, ordered = assembly.in_vocabulary_of(ModelSetting(Path("m.h5"), items=tmp_path / "items.txt"), data)
    assert ordered == ("new", *reversed(titles))
