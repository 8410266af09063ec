"""Players: clips with their sound, inside the page, so that they play without a network."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from vatt_edu.teach.inline import inline

TYPES = {".mp4": "video/mp4", ".webm": "video/webm", ".flac": "audio/flac", ".wav": "audio/wav"}


@dataclass(frozen=True)
class Clip:
    """A media file to play.

    Attributes:
        path: The file; it is written into the page.
        title: What stands above it, and what a screen reader says.
        lines: What stands below it.
    """

    path: Path
    title: str
    lines: Sequence[str] = ()


def html(clips: Iterable[Clip], width: int = 216) -> str:
    """Players side by side, each ``width`` pixels wide; three of 216 fill a page."""
    return f'<div class="vatt-players">{"".join(_figure(clip, width) for clip in clips)}</div>'


def show(clips: Iterable[Clip], width: int = 216) -> None:
    """Displays players in a notebook."""
    from IPython.display import HTML, display

    display(HTML(html(clips, width)))


def _figure(clip: Clip, width: int) -> str:
    kind = TYPES[clip.path.suffix.lower()]
    tag = kind.split("/")[0]
    label, lines = escape(clip.title, quote=True), "<br>".join(map(escape, clip.lines))
    poster = f' poster="{_poster(clip.path)}"' if tag == "video" else ""
    return (
        f'<figure style="width:{width}px"><div><strong>{label}</strong></div>'
        f'<{tag} controls preload="metadata" style="width:{width}px" aria-label="{label}"{poster} '
        f'src="{inline(kind, clip.path.read_bytes())}"></{tag}><figcaption>{lines}</figcaption></figure>'
    )


def _poster(path: Path) -> str:
    """The picture a second into the clip: at the very start, often nothing has happened yet."""
    import cv2

    from vatt_edu.data.media import probe, read_video

    info = probe(path)
    (frame,) = read_video(path, min(1.0, info.duration / 2), 1, 1.0, min(info.height, info.width))
    _, file = cv2.imencode(".jpg", frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])
    return inline("image/jpeg", file.tobytes())
