"""Small pictures and sounds as data URIs, so that a figure carries them within its hundred kilobytes."""

import base64
import io

import numpy as np


def inline(kind: str, content: bytes) -> str:
    """A data URI."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def picture(frame: np.ndarray, side: int = 64, quality: int = 60) -> str:
    """One frame as WebP.

    Args:
        frame: (H, W, 3) uint8.
        side: Height of what is written; the width follows.
        quality: 0 to 100.
    """
    return strip(frame[None], side, quality)


def strip(video: np.ndarray, side: int = 64, quality: int = 60) -> str:
    """Frames side by side in one WebP.

    Args:
        video: (T, H, W, 3) uint8.
        side: Height of what is written.
        quality: 0 to 100.
    """
    import cv2

    _, height, width, _ = video.shape
    size = (round(width * side / height), side)
    small = np.concatenate([cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in video], axis=1)
    _, file = cv2.imencode(".webp", small[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, quality])
    return inline("image/webp", file.tobytes())


def sound(audio: np.ndarray, sample_rate: int, bit_rate: int = 16_000) -> str:
    """A mono sound as Opus in WebM.

    Args:
        audio: (S,) in [-1, 1].
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
    return inline("audio/webm", buffer.getvalue())
