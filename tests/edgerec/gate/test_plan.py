from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device_tests import bundle as bundle_format
from device_tests import report as report_format
from device_tests.errors import ReportError
from device_tests.report import DeviceReport
from edgerec.config import Config, parse_config
from edgerec.gate.baseline import read
from edgerec.gate.budget import NO_LIMITS, Budget, BudgetError, limit
from edgerec.gate.from_reports import ANYWHERE
from edgerec.gate.growth import growth
from edgerec.gate.plan import Updated, check_and_update, plan, read_and_check
from edgerec.gate.policy import Policy

MakeReport = Callable[..., DeviceReport]
CONFIG = """
[budget]
app_bytes = "420 KiB"
p50 = "2 ms"

[[bundle]]
path = "a.edgerec"
reports = ["pi.json", "phone.json"]
budget = { app_bytes = "400 KiB" }

[[bundle]]
path = "b.edgerec"
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return parse_config(CONFIG, folder=tmp_path)


def test_the_configs_bundles_are_checked_with_their_own_limits_and_reports(config: Config, tmp_path: Path) -> None:
    first, second = plan(config, [], [], NO_LIMITS)
    assert first.path == tmp_path / "a.edgerec"
    assert first.reports == (tmp_path / "pi.json", tmp_path / "phone.json")
    assert first.report_path == tmp_path / "pi.json"
    assert [(one.name, one.amount, one.where) for one in first.budget.limits] == [
        ("app_bytes", 400 * 1024, "edgerec.toml:9"),
        ("p50", 2_000_000, "edgerec.toml:4"),
    ]
    assert (first.where, second.where) == ("edgerec.toml:7", "edgerec.toml:12")
    assert second.reports == ()
    assert second.report_path == tmp_path / "b.report.json"


def test_a_report_beside_the_bundle_is_taken_when_none_is_named(config: Config, tmp_path: Path) -> None:
    measured, counted = tmp_path / "b.report.json", tmp_path / "b.qemu.report.json"
    measured.write_text("")
    assert plan(config, [], [], NO_LIMITS)[1].reports == (measured,)
    counted.write_text("")
    assert plan(config, [], [], NO_LIMITS)[1].reports == (measured, counted)


def test_files_and_reports_that_are_given_win_over_the_config(config: Config, tmp_path: Path) -> None:
    flags = Budget((limit("app_bytes", 7, "--limit"),))
    own, other = plan(config, [tmp_path / "a.edgerec", Path("c.tflite")], [Path("r.json")], flags)
    assert own.reports == other.reports == (Path("r.json"),)
    assert (own.where, other.where) == ("edgerec.toml:7", "")
    assert [one.amount for one in own.budget.limits] == [7, 2_000_000]
    assert [one.amount for one in other.budget.limits] == [7, 2_000_000]


def test_nothing_to_check_and_nothing_to_hold_it_to_are_refused_with_what_to_write() -> None:
    with pytest.raises(BudgetError, match=r"(?s)nothing to check.*\[\[bundle\]\]"):
        plan(Config(), [], [], NO_LIMITS)
    with pytest.raises(BudgetError, match=r"(?s)x.tflite has no budget to hold.*\[budget\]"):
        plan(Config(), [Path("x.tflite")], [], NO_LIMITS)


def test_a_report_of_another_bundle_of_the_same_run_is_no_stranger(
    tmp_path: Path, rebuilt: Callable[..., dict[str, bytes]], report_of: MakeReport
) -> None:
    for name in ("a", "b"):
        bundle = bundle_format.write(tmp_path / f"{name}.edgerec", rebuilt(name=name))
        report_format.write(tmp_path / f"{name}.json", report_of(bundle))
    report_format.write(tmp_path / "old.json", report_of(bundle, bundle_sha256="0" * 64))
    reports = [tmp_path / "a.json", tmp_path / "b.json", tmp_path / "old.json"]
    flags = Budget((limit("p50", "2 ms", "--limit"),))
    verdicts = read_and_check(
        plan(Config(), [tmp_path / "a.edgerec", tmp_path / "b.edgerec"], reports, flags), ANYWHERE
    )
    assert all(verdicts)
    for verdict in verdicts:
        assert verdict.notes == (f"{tmp_path / 'old.json'} is of another build and proves nothing here",)


def test_a_report_that_is_named_and_not_there_is_refused(tmp_path: Path, tiny_bundle: Path) -> None:
    planned = plan(Config(), [tiny_bundle], [tmp_path / "gone.json"], Budget((limit("p50", "2 ms", ""),)))
    with pytest.raises(ReportError, match=r"gone\.json"):
        read_and_check(planned, ANYWHERE)


def test_a_file_that_misses_another_limit_is_judged_by_the_baseline_as_it_was(
    tmp_path: Path, rebuilt: Callable[..., dict[str, bytes]], tiny_model: Any
) -> None:
    policy, path = Policy(tmp_path / "baseline.json"), tmp_path / "tiny.edgerec"
    bundle_format.write(path, rebuilt())

    def updated(most: str) -> Updated:
        text = f'[budget]\nmodel_bytes = ["{most}", "ratchet"]\n[[bundle]]\npath = "tiny.edgerec"\n'
        planned = plan(parse_config(text, folder=tmp_path), [], [], NO_LIMITS)
        return check_and_update(planned, ANYWHERE, policy, allow_growth=True)

    assert all(updated("1 MiB").verdicts)
    before = policy.baseline and policy.baseline.read_bytes()
    table = np.concatenate([tiny_model.table, tiny_model.table])
    bundle_format.write(path, rebuilt({bundle_format.MODEL: replace(tiny_model, table=table).tflite()}))
    too_large = updated("1 KiB")
    (verdict,) = too_large.verdicts
    assert [(one.written, one.state) for one in verdict.checks if one.where] == [("", "missed"), ("ratchet", "missed")]
    assert too_large.moved == ()
    assert policy.baseline is not None
    assert policy.baseline.read_bytes() == before
    assert all(updated("1 MiB").verdicts)
    assert policy.baseline.read_bytes() != before


def test_a_bundle_that_is_not_checked_keeps_its_place_in_the_baseline(
    tmp_path: Path, rebuilt: Callable[..., dict[str, bytes]]
) -> None:
    flags = Budget(growths=(growth("model_bytes", "ratchet", ""),))
    policy = Policy(tmp_path / "baseline.json")
    for name in ("a", "b"):
        bundle_format.write(tmp_path / f"{name}.edgerec", rebuilt(name=name))
        check_and_update(plan(Config(), [tmp_path / f"{name}.edgerec"], [], flags), ANYWHERE, policy)
    assert policy.baseline is not None
    assert set(read(policy.baseline).bundles) == {"a.edgerec", "b.edgerec"}


def test_a_name_too_long_for_a_file_has_no_report_beside_it() -> None:
    config = parse_config(f"[budget]\napp_bytes = 1\n[[bundle]]\npath = '{'x' * 5000}'")
    (planned,) = plan(config, [], [], NO_LIMITS)
    assert planned.reports == ()
