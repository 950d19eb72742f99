"""Bundles to make a page of, and a headless Chromium, driven over a pipe by its DevTools protocol."""

import base64
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import flatbuffers
import pytest
from ai_edge_litert import schema_py_generated as schema

from device_tests import bundle as bundle_format
from device_tests import report as report_format
from device_tests.bundle import MODEL
from device_tests.counts import Count, Counts
from device_tests.report import DeviceReport
from edgerec.report.page.writing import write_report

COMMAND = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run"),
    *("--hide-scrollbars", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-sync"),
)
# Chromium reads commands from file descriptor 3 and writes to 4.
START = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.dup2(int(sys.argv[2]), 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


class Browser:
    """One page of one Chromium: what it is told, and every event that it told of."""

    def __init__(self, program: str, profile: Path) -> None:
        pipes = [*os.pipe(), *os.pipe()]
        theirs_in, ours_out, ours_in, theirs_out = (fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, 10) for one in pipes)
        command = (program, *COMMAND, f"--user-data-dir={profile}", "about:blank")
        self.process = subprocess.Popen(
            [sys.executable, "-c", START, str(theirs_in), str(theirs_out), *command],
            pass_fds=(theirs_in, theirs_out),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for one in (*pipes, theirs_in, theirs_out):
            os.close(one)
        self._out, self._in, self._rest = ours_out, ours_in, b""
        self._number = 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []

    def start(self) -> None:
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while (told := self._next()).get("id") != self._number:
            self.events.append(told)
        assert "error" not in told, (method, told["error"])
        return told["result"]

    def open(self, path: Path, *, width: int = 1440, scheme: str = "light") -> None:
        """Open a file and wait until it is loaded."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.events.clear()
        self.ask("Page.navigate", url=path.absolute().as_uri())
        while all(one.get("method") != "Page.loadEventFired" for one in self.events):
            self.events.append(self._next())

    def value(self, expression: str) -> Any:
        """Give what an expression comes to in the page."""
        told = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def press_tab(self) -> None:
        for kind in ("rawKeyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)

    def screenshot(self, path: Path, *, whole: bool = False) -> None:
        told = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(told["data"]))

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._out)
        os.close(self._in)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            read = os.read(self._in, 1 << 16)
            assert read, "Chromium ended"
            self._rest += read
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)


@pytest.fixture(scope="session")
def browser(tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tool("chromium"), tmp_path_factory.mktemp("profile"))
    try:
        browser.start()
        yield browser
    finally:
        browser.close()


HOSTILE = (
    "</title></style></script><script>document.title='hacked'</script><img src=x onerror=\"document.title='hacked'\">"
)
STRANGE = "\"'&<>\u202e\u0000\x1b[31m\ud7ff\U0001f600`${1}{{x}}"


@pytest.fixture(scope="session")
def shelf(
    tmp_path_factory: pytest.TempPathFactory,
    tiny_model: Any,
    rebuilt: Callable[..., dict[str, bytes]],
    report_of: Callable[..., DeviceReport],
) -> Path:
    """Give a folder of a small and a large bundle with reports, one without, and one whose every name is hostile."""
    folder = tmp_path_factory.mktemp("shelf")
    half = replace(tiny_model, table=tiny_model.table[:, :4].copy(), dense=tiny_model.dense[:, :4].copy())
    models = {"large": tiny_model.tflite(), "small": half.tflite(), "unmeasured": tiny_model.tflite(gather_version=2)}
    models["hostile"] = renamed(models["large"], lambda name: f"{name}{HOSTILE}{STRANGE}")
    for name, model in models.items():
        members = rebuilt({MODEL: model})
        bundle_format.write(folder / f"{name}.edgerec", members)
        if name == "unmeasured":
            continue
        report = report_of(bundle_format.decode(bundle_format.encode(members)))
        assert report.quality is not None
        assert report.latency is not None
        if name == "small":
            worse = replace(report.quality, ranks=tuple(min(40, rank + 4) for rank in report.quality.ranks))
            faster = replace(report.latency, warm_ns=tuple(one // 2 for one in report.latency.warm_ns))
            report = replace(report, quality=worse, latency=faster)
        if name == "hostile":
            board = replace(report.board, cpu=HOSTILE, system=STRANGE.replace("\0", ""), python=HOSTILE)
            segments = {**report.quality.segments, HOSTILE: (0, 1, 2), STRANGE: (3, 4)}
            report = replace(
                report, board=board, warnings=(HOSTILE, STRANGE), quality=replace(report.quality, segments=segments)
            )
        report_format.write(folder / f"{name}.report.json", report)
        counted = replace(
            report, provenance="emulated", latency=None, memory=None, counts=counts(900 if name == "small" else 1000)
        )
        report_format.write(folder / f"{name}.qemu.report.json", counted)
    return folder


def counts(instructions: int) -> Counts:
    one = Count(instructions, 64, 32)
    return Counts(one, one, (one, one), (one,), Count(1, 0, 0), "eval set")


def renamed(model: bytes, name_of: Callable[[str], str]) -> bytes:
    """Give a .tflite whose tensors are called otherwise."""
    unpacked = schema.ModelT.InitFromPackedBuf(model, 0)
    for graph in unpacked.subgraphs:
        for tensor in graph.tensors:
            tensor.name = name_of(tensor.name.decode()).encode()
    builder = flatbuffers.Builder(1 << 12)
    builder.Finish(unpacked.Pack(builder), b"TFL3")
    return bytes(builder.Output())


@pytest.fixture(scope="session")
def written(shelf: Path) -> Path:
    """Give the page of that folder, the large bundle its baseline."""
    files = [shelf / f"{name}.edgerec" for name in ("large", "small", "unmeasured", "hostile")]
    write_report(shelf / "report.html", files, baseline=files[0])
    return shelf / "report.html"
