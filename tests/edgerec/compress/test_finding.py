from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converters.spec import PRECISIONS
from edgerec.compress.errors import RecipeError
from edgerec.compress.finding import built_in, decode, find, parse, parse_text
from edgerec.compress.ranking import ModelPath
from edgerec.compress.recipe import ROUNDED, Recipe, promised
from edgerec.compress.steps import Cluster, Drop, Narrow, Prune, QuantizeAware
from edgerec.errors import EdgerecError

PRECISION = '[convert]\nprecision = "dynamic_int8"\n'

BY_COLUMN = ["magnitude", "max_variance", "variance", "mutual_information", "fisher", "gradient", "random", "reset"]
BY_ELEMENT = ["magnitude", "fisher", "gradient", "random", "share", "reset"]


def narrowing(percent: int, criterion: str) -> tuple[str, Narrow]:
    return f"narrow{percent}-{criterion.replace('_', '-')}", Narrow(percent / 100, criterion)


def pruning(percent: int, criterion: str) -> tuple[str, Prune]:
    return f"prune{percent}-{criterion}", Prune(percent / 100, criterion=criterion)


steps = st.tuples(
    st.lists(
        st.integers(1, 99).map(lambda percent: (f"narrow{percent}", Narrow(percent / 100)))
        | st.builds(narrowing, st.integers(1, 99), st.sampled_from(BY_COLUMN)),
        max_size=1,
    ),
    st.lists(st.builds(pruning, st.integers(1, 99), st.sampled_from(BY_ELEMENT)), max_size=1),
    st.lists(st.integers(1, 99).map(lambda percent: (f"prune{percent}", Prune(percent / 100))), max_size=2),
    st.lists(st.integers(2, 256).map(lambda count: (f"cluster{count}", Cluster(count))), max_size=2),
    st.lists(st.just(("qat", QuantizeAware(allow_no_gain=True))), max_size=1),
).map(lambda parts: [step for part in parts for step in part])
endings = st.sampled_from(
    [("float32",) * 2, ("float16",) * 2, ("int8", "dynamic_int8"), ("full_int8",) * 2, ("int16",) * 2]
)


def step_toml(kind: str, *settings: str) -> str:
    return "\n".join(("[[step]]", f'do = "{kind}"', *settings, PRECISION))


def drop_toml(*settings: str) -> str:
    return "\n".join(('rows = "drop"', "[drop]", *settings, PRECISION))


def refusal(text: str) -> str:
    with pytest.raises(EdgerecError) as caught:
        parse_text(text, "mine.toml")
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_there_are_a_dozen_built_in_recipes_and_all_say_what_they_do() -> None:
    assert len(built_in()) >= 12
    assert all(each.summary for each in built_in().values())


@pytest.mark.parametrize("name", sorted(built_in()))
def test_a_built_in_recipe_does_what_its_name_says(name: str) -> None:
    spelled = decode(name)
    assert spelled is not None
    assert built_in()[name].as_json() == spelled.as_json()


def test_precisions_of_the_built_in_recipes_leave_out_only_int16() -> None:
    assert {each.precision for each in built_in().values()} == set(PRECISIONS) - {"int16"}


@given(steps, endings)
@settings(deadline=None)
def test_a_name_made_of_steps_and_a_precision_decodes_to_them(made: list[tuple[str, object]], end: tuple[str, str]):
    ending, precision = end
    found = decode("_".join([*(name for name, _ in made), ending]))
    assert found is not None
    assert found.steps == tuple(step for _, step in made)
    assert found.precision == precision
    assert found.float_overlap == promised(found.steps, precision)


@given(st.text(max_size=20) | st.from_regex(r"\A(prune\d*|cluster\d*|qat|_|int8|float32|full){0,6}\Z"))
def test_no_name_ends_in_anything_but_a_recipe_or_one_sentence(name: str) -> None:
    try:
        said = find(name).name
    except EdgerecError as error:
        said = str(error)
    assert said == name or ("\n" not in said and len(said) > 20)


@pytest.mark.parametrize("name", ["prune80", "_int8", "prune80_", "prune80__int8", "prune_int8", "qat5_int8", "8int8"])
def test_a_name_that_spells_nothing_is_none(name: str) -> None:
    assert decode(name) is None


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("prune100_int8", "at 1 nothing is left"),
        ("prune0_int8", "above 0"),
        ("narrow100_int8", "at 1 nothing is left"),
        ("prune50-fishr_int8", "did you mean fisher"),
        ("prune50-co-occurrence_int8", "codec"),
        ("narrow50-popularity_int8", "codec"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_name(name: str, sentence: str) -> None:
    with pytest.raises(RecipeError, match=sentence):
        find(name)


def test_find_knows_built_in_names_spelled_names_and_files(tmp_path: Path) -> None:
    assert find("prune80_int8") is built_in()["prune80_int8"]
    assert find("prune33_int16").steps == (Prune(0.33),)
    path = tmp_path / "mine.toml"
    path.write_text(PRECISION)
    assert find(str(path)) == parse(path) == Recipe("mine", (), "dynamic_int8", ROUNDED["dynamic_int8"])


def test_find_names_the_closest_recipe() -> None:
    with pytest.raises(RecipeError, match=r"no recipe 'prun80_int8' \(did you mean prune80_int8\?\)") as caught:
        find("prun80_int8")
    assert "drop<percent>, narrow<percent>, prune<percent> (each with -<criterion>, as" in str(caught.value)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(EdgerecError, match=r"none.toml: cannot be read"):
        find(str(tmp_path / "none.toml"))


def test_every_setting_of_every_step_is_read() -> None:
    text = """summary = "all of it"
float_overlap = 0.25
[[step]]
do = "narrow"
remove = 0.25
criterion = "reset"
settings = { to = "initial" }
initial = "untrained.h5"
epochs = 0
[[step]]
do = "prune"
criterion = "share"
per = "row"
sparsity = 0.6
schedule = "constant"
epochs = 4
learning_rate = 0.01
layers = ["items", "deep_*"]
[step.settings]
lowest = 0.75
by = "fisher"
[[step]]
do = "cluster"
clusters = 8
epochs = 2
allow_no_gain = true
[[step]]
do = "qat"
learning_rate = 1
[convert]
precision = "full_int8"
"""
    shared = (("by", "fisher"), ("lowest", 0.75))
    initial = ModelPath("folder/untrained.h5")
    assert parse_text(text, "folder/mine.toml") == Recipe(
        "folder/mine.toml",
        (
            Narrow(0.25, "reset", 0, settings=(("to", "initial"),), initial=initial),
            Prune(0.6, "constant", 4, 0.01, ("items", "deep_*"), "share", "row", shared),
            Cluster(8, 2, allow_no_gain=True),
            QuantizeAware(learning_rate=1.0),
        ),
        "full_int8",
        0.25,
        "all of it",
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "mine.toml: expected a [convert] table"),
        ("[convert]\n", "mine.toml: expected a [convert] table"),
        ('[convert]\nprecision = "int8"\n', "mine.toml:2: convert.precision is 'int8', expected one of"),
        (PRECISION + "bits = 8\n", "mine.toml:3: convert.bits is not known"),
        ('sumary = "x"\n' + PRECISION, "mine.toml:1: sumary is not known (did you mean summary?)"),
        (
            step_toml("prun"),
            "mine.toml:2: step.do is 'prun', expected one of narrow, prune, cluster, qat (did you mean prune?)",
        ),
        ("[[step]]\nsparsity = 0.5\n" + PRECISION, "step.do is nothing, expected one of"),
        (step_toml("prune"), "step.sparsity is nothing, expected a value; there is no default for it"),
        (step_toml("prune", "sparsity = 1"), "mine.toml:3: sparsity is 1, expected a share above 0 and below 1"),
        (step_toml("prune", "sparsity = -0.5"), "mine.toml:3: sparsity is -0.5"),
        (step_toml("prune", "sparsity = nan"), "mine.toml:3: sparsity is nan"),
        (step_toml("prune", 'sparsity = "0.5"'), "mine.toml:3: step.sparsity is '0.5', expected a number"),
        (step_toml("prune", "sparsity = true"), "mine.toml:3: step.sparsity is True, expected a number"),
        (step_toml("prune", "sparsety = 0.5"), "step.sparsity is nothing"),
        (step_toml("prune", "sparsity = 0.5", "sparsety = 1"), "sparsety is not known (did you mean sparsity?)"),
        (
            step_toml("prune", "sparsity = 0.5", 'schedule = "polinomial"'),
            "mine.toml:4: schedule is 'polinomial', expected constant or polynomial (did you mean polynomial?)",
        ),
        (step_toml("prune", "sparsity = 0.5", "epochs = 0"), "mine.toml:4: epochs is 0, expected 1 or more"),
        (step_toml("prune", "sparsity = 0.5", "epochs = 1.5"), "mine.toml:4: step.epochs is 1.5, expected a whole"),
        (step_toml("prune", "sparsity = 0.5", "learning_rate = 0"), "mine.toml:4: learning_rate is 0, expected a"),
        (step_toml("prune", "sparsity = 0.5", "learning_rate = inf"), "mine.toml:4: learning_rate is inf"),
        (step_toml("prune", "sparsity = 0.5", 'layers = "items"'), "mine.toml:4: step.layers is 'items', expected a"),
        (step_toml("prune", "sparsity = 0.5", "allow_no_gain = 1"), "step.allow_no_gain is 1, expected true or false"),
        (
            step_toml("prune", "sparsity = 0.5", 'criterion = "fishr"'),
            "mine.toml:4: criterion is 'fishr', expected one of reset, random, share, magnitude,",
        ),
        (step_toml("prune", "sparsity = 0.5", 'criterion = "fishr"'), "co_occurrence (did you mean fisher?)"),
        (
            step_toml("prune", "sparsity = 0.5", 'criterion = "max_variance"'),
            "mine.toml:4: criterion is 'max_variance', which ranks columns, and this step takes single weights: take",
        ),
        (
            step_toml("narrow", "remove = 0.5", 'criterion = "popularity"'),
            'which ranks whole rows, and this step takes columns: share rows by it with [[table]] and codec = "shared"',
        ),
        (
            step_toml("prune", "sparsity = 0.5", 'criterion = "random"', "[step.settings]", "sede = 1"),
            "mine.toml:5: settings of criterion random cannot be taken: criterion random got settings {'sede': 1}",
        ),
        (
            step_toml("prune", "sparsity = 0.5", 'criterion = "random"', "[step.settings]", "seed = [1]"),
            "mine.toml:6: step.settings.seed is [1], expected a string, a number, true or false",
        ),
        (step_toml("prune", "sparsity = 0.5", "settings = 3"), "mine.toml:4: step.settings is 3, expected a table"),
        (
            step_toml("prune", "sparsity = 0.5", 'criterion = "reset"', 'settings = { to = "initial" }'),
            "initial is nothing, and criterion reset needs the model before it was trained: name its .keras or",
        ),
        (
            step_toml("prune", "sparsity = 0.5", 'initial = "a.h5"'),
            "mine.toml:4: initial is 'a.h5', and criterion magnitude has no use for it: leave it out",
        ),
        (
            step_toml("prune", "sparsity = 0.5", 'per = "rows"'),
            "mine.toml:4: per is 'rows', expected tensor, row or global (did you mean row?)",
        ),
        (step_toml("narrow", "remove = 1"), "mine.toml:3: remove is 1, expected a share above 0 and below 1"),
        (step_toml("narrow", "remove = 0"), "mine.toml:3: remove is 0, expected a share above 0"),
        (step_toml("narrow"), "step.remove is nothing, expected a value"),
        (step_toml("cluster", "clusters = 1"), "mine.toml:3: clusters is 1, expected 2 to 256"),
        (step_toml("cluster", "clusters = 257"), "mine.toml:3: clusters is 257, expected 2 to 256"),
        (step_toml("qat", "sparsity = 0.5"), "mine.toml:3: step.sparsity is not known"),
        ("float_overlap = 40\n" + PRECISION, "mine.toml:1: float_overlap is 40, expected a share from 0 to 1"),
        ("float_overlap = nan\n" + PRECISION, "mine.toml:1: float_overlap is nan"),
        (
            "[drop]\nkeep = 0.5\n" + PRECISION,
            'mine.toml: rows is nothing, expected "drop" beside [drop]: that items leave',
        ),
        ('rows = "dorp"\n' + PRECISION, "mine.toml:1: rows is 'dorp', expected one of drop (did you mean drop?)"),
        (drop_toml("keep = 1"), "mine.toml:3: keep is 1, expected a share above 0 and below 1"),
        (drop_toml('keep = "shwon"'), "mine.toml:3: keep is 'shwon', expected shown or a share such as 0.25 (did you"),
        (drop_toml("keep = true"), "mine.toml:3: drop.keep is True, expected a number"),
        (drop_toml("k = 0"), "mine.toml:3: k is 0, expected 1 or more: it is the length of a list"),
        (drop_toml('criterion = "fisher"'), "mine.toml:3: criterion is 'fisher', expected none beside keep = 'shown'"),
        (
            drop_toml("keep = 0.5", 'criterion = "variance"'),
            "mine.toml:4: criterion is 'variance', which ranks columns, and this step takes whole rows: take do = ",
        ),
        (drop_toml("share = 0.5"), "mine.toml:3: drop.share is not known"),
        ("step = 3\n" + PRECISION, "mine.toml:1: step is 3, expected an array of tables"),
        ("[convert\n", "mine.toml: not TOML"),
    ],
)
def test_a_wrong_recipe_is_refused_with_its_line(text: str, sentence: str) -> None:
    assert sentence in refusal(text)


def test_what_a_recipe_promises_of_its_own_goes_before_the_floor_of_its_steps() -> None:
    pruned = step_toml("prune", "sparsity = 0.5")
    assert parse_text(pruned, "mine").float_overlap == 0.6
    assert parse_text(f"float_overlap = 0.1\n{pruned}", "mine").float_overlap == 0.1


def test_dropping_items_is_asked_for_by_name_and_never_by_default() -> None:
    assert [name for name, each in built_in().items() if each.drop] == []
    assert parse_text('rows = "drop"\n' + PRECISION, "mine").drop == Drop("shown", 20)
    text = drop_toml("keep = 0.25", 'criterion = "share"', 'settings = { by = "popularity", seed = 3 }')
    assert parse_text(text, "mine").drop == Drop(0.25, criterion="share", settings=(("by", "popularity"), ("seed", 3)))
    assert parse_text(drop_toml('keep = "shown"', "k = 10"), "mine").drop == Drop("shown", 10)


@pytest.mark.parametrize(
    ("name", "drop"),
    [
        ("drop75_rows4_int8", Drop(0.25)),
        ("drop90-co-occurrence_prune50_int8", Drop(0.1, criterion="co_occurrence")),
        ("dropunshown_rows4_tuned_int8", Drop()),
    ],
)
def test_a_name_begins_with_what_is_dropped(name: str, drop: Drop) -> None:
    found = find(name)
    assert found.drop == drop
    kept = find(name.partition("_")[2])
    assert (found.steps, found.tables, found.tuning) == (kept.steps, kept.tables, kept.tuning)
    assert found.float_overlap == min(kept.float_overlap, 0.6)
    assert found.as_json() != {**kept.as_json(), "name": name}


@pytest.mark.parametrize("name", ["int8_drop75", "prune50_drop75_int8", "drop75_drop50_int8", "drop0.5_int8"])
def test_a_name_that_drops_anywhere_else_spells_no_recipe(name: str) -> None:
    with pytest.raises(RecipeError, match="no recipe"):
        find(name)
