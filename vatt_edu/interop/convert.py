"""``vatt convert``: an official TensorFlow checkpoint becomes safetensors and a configuration.

Nothing is lost silently: every tensor of the model must be found in the checkpoint, in the right shape, and every
weight of the checkpoint must have a place in the model; else nothing is written, and a line says what does not fit.
What belongs to training (optimizer slots, counters, the object graph) is left out and counted.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import torch
from jaxtyping import Shaped
from torch import Tensor, nn

from vatt_edu.config import Config, DataConfig, ModelConfig
from vatt_edu.config.serialize import from_json, pack, to_json
from vatt_edu.data.text.vocabulary import Vocabulary
from vatt_edu.data.text.word_vectors import read_vocabulary
from vatt_edu.errors import UserError, shown
from vatt_edu.files import atomic, read_json, write_json, writing
from vatt_edu.finetuning.classifier import Classifier, ClassifierConfig
from vatt_edu.interop import sizes as official_sizes
from vatt_edu.interop.official import (
    PREFIXES,
    Part,
    audio_config,
    config_from_official,
    from_official,
    official_key,
    official_keys,
    video_config,
)
from vatt_edu.interop.sizes import Shapes
from vatt_edu.interop.tensorflow_checkpoint import TensorFlowCheckpoint
from vatt_edu.model import VATT
from vatt_edu.training.checkpoint import write_tensors

_SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"
_SLOT = "/.OPTIMIZER_SLOT/"
_MODEL = "model/"
_LAYER = _MODEL + "layer_with_weights-0/"
_HEAD = _LAYER + "_ops/cls/"

C = TypeVar("C", ModelConfig, ClassifierConfig)
Keys = dict[str, str]  # our names to official keys


@dataclass(frozen=True)
class Kind:
    """One of the official models.

    Attributes:
        name: What the released code calls it.
        mark: What a key of such a checkpoint begins with, and of no other.
        sizes: Official sizes from the tensors' shapes.
        build: The part of ``config.json`` that describes the model, the model itself, and where its tensors come from.
    """

    name: str
    mark: str
    sizes: Callable[[Shapes], dict[str, Any]]
    build: Callable[[dict[str, Any]], tuple[dict[str, Any], nn.Module, Keys]]


@dataclass(frozen=True)
class ConversionReport:
    """How a checkpoint and a model fit together.

    Attributes:
        kind: Which official model it is.
        read: Official keys that became tensors of the model.
        ignored: Keys of the checkpoint that belong to training.
        missing: Official keys that the model needs and the checkpoint lacks.
        unexpected: Weights of the checkpoint that the model has no place for.
        wrong_shape: A line for each key that has another shape in the model.
    """

    kind: str
    read: tuple[str, ...]
    ignored: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    wrong_shape: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing is missing, unexpected, or of another shape."""
        return not (self.missing or self.unexpected or self.wrong_shape)

    def summary(self) -> str:
        """The counts in one line."""
        slots = sum(_SLOT in key for key in self.ignored)
        return (
            f"{self.kind}: {len(self.read)} tensors read, {len(self.ignored)} ignored ({slots} optimizer slots), "
            f"{len(self.missing)} missing, {len(self.unexpected)} unexpected, {len(self.wrong_shape)} of another shape"
        )


def convert(path: Path, out: Path, config: Path | None = None, vocab: Path | None = None) -> ConversionReport:
    """Writes ``OUT/model.safetensors`` and ``OUT/config.json`` (and ``vocab.json``) from an official checkpoint.

    Args:
        path: The checkpoint's prefix, or what ``tensorflow_checkpoint.find_prefix`` makes one of.
        out: A folder that does not exist or is empty. ``vatt.load`` reads it, ``finetuning.classifier.load`` if
            the checkpoint is a fine-tuned classifier.
        config: JSON with official sizes that the checkpoint does not hold (``d_kv``, ``words``), or all of them.
        vocab: The vocabulary, official or ours. Without it the model embeds everything but words.

    Raises:
        UserError: If the checkpoint cannot be read, is no VATT, or does not fit; nothing is written then.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} is not empty; choose another folder for the converted model")
    words = None if vocab is None else read_vocabulary(vocab)
    checkpoint = TensorFlowCheckpoint(path)
    checkpoint.check_files()
    description, tensors, report = translate(checkpoint, _read_sizes(config))
    if not report.complete:
        firsts = [
            f"{name} ({shown(values[0])}{', …' if len(values) > 1 else ''})"
            for name, values in (
                ("missing", report.missing),
                ("unexpected", report.unexpected),
                ("another shape", report.wrong_shape),
            )
            if values
        ]
        raise UserError(f"{checkpoint.prefix} does not fit. {report.summary()}: {'; '.join(firsts)}. Check --config")
    if words is not None:
        _check_vocabulary(words, description, vocab)
    origin = {"from": checkpoint.prefix.name, "kind": report.kind, "tensors": len(report.read)}
    with writing(out), atomic(out) as partial:
        partial.mkdir()
        write_tensors(partial / "model.safetensors", tensors)
        if words is not None:
            words.save(partial / "vocab.json")
        write_json(partial / "config.json", {**description, "converted": origin})
    return report


def translate(
    checkpoint: TensorFlowCheckpoint, overrides: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Shaped[Tensor, "..."]], ConversionReport]:
    """Everything of ``convert`` but the files.

    Returns:
        What ``config.json`` says about the model; its tensors by our names; and how the two fit.
    """
    weights = {key.removesuffix(_SUFFIX): key for key in checkpoint if key.startswith(_MODEL) and _SLOT not in key}
    shapes = {name: checkpoint.entries[key].shape for name, key in weights.items()}
    kind = _kind(checkpoint, shapes)
    sizes = official_sizes.complete(kind.sizes(shapes), overrides)
    try:
        with torch.device("meta"):  # names and shapes alone
            description, model, keys = kind.build(sizes)
    except KeyError as error:
        size = f"the size {error} of {kind.name}"
        raise UserError(f"{checkpoint.prefix}: {size} is not known; give it in --config") from None
    except TypeError as error:
        why = str(error).splitlines()[0]
        raise UserError(f"--config: a size of {kind.name} is of the wrong kind ({why})") from None
    tensors: dict[str, Tensor] = {}
    missing, wrong = [], []
    for name, own in model.state_dict().items():
        key = keys[name]
        if key not in weights:
            missing.append(key)
            continue
        value = from_official(key, checkpoint[weights[key]])
        if not value.isfinite().all():
            raise UserError(f"{checkpoint.prefix}: {key} is not finite, so its training diverged; take an earlier one")
        if value.shape == own.shape:
            tensors[name] = value
        else:
            wrong.append(f"{key}: {tuple(value.shape)} where the model has {tuple(own.shape)}")
    report = ConversionReport(
        kind=kind.name,
        read=tuple(sorted(keys[name] for name in tensors)),
        ignored=tuple(sorted(set(checkpoint) - set(weights.values()))),
        missing=tuple(missing),
        unexpected=tuple(sorted(set(weights) - set(keys.values()))),
        wrong_shape=tuple(wrong),
    )
    return description, tensors, report


def _check_vocabulary(words: Vocabulary, description: Mapping[str, Any], vocab: Path | None) -> None:
    if "config" not in description:
        raise UserError(f"--vocab {vocab}: a classifier reads no words; leave it out")
    rows = description["config"]["model"]["text"]["vocab"]
    if len(words) > rows:
        raise UserError(f"{vocab} has {len(words)} words, the checkpoint {rows}: it is another model's vocabulary")


def _read_sizes(config: Path | None) -> dict[str, Any]:
    sizes = {} if config is None else read_json(config)
    if not isinstance(sizes, dict):
        raise UserError(f"{config}: expected an object with official sizes, got {json.dumps(sizes)[:60]}")
    return sizes


def _kind(checkpoint: TensorFlowCheckpoint, shapes: Shapes) -> Kind:
    for kind in KINDS:
        if any(key.startswith(kind.mark) for key in shapes):
            return kind
    names = ", ".join(kind.name for kind in KINDS)
    example = next(iter(sorted(shapes)), next(iter(checkpoint), "none"))
    raise UserError(
        f"{checkpoint.prefix} is none of the official models ({names}); one of its keys is {shown(example)}"
    )


# The official models --------------------------------------------------------------------------------------------------


def _specific_sizes(shapes: Shapes) -> dict[str, Any]:
    return {
        "video": official_sizes.video(shapes, PREFIXES["video"]),
        "audio": official_sizes.audio(shapes, PREFIXES["audio"]),
        "text": official_sizes.text(shapes, PREFIXES["text"]),
        "words": official_sizes.WORDS,
        **_common_space_sizes(shapes),
    }


def _agnostic_sizes(shapes: Shapes) -> dict[str, Any]:
    return {"unified": official_sizes.unified(shapes, PREFIXES["agnostic_video"]), **_common_space_sizes(shapes)}


def _common_space_sizes(shapes: Shapes) -> dict[str, int]:
    keys = {
        "d_va": f"{PREFIXES['common_space']}aud_to_va/kernel",
        "d_vat": f"{PREFIXES['common_space']}txt_to_vat/kernel",
    }
    absent = [key for key in keys.values() if len(shapes.get(key, ())) != 2]
    if absent:
        raise UserError(f"the checkpoint lacks {absent[0]}, from which the model's sizes are read: it is not complete")
    return {name: shapes[key][1] for name, key in keys.items()}


def _pretrained(sizes: dict[str, Any]) -> tuple[dict[str, Any], nn.Module, Keys]:
    config = _of_right_kinds(config_from_official(sizes))
    model, name = VATT(config), "ut_fac" if config.backbone == "agnostic" else "tx_fac"
    description = pack(run_config(config), preset=f"official {name}", data=[])
    return description, model, official_keys(model)


def _of_right_kinds(config: C) -> C:
    """The same, if every size is a value that its field allows."""
    return from_json(type(config), to_json(config), "--config")


def run_config(model: ModelConfig) -> Config:
    """A whole configuration around an official model: frames as large as the tower takes them, the rest as released."""
    return Config(model=model, data=DataConfig(short_side=max(model.video.height, model.video.width)))


def _fine_tuned(signal: Literal["video", "audio"], sizes: dict[str, Any]) -> tuple[dict[str, Any], nn.Module, Keys]:
    video, audio = ClassifierConfig().video, ClassifierConfig().audio
    if signal == "video":
        video = video_config(sizes["video"])
    else:
        audio = audio_config(sizes["audio"])
    # As released, dropout before the head for video and none for audio.
    config = ClassifierConfig(signal, sizes["num_classes"], 0.5 if signal == "video" else 0.0, video, audio)
    config = _of_right_kinds(config)
    model = Classifier(config)
    part: Part = "spectrogram" if signal == "audio" and audio.signal == "log_mel" else signal
    keys = {f"tower.{name}": f"{_LAYER}_base/{official_key(part, name)}" for name in model.tower.state_dict()}
    return {"classifier": to_json(config)}, model, keys | {"head.weight": _HEAD + "kernel", "head.bias": _HEAD + "bias"}


def _classes(shapes: Shapes) -> int:
    shape = shapes.get(_HEAD + "kernel", ())
    if len(shape) != 2:
        raise UserError(f"the checkpoint lacks {_HEAD}kernel, the head of a fine-tuned classifier: it is not complete")
    return shape[1]


def _fine_tuned_kind(name: str, signal: Literal["video", "audio"], patches: str) -> Kind:
    read = official_sizes.video if signal == "video" else official_sizes.audio
    return Kind(
        name,
        f"{_LAYER}_base/{patches}/",
        lambda shapes: {signal: read(shapes, f"{_LAYER}_base/"), "num_classes": _classes(shapes)},
        lambda sizes: _fine_tuned(signal, sizes),
    )


KINDS = (
    Kind("tx_fac", PREFIXES["video"], _specific_sizes, _pretrained),
    Kind("ut_fac", PREFIXES["agnostic_video"], _agnostic_sizes, _pretrained),
    _fine_tuned_kind("fine-tuned ViT", "video", "voxel_to_patch"),
    _fine_tuned_kind("fine-tuned WaT", "audio", "wave_to_patch"),
    _fine_tuned_kind("fine-tuned SpT", "audio", "spectrum_to_patch"),
)
