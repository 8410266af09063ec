"""Sound that travels as 16-bit samples: half the bytes, the same floats."""

from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from helpers import clips, tiny
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vatt_edu import cost
from vatt_edu.batch import Batch
from vatt_edu.config import Config, toy
from vatt_edu.data.clips.transforms import audio_jitter, sound_gain
from vatt_edu.data.loader.collate import PackedBatch
from vatt_edu.data.loader.prefetch import batches
from vatt_edu.data.loader.stream import ClipStream
from vatt_edu.data.media.audio import to_float
from vatt_edu.data.sources.open import open_sources
from vatt_edu.data.text.vocabulary import Vocabulary
from vatt_edu.errors import UserError


@pytest.fixture(scope="module")
def config() -> Config:
    """Of clips that are read fast, louder and softer at random."""
    whole = toy()
    video = replace(whole.model.video, frames=8, height=24, width=24, tubelet=(4, 12, 12))
    audio = replace(whole.model.audio, samples=25_600, patch=256)
    data = replace(
        whole.data, narrated_videos=2, windows_per_video=2, text_free=2, fps=2.5, short_side=32, sample_rate=8_000
    )
    assert data.augment.audio_gain > 0
    return replace(whole, model=replace(whole.model, video=video, audio=audio), data=data)


@pytest.fixture(scope="module")
def stream(config: Config, tmp_path_factory: pytest.TempPathFactory) -> ClipStream:
    folder = clips.corpus(tmp_path_factory.mktemp("world") / "corpus", narrated=3, text_free=3)
    sources = open_sources([str(folder)])
    vocabulary = Vocabulary.train(sources[0][0].texts, 50)
    return ClipStream.open(sources, config, vocabulary, cache=False, quiet=True)


def same(ours: Batch, theirs: Batch) -> bool:
    return all(torch.equal(getattr(ours, f.name), getattr(theirs, f.name)) for f in fields(Batch))


@pytest.mark.parametrize("world", [1, 2])
def test_batches_are_the_same_bits(stream: ClipStream, world: int) -> None:
    for step in range(2):
        for rank in range(world):
            floats, skips = stream.batch(step, rank, world)
            packed, others = stream.packed().batch(step, rank, world)
            assert packed.pcm.dtype == torch.int16
            assert packed.pcm.any()
            assert len(packed) == len(floats)
            assert same(packed.to("cpu"), floats)
            assert skips == others


def test_read_ahead_they_are_packed(stream: ClipStream) -> None:
    ahead = list(batches(stream.packed(), 0, 2))
    assert all(isinstance(batch, PackedBatch) for batch, _ in ahead)
    assert all(same(batch.to("cpu"), stream.batch(step)[0]) for step, (batch, _) in enumerate(ahead))


@given(arrays(np.int16, 40), st.integers(0, 1000), st.sampled_from([0.0, 1.0]))
def test_any_samples_at_any_gain_are_the_same_bits(pcm: np.ndarray, seed: int, deviation: float) -> None:
    """Also where they are cut at 1: as ``audio_jitter`` computes it, without noise."""
    augment = replace(toy().data.augment, audio_noise=0.0, audio_gain=deviation)
    wave = audio_jitter(to_float(pcm), augment, np.random.default_rng(seed))
    gain = sound_gain(augment, np.random.default_rng(seed))
    batch = tiny.random_batch(tiny.model_config(), 1)
    packed = PackedBatch(batch, torch.from_numpy(pcm)[None], torch.tensor([gain]))
    assert packed.to("cpu").audio[0].numpy().tobytes() == wave.tobytes()
    if gain == 1:
        assert (packed.to("cpu").audio[0] * 32768).short().equal(torch.from_numpy(pcm))


def test_bytes_that_travel_are_those_that_are_counted(config: Config, stream: ClipStream) -> None:
    for bits in (32, 16):
        train = replace(config.train, sound_bits=bits)
        clips_at_once = config.data.batch_size
        counted = cost.traffic(replace(config, train=train), clips_at_once, 1)["batch"]
        batch = stream.batch(0)[0] if bits == 32 else stream.packed().batch(0)[0]
        sound = batch.audio if isinstance(batch, Batch) else batch.pcm
        whole = batch if isinstance(batch, Batch) else batch.clips
        assert counted == sum(tensor.nbytes for tensor in (whole.video, sound, whole.text))


def test_noise_has_no_16_bit_samples(config: Config) -> None:
    noisy = replace(config.data, augment=replace(config.data.augment, audio_noise=0.01))
    with pytest.raises(UserError, match=r"train\.sound_bits = 16: noise has no 16-bit samples"):
        replace(config, data=noisy, train=replace(config.train, sound_bits=16))
