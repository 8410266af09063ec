"""What TensorFlow's own reader finds in the recorded checkpoints: how many tensors, and a digest of all.

TensorFlow is too large to be installed for one test, so it was asked once:

    pip install tensorflow-cpu==2.21.0
    python tests/helpers/tensorflow_digests.py
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

TESTS = Path(__file__).parents[1]
RECORD = TESTS / "assets" / "tensorflow_reads.json"


def digest(tensors: dict[str, Any]) -> dict[str, Any]:
    """How many they are, and a digest of their names, types, shapes and bytes."""
    whole = hashlib.sha256()
    for name in sorted(tensors):
        array = np.asarray(tensors[name])
        whole.update(f"{name} {array.dtype.str} {array.shape} ".encode() + array.tobytes())
    return {"tensors": len(tensors), "sha256": whole.hexdigest()}


def main() -> None:
    """Asks TensorFlow, and writes ``RECORD``."""
    import tensorflow

    checkpoints = {}
    for folder in sorted((TESTS / "golden").glob("*_ckpt")):
        reader = tensorflow.train.load_checkpoint(str(folder))
        types = reader.get_variable_to_dtype_map()
        numbers = [key for key in types if types[key] != tensorflow.string]
        checkpoints[folder.name] = digest({key: reader.get_tensor(key) for key in numbers})
    RECORD.write_text(json.dumps({"tensorflow": tensorflow.__version__, "checkpoints": checkpoints}, indent=1) + "\n")


if __name__ == "__main__":
    main()
