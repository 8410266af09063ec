"""What probes are asked: six factors of a step, and whether something hits at a given moment.

Contact: does something touch within the first 0.3 s after the middle of the clip (impulse at least 0.1, so that it can
be heard)? It is asked of four actions only. The others answer by what they are: "shake" and "pour" always touch,
"slide" never does, and "swing" keeps time. Among these four half of the clips do (corpus ``small``: 50 %), and the
action alone, each with its own most frequent answer, tells it in 60 %. What is above that has seen or heard *when*.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from vatt_edu.evaluation.ground_truth import FACTORS, Step

CONTACT_ACTIONS = ("bounce", "roll", "tap", "stack")
CONTACT_SECONDS = (0.0, 0.3)  # from the middle of the clip
CONTACT_IMPULSE = 0.1  # 1 is a fall from the top of the picture


@dataclass(frozen=True)
class Target:
    """A question with one right answer for each clip that it is asked of.

    Attributes:
        name: ``action material size count color shape contact``.
        answer: The label of a step, or None where it is not asked.
    """

    name: str
    answer: Callable[[Step], str | None]

    def labels(self, steps: Sequence[Step]) -> tuple[np.ndarray, np.ndarray]:
        """Which of the steps are asked ``(n,)`` bool, and the labels of those, as words."""
        answers = [self.answer(step) for step in steps]
        return np.array([a is not None for a in answers], bool), np.array([a for a in answers if a is not None])


def contact(step: Step) -> str | None:
    """``"hit"`` or ``"none"``; None for actions whose contacts tell nothing about time."""
    if step.factors["action"] not in CONTACT_ACTIONS:
        return None
    return "hit" if step.hit(*CONTACT_SECONDS, CONTACT_IMPULSE) else "none"


def _factor(name: str) -> Target:
    return Target(name, lambda step: step.factors[name])


TARGETS = (*(_factor(name) for name in FACTORS), Target("contact", contact))


def majority(train: np.ndarray, test: np.ndarray) -> float:
    """Accuracy on ``test`` of always giving the most frequent answer of ``train`` (of equals, the first word)."""
    words, counts = np.unique(train, return_counts=True)
    return float((test == words[counts.argmax()]).mean())


def by_action(train: np.ndarray, train_actions: np.ndarray, test: np.ndarray, test_actions: np.ndarray) -> float:
    """Accuracy of giving each action's most frequent answer: what a feature that knows the action gets for nothing."""
    right = 0.0
    for action in np.unique(test_actions):
        mine = train[train_actions == action]
        asked = test[test_actions == action]
        right += len(asked) * majority(mine if len(mine) else train, asked)
    return right / len(test)
