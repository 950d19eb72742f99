from collections.abc import Callable
from dataclasses import replace

import pytest

from device_tests import bundle as bundle_format
from device_tests.bundle import Bundle
from device_tests.report import DeviceReport
from edgerec.results import ResultError, result

MakeReport = Callable[..., DeviceReport]


K = 30  # of 40 items: enough for float32 to find what most of the twelve users did next
OF_ANOTHER_K = (
    "proof/golden_users.npy",
    "proof/golden_float_top.npy",
    "proof/golden_decoded_scores.npy",
    "proof/baseline_recommended_items.npy",
)


@pytest.fixture
def bundle(rebuilt: Callable[..., dict[str, bytes]]) -> Bundle:
    return bundle_format.decode(bundle_format.encode(rebuilt(dict.fromkeys(OF_ANOTHER_K), k=K)))


def test_a_row_is_the_bundles_bytes_and_the_reports_figures(bundle: Bundle, report_of: MakeReport) -> None:
    report = report_of(bundle)
    row = result(bundle, report, float32_download=4 * bundle.download_bytes, verdict=True)
    assert (row.recipe, row.k, row.ratio, row.verdict) == ("float32", K, 4.0, True)
    assert (row.app_bytes, row.download_bytes) == (bundle.app_bytes, bundle.download_bytes)
    assert report.latency is not None
    assert (row.p50_ns, row.p95_ns, row.overhead_ns) == (report.latency.p(50), report.latency.p(95), 300)
    assert row.private_bytes == 300_000
    assert row.recall.low <= row.recall.estimate <= row.recall.high
    # The report ranks as float32 does.
    assert (row.kept.low, row.kept.estimate, row.kept.high) == (1.0, 1.0, 1.0)


def test_what_is_kept_is_the_share_of_float32s_recall(bundle: Bundle, report_of: MakeReport) -> None:
    report = report_of(bundle)
    assert report.quality is not None
    hits = [index for index, rank in enumerate(report.quality.ranks) if rank <= K]
    assert len(hits) > 1
    ranks = list(report.quality.ranks)
    ranks[hits[0]] = K + 1  # one user less sees what they did next
    worse = replace(report, quality=replace(report.quality, ranks=tuple(ranks)))
    row = result(bundle, worse, float32_download=bundle.download_bytes, verdict=False)
    assert row.kept.estimate == pytest.approx((len(hits) - 1) / len(hits))


@pytest.mark.parametrize("part", ["quality", "latency", "memory"])
def test_a_report_without_a_part_is_refused(bundle: Bundle, report_of: MakeReport, part: str) -> None:
    with pytest.raises(ResultError, match="lacks quality, latency or memory; run bench whole"):
        result(bundle, report_of(bundle, **{part: None}), float32_download=1, verdict=True)


def test_a_bundle_that_does_not_say_how_float32_ranks_is_refused(
    rebuilt: Callable[..., dict[str, bytes]], report_of: MakeReport
) -> None:
    bare = bundle_format.decode(
        bundle_format.encode(
            rebuilt(dict.fromkeys(("proof/baseline_ranks.npy", "proof/baseline_recommended_items.npy")))
        )
    )
    with pytest.raises(ResultError, match="does not say how float32 ranks"):
        result(bare, report_of(bare), float32_download=1, verdict=True)
