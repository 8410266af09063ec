"""Questions with feedback on every option. No server and no script: each option opens, and says why it is right or not.

On the rendered page a few lines of script remember, in the page's own storage, which questions were answered.
"""

import hashlib
import re
from collections.abc import Sequence
from html import escape

from vatt_edu import pages

Option = tuple[str, bool, str]


def html(question: str, options: Sequence[Option]) -> str:
    """The question as HTML: one ``<details>`` an option, of which one is open at a time.

    Args:
        question: What is asked; ``code`` in backticks, *words* in asterisks and ``$formulas$`` are set.
        options: (what can be chosen, whether it is right, what is said then).

    Raises:
        ValueError: If no option is right, or one says nothing.
    """
    if not any(right for _, right, _ in options) or not all(text and why for text, _, why in options):
        raise ValueError(f"a question needs a right option, and something to say about each: {question!r}")
    name = "quiz-" + hashlib.sha256(question.encode()).hexdigest()[:8]
    rows = "".join(
        f'<details name="{name}"{" data-right" if right else ""}><summary>{_set(text)}</summary>'
        f"<p><strong>{'Right.' if right else 'Not quite.'}</strong> {_set(why)}</p></details>"
        for text, right, why in options
    )
    return (
        f'<div class="vatt-quiz tex2jax_process" id="{name}" role="group" aria-labelledby="{name}-question">'
        f'<p class="vatt-quiz-question" id="{name}-question">{_set(question)}</p>{rows}</div>'
    )


def quiz(question: str, options: Sequence[Option]) -> None:
    """Displays a question in a notebook; see ``html``."""
    pages.display(html(question, options))


def _set(text: str) -> str:
    marked = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))
    return re.sub(r"(?<![\w*$])\*(\w[^*$<]*)\*(?![\w*])", r"<em>\1</em>", marked)
