"""What a data card shows of a source: strips of frames, spectrograms, and a few files to play. All in data URIs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float

from vatt_edu import pages
from vatt_edu.data.loader.sampler import generator
from vatt_edu.data.media import MediaError, probe_media, read_audio, read_video
from vatt_edu.data.media.spectrogram import display_log_mel
from vatt_edu.data.sources.source import Source, Video

CLIPS, FRAMES, SIDE = 12, 6, 96
SOUNDS, RATE, SECONDS = 6, 16_000, 4.0
PLAYERS, LARGEST = 4, 900_000
"""So many files can be played, none larger than so many bytes: the page stays a few megabytes."""
LONG = 12.0
"""Of videos longer than so many seconds, the strip shows a part of eight."""


@dataclass(frozen=True)
class Preview:
    """One clip on the page.

    Attributes:
        title: Its split and id.
        text: Its caption, the line nearest to the middle, or its labels.
        picture: Data URI; empty where there is none.
        size: Width and height of the picture in pixels.
        player: HTML of a player; empty where there is none.
    """

    title: str
    text: str
    picture: str
    size: tuple[int, int]
    player: str = ""


def draw_clips(source: Source, seed: int = 0) -> list[Video]:
    """Random clips, the splits in turn, so that each is seen."""
    splits = [list(source.clips(split)) for split in source.splits]
    pools = [[clips[k] for k in generator(seed, "card", n).permutation(len(clips))] for n, clips in enumerate(splits)]
    turns = [pool[k] for k in range(max(map(len, pools))) for pool in pools if k < len(pool)]
    return turns[: 4 * CLIPS]


def contact_sheet(clips: Sequence[Video]) -> list[Preview]:
    """Strips of frames, of the first clips that have video and can be read."""
    previews: list[Preview] = []
    for video in clips:
        if len(previews) == CLIPS:
            break
        try:
            info = probe_media(video.path)
            if info.has_video:
                previews.append(_strip(video, info.duration, len(previews) < PLAYERS))
        except MediaError:
            continue
    return previews


def _strip(video: Video, duration: float, playable: bool) -> Preview:
    end = duration if video.end is None else min(duration, video.end)
    begin, length = video.start, max(0.1, end - video.start)
    if length > LONG:
        begin, length = video.start + (length - 8.0) / 2, 8.0
    step = length / FRAMES
    frames = read_video(video.path, begin + step / 2, FRAMES, 1 / step, SIDE)
    poster = pages.picture(frames[FRAMES // 2]) if playable else ""
    frames[:-1, :, -2:] = 128  # a thin line between them
    strip = np.concatenate(list(frames), axis=1)
    height, width = strip.shape[:2]
    text = _text(video, begin + length / 2)
    player = _player(video, poster) if playable else ""
    return Preview(_title(video), text, pages.picture(strip, quality=95), (width, height), player)


def _title(video: Video) -> str:
    return f"{video.split} · {video.id}"


def _text(video: Video, center: float) -> str:
    if video.captions:
        return video.caption
    if video.lines:
        return "… " + min(video.lines, key=lambda line: abs(line.center - center)).text + " …"
    return ", ".join(video.labels)


def spectrograms(clips: Sequence[Video]) -> list[Preview]:
    """Log-mel spectrograms, of the first clips that have sound and can be read."""
    previews: list[Preview] = []
    for video in clips:
        if len(previews) == SOUNDS:
            break
        try:
            sound = read_audio(video.path, video.start, round(SECONDS * RATE), RATE)
        except MediaError:
            continue
        if sound is not None and np.abs(sound).max() > 1e-3:
            mel = display_log_mel(torch.from_numpy(sound), RATE).numpy()
            player = _player(video) if video.path.suffix.lower() in (".wav", ".mp3") else ""
            previews.append(Preview(_title(video), _text(video, SECONDS / 2), *_spectrogram(mel), player))
    return previews


def _spectrogram(mel: Float[np.ndarray, "F T"]) -> tuple[str, tuple[int, int]]:
    import cv2

    quiet, loud = np.quantile(mel, (0.02, 0.999))
    level = (255 * ((mel - quiet) / max(loud - quiet, 1e-6)).clip(0, 1)).astype(np.uint8)[::-1]
    colors = cv2.applyColorMap(np.ascontiguousarray(level), cv2.COLORMAP_VIRIDIS)
    return pages.picture(colors[..., ::-1], "png"), (colors.shape[1], colors.shape[0])


def _player(video: Video, poster: str = "") -> str:
    kind = pages.MEDIA_TYPES.get(video.path.suffix.lower())
    if kind is None or video.path.stat().st_size > LARGEST:
        return ""
    return pages.player(kind, video.path.read_bytes(), video.id, poster=poster)
