"""Small pictures and sounds as data URIs, so that a figure carries them within its hundred kilobytes."""

import io

import numpy as np
from jaxtyping import Float, UInt8

from vatt_edu import pages


def picture(frame: UInt8[np.ndarray, "H W 3"], side: int = 64, quality: int = 60) -> str:
    """One frame as WebP.

    Args:
        frame: RGB.
        side: Height of what is written; the width follows.
        quality: 0 to 100.
    """
    return strip(frame[None], side, quality)


def strip(video: UInt8[np.ndarray, "T H W 3"], side: int = 64, quality: int = 60) -> str:
    """Frames side by side in one WebP.

    Args:
        video: The frames, RGB.
        side: Height of what is written.
        quality: 0 to 100.
    """
    import cv2

    _, height, width, _ = video.shape
    size = (round(width * side / height), side)
    small = np.concatenate([cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in video], axis=1)
    return pages.picture(small, "webp", quality)


def sound(audio: Float[np.ndarray, " S"], sample_rate: int, bit_rate: int = 16_000) -> str:
    """A mono sound as Opus in WebM.

    Args:
        audio: In [-1, 1].
        sample_rate: Hz; one that Opus knows: 8,000, 12,000, 16,000, 24,000 or 48,000.
        bit_rate: Bits a second.
    """
    import av

    buffer = io.BytesIO()
    with av.open(buffer, "w", format="webm") as container:
        stream = container.add_stream("libopus", rate=sample_rate, bit_rate=bit_rate, layout="mono")
        pcm = (np.clip(audio, -1, 1) * 32_767).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
        frame.sample_rate = sample_rate
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    return pages.data_uri("audio/webm", buffer.getvalue())
