from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device_tests.report import DeviceReport
from edgerec.config import parse_config
from edgerec.gate.check import check
from edgerec.gate.drafting import Drafted, drafted
from edgerec.model_file import ModelFile, read_model_file
from edgerec.report.budget_toml import budget_toml

MakeReport = Callable[..., DeviceReport]


@pytest.fixture
def file(tiny_bundle: Path) -> ModelFile:
    return read_model_file(tiny_bundle)


def by_name(drafts: tuple[Drafted, ...]) -> dict[str, object]:
    return {one.name: one.amount for one in drafts}


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(margin=st.floats(0, 1), warm=st.lists(st.integers(1000, 10**8), min_size=20, max_size=40))
def test_what_is_drafted_of_a_file_and_its_report_holds_for_them_whatever_the_margin(
    file: ModelFile, report_of: MakeReport, margin: float, warm: list[int]
) -> None:
    assert file.bundle is not None
    report = report_of(file.bundle)
    assert report.latency is not None
    reports = {"pi.json": replace(report, latency=replace(report.latency, warm_ns=tuple(warm)))}
    text = budget_toml(drafted(file, reports, margin=margin), Path("tiny.edgerec"), [Path("pi.json")], margin)
    config = parse_config(text)
    verdict = check(file, reports, config.budget)
    assert verdict, text
    assert {"p50", "p95", "recall_at_10", "golden", "private_bytes"} <= {one.name for one in verdict.checks}
    assert config.bundles[0].path == Path("tiny.edgerec")


def test_the_margin_is_put_on_each_figure_in_its_own_direction(file: ModelFile, report_of: MakeReport) -> None:
    assert file.bundle is not None
    reports = {"pi.json": report_of(file.bundle)}
    tight, wide = (by_name(drafted(file, reports, margin=margin)) for margin in (0.0, 0.5))
    assert tight["private_bytes"] == 293 * 1024  # 300,000 bytes, in whole KiB
    assert wide["private_bytes"] == 440 * 1024
    assert (tight["p50"], wide["p50"]) == (61_000, 91_500)  # the upper bound of 50 us
    assert (tight["top_k_overlap"], wide["top_k_overlap"]) == (0.995, 0.497)
    assert tight["oldest_runtime"] == wide["oldest_runtime"] > "1."


def test_what_nothing_measured_has_no_limit_and_what_is_there_today_is_not_forbidden(
    file: ModelFile, tmp_path: Path, tiny_model: object
) -> None:
    assert set(by_name(drafted(file, {}, margin=0.05))) == {
        "app_bytes", "download_bytes", "contract", "oldest_runtime", "flex", "custom", "user_table",
    }  # fmt: skip
    path = tmp_path / "flex.tflite"
    path.write_bytes(tiny_model.tflite(flex=True))  # type: ignore[attr-defined]
    assert set(by_name(drafted(read_model_file(path), {}, margin=0.05))) == {"app_bytes", "download_bytes", "custom"}
