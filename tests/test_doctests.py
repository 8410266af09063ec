"""The examples in docstrings do what they show."""

import doctest
import importlib

import pytest

MODULES = ("model", "losses", "data.sources.open", "evaluation.embed")


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    """With the module's own doctests: at least one, and none fails."""
    module = importlib.import_module(f"vatt_edu.{name}")
    outcome = doctest.testmod(module)
    assert outcome.attempted > 0
    assert outcome.failed == 0
