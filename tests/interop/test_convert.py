"""Conversion of official checkpoints: sizes from shapes, what does not fit, what is written, the command."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import tensor_bundle

import vatt_edu as vatt
from vatt_edu.cli import main
from vatt_edu.config import AudioConfig, EncoderConfig, MelConfig, VideoConfig
from vatt_edu.errors import UserError
from vatt_edu.finetuning import classifier as classify
from vatt_edu.interop import sizes as official_sizes
from vatt_edu.interop.convert import KINDS, convert, translate
from vatt_edu.interop.official import PREFIXES, official_key
from vatt_edu.interop.tensorflow_checkpoint import TensorFlowCheckpoint
from vatt_edu.training.checkpoint import read_tensors

SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"
LAYER = "model/layer_with_weights-0/"


@pytest.fixture
def folder(golden_dir: Path) -> Path:
    checkpoint = golden_dir / "tx_fac_ckpt"
    if not checkpoint.is_dir():
        pytest.skip(f"{golden_dir} holds no tx_fac_ckpt")
    return checkpoint


@pytest.fixture
def tensors(folder: Path) -> dict[str, np.ndarray]:
    """The recorded checkpoint's tensors, to be changed and written anew."""
    checkpoint = TensorFlowCheckpoint(folder)
    return {key: checkpoint[key] for key, entry in checkpoint.entries.items() if entry.kind != 7}


def rewritten(tmp_path: Path, tensors: dict[str, np.ndarray]) -> Path:
    tensor_bundle.write(tmp_path / "changed", tensors, shards=2)
    return tmp_path / "changed"


def complaint(path: Path, out: Path, config: Path | None = None) -> str:
    with pytest.raises(UserError) as caught:
        convert(path, out, config)
    assert not out.exists()
    assert not list(out.parent.glob(".*partial"))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", ["tx_fac_ckpt", "ut_fac_ckpt", "finetune_vit_ckpt"])
def test_sizes_are_read_from_shapes(golden_dir: Path, name: str) -> None:
    folder = golden_dir / name
    if not folder.is_dir():
        pytest.skip(f"{golden_dir} holds no {name}")
    checkpoint, official = TensorFlowCheckpoint(folder), json.loads((folder / "config.json").read_text())
    shapes = {key.removesuffix(SUFFIX): entry.shape for key, entry in checkpoint.entries.items()}
    (kind,) = [kind for kind in KINDS if any(key.startswith(kind.mark) for key in shapes)]
    parts = ("video", "audio", "text", "unified")
    heads = {part: {"d_kv": official[part]["d_kv"]} for part in parts if part in official}
    sizes = official_sizes.complete(kind.sizes(shapes), heads)
    for key in (*parts, "d_va", "d_vat", "num_classes"):
        if isinstance(official.get(key), dict):
            part = {name: size for name, size in official[key].items() if name != "d_pre_proj"}  # the encoder's width
            assert {name: sizes[key][name] for name in part} == part
        elif key in official:
            assert sizes[key] == official[key]


def test_a_head_is_64_wide_unless_told() -> None:
    assert official_sizes.complete({"inner": 768}, {}) == {"d_kv": 64, "num_heads": 12}
    assert official_sizes.complete({"inner": 768}, {"num_heads": 4}) == {"d_kv": 192, "num_heads": 4}
    assert official_sizes.complete({"a": {"inner": 96}}, {"a": {"d_kv": 8}}) == {"a": {"d_kv": 8, "num_heads": 12}}
    for overrides in ({"num_heads": 5}, {"d_kv": 7}, {"d_kv": 8, "num_heads": 8}):
        with pytest.raises(UserError, match="how many heads there are; give d_kv or num_heads"):
            official_sizes.complete({"inner": 768}, overrides)
    for overrides in ({"num_heads": 0}, {"d_kv": "8"}, {"num_heads": True}):
        with pytest.raises(UserError, match="must be a whole number"):
            official_sizes.complete({"inner": 768}, overrides)
    with pytest.raises(UserError, match="video must be an object"):
        official_sizes.complete({"video": {"inner": 64}}, {"video": 3})


def test_what_does_not_fit_is_named_and_nothing_is_written(folder: Path, tensors: dict, tmp_path: Path) -> None:
    config, out = folder / "config.json", tmp_path / "out"
    agg = f"{PREFIXES['audio']}agg_embedding"
    kernel = f"{PREFIXES['video']}voxel_to_patch/bias"
    extra = f"{PREFIXES['video']}mask_embedding"

    message = complaint(rewritten(tmp_path, {k: v for k, v in tensors.items() if k != agg + SUFFIX}), out, config)
    assert "1 missing, 0 unexpected, 0 of another shape" in message
    assert f"missing ({agg})" in message
    message = complaint(rewritten(tmp_path, {**tensors, extra + SUFFIX: np.zeros((3, 4), np.float32)}), out, config)
    assert "0 missing, 1 unexpected, 0 of another shape" in message
    assert f"unexpected ({extra})" in message
    message = complaint(rewritten(tmp_path, {**tensors, kernel + SUFFIX: np.zeros(5, np.float32)}), out, config)
    assert "0 missing, 0 unexpected, 1 of another shape" in message
    assert f"({kernel}: (5,) where the model has" in message
    assert "Check --config" in message
    hostile = f"{PREFIXES['video']}\x1b[2J\n{'x' * 9_000}{SUFFIX}"
    message = complaint(rewritten(tmp_path, {**tensors, hostile: np.zeros(1, np.float32)}), out, config)
    assert "\\x1b[2J\\nxxx" in message
    assert len(message) < 1_000
    broken = tensors[agg + SUFFIX].copy()
    broken[0] = np.nan
    message = complaint(rewritten(tmp_path, {**tensors, agg + SUFFIX: broken}), out, config)
    assert f"{agg} is not finite" in message


def test_a_wrong_configuration_is_explained(folder: Path, tmp_path: Path) -> None:
    sizes, out, file = json.loads((folder / "config.json").read_text()), tmp_path / "out", tmp_path / "sizes.json"
    if any(sizes[part]["d_kv"] * sizes[part]["num_heads"] % 64 for part in ("video", "audio")):
        assert "a checkpoint does not say how many heads there are" in complaint(folder, out)
    file.write_text(json.dumps({**sizes, "video": {**sizes["video"], "num_layers": sizes["video"]["num_layers"] + 1}}))
    message = complaint(folder, out, file)
    assert f"missing ({PREFIXES['video']}tx/layers/{sizes['video']['num_layers']}/" in message
    for text, why in (("[1]", "expected an object with official sizes"), ("{", "not JSON"), ('{"video": 1}', "object")):
        file.write_text(text)
        assert why in complaint(folder, out, file)
    assert "cannot read" in complaint(folder, out, tmp_path / "none.json")


def test_another_model_is_refused(golden_dir: Path, tmp_path: Path) -> None:
    tensor_bundle.write(tmp_path / "other", {f"model/dense/kernel{SUFFIX}": np.zeros((2, 2), np.float32)})
    message = complaint(tmp_path / "other", tmp_path / "out")
    assert f"{tmp_path / 'other'} is none of the official models (tx_fac" in message
    assert "one of its keys is model/dense/kernel" in message
    half = {f"{PREFIXES['video']}voxel_to_patch/kernel{SUFFIX}": np.zeros((4, 8, 8, 3, 16), np.float32)}
    tensor_bundle.write(tmp_path / "half", half)
    assert "it is not complete" in complaint(tmp_path / "half", tmp_path / "out")


def test_what_shapes_cannot_tell_is_asked_for(golden_dir: Path, folder: Path) -> None:
    """Sizes come from shapes; a shape that is not there, or that is another model's, is named."""
    checkpoints = [TensorFlowCheckpoint(path) for path in (folder, golden_dir / "finetune_vit_ckpt")]
    whole, tuned = (
        {key.removesuffix(SUFFIX): entry.shape for key, entry in one.entries.items()} for one in checkpoints
    )
    kinds = {kind.name: kind for kind in KINDS}
    for kind, shapes, absent in (
        ("tx_fac", whole, f"{PREFIXES['common_space']}aud_to_va/kernel"),
        ("tx_fac", whole, f"{PREFIXES['common_space']}txt_to_vat/kernel"),
        ("tx_fac", whole, f"{PREFIXES['text']}embedding/embeddings"),
        ("fine-tuned ViT", tuned, f"{LAYER}_ops/cls/kernel"),
    ):
        kinds[kind].sizes(shapes)
        with pytest.raises(UserError, match=f"the checkpoint lacks {absent}, .*it is not complete"):
            kinds[kind].sizes({key: shape for key, shape in shapes.items() if key != absent})
    patch = f"{PREFIXES['video']}voxel_to_patch/kernel"
    with pytest.raises(UserError, match=rf"{patch} has shape \(3, 4\), not 5 axes: it is another model's"):
        kinds["tx_fac"].sizes({**whole, patch: (3, 4)})
    with pytest.raises(UserError, match="text tower is the BERT option"):
        kinds["tx_fac"].sizes({**whole, f"{PREFIXES['text']}base_lm/tx/layers/0/mha/q/kernel": (8, 8)})


def test_a_configuration_of_something_else_is_explained(folder: Path) -> None:
    sizes, checkpoint = json.loads((folder / "config.json").read_text()), TensorFlowCheckpoint(folder)
    stride = {**sizes["audio"], "temporal_patch_stride": sizes["audio"]["temporal_patch_size"] - 1}
    with pytest.raises(UserError, match=r"segments that overlap \(temporal_patch_stride\) are not supported"):
        translate(checkpoint, {**sizes, "audio": stride})
    with pytest.raises(UserError, match=r"the size '\w+' of tx_fac is not known; give it in --config"):
        translate(checkpoint, {**sizes, "unified": {"d_model": 16}})


@pytest.mark.parametrize(
    "overrides",
    [
        {"unified": 3},
        {"video": {"dropout_rate": "x"}},
        {"text": {"max_relative_distance": "x"}},
        {"video": {"activation": "foo"}},
    ],
)
def test_a_size_of_the_wrong_kind_is_named(folder: Path, overrides: dict) -> None:
    sizes, checkpoint = json.loads((folder / "config.json").read_text()), TensorFlowCheckpoint(folder)
    (part,) = overrides
    if isinstance(overrides[part], dict):
        overrides = {part: {**sizes[part], **overrides[part]}}
    with pytest.raises(UserError, match=r"^--config[^\n]*$"):
        translate(checkpoint, {**sizes, **overrides})


def test_a_folder_in_use_is_left_alone(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="is not empty"):
        convert(folder, tmp_path, folder / "config.json")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    (tmp_path / "empty").mkdir()
    convert(folder, tmp_path / "empty", folder / "config.json")
    assert sorted(path.name for path in (tmp_path / "empty").iterdir()) == ["config.json", "model.safetensors"]


def test_the_command(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, config = tmp_path / "out", str(folder / "config.json")
    keys = len(np.load(folder / "expected.npz")["all_keys"])
    assert main(["convert", str(folder), str(out), "--config", config]) == 0
    lines = capsys.readouterr().out.splitlines()
    record = json.loads((out / "config.json").read_text())
    read, ignored = record["converted"]["tensors"], keys - record["converted"]["tensors"]
    assert lines[0].startswith(f"tx_fac: {read} tensors read, {ignored} ignored (")
    assert lines[0].endswith("0 missing, 0 unexpected, 0 of another shape")
    assert lines[1] == f"{out}: converted; vatt.load({str(out)!r}) reads it"
    assert len(read_tensors(out / "model.safetensors")) == read

    assert main(["convert", str(folder), str(tmp_path / "again"), "--config", config, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["missing"] == report["unexpected"] == report["wrong_shape"] == []
    assert len(report["ignored"]) == ignored
    assert main(["convert", str(folder), str(out), "--config", config]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == f"vatt: {out} is not empty; choose another folder for the converted model\n"


def test_words_need_a_vocabulary(folder: Path, tmp_path: Path) -> None:
    config, file = folder / "config.json", tmp_path / "words.txt"
    convert(folder, tmp_path / "mute", config)
    with pytest.raises(UserError, match=r"there is no vocabulary .* convert again with --vocab FILE"):
        vatt.load(tmp_path / "mute").embed_text("pour water")
    rows = json.loads(config.read_text())["text"]["vocab_size"]
    words = ["<pad>", "the", "<unk>", *(f"word{n}" for n in range(rows - 3))]
    last = words[-1]
    file.write_text("\n".join(words) + "\n")
    convert(folder, tmp_path / "speaking", config, file)
    model = vatt.load(tmp_path / "speaking")
    assert model.vocab.encode([f"The {last}, never-heard"], 4).tolist() == [[1, rows - 1, 2, 0]]
    assert model.embed_text(f"the {last}").isfinite().all()
    assert not torch.equal(model.embed_text(f"the {last}"), model.embed_text("the the"))
    file.write_text("\n".join([*words, "more"]) + "\n")
    with pytest.raises(UserError, match=f"has {rows + 1} words, the checkpoint {rows}"):
        convert(folder, tmp_path / "out", config, file)


ENCODER = EncoderConfig(2, 24, 48, 3, 8, 0.1)
WAVEFORM = AudioConfig(samples=160, patch=16, encoder=ENCODER)
SPECTROGRAM = AudioConfig(
    samples=12 * 1_024, signal="log_mel", mel=MelConfig(bins=20, patch_frames=4, patch_bins=5),
    encoder=replace(ENCODER, bias=False),
)  # fmt: skip
OPTIONS = VideoConfig(
    4, 12, 8, (2, 4, 4), pre_projection=True, post_projection=7,
    encoder=replace(ENCODER, norm="post", activation="geglu"),
)  # fmt: skip


def official(model: classify.Classifier, part: str) -> dict[str, np.ndarray]:
    """A classifier's tensors as an official checkpoint holds them."""
    tensors, config = {}, model.config
    patch = (config.video if config.signal == "video" else config.audio).patch_shape
    for name, value in model.tower.state_dict().items():
        key, array = official_key(part, name), value.numpy()
        if key.endswith("/kernel"):
            array = np.ascontiguousarray(array.T)
            array = array.reshape(*patch, -1) if name.startswith("tokenizer") else array
        tensors[f"{LAYER}_base/{key}{SUFFIX}"] = array
    tensors[f"{LAYER}_ops/cls/kernel{SUFFIX}"] = np.ascontiguousarray(model.head.weight.detach().numpy().T)
    tensors[f"{LAYER}_ops/cls/bias{SUFFIX}"] = model.head.bias.detach().numpy()
    return tensors


@pytest.mark.parametrize(
    ("kind", "part", "config", "signal"),
    [
        ("fine-tuned WaT", "audio", classify.ClassifierConfig("audio", 9, 0.0, audio=WAVEFORM), (160,)),
        ("fine-tuned SpT", "spectrogram", classify.ClassifierConfig("audio", 9, 0.0, audio=SPECTROGRAM), (12_288,)),
        ("fine-tuned ViT", "video", classify.ClassifierConfig("video", 9, 0.5, video=OPTIONS), (4, 12, 8, 3)),
    ],
)
def test_classifiers_that_were_not_recorded(
    tmp_path: Path, kind: str, part: str, config: classify.ClassifierConfig, signal: tuple[int, ...]
) -> None:
    """Ours, written as official checkpoints, come back as they were, with every option that shapes can tell."""
    torch.manual_seed(0)
    model = classify.Classifier(config).eval()
    tensors = official(model, part)
    slot = f"{LAYER}_ops/cls/bias/.OPTIMIZER_SLOT/optimizer/momentum{SUFFIX}"
    training = {slot: np.zeros(9, np.float32), f"optimizer/iter{SUFFIX}": np.array(3, np.int64)}
    tensor_bundle.write(tmp_path / "tuned", tensors | training)
    (tmp_path / "sizes.json").write_text(json.dumps({config.signal: {"d_kv": 8}}))

    report = convert(tmp_path / "tuned", tmp_path / "out", tmp_path / "sizes.json")
    assert (report.kind, len(report.read), len(report.ignored)) == (kind, len(tensors), 2)
    again = classify.load(tmp_path / "out")
    assert again.config == config
    views = torch.rand(4, *signal) * 2 - 1
    with torch.no_grad():
        assert torch.equal(again(views, 2), model(views, 2))
    with pytest.raises(UserError, match=r"holds a classifier, not a whole VATT: .*classifier\.load"):
        vatt.load(tmp_path / "out")
    (tmp_path / "words.txt").write_text("<pad>\n<unk>\n")
    with pytest.raises(UserError, match="a classifier reads no words"):
        convert(tmp_path / "tuned", tmp_path / "other", tmp_path / "sizes.json", tmp_path / "words.txt")


def test_a_whole_vatt_is_no_classifier(folder: Path, tmp_path: Path) -> None:
    convert(folder, tmp_path / "out", folder / "config.json")
    with pytest.raises(UserError, match=r"describes no classifier.*vatt\.load"):
        classify.load(tmp_path / "out")
    with pytest.raises(UserError, match="holds no classifier"):
        classify.load(tmp_path)


def test_translation_reads_lazily_and_completely(folder: Path) -> None:
    description, tensors, report = translate(
        TensorFlowCheckpoint(folder), json.loads((folder / "config.json").read_text())
    )
    assert description["preset"] == "official tx_fac"
    assert len(tensors) == len(report.read)
    assert all(value.is_contiguous() for value in tensors.values())


def _cut(folder: Path) -> str:
    """Half of the data file."""
    data = min(folder.glob("*.data-*"))
    data.write_bytes(data.read_bytes()[: data.stat().st_size // 2])
    return "is cut off"


def _flip(folder: Path) -> str:
    """One bit of the data file."""
    entries = TensorFlowCheckpoint(folder).entries
    entry = next(entries[key] for key in entries if key.startswith("model/") and "SLOT" not in key)
    data = sorted(folder.glob("*.data-*"))[entry.shard]
    octets = bytearray(data.read_bytes())
    octets[entry.offset] ^= 16
    data.write_bytes(octets)
    return "is damaged (checksum of model/"


def _short_index(folder: Path) -> str:
    (index,) = folder.glob("*.index")
    index.write_bytes(index.read_bytes()[:-100])
    return "is damaged or no index"


def _no_data(folder: Path) -> str:
    next(iter(folder.glob("*.data-*"))).unlink()
    return "is missing"


def _no_index(folder: Path) -> str:
    next(iter(folder.glob("*.index"))).unlink()
    return "there is no .index file"


def _another(folder: Path) -> str:
    tensor_bundle.write(folder / "ckpt-other", {f"model/dense/bias{SUFFIX}": np.zeros(2, np.float32)})
    (folder / "checkpoint").write_text('model_checkpoint_path: "ckpt-other"\n')
    return "is none of the official models"


@pytest.mark.parametrize("damage", [_cut, _flip, _short_index, _no_data, _no_index, _another])
def test_every_damage_gives_one_line(
    folder: Path, tmp_path: Path, damage: Callable[[Path], str], capsys: pytest.CaptureFixture[str]
) -> None:
    copy, out = Path(shutil.copytree(folder, tmp_path / "copy")), tmp_path / "out"
    (copy / "checkpoint").unlink()
    message = damage(copy)
    assert main(["convert", str(copy), str(out), "--config", str(folder / "config.json")]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("vatt: ")
    assert str(copy) in shown.err
    assert message in shown.err
    assert shown.err.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy"]
