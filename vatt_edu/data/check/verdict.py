"""From what decoding shows to a verdict on a file: ok, usable in part, or unusable, why, and what mends it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from vatt_edu.data.check.decode import FileCheck, Span, TrackCheck
from vatt_edu.data.check.mend import copy_packets, encode_anew
from vatt_edu.data.sources.source import Video

PARTS = ("picture", "sound", "words")
OK, IN_PART, UNUSABLE = VERDICTS = ("ok", "usable in part", "unusable")
ROTTEN = "its bytes are not those that were checked, though its size and time are: the disk or a copy damaged it"
NAMED = 4
"""So many spans are named in a line."""


@dataclass(frozen=True)
class Fault:
    """Something that is wrong with a file.

    Attributes:
        kind: A word or two, for counting.
        text: With its numbers.
        command: What mends it; empty if nothing does.
    """

    kind: str
    text: str
    command: str = ""


@dataclass(frozen=True)
class Verdict:
    """A file's verdict, and its faults, the worst first."""

    word: str
    faults: tuple[Fault, ...]

    @property
    def why(self) -> str:
        """All faults in one line."""
        return "; ".join(fault.text for fault in self.faults)

    @property
    def command(self) -> str:
        """The command that mends most; empty if none does."""
        return next((fault.command for fault in self.faults if fault.command), "")


def contents(check: FileCheck, videos: Sequence[Video]) -> set[str]:
    """What a file has of picture, sound and words."""
    parts = {"picture": check.picture, "sound": check.sound, "words": any(v.lines or v.captions for v in videos)}
    return {name for name, part in parts.items() if part}


def judge(path: Path, check: FileCheck, videos: Sequence[Video], seconds: float, expected: Collection[str]) -> Verdict:
    """The verdict on a file.

    Args:
        path: The file.
        check: What decoding it shows.
        videos: Those that are this file or parts of it.
        seconds: Of a window: what is shorter is too short.
        expected: Of picture, sound and words, what is missed where it is not there.
    """
    rot = (Fault("rotten", ROTTEN),) if check.rotten else ()
    if check.error:
        return Verdict(UNUSABLE, (*rot, Fault("unreadable", check.error)))
    there = contents(check, videos)
    faults = [Fault(f"no {name}", f"no {name}") for name in PARTS if name in expected and name not in there]
    faults += [*_picture(path, check), *_sound(path, check), *_remarks(path, check), *_words(check, videos)]
    lengths = [min(check.seconds, video.end or check.seconds) - video.start for video in videos]
    if min(lengths, default=check.seconds) < seconds - 0.01:
        length = max(0.0, min(lengths, default=check.seconds))
        faults.append(Fault("too short", f"too short: {length:.2f} s of the {seconds:g} s of a window"))
    tracks = [track for track in (check.picture, check.sound) if track and not track.silent]
    # A window is read with all of its tracks: one that is damaged throughout spoils the other.
    spoiled = any(track.damaged and track.usable <= 0 for track in tracks)
    nothing = max((track.usable for track in tracks), default=0.0) <= 0
    return Verdict(UNUSABLE if rot or spoiled or nothing else IN_PART if faults else OK, (*rot, *faults))


def encoded(path: Path, check: FileCheck, seconds: float = 0.0) -> str:
    """The command that encodes a file anew, up to a time; empty where it has no picture."""
    if check.picture is None:
        return ""
    return encode_anew(path, check.picture.number, check.sound.number if check.sound else None, seconds)


def _picture(path: Path, check: FileCheck) -> list[Fault]:
    if check.picture is None:
        return []
    return _losses("picture", check.picture, encoded(path, check) if check.picture.usable > 0 else "")


def _sound(path: Path, check: FileCheck) -> list[Fault]:
    if check.sound is None:
        return []
    if check.sound.silent:
        return [Fault("silent", "silent: its sound is zeros from beginning to end")]
    return _losses("sound", check.sound, encoded(path, check) if check.sound.usable > 0 else "")


def _losses(name: str, track: TrackCheck, command: str) -> list[Fault]:
    faults = []
    if track.damaged:
        faults.append(Fault(f"damaged {name}", f"{name} damaged {_spans(track.damaged)}", command))
    if track.holes:
        faults.append(Fault(f"hole in the {name}", f"no {name} {_spans(track.holes)}"))
    if track.jumps:
        faults.append(Fault(f"clock of the {name}", f"the {name}'s clock jumps back {_spans(track.jumps)}", command))
    return faults


def _spans(spans: Sequence[Span]) -> str:
    parts = [f"from {start:.2f} to {end:.2f} s" for start, end in spans[:NAMED]]
    more = [f"{len(spans) - NAMED} more times"] if len(spans) > NAMED else []
    return ", ".join(parts + more)


def _remarks(path: Path, check: FileCheck) -> list[Fault]:
    faults = []
    for remark in check.remarks:
        if remark.startswith("cut off"):
            faults.append(Fault("cut off", remark, copy_packets(path)))
        else:
            end = check.picture.end if check.picture else 0.0
            faults.append(Fault("picture ends early", remark, encoded(path, check, end)))
    return faults


def _words(check: FileCheck, videos: Sequence[Video]) -> list[Fault]:
    lines = [line for video in videos for line in video.lines]
    late = [line.start for line in lines if line.start >= check.seconds]
    if late:
        where = f"after its end at {check.seconds:.2f} s, the last at {late[-1]:.2f} s"
        return [Fault("lines beyond its end", f"{len(late)} of {len(lines)} lines begin {where}")]
    return []
