"""A prediction: the reader commits to a number before the result is shown; the page answers that number."""

import traitlets

from vatt_edu.teach.interactive.base import Live, show


class Guess(Live):
    """A slider, a button, and later an answer. Make one with ``guess``."""

    script = "guess.js"
    question = traitlets.Unicode().tag(sync=True)
    low = traitlets.Float().tag(sync=True)
    high = traitlets.Float().tag(sync=True)
    step = traitlets.Float().tag(sync=True)
    unit = traitlets.Unicode().tag(sync=True)
    value = traitlets.Float(None, allow_none=True).tag(sync=True)
    truth = traitlets.Float(None, allow_none=True).tag(sync=True)
    because = traitlets.Unicode().tag(sync=True)

    def answer(self, truth: float, because: str) -> None:
        """What came out, once it is known: also in the page, where the guess stands above the result.

        Args:
            truth: The result, in the unit of the question.
            because: One or two sentences that make sense of it.
        """
        self.truth, self.because = float(truth), because


def guess(question: str, low: float, high: float, step: float, unit: str = "") -> Guess:
    """Displays a question that a number answers; returns it, so that a later cell can give its ``answer``.

    Args:
        question: What is going to be measured.
        low: Least number that can be guessed.
        high: Greatest.
        step: Between two of them.
        unit: Written behind the number.
    """
    slider = Guess(question=question, low=low, high=high, step=step, unit=unit)
    show(
        slider,
        f"<p><strong>Your guess?</strong> {question}</p>",
        f"A slider for your guess: {question}",
        numbered=False,
    )
    return slider
