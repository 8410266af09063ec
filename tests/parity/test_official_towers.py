"""The towers against the official modules, eval and train mode (dropout 0, recorded DropToken permutation)."""

import torch
from golden_files import assert_close, sizes, tensor, weights

from vatt_edu.droptoken import keep_count
from vatt_edu.encoder import relative_buckets
from vatt_edu.interop.official import audio_config, part_from_official, text_config, video_config
from vatt_edu.model import RawTower, TextTower, audio_tower, video_tower

TOWER = 1e-5  # bound on towers


def _check_raw_tower(tower: RawTower, signal: torch.Tensor, data, rate: float) -> None:
    patches = tower.patches(signal)
    assert_close(tower.tokenizer(patches), data["tokens"], TOWER)
    assert_close(tower.positions(), data["pos_only"], TOWER)
    assert_close(tower.tokenizer(patches) + tower.positions(), data["tokens_pos"], TOWER)

    seen = {}
    for number, layer in enumerate(tower.encoder.layers):
        layer.register_forward_hook(lambda _m, _i, out, number=number: seen.__setitem__(number, out))
    tower.encoder.layers[0].register_forward_pre_hook(lambda _m, args: seen.__setitem__("input", args[0]))
    tower.eval()
    pooled, hidden = tower(signal)
    assert_close(pooled, data["features_pooled"], TOWER)
    assert_close(hidden, data["features"].reshape(hidden.shape), TOWER)
    assert_close(seen["input"], data["tx_input"], TOWER)
    for number in range(len(tower.encoder.layers)):
        if f"layer{number}_out" in data:
            assert_close(seen[number], data[f"layer{number}_out"], TOWER)

    tower.train()
    permutation, count = tensor(data["train_perm"]), int(data["train_K"])
    assert keep_count(rate, len(permutation)) == count
    pooled, hidden = tower(signal, permutation[:count])
    assert_close(pooled, data["train_features_pooled"], TOWER)
    assert_close(hidden, data["train_features"], TOWER)


def test_video_tower(golden):
    data = golden("video_vit")
    config = sizes(data)
    tower = video_tower(video_config({**config, "dropout_rate": 0.0}))
    assert list(video_config(config).clip) == config["input_shape"][:3]
    read = part_from_official("video", tower, weights(data, "_base/"))
    assert read == set(weights(data, "_base/"))
    _check_raw_tower(tower, tensor(data["in_video"]), data, config["patch_sampling_rate"])


def test_audio_tower(golden):
    data = golden("audio_wat")
    config = sizes(data)
    tower = audio_tower(audio_config({**config, "dropout_rate": 0.0}))
    read = part_from_official("audio", tower, weights(data, "_base/"))
    assert read == set(weights(data, "_base/"))
    _check_raw_tower(tower, tensor(data["in_audio"])[..., 0], data, config["patch_sampling_rate"])


def test_text_tower(golden):
    data = golden("text_t5")
    config = sizes(data)
    tower = TextTower(text_config(config, config["text_len"]), "agg").eval()
    read = part_from_official("text", tower, weights(data))
    assert read == set(weights(data))

    seen = {}
    for number, layer in enumerate(tower.encoder.layers):
        layer.register_forward_hook(lambda _m, _i, out, number=number: seen.__setitem__(number, out))
    tower.pre_projection.register_forward_hook(lambda _m, args, _o: seen.__setitem__("embeddings", args[0]))
    tower.encoder.register_forward_pre_hook(lambda _m, args: seen.update(projected=args[0], mask=args[1]))
    sentence, words = tower(tensor(data["in_ids"]))
    assert_close(sentence, data["sentence_embeddings"], TOWER)
    assert_close(words, data["word_embeddings"], TOWER)
    assert_close(seen["embeddings"], data["embeddings_agg"], TOWER)
    assert_close(seen["projected"], data["pre_proj"], TOWER)
    assert torch.equal(seen["mask"].long(), tensor(data["mask"]))
    for number in range(len(tower.encoder.layers)):
        if f"layer{number}_out" in data:
            assert_close(seen[number], data[f"layer{number}_out"], TOWER)

    length = data["mask"].shape[1]
    assert_close(tower.encoder.position_bias(length), data["rel_bias"], TOWER)
    places = torch.arange(length)
    bucket_sizes = (tower.encoder.relative_bias.num_embeddings, tower.encoder.max_distance)
    buckets = relative_buckets(places[None] - places[:, None], *bucket_sizes)
    assert torch.equal(buckets, tensor(data["rel_bucket"]))
    reach = len(data["rel_bucket_wide"]) // 2
    wide = relative_buckets(torch.arange(-reach, reach + 1), *bucket_sizes)
    assert torch.equal(wide, tensor(data["rel_bucket_wide"]))
