"""Live figures of the book: alive with a kernel, alive in the rendered page, a picture in print."""

from vatt_edu.teach.interactive.base import Live, show
from vatt_edu.teach.interactive.bill import Bill
from vatt_edu.teach.interactive.calculator import Calculator
from vatt_edu.teach.interactive.guess import Guess, guess
from vatt_edu.teach.interactive.match import Match
from vatt_edu.teach.interactive.model_picture import show_model
from vatt_edu.teach.interactive.port import Port
from vatt_edu.teach.interactive.retrieve import Retrieve
from vatt_edu.teach.interactive.shift import NarratedVideo, Shift
from vatt_edu.teach.interactive.signals import Aliasing, Pixels, Scrub

__all__ = [
    "Aliasing", "Bill", "Calculator", "Guess", "Live", "Match", "NarratedVideo", "Pixels", "Port", "Retrieve", "Scrub",
    "Shift", "guess", "show", "show_model",
]  # fmt: skip
