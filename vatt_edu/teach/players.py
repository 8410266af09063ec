"""Players: clips with their sound, inside the page, so that they play without a network."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from vatt_edu import pages


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


def show_clips(clips: Iterable[Clip], width: int = 216) -> None:
    """Displays players in a notebook."""
    pages.display(html(clips, width))


def _figure(clip: Clip, width: int) -> str:
    kind = pages.MEDIA_TYPES[clip.path.suffix.lower()]
    poster = _poster(clip.path) if kind.startswith("video") else ""
    player = pages.player(kind, clip.path.read_bytes(), clip.title, poster=poster, style=f"width:{width}px")
    return (
        f'<figure style="width:{width}px"><div><strong>{escape(clip.title)}</strong></div>{player}'
        f"<figcaption>{'<br>'.join(map(escape, clip.lines))}</figcaption></figure>"
    )


def _poster(path: Path) -> str:
    """The picture a second into the clip: at the very start, often nothing has happened yet."""
    from vatt_edu.data.media import probe_media, read_video

    info = probe_media(path)
    (frame,) = read_video(path, min(1.0, info.duration / 2), 1, 1.0, min(info.height, info.width))
    return pages.picture(frame, quality=80)
