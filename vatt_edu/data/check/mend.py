"""Commands that mend what can be mended, to be copied into a shell: exact, whatever a name holds.

The old file stays, as ``NAME.broken``, which no source reads; the new one has its place, so captions and tables find
it.
"""

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from vatt_edu.data.sources.source import Source, composed

FFMPEG = "ffmpeg -hide_banner -loglevel error -nostdin"
STRICT = "-err_detect crccheck+bitstream+buffer+explode -fflags +discardcorrupt"
EVEN = "'crop=trunc(iw/2)*2:trunc(ih/2)*2'"
TEXT_CODECS = ("subrip", "ass", "ssa", "mov_text", "webvtt", "text")  # of subtitles; others are pictures
HOLDS_H264 = (".mp4", ".m4v", ".mov", ".mkv")


def quoted(path: Path) -> str:
    """The whole path of a file for a shell, also where it is not UTF-8."""
    name = os.path.abspath(path)
    if name.isprintable():
        return shlex.quote(name)
    letters = "".join(
        chr(byte) if 32 <= byte < 127 and byte not in b"\\'" else f"\\x{byte:02x}" for byte in os.fsencode(name)
    )
    return f"$'{letters}'"  # of bash and zsh


def encode_anew(path: Path, picture: int, sound: int | None, seconds: float = 0.0) -> str:
    """Decodes and encodes: no open groups, no edit list, one track of each kind; damaged pictures are left out.

    Args:
        path: The file.
        picture: The track that is read, by its number.
        sound: That of the sound; None without one.
        seconds: The end is cut off after so many; 0: it is not.
    """
    tracks = f"-map 0:{picture}" + ("" if sound is None else f" -map 0:{sound}")
    encoders = f"-c:v libx264 -crf 18 -pix_fmt yuv420p -bf 0 -vf {EVEN}"
    encoders += "" if sound is None else " -c:a aac -b:a 192k -af aresample=async=1"
    cut = f" -t {seconds:.3f}" if seconds else ""
    new = path if path.suffix.lower() in HOLDS_H264 else path.with_suffix(".mp4")
    return _replace(path, new, STRICT, f"{tracks}{cut} {encoders}")


def copy_packets(path: Path) -> str:
    """The packets as they are in a new container: with an index, and the length that is there."""
    return _replace(path, path.with_suffix(".mkv"), "-fflags +genpts", "-map 0:V? -map 0:a? -c copy")


def _replace(path: Path, new: Path, reading: str, writing: str) -> str:
    old = path.with_name(f"{path.name}.broken")
    return f"mv {quoted(path)} {quoted(old)} && {FFMPEG} {reading} -i {quoted(old)} {writing} {quoted(new)}"


def convert_text(path: Path) -> str:
    """A text in Windows-1252 to UTF-8."""
    new = path.with_name(f"{path.name}.utf8")
    return f"iconv -f WINDOWS-1252 -t UTF-8 {quoted(path)} > {quoted(new)} && mv {quoted(new)} {quoted(path)}"


def subtitle_note(path: Path, subtitles: Sequence[str], words: bool) -> tuple[str, str]:
    """What is to be said of tracks of subtitles inside a file, and the command that takes them out.

    Args:
        path: The file.
        subtitles: The codec of each track.
        words: Whether the file has captions already, which are the ones that are used.
    """
    why = f"subtitles inside it ({', '.join(subtitles)}) are not read"
    if words:
        return f"{why}, its captions are", ""
    text = next((number for number, codec in enumerate(subtitles) if codec in TEXT_CODECS), None)
    if text is None:
        return f"{why}: they are pictures", ""
    return why, f"{FFMPEG} -i {quoted(path)} -map 0:s:{text} {quoted(path.with_suffix('.vtt'))}"


def rename(source: Source) -> dict[str, str]:
    """Commands for captions beside a video without words whose name has the same letters and digits, by their names."""
    waiting = [video.path for video in source.videos if not video.lines and not video.captions]
    commands = {}
    for note in source.unused:
        path = source.root / note.file
        if "captions without a video" not in note.reason:
            continue
        videos = [video for video in waiting if video.parent == path.parent and _key(video) == _key(path)]
        if len(videos) == 1:
            commands[note.file] = f"mv {quoted(path)} {quoted(path.with_name(videos[0].stem + path.suffix))}"
    return commands


def _key(path: Path) -> str:
    return "".join(letter for letter in composed(path.stem).casefold() if letter.isalnum())
