"""The towers against the official modules, eval and train mode (dropout 0, recorded DropToken permutation)."""

import math

import torch
from helpers.golden_files import assert_close, attention, bound, sizes, tensor, weights, whole_patches

from vatt_edu.droptoken import keep_count
from vatt_edu.encoder import relative_buckets
from vatt_edu.interop.official import audio_config, part_from_official, text_config, video_config
from vatt_edu.model import RawTower, TextTower, audio_tower, text_tower, video_tower
from vatt_edu.tokens import spectrogram_patches

TOWER = 1e-5  # bound on towers


def _watched(encoder):
    """What the layers of an encoder see and say, filled when it is called."""
    seen = {}
    for number, layer in enumerate(encoder.layers):
        layer.register_forward_hook(lambda _m, _i, out, n=number: seen.__setitem__(f"layer{n}_out", out))
        layer.attention.register_forward_pre_hook(
            lambda m, args, n=number: seen.__setitem__(f"layer{n}_attn", attention(m, *args))
        )
    encoder.register_forward_hook(lambda _m, args, out: seen.update(tx_input=args[0], encoder_out=out))
    return seen


def _check_watched(seen, data, limit, prefix=""):
    """Compares what was seen with all of it that the file holds."""
    for name, ours in seen.items():
        if prefix + name in data:
            assert_close(ours, data[prefix + name], limit)


def _check_raw_tower(tower: RawTower, signal: torch.Tensor, data, prefix: str = "") -> None:
    """Eval mode, from patches to hidden states, whatever of it the file holds."""
    tower.eval()
    grid = tower.grid_of(signal)
    limit = bound(TOWER, [(tower, grid)])
    tokens, positions = tower.tokenizer(tower.patches(signal)), tower.positions(grid)
    assert len(positions) == tokens.shape[1] == math.prod(grid)
    if prefix + "tokens" in data:
        assert_close(tokens, data[prefix + "tokens"], TOWER)
        assert_close(tokens, data[prefix + "patch_conv"].reshape(tokens.shape), TOWER)
        assert_close(positions, data[prefix + "pos_only"], limit)
        assert_close(tokens + positions, data[prefix + "tokens_pos"], limit)
    seen = _watched(tower.encoder)
    pooled, hidden = tower(signal)
    assert_close(pooled, data[prefix + "features_pooled"], limit)
    assert_close(hidden, data[prefix + "features"].reshape(hidden.shape), limit)
    _check_watched(seen, data, limit, prefix)


def _check_droptoken(tower: RawTower, signal: torch.Tensor, data, rate: float, buckets: int) -> None:
    tower.train()
    permutation, count = tensor(data["train_perm"]), int(data["train_K"])
    assert keep_count(rate, buckets) == count
    limit = bound(TOWER, [(tower, tower.grid_of(signal))])
    pooled, hidden = tower(signal, permutation[:count])
    assert_close(pooled, data["train_features_pooled"], limit)
    assert_close(hidden, data["train_features"], limit)


def _load(part, tower, data, prefix):
    assert part_from_official(part, tower, weights(data, prefix)) == set(weights(data, prefix))


def test_video_tower(golden):
    data = golden("video_vit")
    config = sizes(data)
    video = video_config({**config, "dropout_rate": 0.0})
    tower, signal = video_tower(video), whole_patches(tensor(data["in_video"]), video.tubelet)
    _load("video", tower, data, "_base/")
    _check_raw_tower(tower, signal, data)
    _check_droptoken(tower, signal, data, config["patch_sampling_rate"], math.prod(video.grid))


def test_video_tower_with_projections(golden):
    """As an agnostic checkpoint is fine-tuned: a pre- and a post-projection around the encoder."""
    data = golden("video_vit_proj")
    config = video_config(sizes(data))
    assert config.pre_projection
    tower = video_tower(config)
    _load("video", tower, data, "_base/")
    pooled, _ = tower.eval()(whole_patches(tensor(data["in_video"]), config.tubelet))
    assert pooled.shape[1] == config.feature_width == sizes(data)["d_post_proj"]
    _check_raw_tower(tower, whole_patches(tensor(data["in_video"]), config.tubelet), data)


def test_audio_tower(golden):
    data = golden("audio_wat")
    config = sizes(data)
    audio = audio_config({**config, "dropout_rate": 0.0})
    tower, signal = audio_tower(audio), whole_patches(tensor(data["in_audio"])[..., 0], (audio.patch,))
    _load("audio", tower, data, "_base/")
    _check_raw_tower(tower, signal, data)
    _check_droptoken(tower, signal, data, config["patch_sampling_rate"], math.prod(audio.grid))


def test_spectrogram_tower(golden):
    """Its position numbers are transposed; the file's spectrogram takes the place of one computed from sound."""
    data = golden("audio_spt")
    config = audio_config(sizes(data))
    mel, patch = tensor(data["in_mel"])[..., 0], config.patch_shape[:2]
    tower = audio_tower(config)
    tower.patches = lambda spectrum: spectrogram_patches(spectrum, *patch)
    tower.grid_of = lambda spectrum: (spectrum.shape[1] // patch[0], spectrum.shape[2] // patch[1])
    _load("spectrogram", tower, data, "_base/")
    _check_raw_tower(tower, mel, data)

    ids, (time, frequency) = tensor(data["pos_ids"]), tower.positions.tables
    if len(ids) == math.prod(config.grid):  # no table is resampled
        expected = tower.positions.norm(time[ids[:, 0]] + frequency[ids[:, 1]])
        torch.testing.assert_close(tower.positions(), expected)


def test_text_tower(golden):
    data = golden("text_t5")
    config = sizes(data)
    tower = TextTower(text_config(config, config["text_len"]), "agg").eval()
    _load("text", tower, data, "")

    seen, inputs = _watched(tower.encoder), {}
    tower.pre_projection.register_forward_hook(lambda _m, args, _o: inputs.__setitem__("embeddings", args[0]))
    tower.encoder.register_forward_pre_hook(lambda _m, args: inputs.update(projected=args[0], mask=args[1]))
    sentence, words = tower(tensor(data["in_ids"]))
    assert_close(sentence, data["sentence_embeddings"], TOWER)
    assert_close(words, data["word_embeddings"], TOWER)
    assert_close(inputs["embeddings"], data["embeddings_agg"], TOWER)
    assert_close(inputs["projected"], data["pre_proj"], TOWER)
    assert torch.equal(inputs["mask"].long(), tensor(data["mask"]))
    _check_watched(seen, data, TOWER)

    length = data["mask"].shape[1]
    assert_close(tower.encoder.position_bias(length), data["rel_bias"], TOWER)
    places = torch.arange(length)
    bucket_sizes = (tower.encoder.relative_bias.num_embeddings, tower.encoder.max_distance)
    buckets = relative_buckets(places[None] - places[:, None], *bucket_sizes)
    assert torch.equal(buckets, tensor(data["rel_bucket"]))
    reach = len(data["rel_bucket_wide"]) // 2
    wide = relative_buckets(torch.arange(-reach, reach + 1), *bucket_sizes)
    assert torch.equal(wide, tensor(data["rel_bucket_wide"]))


def test_bert_tower(golden):
    data = golden("text_bert")
    (table,) = [value for key, value in weights(data).items() if "temporal_position_embeddings" in key]
    tower = text_tower(text_config(sizes(data), len(table), "bert")).eval()
    _load("bert", tower, data, "")
    ids = tensor(data["in_ids"])
    limit = bound(TOWER, [(tower, (ids.shape[1],))])
    sentence, words = tower(ids)
    assert_close(sentence, data["sentence_embeddings"], limit)
    assert_close(words, data["word_embeddings"], limit)
