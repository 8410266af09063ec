"""What a run can learn from, counted before it begins, and refused where no loss would have a pair."""

from collections.abc import Sequence
from dataclasses import dataclass

from vatt_edu.config import LossConfig
from vatt_edu.data.loader.stream import ClipStream
from vatt_edu.data.media.info import MediaError
from vatt_edu.data.sources.source import Source, printable
from vatt_edu.data.text.vocabulary import SPECIAL, Vocabulary
from vatt_edu.errors import UserError

MAX_WORDS = 1_000  # of a line, more than any has


@dataclass(frozen=True)
class Contents:
    """Training clips by what they have.

    Attributes:
        total: How many there are.
        checked: How many were looked at: all, or a sample.
        picture: With picture.
        sound: With a sound track (it may be silent).
        words: With words.
        video_audio: With picture and sound.
        video_text: With picture and words.
        unopened: That cannot be opened.
        captioned: Without lines, but with captions of the whole clip.
        spoken: Words in all lines.
        unknown: Those of them that are not in the vocabulary.
        remarks: Of the files that are read in part, or not as one might think: name and what is wrong.
    """

    total: int
    checked: int = 0
    picture: int = 0
    sound: int = 0
    words: int = 0
    video_audio: int = 0
    video_text: int = 0
    unopened: int = 0
    captioned: int = 0
    spoken: int = 0
    unknown: int = 0
    remarks: tuple[str, ...] = ()

    @property
    def sampled(self) -> bool:
        """Whether only some of the clips were looked at."""
        return self.checked < self.total

    @property
    def line(self) -> str:
        """All of it in a line."""
        where = f"of a sample of {self.checked:,} of {self.total:,} clips " if self.sampled else ""
        parts = [f"{self.picture:,} clips with picture", f"{self.sound:,} with sound", f"{self.words:,} with words"]
        if self.unopened:
            parts.append(f"{self.unopened:,} that cannot be decoded")
        unknown = f"; {self.unknown:,} of {self.spoken:,} words unknown" if self.spoken else ""
        return f"to learn from: {where}{', '.join(parts)}{unknown}"

    def can_learn(self, loss: LossConfig) -> bool:
        """Whether one of the losses has a pair."""
        crossing = (loss.weight_va and self.video_audio) or (loss.weight_vt and self.video_text)
        return bool(crossing or (loss.weight_within and (self.picture or self.sound)))

    def notes(self, loss: LossConfig) -> list[str]:
        """What will not be learned, and why."""
        notes = []
        if loss.weight_va and not self.video_audio:
            notes.append("no clip has picture and sound: their loss (nce) stays 0, sound is not learned")
        if loss.weight_vt and not self.video_text:
            notes.append("no clip has picture and words: their loss (mil_nce) stays 0, words are not learned")
        if self.remarks:
            some = "; ".join([*self.remarks[:10], *(["…"] if len(self.remarks) > 10 else [])])
            notes.append(f"{len(self.remarks):,} files are read as far as they go: {some}")
        if self.captioned:
            notes.append(
                f"{self.captioned:,} clips have captions of the whole clip, without times: training does not use them "
                "(evaluation does); put them into name.vtt to train on them"
            )
        return notes


def count_contents(stream: ClipStream, vocabulary: Vocabulary) -> Contents:
    """Looks at the training clips of a stream; where each would have to be opened and there are many, at a sample.

    Args:
        stream: An open stream.
        vocabulary: Of the run.
    """
    total, clips = stream.look()
    counts = dict.fromkeys(("picture", "sound", "words", "video_audio", "video_text", "unopened", "captioned"), 0)
    spoken = unknown = 0
    remarks: dict[str, str] = {}
    for reader, video in clips:
        try:
            track = reader.track(video.path)
        except MediaError:
            counts["unopened"] += 1
            continue
        lines = [line.text for line in video.lines if line.start < track.duration]
        if track.remarks:
            remarks[printable(video.path.name)] = f"{printable(video.path.name)} ({'; '.join(track.remarks)})"
        counts["picture"] += track.has_video
        counts["sound"] += track.has_audio
        counts["words"] += bool(lines)
        counts["video_audio"] += track.has_video and track.has_audio
        counts["video_text"] += track.has_video and bool(lines)
        counts["captioned"] += bool(video.captions and not video.lines)
        for line in lines:
            words = vocabulary.decode(vocabulary.encode([line], MAX_WORDS)[0].tolist()).split()
            spoken, unknown = spoken + len(words), unknown + words.count(SPECIAL[1])
    return Contents(total, len(clips), **counts, spoken=spoken, unknown=unknown, remarks=tuple(remarks.values()))


def require_pairs(contents: Contents, stream: ClipStream, loss: LossConfig, sources: Sequence[Source]) -> None:
    """Refuses data in which no two things belong together: every loss would be 0 at every step.

    Raises:
        UserError: If no clip has a pair for a loss; or there are no words, and none of the first batch has sound.
    """
    where = ", ".join(str(source.root) for source in sources)
    remedy = "put captions beside files with picture (name.vtt), or take files with picture and sound"
    if not contents.sampled and not contents.can_learn(loss):
        raise UserError(f"nothing to learn from in {where}, no loss has a pair: {contents.line}; {remedy}")
    if loss.weight_within or (loss.weight_vt and contents.video_text):
        return
    batch, _ = stream.batch(0)
    sound, words = (bool((batch.has_video & mask).any()) for mask in (batch.has_audio, batch.has_text))
    if not ((loss.weight_va and sound) or (loss.weight_vt and words)):
        raise UserError(
            f"nothing to learn from in {where}: no clip of the first batch has picture and audible sound, none has "
            f"words; {remedy}"
        )
