"""Everything that reads a .tflite, a bundle, a report or an edgerec.toml, and the text made of it, one input at a time.

A reader returns whether the input was taken. What it raises is a finding: a refusal is one of edgerec's own errors, in
text that can neither steer a terminal nor a CI log, and whatever is taken is rendered in such text.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from random import Random

from converters import tflite_file, values
from converters.errors import ConverterError
from converters.graph import Tensor
from device_tests import bundle, container, report
from device_tests.errors import HarnessError
from device_tests.evaluation import Baseline, EvaluationSet, Golden
from edgerec import given_file
from edgerec.config import parse_config
from edgerec.diff import diff
from edgerec.errors import EdgerecError
from edgerec.gate.budget import NO_LIMITS, Budget, budget_of
from edgerec.gate.check import check
from edgerec.gate.limit_kind import LIMITS
from edgerec.gate.plan import plan
from edgerec.half_rates import float32_ranks
from edgerec.inspection import Inspection, inspect
from edgerec.model_file import ModelFile
from edgerec.report.console import error_text
from edgerec.report.device_figures import figures_of
from edgerec.report.device_text import device_json, device_text
from edgerec.report.diff_text import diff_json, diff_text
from edgerec.report.inspection_text import inspection_json, inspection_text
from edgerec.report.verdict_text import verdict_text, verdicts_json
from edgerec.strict_toml import Table
from hostile import mutation, seeds

REFUSALS = (EdgerecError, HarnessError, ConverterError)

_AMOUNTS: Mapping[str, object] = {"bytes": 1000, "ns": "1 us", "count": 10, "version": "2.3.0", "flag": False}


class UncleanError(Exception):
    """Text that could steer a terminal or a CI log."""


@dataclass(frozen=True)
class Surface:
    """One kind of input: its file's suffix, what to begin with, how it is changed, and what reads it."""

    suffix: str
    seeds: tuple[bytes, ...]
    change: Callable[[bytes, Random], bytes]
    read: Callable[[bytes], bool]


def all_limits() -> Budget:
    """Give a budget with a limit of every kind."""
    limits = {name: _AMOUNTS.get(kind.unit, 0.5) for name, kind in LIMITS.items()}
    more = {"recall_at_5": 0.1, "candidates_hit_rate_at_1": 0.1, "recall_kept_at_5": 0.9, "candidates_kept": 0.9}
    return budget_of(Table("edgerec.toml", (), {**limits, **more}, {}))


def clean(text: str) -> str:
    """Return the text; raise UncleanError where it is not only printable letters and line ends."""
    for line in text.split("\n"):
        if not line.isprintable() or line.lstrip().startswith("::") or "##[" in line:
            raise UncleanError(f"a line could steer who shows it: {line[:200]!r}")
    return text


class Readers:
    """The four surfaces over one set of seeds."""

    def __init__(self) -> None:
        """Read the seeds."""
        self.members = seeds.members()
        self.bundle = bundle.decode(bundle.encode(self.members))
        self.model = self._model(self.bundle)
        self.inspection = inspect(self.model)
        self.budget = all_limits()
        self.ranks = float32_ranks(self.bundle)

    @cached_property
    def surfaces(self) -> dict[str, Surface]:
        """Give the surfaces by name."""
        tflites, reports = seeds.tflites(), seeds.reports(self.bundle)
        drawn_from = tuple(data for data in tflites for _ in range(8 if len(data) < 8192 else 1))
        return {
            "tflite": Surface(
                ".tflite", drawn_from, lambda data, drawn: mutation.changed_bytes(data, drawn, tflites), self.tflite
            ),
            "bundle": Surface(".edgerec", (bundle.encode(self.members),), self.changed_bundle, self.bundle_file),
            "report": Surface(
                ".report.json", reports, lambda data, drawn: mutation.changed_json(data, drawn, reports), self.report
            ),
            "toml": Surface(
                ".toml", seeds.TOMLS, lambda data, drawn: mutation.changed_text(data, drawn, seeds.TOMLS), self.toml
            ),
        }

    def tflite(self, data: bytes) -> bool:
        """Parse, inspect, compare with the seed, check and decode a .tflite."""

        def read() -> None:
            file = tflite_file.parse(data, "input")
            digest = hashlib.sha256(data).hexdigest()
            self._told(ModelFile("input.tflite", file, None, digest, digest))
            _refused(lambda: given_file.entry_point(file))
            clean(given_file.precision_of(file))
            for graph in file.subgraphs:
                for tensor in graph.tensors:
                    _refused(lambda tensor=tensor: _decoded(file, tensor))

        return _refused(read)

    def bundle_file(self, data: bytes) -> bool:
        """Decode a bundle, inspect and check what is in it, and read its proof."""

        def read() -> None:
            found = bundle.decode(data, "input")
            self._told(self._model(found))
            evaluation = EvaluationSet.from_members(found.members, found.manifest)
            if evaluation is not None:
                evaluation.segments()
                Golden.from_members(found.members, found.manifest, evaluation.users)
                Baseline.from_members(found.members, found.manifest, evaluation)

        return _refused(read)

    def report(self, data: bytes) -> bool:
        """Read a report, show it, and check the bundle that it may be of."""

        def read() -> None:
            found = report.loads(data, "input")
            verdict = check(self.model, {"input": found}, self.budget)
            clean(verdict_text(verdict))
            _strict_json(verdicts_json([verdict]))
            figures = figures_of(found, self.ranks)
            clean(device_text(figures))
            _strict_json(device_json(figures, None))

        return _refused(read)

    def toml(self, data: bytes) -> bool:
        """Read a configuration and check a model against the budgets in it."""

        def read() -> None:
            try:
                text = data.decode("utf-8")
            except UnicodeDecodeError:
                return
            config = parse_config(text, name="input")
            budgets = [config.budget]
            if config.bundles:
                budgets += [one.budget for one in plan(config, (), (), NO_LIMITS)]
            for budget in budgets:
                clean(verdict_text(check(self.model, {}, budget)))

        return _refused(read)

    def changed_bundle(self, data: bytes, drawn: Random) -> bytes:
        """Change the container, or members inside it under digests that are right again."""
        if drawn.random() < 0.2:
            return mutation.changed_bytes(data, drawn, (data,))
        parts = {name: each for name, each in self.members.items() if name != bundle.MANIFEST}
        words = json.loads(self.members[bundle.MANIFEST])
        for _ in range(drawn.choice((1, 1, 2))):
            name = drawn.choice((bundle.MANIFEST, bundle.MANIFEST, bundle.MODEL, *sorted(parts)))
            if name == bundle.MANIFEST:
                changed = mutation.changed_value(words, drawn)
                words = changed if isinstance(changed, dict) else words
            elif name.endswith((".txt", ".json")):
                parts[name] = mutation.changed_text(parts[name], drawn, (parts[bundle.ITEMS],))
            else:
                parts[name] = mutation.changed_bytes(parts[name], drawn, tuple(self.members.values()))
        words["digests"] = bundle.digests(parts)
        text = json.dumps(words, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
        parts[bundle.MANIFEST] = text.encode("utf-8", "surrogatepass")
        return b"".join(container.pieces(parts))

    def _told(self, model: ModelFile) -> None:
        inspection: Inspection = inspect(model)
        clean(inspection_text(inspection, every=True))
        _strict_json(inspection_json(inspection))
        found = diff(self.inspection, inspection)
        clean(diff_text(found))
        _strict_json(diff_json(found))
        verdict = check(model, {}, self.budget)
        clean(verdict_text(verdict))
        _strict_json(verdicts_json([verdict]))

    @staticmethod
    def _model(found: bundle.Bundle) -> ModelFile:
        file = tflite_file.parse(found.model, "input app/model.tflite")
        return ModelFile("input.edgerec", file, found, found.sha256, hashlib.sha256(found.model).hexdigest())


def _refused(read: Callable[[], object]) -> bool:
    """Return False where the reader refused, in clean text, and True where it took the input."""
    try:
        read()
    except REFUSALS as error:
        clean(error_text(error))
        return False
    return True


def _decoded(file: tflite_file.TfliteFile, tensor: Tensor) -> None:
    if len(file.constant(tensor)):
        values.decode(file, tensor)


def _strict_json(plain: object) -> None:
    """Raise ValueError for what JSON has not, such as NaN, and for half characters."""
    json.dumps(plain, allow_nan=False, ensure_ascii=False).encode("utf-8")
