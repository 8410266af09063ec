"""Captions to lines of narration, and lines to word ids."""

from vatt_edu.data.text.captions import Line, nearest_lines, read_captions
from vatt_edu.data.text.vocabulary import Vocabulary

__all__ = ["Line", "Vocabulary", "nearest_lines", "read_captions"]
