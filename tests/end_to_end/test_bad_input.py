"""Bad input, command by command: one sentence, the right exit code, no traceback, nothing left behind, nothing lost."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from converters import tflite_file
from converters.errors import TfliteError
from device_tests import bundle as bundle_format
from device_tests.errors import BundleError

FIXTURES = Path(__file__).parents[1] / "fixtures"


Refuses = Callable[..., str]
Edgerec = Callable[..., subprocess.CompletedProcess[str]]

NO_MODELS = ("text", "empty", "folder", "gone", "ratings.csv", "half.tflite", "half.edgerec", "half.keras", "half.h5")
TAKES_A_FILE: dict[str, tuple[str, ...]] = {
    "inspect": (),
    "bench": ("-o", "report.json"),
    "check": ("--limit", "flex=false"),
    "evaluate": ("--history", "i1"),
    "pack": ("--items", "items.txt", "--input", "history=history,40", "-o", "out.edgerec"),
    "compress": ("--data", "ratings.csv", "-o", "out.edgerec"),
    "convert": ("-o", "out.tflite"),
}


@pytest.mark.parametrize("command", sorted(TAKES_A_FILE))
def test_a_file_that_is_no_model(refuses: Refuses, command: str) -> None:
    for name in NO_MODELS:
        assert name in refuses(command, name, *TAKES_A_FILE[command])


@pytest.mark.parametrize("command", ["compress", "convert"])
def test_a_file_that_is_a_model_of_another_kind(refuses: Refuses, command: str) -> None:
    for name in ("tiny.edgerec", "tiny.tflite"):
        assert name in refuses(command, name, *TAKES_A_FILE[command])


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("history_*.tflite")), ids=lambda path: path.stem)
def test_every_prefix_of_a_tflite_is_refused_by_the_reader(path: Path) -> None:
    whole = path.read_bytes()
    assert len(whole) < 8192
    for length in range(len(whole)):
        with pytest.raises(TfliteError) as refused:
            tflite_file.parse(whole[:length], "cut.tflite")
        assert str(refused.value).startswith("cut.tflite: ")


def test_prefixes_of_a_tflite_are_refused_by_the_commands(refuses: Refuses, folder: Path, tiny_tflite: bytes) -> None:
    lengths = np.random.default_rng(0).permutation(len(tiny_tflite))[:20].tolist()
    commands = ("inspect", "bench", "check", "pack")
    for turn, length in enumerate(lengths):
        command = commands[turn % len(commands)]
        (folder / "cut.tflite").write_bytes(tiny_tflite[:length])
        assert "cut.tflite" in refuses(command, "cut.tflite", *TAKES_A_FILE[command])


def test_a_bundle_with_one_flipped_byte(refuses: Refuses, folder: Path) -> None:
    whole = (folder / "tiny.edgerec").read_bytes()
    places = np.random.default_rng(1).permutation(len(whole))[:400].tolist()
    for place in places:
        with pytest.raises(BundleError):
            bundle_format.decode(flipped(whole, place), "flipped.edgerec")
    for turn, place in enumerate(places[:8]):
        command = ("inspect", "bench", "check", "evaluate")[turn % 4]
        (folder / "flipped.edgerec").write_bytes(flipped(whole, place))
        assert "flipped.edgerec" in refuses(command, "flipped.edgerec", *TAKES_A_FILE[command])


def flipped(data: bytes, place: int) -> bytes:
    changed = bytearray(data)
    changed[place] ^= 1 << place % 8
    return bytes(changed)


@pytest.mark.parametrize("command", ["inspect", "bench", "check", "evaluate"])
def test_a_manifest_from_the_future(
    refuses: Refuses, folder: Path, tiny_members: dict[str, bytes], command: str
) -> None:
    manifest = {**json.loads(tiny_members[bundle_format.MANIFEST]), "format": 2, "colour": "blue"}
    members = {**tiny_members, bundle_format.MANIFEST: json.dumps(manifest).encode()}
    (folder / "future.edgerec").write_bytes(bundle_format.encode(members))
    sentence = refuses(command, "future.edgerec", *TAKES_A_FILE[command])
    assert "format 2, made by a newer edgerec" in sentence
    assert "upgrade" in sentence


@pytest.mark.parametrize("command", ["compress", "convert"])
def test_a_model_with_nan_weights_names_the_weight(refuses: Refuses, trained: Path, command: str) -> None:
    sentence = refuses(command, "nan.keras", *TAKES_A_FILE[command])
    assert "items/embeddings" in sentence
    assert "1 NaN" in sentence


def test_an_unknown_op_is_shown_by_inspect_missed_by_check_and_refused_by_bench(
    edgerec: Edgerec, refuses: Refuses, folder: Path
) -> None:
    (folder / "unknown_op.tflite").write_bytes((FIXTURES / "unknown_op.tflite").read_bytes())
    shown = edgerec("inspect", "unknown_op.tflite")
    assert shown.returncode == 0
    for line in ("it has ops or versions that no table knows", "Flex ops", "FlexErf", "custom ops", "Mystery"):
        assert line in shown.stdout
    checked = edgerec("check", "unknown_op.tflite", "--limit", "flex=false", "--limit", "oldest_runtime=2.14.0")
    assert checked.returncode == 1
    assert "missed: flex is yes, expected no: FlexErf" in checked.stdout
    assert "unproven: oldest_runtime at most 2.14.0: it has ops or versions that no table of runtimes knows" in (
        checked.stdout
    )
    assert "does not load the model: Didn't find op" in refuses("bench", "unknown_op.tflite", "-o", "report.json")


@pytest.mark.parametrize("recipe", ["prune100_int8", "all.toml"])
def test_a_recipe_that_asks_for_100_percent_sparsity(refuses: Refuses, trained: Path, recipe: str) -> None:
    (trained / "all.toml").write_text('[[step]]\ndo = "prune"\nsparsity = 1.0\n[convert]\nprecision = "float32"\n')
    sentence = refuses("compress", "tiny.keras", "--recipe", recipe, *TAKES_A_FILE["compress"])
    assert "sparsity is 1, expected a share above 0 and below 1" in sentence


def test_a_k_larger_than_the_catalogue(refuses: Refuses, trained: Path) -> None:
    for command, name in (("bench", "tiny.edgerec"), ("evaluate", "tiny.edgerec"), ("pack", "tiny.tflite")):
        sentence = refuses(command, name, "--k", 41, *TAKES_A_FILE[command])
        assert "41" in sentence
        assert "1 to 40" in sentence
    assert "k is 41, expected 1 to 40" in refuses("compress", "tiny.keras", "--k", 41, *TAKES_A_FILE["compress"])


def test_data_of_another_catalogue(refuses: Refuses, trained: Path) -> None:
    for arguments in (
        ("compress", "tiny.keras", "--data", "few.csv", "-o", "out.edgerec"),
        ("convert", "tiny.keras", "--data", "few.csv", "--precision", "full_int8", "-o", "out.tflite"),
    ):
        assert "few.csv has 39 items and tiny was trained on 40" in refuses(*arguments)


def test_data_that_cannot_be_used(refuses: Refuses, trained: Path) -> None:
    (trained / "nan.csv").write_text("user,item,time\nu1,i1,nan\n")
    for name in ("gone.csv", "text", "empty", "folder", "nan.csv"):
        assert name in refuses("compress", "tiny.keras", "--data", name, "-o", "out.edgerec")


def test_a_runtime_that_edgerec_does_not_know(refuses: Refuses, folder: Path) -> None:
    files = {"pack": "tiny.tflite", "compress": "tiny.keras", "convert": "tiny.keras"}
    for command in ("bench", "evaluate", "pack", "compress", "convert"):
        name = files.get(command, "tiny.edgerec")
        sentence = refuses(command, name, "--runtime", "tflite-runtime==2.14", *TAKES_A_FILE[command])
        assert "did you mean tflite-runtime==2.14.0?" in sentence


def test_an_id_that_the_bundle_does_not_know(refuses: Refuses, folder: Path) -> None:
    assert "item 'film7' is not in the bundle's catalogue" in refuses("evaluate", "tiny.edgerec", "--history", "film7")
    assert "user '99' is not known" in refuses("evaluate", "tiny.edgerec", "--user", "99")


def test_a_result_that_could_not_be_written_is_refused_before_the_work(refuses: Refuses, trained: Path) -> None:
    files = {"bench": "tiny.edgerec", "pack": "tiny.tflite", "compress": "tiny.keras", "convert": "tiny.keras"}
    outputs = {"/dev/null": "is not a file", "folder": "is not a file", "text/x": "cannot be written"}
    for output, message in outputs.items():
        for command, name in files.items():
            arguments = [output if each.startswith(("out.", "report.")) else each for each in TAKES_A_FILE[command]]
            assert message in refuses(command, name, *arguments)
    assert Path("/dev/null").is_char_device()


def test_settings_that_cannot_be_read(refuses: Refuses, folder: Path) -> None:
    for text, message in (("[budget", "edgerec.toml"), ("[budgets]\n", "budget"), ("[model]\npath = 3\n", "path")):
        (folder / "edgerec.toml").write_text(text)
        assert message in refuses("check", "tiny.edgerec")
        assert message in refuses("bench", "tiny.edgerec")
