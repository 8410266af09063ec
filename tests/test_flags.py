"""The flags of ``vatt pretrain toy``, kept in a file: whoever renames or removes one sees it in the diff."""

import re
from pathlib import Path

import pytest

from vatt_edu.cli import main

FLAGS = Path(__file__).parent / "assets" / "toy_flags.txt"


def test_flags_are_the_recorded_ones(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")  # no flag broken over two lines
    with pytest.raises(SystemExit) as end:
        main(["pretrain", "toy", "--help"])
    assert end.value.code == 0
    shown = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    flags = sorted(set(re.findall(r"--[a-z][\w.-]*", shown)))
    assert flags == FLAGS.read_text().split(), "a flag came, went or was renamed: if that is meant, change the file too"
