"""Whether a .tflite is as a bundle promises and a runtime takes it: no free axis but the batch, and ops it knows."""

from converters.anatomy import anatomy
from converters.contract import contract
from converters.errors import Misfit
from converters.signature_limits import free_axes
from converters.tflite_file import TfliteFile

_OF_VERSIONS = frozenset({"op-version", "op-unknown"})


def refuse_misfit(file: TfliteFile, runtime: str) -> None:
    """Raise Misfit where a file does not fit `runtime`, a pin such as ``tflite-runtime==2.14.0``.

    The batch axis of every input and output has to be free (shape 1, shape signature -1) and no other; every operator
    has to be a built-in one at a version that the runtime took when it was asked. Raises TableError for a runtime that
    no table is of.
    """
    _refuse_other_than_a_free_batch(file)
    _refuse_ops_without_a_kernel(file)
    for finding in contract(file, runtime):
        if finding.rule in _OF_VERSIONS:
            raise Misfit(f"the file needs {finding.op} in {runtime}: {finding.evidence.seen}; {finding.remedy}")


def _refuse_other_than_a_free_batch(file: TfliteFile) -> None:
    free = free_axes(file)
    if free:
        raise Misfit(
            f"only the batch axis may be free, but axis {free[0].axis} of {free[0].name} is too; give it a fixed length"
        )
    for signature in file.signatures:
        tensors = file.subgraphs[signature.subgraph].tensors
        for name, index in (*signature.inputs.items(), *signature.outputs.items()):
            shape, asked = tensors[index].shape, tensors[index].shape_signature
            if shape[:1] != (1,) or asked[:1] != (-1,):
                raise Misfit(
                    f"the batch axis of {name} has size {shape[:1]} and signature {asked[:1]}, expected 1 and free: a "
                    "layer fixes the number of rows"
                )


def _refuse_ops_without_a_kernel(file: TfliteFile) -> None:
    found = anatomy(file)
    if found.flex or found.custom:
        names = ", ".join((*found.flex, *found.custom))
        raise Misfit(f"the model needs {names}, which no built-in kernel serves; replace the layer")
