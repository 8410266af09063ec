"""One small interface to media files: probe, read frames, read sound.

Both readers share one clock: time 0 is where the file's first stream starts, and a frame and a sample of the same time
belong together. PyAV decodes, and lets no damage pass in silence; decord and torchcodec read frames where they are
asked for (``$VATT_DECODER``) and their index agrees with the file's packets. torchaudio resamples. Everything is
opened, read and closed within a call, or within a batch (``info.keeping_open``): nothing is inherited over a fork.
"""

from os import PathLike

import numpy as np

from vatt_edu.data.media.audio import read_pcm, to_float
from vatt_edu.data.media.info import Frames, MediaError, MediaInfo, Wave, probe_media
from vatt_edu.data.media.video import Decoder, nearest_frames

probe = probe_media

__all__ = ["Decoder", "MediaError", "MediaInfo", "probe", "probe_media", "read_audio", "read_video"]


def read_video(
    path: str | PathLike[str], start: float, frames: int, fps: float, short_side: int, decoder: Decoder | None = None
) -> Frames:
    """The ``frames`` frames nearest in time to ``start + k / fps``.

    Args:
        path: A file with a video stream.
        start: Seconds, at least 0.
        frames: How many; past the end the last one stands still.
        fps: Frames per second to read at, whatever the file's own rate.
        short_side: Pixels of the shorter side of the result; the decoder resizes, the aspect ratio stays.
        decoder: Default: ``$VATT_DECODER``, else PyAV. decord gives the same bytes, torchcodec the same pictures.

    Returns:
        uint8 in 0..255, (frames, height, width, 3), RGB.

    Raises:
        MediaError: If the file has no video, or a frame that is wanted is damaged or missing.
    """
    return nearest_frames(path, start + np.arange(frames) / fps, short_side, decoder)


def read_audio(path: str | PathLike[str], start: float, samples: int, sample_rate: int) -> Wave | None:
    """The waveform from ``start`` on: mono, resampled, in sync with the video's clock.

    Values lie on the 16-bit grid (multiples of 1 / 32768), as the decoded cache stores them.

    Args:
        path: A file.
        start: Seconds, at least 0; rounded to a sample.
        samples: How many; zeros past the end.
        sample_rate: Samples per second of the result.

    Returns:
        float32 in [-1, 1], (samples,); None where the file has no audio stream.

    Raises:
        MediaError: If the file cannot be opened, or its sound is damaged or missing there.
    """
    if not probe_media(path).has_audio:
        return None
    return to_float(read_pcm(path, round(start * sample_rate), samples, sample_rate))
