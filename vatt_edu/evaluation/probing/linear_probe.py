"""A linear probe: how much of something can be read from features by a weighted sum?

Logistic regression on standardized features, fitted until it has converged: a fit that is stopped early measures the
optimizer. How strongly weights are kept small is chosen on other clips than those that are fitted or tested.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vatt_edu.errors import missing

STRENGTHS = (0.001, 0.01, 0.1, 1.0)  # C: the larger, the freer the weights
ITERATIONS = 10_000
TOLERANCE = 1e-6  # of the largest entry of the gradient of the mean loss


@dataclass(frozen=True)
class Probe:
    """A fitted probe.

    Attributes:
        model: scikit-learn's pipeline of standardization and logistic regression.
        strength: The chosen C.
        iterations: Of L-BFGS, at that C.
        converged: Whether it ended by itself, before ``ITERATIONS``.
        chosen_at: Accuracy on the clips that C was chosen on, a fraction.
    """

    model: Any
    strength: float
    iterations: int
    converged: bool
    chosen_at: float

    def accuracy(self, features: np.ndarray, labels: np.ndarray) -> float:
        """Share of rows whose label is predicted."""
        return float((self.model.predict(features) == labels).mean())

    def record(self) -> dict[str, Any]:
        """What ``probe.json`` says about the fit."""
        return {
            "C": self.strength,
            "iterations": self.iterations,
            "converged": self.converged,
            "val": self.chosen_at,
        }


def fit(features: np.ndarray, labels: np.ndarray, strength: float) -> Probe:
    """Logistic regression at one C: least ``C · Σ cross entropy + ½ ‖weights‖²`` (the bias is free).

    Args:
        features: ``(n, F)``; standardized inside, by these rows.
        labels: ``(n,)``, at least two different ones.
        strength: C.
    """
    try:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from threadpoolctl import threadpool_limits
    except ImportError:
        raise missing("scikit-learn", "data") from None
    regression = LogisticRegression(C=strength, solver="lbfgs", tol=TOLERANCE, max_iter=ITERATIONS)
    with threadpool_limits(1):  # matrices this small: with a thread for each core it took up to 100 times as long
        model = make_pipeline(StandardScaler(), regression).fit(features.astype(np.float64), labels)
    iterations = int(regression.n_iter_.max())
    return Probe(model, strength, iterations, iterations < ITERATIONS, float("nan"))


def choose(
    features: np.ndarray,
    labels: np.ndarray,
    val_features: np.ndarray,
    val_labels: np.ndarray,
    strengths: tuple[float, ...] = STRENGTHS,
) -> Probe:
    """The probe whose C is best on the validation rows; of equals, the one with the smallest weights."""
    best: Probe | None = None
    for strength in sorted(strengths):
        probe = fit(features, labels, strength)
        probe = replace(probe, chosen_at=probe.accuracy(val_features, val_labels))
        if best is None or probe.chosen_at > best.chosen_at:
            best = probe
    assert best is not None
    return best
