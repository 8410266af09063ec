"""Reading a video file back, whole."""

from pathlib import Path

import av
import numpy as np
from jaxtyping import Float32, UInt8


def decode(path: Path) -> tuple[UInt8[np.ndarray, "T H W 3"], Float32[np.ndarray, " S"], int]:
    """Frames, samples from time zero on, and the sample rate."""
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    with av.open(str(path)) as container:
        rate = container.streams.audio[0].rate
        pieces = [(frame.time or 0.0, frame.to_ndarray()[0]) for frame in container.decode(audio=0)]
    sound = np.zeros(round(pieces[-1][0] * rate) + len(pieces[-1][1]), np.float32)
    for time, piece in pieces:
        place = round(time * rate)
        piece = piece[max(0, -place) :]
        sound[max(0, place) : max(0, place) + len(piece)] = piece
    return np.stack(frames), sound, rate
