from pathlib import Path

import pytest

from edgerec import config as module
from edgerec.config import Config, HoldoutSetting, InputSetting, parse_config, read_config, read_config_if_there
from edgerec.errors import EdgerecError
from edgerec.gate.policy import Policy
from edgerec.search.setting import SearchSetting
from edgerec.targets.setting import TargetSetting

DOCUMENTED = "\n".join(
    line.removeprefix("    ") for line in (module.__doc__ or "").split("::\n", 1)[1].splitlines() if line.strip()
)


def test_the_documented_file_is_read_whole() -> None:
    config = parse_config(DOCUMENTED, folder=Path("project"))
    assert config.model is not None
    assert config.data is not None
    assert config.model.path == Path("project/gru.h5")
    assert config.model.inputs == (InputSetting("history", "history", None, 0),)
    assert (config.model.items, config.model.users) == (Path("project/items.txt"), None)
    assert (config.data.user, config.data.item, config.data.holdout) == ("userId", None, HoldoutSetting("last_n", 1))
    assert (config.data.candidates, config.data.merge_repeats) == (99, True)
    assert config.recipe == "prune80_int8"
    assert config.search == SearchSetting(40, 8, 2, 0, 3)
    assert (config.target.runtime, config.target.threads) == ("tflite-runtime==2.14.0", 1)
    assert config.target.of("pi") == TargetSetting("tflite-runtime==2.14.0", 4, address="ssh://pi@192.0.2.7")
    assert config.budget.floors is not None
    assert config.budget.floors.on
    assert [limit.name for limit in config.budget.limits] == [
        "app_bytes",
        "p50",
        "recall_at_10",
        "recall_kept_at_20",
        "recall_kept_at_20_of_tail",
        "private_bytes",
        "tensors.items*",
        "kinds.table",
        "p50",
    ]
    assert config.budget.limits[-1].on == "Cortex-A72*"
    assert [(one.name, one.written) for one in config.budget.growths] == [
        ("model_bytes", "+2 %"),
        ("private_bytes", "+64 KiB"),
    ]
    assert config.policy == Policy(Path("project/edgerec-baseline.json"), 0.005, frozenset(["inconclusive"]))
    (bundle,) = config.bundles
    assert bundle.reports == (Path("project/demo/gru.report.json"),)
    assert bundle.budget.limits[0].amount == 400 * 1024


def test_an_empty_file_is_an_empty_config() -> None:
    assert parse_config("") == Config()


def test_a_limit_names_its_line() -> None:
    text = "# comment\n\n[budget]\n\napp_bytes = '1 KiB'\n[[bundle]]\npath = 'x'\n[bundle.budget]\np50 = '2 ms'\n"
    config = parse_config(text)
    assert config.budget.limits[0].where == "edgerec.toml:5"
    assert config.bundles[0].budget.limits[0].where == "edgerec.toml:9"


@pytest.mark.parametrize(
    ("written", "amount"),
    [("last_n(2)", ("last_n", 2)), ("random_share(0.2)", ("random_share", 0.2)), ("after(0.9)", ("after", 0.9))],
)
def test_holdouts_are_written_as_they_are_named(written: str, amount: tuple[str, float]) -> None:
    config = parse_config(f"[data]\npath = 'x.csv'\nholdout = '{written}'\nseed = 3\n")
    assert config.data is not None
    assert (config.data.holdout.rule, config.data.holdout.amount) == amount
    assert config.data.seed == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[search]\nworker = 2\n", r"edgerec.toml:2: search.worker is not known \(did you mean workers\?\)"),
        ("[search]\ntrials = 0\n", r"edgerec.toml:2: search.trials is 0, expected a whole number of at least 1"),
        ("[budgets]\n", r"edgerec.toml:1: budgets is not known \(did you mean budget\?\)"),
        ("[budget]\napp_bites = 1\n", r"edgerec.toml:2: limit app_bites is not known \(did you mean app_bytes\?\)"),
        ("[budget]\np50 = 2\n", r"edgerec.toml:2: p50 is 2, expected a duration with its unit"),
        ("[budget]\nflex = 'no'\n", r"edgerec.toml:2: flex is 'no', expected true or false"),
        ("[model]\npath = 'x'\nkind = 'catalog'\n", r"edgerec.toml:3: model.kind is 'catalog'.*did you mean catalogue"),
        (
            "[model]\npath = 'x'\ninputs = { a = 'usr' }\n",
            r"edgerec.toml:3: model.inputs.a is 'usr'.*did you mean user",
        ),
        ("[model]\npath = 'x'\ninputs = { a = { ids = 3 } }\n", r"model.inputs.a is .*expected a role"),
        ("[model]\nkind = 'catalogue'\n", r"edgerec.toml:1: model.path is missing"),
        ("[data]\npath = 'x'\nholdout = 'last'\n", r"edgerec.toml:3: data.holdout is 'last', expected \"last_n"),
        ("[data]\npath = 'x'\ncandidates = 0\n", r"edgerec.toml:3: data.candidates is 0, .* at least 1"),
        ("[data]\npath = 'x'\nmerge_repeats = 1\n", r"edgerec.toml:3: data.merge_repeats is 1, expected true or false"),
        ("[model]\npath = 'x'\nitems = 3\n", r"edgerec.toml:3: model.items is 3"),
        ("[data]\npath = 'x'\ncolumn = 'u'\n", r"edgerec.toml:3: data.column is not known"),
        ("[target]\nruntime = 'tflite'\n", r"edgerec.toml:2: target.runtime is 'tflite', expected a runtime and its"),
        ("[target]\nthreads = 0\n", r"edgerec.toml:2: target.threads is 0, expected a whole number of at least 1"),
        ("[recipe]\n", r"edgerec.toml:1: recipe.name is missing"),
        ("[recipe]\nname = 'x'\nsteps = 1\n", r"edgerec.toml:3: recipe.steps is not known"),
        ("[bundle]\npath = 'x'\n", r"edgerec.toml:1: bundle is .*expected an array of tables, \[\[bundle\]\]"),
        ("[[bundle]]\npath = 'x'\n[[bundle]]\npth = 'x'\n", r"edgerec.toml:3: bundle.path is missing"),
        ("[[bundle]]\npath = 'x'\nbudget = { p50 = 1 }\n", r"edgerec.toml:3: p50 is 1, expected a duration"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, message: str) -> None:
    with pytest.raises(EdgerecError, match=message):
        parse_config(text)


def test_paths_are_relative_to_the_file_and_messages_name_it(tmp_path: Path) -> None:
    (tmp_path / "edgerec.toml").write_text("[[bundle]]\npath = 'demo/a.edgerec'\n[budget]\np50 = '1 ms'\n")
    config = read_config(tmp_path / "edgerec.toml")
    assert config.bundles[0].path == tmp_path / "demo/a.edgerec"
    assert config.budget.limits[0].where == f"{tmp_path / 'edgerec.toml'}:4"


def test_a_config_that_is_not_there_is_empty_unless_it_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_config_if_there() == Config()
    with pytest.raises(EdgerecError, match=r"mine.toml: cannot be read"):
        read_config_if_there(Path("mine.toml"))
    Path("edgerec.toml").write_text("[recipe]\nname = 'int8'\n")
    assert read_config_if_there().recipe == "int8"


def test_without_a_word_repeats_stay_and_there_are_no_candidates() -> None:
    config = parse_config("[data]\npath = 'x'\nmerge_repeats = false\n")
    assert config.data is not None
    assert (config.data.merge_repeats, config.data.candidates) == (False, 0)
