"""What probes are asked: six factors of a step, and whether something hits at a given moment.

Contact: does something touch within the first 0.3 s after the middle of the clip (impulse at least 0.1, so that it can
be heard)? It is asked of four actions only. The others answer by what they are: "shake" and "pour" always touch,
"slide" never does, and "swing" keeps time. Among these four half of the clips do (corpus ``small``: 50 %), and the
action alone, each with its own most frequent answer, tells it in 60 %. What is above that has seen or heard *when*.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Shaped

from vatt_edu.evaluation.ground_truth import FACTORS, Step

CONTACT_ACTIONS = ("bounce", "roll", "tap", "stack")
CONTACT_SECONDS = (0.0, 0.3)  # from the middle of the clip
CONTACT_IMPULSE = 0.1  # 1 is a fall from the top of the picture


@dataclass(frozen=True)
class TargetLabels:
    """The right answers of some steps to one question.

    Attributes:
        mask: Which of the steps have one.
        labels: The answers of those, as words.
    """

    mask: Bool[np.ndarray, " steps"]
    labels: Shaped[np.ndarray, " answers"]


@dataclass(frozen=True)
class Target:
    """A question with one right answer for each clip that it is asked of.

    Attributes:
        name: ``action material size count color shape contact``.
        answer: The label of a step, or None where it is not asked.
    """

    name: str
    answer: Callable[[Step], str | None]

    def labels(self, steps: Sequence[Step]) -> TargetLabels:
        """The labels of those of the steps that have one."""
        answers = [self.answer(step) for step in steps]
        words = np.array([answer for answer in answers if answer is not None])
        return TargetLabels(np.array([answer is not None for answer in answers], bool), words)


def contact(step: Step) -> str | None:
    """``"hit"`` or ``"none"``; None for actions whose contacts tell nothing about time."""
    if step.factors["action"] not in CONTACT_ACTIONS:
        return None
    return "hit" if step.hit(*CONTACT_SECONDS, CONTACT_IMPULSE) else "none"


def _factor(name: str) -> Target:
    return Target(name, lambda step: step.factors[name])


TARGETS = (*(_factor(name) for name in FACTORS), Target("contact", contact))


def majority_accuracy(train: Shaped[np.ndarray, " n"], test: Shaped[np.ndarray, " m"]) -> float:
    """Accuracy on ``test`` of always giving the most frequent answer of ``train`` (of equals, the first word)."""
    words, counts = np.unique(train, return_counts=True)
    return float((test == words[counts.argmax()]).mean())


def by_action_accuracy(
    train: Shaped[np.ndarray, " n"],
    train_actions: Shaped[np.ndarray, " n"],
    test: Shaped[np.ndarray, " m"],
    test_actions: Shaped[np.ndarray, " m"],
) -> float:
    """Accuracy of giving each action's most frequent answer: what a feature that knows the action gets for nothing."""
    correct = 0.0
    for action in np.unique(test_actions):
        train_labels, test_labels = train[train_actions == action], test[test_actions == action]
        accuracy = majority_accuracy(train_labels if len(train_labels) else train, test_labels)
        correct += len(test_labels) * accuracy
    return correct / len(test)
