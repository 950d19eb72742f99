"""What a .tflite asks whatever the runtime: no Flex or custom ops, strings, free axes or state between calls."""

from collections.abc import Iterator

from converters.finding import Evidence, Finding
from converters.signature_limits import free_axes
from converters.tflite_file import TfliteFile

_STATE = {"VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE", "HASHTABLE", "HASHTABLE_IMPORT"}


def static_findings(file: TfliteFile) -> Iterator[Finding]:
    """Give the findings that need no table of a runtime."""
    yield from _of_codes(file)
    yield from _of_strings(file)
    yield from _of_free_axes(file)
    yield from _of_state(file)


def _of_codes(file: TfliteFile) -> Iterator[Finding]:
    for name in sorted({code.name for code in file.operator_codes if code.custom}):
        if name.startswith("Flex"):
            evidence = Evidence("TensorFlow's own kernels run it, not built-in ones")
            remedy = "leave tf.lite.OpsSet.SELECT_TF_OPS out of supported_ops and replace the layer that needs it"
            yield Finding("flex-op", "error", name, evidence, remedy)
        else:
            remedy = (
                "replace the layer that needs it, or link its kernel into the app and prove it there (edgerec bench)"
            )
            yield Finding("custom-op", "error", name, Evidence("no built-in kernel runs a custom op"), remedy)


def _of_strings(file: TfliteFile) -> Iterator[Finding]:
    for graph in file.subgraphs:
        for index in graph.inputs:
            tensor = graph.tensors[index]
            if tensor.dtype == "STRING":
                name = tensor.name or f"tensor {index}"
                evidence = Evidence(f"the input {name} is of type STRING")
                remedy = "look ids up in the vocabulary outside the model and give it int32"
                yield Finding("string-input", "warning", "input", evidence, remedy, (name,))


def _of_free_axes(file: TfliteFile) -> Iterator[Finding]:
    for one in sorted(free_axes(file)):
        evidence = Evidence(f"axis {one.axis} of {one.name} has no fixed size")
        remedy = "fix the length and pad to it (edgerec pack refuses any other free axis than the batch)"
        yield Finding("free-axis", "warning", "signature", evidence, remedy, (one.name,))


def _of_state(file: TfliteFile) -> Iterator[Finding]:
    for name in sorted({one.name for graph in file.subgraphs for one in graph.operators if one.name in _STATE}):
        evidence = Evidence("it keeps a value between calls")
        remedy = "export a function without tf.Variable or tf.lookup inside, so that a call depends on its inputs alone"
        yield Finding("resource-variable", "warning", name, evidence, remedy)
    for graph in file.subgraphs:
        variables = tuple(tensor.name or f"tensor {tensor.index}" for tensor in graph.tensors if tensor.variable)
        if variables:
            evidence = Evidence("tensors of the graph keep a value between calls")
            remedy = "export the layer stateless, so that a call depends on its inputs alone"
            yield Finding("resource-variable", "warning", "variable tensor", evidence, remedy, variables)
