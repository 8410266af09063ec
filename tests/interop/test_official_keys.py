"""Official names: one for each of our tensors, no two the same; and what is said when official tensors do not fit."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.tiny import model_config

from vatt_edu.config import CommonSpaceConfig, preset
from vatt_edu.errors import UserError
from vatt_edu.interop.official import load_official, official_keys, video_config
from vatt_edu.model import VATT

SPECIFIC = "model/layer_with_weights-0/_base_layer/"
AGNOSTIC = SPECIFIC + "unified_backbone/unified_transformer/"


@pytest.mark.parametrize("name", ["base_base_small", "large_base_small", "agnostic_medium", "agnostic_base"])
def test_every_tensor_has_a_name_of_its_own(name):
    with torch.device("meta"):
        model = VATT(preset(name).model)
    keys = official_keys(model)
    assert set(keys) == set(model.state_dict())
    assert len(set(keys.values())) == len(keys)


@pytest.mark.parametrize(
    ("name", "ours", "theirs"),
    [
        ("base_base_small", "video.positions.tables.1",
         "vid_backbone/_base/pos_embedding_lookup/vertical_position_embeddings/embeddings"),
        ("base_base_small", "text.encoder.layers.3.attention.q.weight",
         "txt_backbone/base_lm/layers/3/self_attention/attention/q/kernel"),
        ("agnostic_base", "encoder.layers.11.ff.wo.bias",
         "unified_backbone/unified_transformer/tx/layers/11/feed_forward/mlp/wo/bias"),
        ("agnostic_base", "audio.positions.norm.weight",
         "unified_backbone/unified_transformer/pos_embedding_lookup/audio/layernorm/gamma"),
        ("agnostic_base", "text.tokenizer.weight",
         "unified_backbone/unified_transformer/raw_to_embeddings/text/embeddings"),
        ("agnostic_base", "video.post_projection.weight",
         "unified_backbone/unified_transformer/post_proj/video/kernel"),
    ],
)  # fmt: skip
def test_names_as_listed_from_real_checkpoints(name, ours, theirs):
    with torch.device("meta"):
        assert official_keys(VATT(preset(name).model))[ours] == SPECIFIC + theirs


def _tensors(model):
    """A model's tensors under official names, in official layout."""
    state = {key: model.state_dict()[name].numpy() for name, key in official_keys(model).items()}
    return {key: value.T if key.endswith("/kernel") else value for key, value in state.items()}


def test_what_is_written_is_read_back():
    model, other = VATT(model_config()), VATT(model_config())
    tensors = _tensors(model)
    assert load_official(other, tensors) == set(tensors)
    assert all(torch.equal(value, other.state_dict()[name]) for name, value in model.state_dict().items())


def test_a_missing_or_wrong_tensor_is_named():
    model = VATT(model_config())
    key = SPECIFIC + "vid_backbone/_base/agg_embedding"
    tensors = _tensors(model)
    with pytest.raises(UserError, match=r"_base/agg_embedding is missing; it becomes video\.agg"):
        load_official(model, {name: value for name, value in tensors.items() if name != key})
    with pytest.raises(UserError, match=r"becomes video\.agg of shape \(3,\), the model has \(16,\)"):
        load_official(model, {**tensors, key: np.zeros(3, np.float32)})


def test_what_the_official_model_does_not_have_is_said():
    with pytest.raises(KeyError, match=r"audio_to_va\.hidden"):
        official_keys(VATT(model_config(common_space=CommonSpaceConfig("deep_audio", 10, 6))))
    with pytest.raises(KeyError, match=r"positions\.agg"):
        official_keys(VATT(replace(model_config(), agg_position=True)))


def test_head_width_is_64_where_it_is_not_said_and_projections_are_1024():
    sizes = {
        "d_model": 32, "d_ff": 64, "num_layers": 1, "num_heads": 2, "temporal_patch_size": 4, "spatial_patch_size": 8,
        "max_temporal_buckets": 2, "max_vertical_buckets": 4, "max_horizontal_buckets": 3, "post_projection": True,
    }  # fmt: skip
    config = video_config(sizes)
    assert (config.clip, config.tubelet) == ((8, 32, 24), (4, 8, 8))
    assert config.encoder.head_width == 64
    assert (config.pre_projection, config.post_projection) == (False, 1024)
