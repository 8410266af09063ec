"""What the official code does to clips before they enter a model, where it was recorded."""

import numpy as np
import torch
from helpers.golden_files import assert_within

from vatt_edu.config import MelConfig
from vatt_edu.finetuning.transforms import multi_crop
from vatt_edu.tokens import log_mel, log_mel_patches, mel_matrix


def test_log_mel(golden):
    data = golden("data_ops")
    wave, config = torch.from_numpy(data["wave"]), MelConfig(patch_frames=1)
    # Official mels are float32: near 2,840 mel they are off by up to 2.4e-4, in filters 33 mel wide.
    assert_within(np.abs(mel_matrix(config).numpy() - data["mel_matrix"]).max(), 2e-5)
    mel = log_mel(wave, config).numpy()
    loudest = np.abs(data["log_mel"]).max()
    assert_within(np.abs(mel - data["log_mel"]).max(), 1e-5 * loudest, of=loudest)
    scaled = log_mel_patches(wave, config).numpy()
    assert_within(np.abs(scaled - data["log_mel_norm"][..., 0]).max(), 1e-5)


def test_crops_of_evaluation(golden):
    data = golden("data_ops")
    frames = data["crop_in"]
    for picture, official in ((frames, data["crop_out"]), (frames.transpose(0, 2, 1, 3), data["crop_out_tall"])):
        crops = multi_crop(picture, *official.shape[1:3])
        assert crops.dtype == official.dtype
        assert (crops == official).all()
