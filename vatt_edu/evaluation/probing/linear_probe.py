"""A linear probe: how much of something can be read from features by a weighted sum?

Logistic regression on standardized features, fitted until it has converged: a fit that is stopped early measures the
optimizer. How strongly weights are kept small is chosen on other clips than those that are fitted or tested.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped

from vatt_edu.errors import missing
from vatt_edu.evaluation.results_file import ProbeFit

C_VALUES = (0.001, 0.01, 0.1, 1.0)  # the inverse of the regularization: the larger, the freer the weights
ITERATIONS = 10_000
TOLERANCE = 1e-6  # of the largest entry of the gradient of the mean loss


@dataclass(frozen=True)
class Probe:
    """A fitted probe.

    Attributes:
        model: scikit-learn's pipeline of standardization and logistic regression.
        C: The chosen one.
        iterations: Of L-BFGS, at that C.
        converged: Whether it ended by itself, before the most that it was allowed.
        val_accuracy: On the clips that C was chosen on, a fraction.
    """

    model: Any
    C: float
    iterations: int
    converged: bool
    val_accuracy: float

    def accuracy(self, features: Float[np.ndarray, "n F"], labels: Shaped[np.ndarray, " n"]) -> float:
        """Share of rows whose label is predicted."""
        return float((self.model.predict(features) == labels).mean())

    def record(self) -> ProbeFit:
        """What ``probe.json`` says about the fit."""
        return {
            "C": self.C,
            "iterations": self.iterations,
            "converged": self.converged,
            "val": self.val_accuracy,
        }


def fit_probe(
    features: Float[np.ndarray, "n F"],
    labels: Shaped[np.ndarray, " n"],
    C: float,
    max_iterations: int = ITERATIONS,
) -> Probe:
    """Logistic regression at one C: least ``C · Σ cross entropy + ½ ‖weights‖²`` (the bias is free).

    Args:
        features: Standardized inside, by these rows.
        labels: At least two different ones.
        C: The inverse of the regularization.
        max_iterations: Of L-BFGS.
    """
    try:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from threadpoolctl import threadpool_limits
    except ImportError:
        raise missing("scikit-learn", "data") from None
    regression = LogisticRegression(C=C, solver="lbfgs", tol=TOLERANCE, max_iter=max_iterations)
    with threadpool_limits(1):  # matrices this small: with a thread for each core it took up to 100 times as long
        model = make_pipeline(StandardScaler(), regression).fit(features.astype(np.float64), labels)
    iterations = int(regression.n_iter_.max())
    return Probe(model, C, iterations, iterations < max_iterations, float("nan"))


def select_regularization(
    features: Float[np.ndarray, "n F"],
    labels: Shaped[np.ndarray, " n"],
    val_features: Float[np.ndarray, "v F"],
    val_labels: Shaped[np.ndarray, " v"],
    C_values: tuple[float, ...] = C_VALUES,
) -> Probe:
    """The probe whose C is best on the validation rows; of equals, the one with the smallest weights."""
    best: Probe | None = None
    for C in sorted(C_values):
        probe = fit_probe(features, labels, C)
        probe = replace(probe, val_accuracy=probe.accuracy(val_features, val_labels))
        if best is None or probe.val_accuracy > best.val_accuracy:
            best = probe
    assert best is not None
    return best
