"""What several configurations check of their fields."""

import math

from vatt_edu.errors import UserError


def require_positive(config: object, *names: str) -> None:
    """Refuses a field that is not a finite number above 0."""
    for name in names:
        if not 0 < getattr(config, name) < math.inf:
            raise UserError(f"{name} = {getattr(config, name)} must be positive ({type(config).__name__})")


def require_not_negative(config: object, *names: str) -> None:
    """Refuses a field that is below 0."""
    for name in names:
        if getattr(config, name) < 0:
            raise UserError(f"{name} = {getattr(config, name)} must not be negative ({type(config).__name__})")


def require_rate(config: object, name: str) -> None:
    """Refuses a field that is not in [0, 1)."""
    if not 0 <= getattr(config, name) < 1:
        raise UserError(f"{name} = {getattr(config, name)} must lie in [0, 1) ({type(config).__name__})")
