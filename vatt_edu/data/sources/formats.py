"""What is read, as a table made of what the code reads: ``vatt data formats``, and the book's page on trouble."""

import inspect

from vatt_edu.data.sources.adapters import folder
from vatt_edu.data.sources.open import ADAPTERS
from vatt_edu.data.sources.source import AUDIO_SUFFIXES, VIDEO_SUFFIXES
from vatt_edu.data.text.captions import SUFFIXES


def formats_table() -> str:
    """Suffixes of files, and data sets with the word that names them, in Markdown."""
    rows = [
        ("Videos", "", VIDEO_SUFFIXES),
        ("Sound alone", "in `audioset:DIR` and `esc50:DIR`", AUDIO_SUFFIXES),
        ("Captions beside a video", "also with a language, `talk.en.vtt`", SUFFIXES),
    ]
    lines = ["| what | which |", "|---|---|"]
    for name, where, suffixes in rows:
        lines.append(f"| {name}{f', {where}' if where else ''} | {' '.join(f'`{suffix}`' for suffix in suffixes)} |")
    for kind, read in ADAPTERS.items():
        about = (inspect.getdoc(inspect.getmodule(read)) or "").splitlines()[0].rstrip(".")
        name = "`DIR`" if read is folder.read else f"`{kind}:DIR`"
        lines.append(f"| {name} | {about} |")
    return "\n".join(lines)
