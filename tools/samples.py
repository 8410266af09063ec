"""Make ``data_samples/minitube`` anew: a few dozen clips and one narrated video that no preset's training has seen.

``python tools/samples.py``; needed only when ``vatt_edu.minitube.VERSION`` is raised.
"""

import shutil
from pathlib import Path

from vatt_edu import minitube

OUT = Path(__file__).resolve().parent.parent / "data_samples" / "minitube"
SAMPLES = minitube.Preset("samples", howto=1, audioset=0, val=0, test_iid=24, test_comp=6, test_bg=6)
SEED = 1  # the presets' corpora are made with 0


def main() -> None:
    shutil.rmtree(OUT, ignore_errors=True)
    minitube.make(SAMPLES, OUT, seed=SEED)


if __name__ == "__main__":
    main()
