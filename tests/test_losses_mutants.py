"""Small mistakes in the losses that no reader would look for: each test here kills mutants (``make mutation``)."""

import json
from dataclasses import FrozenInstanceError, replace

import pytest
import torch
from test_losses import loss, random_clips

from vatt_edu.config import LossConfig
from vatt_edu.losses import Side, contrastive, shared_lines


@pytest.mark.parametrize("form", ["asymmetric", "symmetric", "paper"])
@pytest.mark.parametrize("mask_mean", ["replica", "global"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_settings_read_from_a_file_count_as_typed_ones(form, mask_mean, reduction):
    """A word from a JSON file equals the word in the code and is another object."""
    clips, typed = random_clips(13), LossConfig(form, mask_mean=mask_mean, reduction=reduction)
    read = LossConfig(**json.loads(json.dumps(vars(typed))))
    assert read.form is not typed.form
    assert loss(clips, read) == loss(clips, typed)


def test_one_process_begins_at_the_first_clip():
    """Where nothing is gathered, this replica's clips are the first of all."""
    clips, config = random_clips(14), LossConfig()
    e = clips.embeddings
    videos = Side(e.video_va, clips.has_video, e.video_va, clips.has_video)
    sounds = Side(e.audio_va[:, None], clips.has_audio, e.audio_va[:, None], clips.has_audio)
    assert contrastive(videos, sounds, config) == loss(clips, config).nce
    assert loss(clips, config) == loss(clips, config, clips)
    ids = torch.tensor([[1, 2], [2, 3], [4, 4]])
    shared = shared_lines(ids, ids)
    assert shared.rows.nonzero().tolist() == [[0, 1, 0], [1, 0, 1]]  # line 2 is the first of clip 1, the second of 0
    assert shared.columns.nonzero().tolist() == [[0, 1, 1], [1, 0, 0]]


def test_every_mask_is_used_as_its_own():
    """An exchange of two masks of the batch would move the loss."""
    clips = random_clips(15)
    names = ("has_video", "has_audio", "has_text")
    assert len({tuple(getattr(clips, name).tolist()) for name in names}) == 3
    alone = loss(clips, LossConfig()).total
    for one, other in (names[:2], names[1:], names[::2]):
        exchanged = replace(clips, **{one: getattr(clips, other), other: getattr(clips, one)})
        assert loss(exchanged, LossConfig()).total != alone


def test_records_cannot_be_changed():
    """A mask that one loss changed would be wrong in the next."""
    clips, ids = random_clips(16), torch.tensor([[1], [1]])
    side = Side(clips.embeddings.video_va, clips.has_video, clips.embeddings.video_va, clips.has_video)
    for record in (clips, loss(clips, LossConfig()), side, shared_lines(ids, ids)):
        name = next(iter(vars(record)))
        with pytest.raises(FrozenInstanceError):
            setattr(record, name, getattr(record, name))
