"""The one place that knows the TFLite runtimes: which there are, how they are imported, how they fail."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Optional, Union

import numpy as np

from device_tests.compiled import Compiled
from device_tests.errors import ModelError, RuntimeUnavailable

if TYPE_CHECKING:
    from types import ModuleType

MODULES = {"tflite-runtime": "tflite_runtime", "ai-edge-litert": "ai_edge_litert"}
_INSTEAD = "use ai-edge-litert 2.3.0 or leave it out"
_BEFORE_NUMPY_2 = frozenset({"tflite-runtime"})


@dataclass(frozen=True)
class Runtime:
    """An imported runtime: the distribution's name and version, and its interpreter class."""

    name: str
    version: str
    interpreter: Any

    def open(self, path: str, threads: int, weight_cache: Optional[str] = None) -> Any:
        """Return an allocated interpreter of the .tflite at `path`; ModelError with the runtime's own reason.

        With `weight_cache`, a path, it is one that takes its packed weights from there, or puts them there.
        """
        try:
            if weight_cache is not None:
                return Compiled(self._compiling(), path, threads, weight_cache)
            interpreter = self.interpreter(model_path=path, num_threads=threads)
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError, SystemError, MemoryError, OverflowError) as why:
            raise ModelError(f"{self.name} {self.version} does not load the model: {one_line(why)}") from None
        return interpreter

    def _compiling(self) -> ModuleType:
        """Return ai_edge_litert.compiled_model; ModelError in a runtime that takes no weight cache."""
        name, refused = f"{MODULES[self.name]}.compiled_model", f"{self.name} {self.version} takes no weight cache"
        if importlib.util.find_spec(name) is not None:
            try:
                module = importlib.import_module(name)
            except ImportError as why:
                raise ModelError(f"{refused} here ({one_line(why)}): {_INSTEAD}") from None
            options = getattr(module, "CpuOptions", None)
            if "xnnpack_weight_cache_path" in getattr(options, "__dataclass_fields__", {}):
                return module
        raise ModelError(f"{refused}: {_INSTEAD}")


def load(name: Optional[str] = None) -> Runtime:
    """Import the runtime called `name`, or the first that works of tflite-runtime and ai-edge-litert.

    Raises RuntimeUnavailable, which says what to install, when there is none.
    """
    if name is not None and name not in MODULES:
        raise RuntimeUnavailable(f"no runtime is called {name!r}: there are {' and '.join(MODULES)}")
    refused = []
    for each in [name] if name else MODULES:
        found = _load(each)
        if isinstance(found, Runtime):
            return found
        refused += [found] if found else []
    if refused:
        raise RuntimeUnavailable("; ".join(refused))
    package = name or "tflite-runtime"
    numpy = ' "numpy<2"' if package in _BEFORE_NUMPY_2 else ""
    raise RuntimeUnavailable(f"this Python has no {name or 'TFLite runtime'}: run pip install {package}{numpy}")


def one_line(why: BaseException) -> str:
    """Return a runtime's reason, which may be several lines or none, as one."""
    return "; ".join(line.strip() for line in str(why).splitlines() if line.strip()) or type(why).__name__


def _load(name: str) -> Union[Runtime, str, None]:
    """Return the runtime, why it does not work, or None when it is not installed."""
    if importlib.util.find_spec(MODULES[name]) is None:
        return None
    if name in _BEFORE_NUMPY_2 and int(np.__version__.split(".")[0]) > 1:
        return f'{name} was built for numpy 1 and numpy {np.__version__} is installed: run pip install "numpy<2"'
    try:
        module = importlib.import_module(f"{MODULES[name]}.interpreter")
    except ImportError as why:
        return f"{name} cannot be imported: {one_line(why)}"
    return Runtime(name, _version(name), module.Interpreter)


def _version(name: str) -> str:
    said = getattr(importlib.import_module(MODULES[name]), "__version__", None)
    if isinstance(said, str):
        return said
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
