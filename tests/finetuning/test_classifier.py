"""A classifier's sizes: what cannot be one is said in one line. Its numbers are those of tests/parity."""

import pytest

from vatt_edu.errors import UserError
from vatt_edu.finetuning.classifier import ClassifierConfig


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"classes": 1}, r"classifier\.classes = 1 must be at least 2"),
        ({"dropout": 1.0}, r"classifier\.dropout = 1\.0 must lie in \[0, 1\)"),
        ({"dropout": -0.1}, r"classifier\.dropout = -0\.1 must lie in"),
    ],
)
def test_sizes_that_are_none(fields: dict[str, float], message: str) -> None:
    with pytest.raises(UserError, match=message):
        ClassifierConfig(**fields)
    assert ClassifierConfig(classes=2, dropout=0.0).classes == 2
