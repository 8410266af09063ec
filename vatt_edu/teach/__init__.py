"""What the book needs and a training run does not: figures that move, players, questions, graders, the demo."""

from vatt_edu.teach.quizzes import quiz

__all__ = ["quiz"]
