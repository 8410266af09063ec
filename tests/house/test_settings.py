"""What pyproject.toml asks of every test is in force, and the lanes are lists of what exists."""

import re
import warnings

import pytest
import torch
from helpers import lanes, syntax
from jaxtyping import TypeCheckError

import vatt_edu as vatt
from tools import mutation

TESTS = syntax.ROOT / "tests"


def test_shapes_are_enforced() -> None:
    with pytest.raises(TypeCheckError):
        vatt.audio_patches(torch.zeros(1, 2, 64), 8)


def test_a_warning_is_an_error() -> None:
    for kind in (DeprecationWarning, FutureWarning, RuntimeWarning, UserWarning):
        with pytest.raises(kind):
            warnings.warn_explicit("old", kind, filename="audio.py", lineno=1, module="vatt_edu.data.media.audio")


@pytest.mark.parametrize("row", [*lanes.SLOW, *lanes.FAST])
def test_a_row_of_the_lanes_is_about_something(row: str) -> None:
    assert (TESTS / row).exists()
    above = [place for place in lanes.SLOW if row.startswith(f"{place}/")]
    assert len(above) == (row in lanes.FAST), "said twice, or an exception to nothing"


def test_the_mark_is_what_the_lanes_say(request: pytest.FixtureRequest) -> None:
    for item in request.session.items:
        file = item.path.relative_to(TESTS).as_posix()
        assert (item.get_closest_marker("slow") is not None) == lanes.is_slow(file)


def test_mutants_meet_the_settings_that_tests_have() -> None:
    """The runner replaces addopts: what enforces shapes must be in its own."""
    (option,) = re.findall(r"--jaxtyping-packages=\S+", (syntax.ROOT / "pyproject.toml").read_text())
    assert option.rstrip('"') in mutation.ADDOPTS.split()


def test_every_test_file_has_a_name_of_its_own() -> None:
    """Two of one name cannot be collected together."""
    names = [path.name for path in TESTS.rglob("test_*.py")]
    assert sorted({name for name in names if names.count(name) > 1}) == []
