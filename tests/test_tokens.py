import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from vatt_edu.tokens import PatchTokenizer, WordEmbedding, as_signal, audio_patches, spectrogram_patches, video_patches


@settings(deadline=None, max_examples=30)
@given(
    grid=st.tuples(*[st.integers(1, 3)] * 3), tubelet=st.tuples(*[st.integers(1, 4)] * 3), seed=st.integers(0, 10**6)
)
def test_tubelets_and_a_matrix_are_the_strided_convolution(grid, tubelet, seed):
    g = torch.Generator().manual_seed(seed)
    size = [n * p for n, p in zip(grid, tubelet, strict=True)]
    video = torch.randn(2, *size, 3, generator=g, dtype=torch.float64)
    tokenizer = PatchTokenizer((*tubelet, 3), 7).double()
    torch.nn.init.normal_(tokenizer.bias, generator=g)
    kernel = tokenizer.weight.view(7, *tubelet, 3).permute(0, 4, 1, 2, 3)
    convolved = F.conv3d(video.permute(0, 4, 1, 2, 3), kernel, tokenizer.bias, stride=tubelet)
    tokens = tokenizer(video_patches(video, tubelet))
    torch.testing.assert_close(tokens, convolved.flatten(2).transpose(1, 2), rtol=1e-12, atol=1e-12)


def test_segments_and_a_matrix_are_the_strided_convolution():
    audio = torch.randn(3, 40, dtype=torch.float64)
    tokenizer = PatchTokenizer((8, 1), 5).double()
    convolved = F.conv1d(audio[:, None], tokenizer.weight[:, None], tokenizer.bias, stride=8)
    torch.testing.assert_close(tokenizer(audio_patches(audio, 8)), convolved.transpose(1, 2), rtol=1e-12, atol=1e-12)


def test_spectrogram_patches_and_a_matrix_are_the_strided_convolution():
    mel = torch.randn(3, 11, 9, dtype=torch.float64)  # 11 frames hold two patches of 4, 9 bins three of 3
    tokenizer = PatchTokenizer((4, 3, 1), 5).double()
    kernel = tokenizer.weight.view(5, 1, 4, 3)
    convolved = F.conv2d(mel[:, None], kernel, stride=(4, 3))
    tokens = tokenizer(spectrogram_patches(mel, 4, 3))
    assert tokens.shape == (3, 2 * 3, 5)
    torch.testing.assert_close(tokens, convolved.flatten(2).transpose(1, 2), rtol=1e-12, atol=1e-12)
    cut = spectrogram_patches(mel, 4, 4)
    torch.testing.assert_close(cut, spectrogram_patches(mel[:, :8, :8], 4, 4))


def test_token_order_is_time_then_rows_then_columns():
    video = torch.arange(2 * 4 * 6).view(1, 2, 4, 6, 1).expand(-1, -1, -1, -1, 3).to(torch.uint8)
    patches = video_patches(video, (1, 2, 3))
    assert patches.shape == (1, 8, 18)
    first_pixels = patches[0, :, 0].tolist()
    assert first_pixels == [0, 3, 12, 15, 24, 27, 36, 39]


def test_bytes_become_the_official_range():
    pixels = torch.tensor([[[0, 255, 51]]], dtype=torch.uint8)
    assert as_signal(pixels)[0, 0].tolist() == pytest.approx([-1.0, 1.0, -0.6], abs=1e-6)
    floats = torch.tensor([[[0.25]]])
    assert as_signal(floats) is floats


def test_bytes_and_floats_give_the_same_tokens():
    video = torch.randint(0, 256, (2, 2, 4, 4, 3), dtype=torch.uint8)
    tokenizer = PatchTokenizer((2, 2, 2, 3), 5)
    from_bytes = tokenizer(video_patches(video, (2, 2, 2)))
    from_floats = tokenizer(video_patches(video.float() * 2 / 255 - 1, (2, 2, 2)))
    torch.testing.assert_close(from_bytes, from_floats, rtol=0, atol=1e-6)  # two roundings of one product


def test_gain_scales_the_signal_and_not_the_bias():
    quiet, loud = PatchTokenizer((4, 1), 3), PatchTokenizer((4, 1), 3, gain=6.0)
    loud.load_state_dict(quiet.state_dict())
    x = torch.randn(1, 2, 4)
    torch.testing.assert_close(loud(x), quiet(6 * x))


def test_start_has_kerass_convolution_bound():
    tokenizer = PatchTokenizer((4, 16, 16, 3), 64)
    bound = (6 / (1024 * 3 + 1024 * 64)) ** 0.5
    assert 0.99 * bound < tokenizer.weight.abs().max().item() <= bound


def test_sizes_that_do_not_divide_are_refused():
    with pytest.raises(ValueError, match="4 x 4 x 4 do not divide a clip of 6 x 8 x 8"):
        video_patches(torch.zeros(1, 6, 8, 8, 3), (4, 4, 4))
    with pytest.raises(ValueError, match="128 samples do not divide a waveform of 130"):
        audio_patches(torch.zeros(1, 130), 128)


def test_a_frozen_word_table_is_not_trained():
    assert not WordEmbedding(5, 3, trained=False).weight.requires_grad
    assert WordEmbedding(5, 3, trained=True).weight.requires_grad
