"""Quantizes a float32 .tflite by recipes of ai-edge-quantizer; runs in an environment that has it, and nothing of ours.

    PYTHON benchmarks/quantize_by_peer.py FLOAT32.tflite FOLDER RECIPE...

Writes FOLDER/RECIPE.tflite for the recipes named, functions of ai_edge_quantizer.recipe such as dynamic_wi8_afp32.
"""

import sys
from pathlib import Path

from ai_edge_quantizer import quantizer, recipe


def main() -> None:
    model, folder, *names = sys.argv[1:]
    for name in names:
        made = quantizer.Quantizer(model)
        made.load_quantization_recipe(getattr(recipe, name)())
        made.quantize().export_model(str(Path(folder) / f"{name}.tflite"), overwrite=True)


if __name__ == "__main__":
    main()
