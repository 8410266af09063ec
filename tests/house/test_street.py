"""From the command line to the loss in a few files: what a reader opens to follow one step of training."""

import sys
from pathlib import Path
from types import FrameType

from helpers import clips, runs

import vatt_edu
from vatt_edu import losses

PACKAGE = Path(vatt_edu.__file__).parent
AT_MOST = 4


def files_on(frame: FrameType | None) -> list[str]:
    """Files of the package whose functions are on the call stack, the outermost first."""
    files: dict[str, None] = {}
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(PACKAGE):
            files[path.relative_to(PACKAGE).as_posix()] = None
        frame = frame.f_back
    return list(files)[::-1]


def test_from_vatt_pretrain_to_the_loss(tmp_path: Path) -> None:
    corpus = clips.corpus(tmp_path / "corpus", narrated=2, text_free=2, evaluation=1)
    streets: list[list[str]] = []

    def profile(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_name == "vatt_loss" and code.co_filename == losses.__file__:
            streets.append(files_on(frame))
            sys.setprofile(None)

    sys.setprofile(profile)
    try:
        runs.pretrain(corpus, tmp_path / "run", train__steps=1)
    finally:
        sys.setprofile(None)
    (street,) = streets
    assert street[0] == "cli.py"
    assert street[-1] == "losses.py"
    assert len(street) <= AT_MOST, " -> ".join(street)
