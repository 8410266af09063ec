"""Models on the Hugging Face Hub: ``HubVATT`` is a ``VATT`` that saves, loads and pushes itself.

What it writes is what a run or a converted checkpoint is on disk (``config.json``, ``model.safetensors``, and
``vocab.json`` where there is one), so that ``vatt.load`` reads it as well, and a model card made from the model. What
it reads is those files and no others: the hub library's way out when there is no safetensors file, a pickle, is closed.
"""

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import torch

from vatt_edu.config import Config
from vatt_edu.config.serialize import pack
from vatt_edu.data.text.vocabulary import NoVocabulary, Vocabulary
from vatt_edu.errors import UserError, missing
from vatt_edu.evaluation.embed import Embedder
from vatt_edu.files import write_json
from vatt_edu.model import VATT
from vatt_edu.training.checkpoint import load_weights, read_tensors, write_tensors
from vatt_edu.training.run_folder import read_config, read_vocabulary

try:
    from huggingface_hub import ModelCard, ModelCardData, PyTorchModelHubMixin, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError
except ImportError:
    raise missing("huggingface_hub", "train") from None

FILES = ("config.json", "model.safetensors", "vocab.json")
PAPER = "https://arxiv.org/abs/2104.11178"


class HubVATT(VATT, PyTorchModelHubMixin):
    """A ``VATT`` with ``from_pretrained``, ``save_pretrained`` and ``push_to_hub``.

    Args:
        config: The whole configuration: besides the model, how its signals are read.
        vocab: Its words; without them it embeds all but text.
        record: What else ``config.json`` should say (``preset``, ``data``, ``converted``).
    """

    def __init__(
        self, config: Config, vocab: Vocabulary | None = None, record: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(config.model)
        self.run_config, self.vocab = config, vocab
        self.record = {"preset": "custom", "data": []} | dict(record or {})

    @classmethod
    def from_pretrained(  # type: ignore[override]  # the mixin takes any keyword; this one names them
        cls,
        pretrained_model_name_or_path: str | PathLike[str],
        *,
        force_download: bool = False,
        token: str | bool | None = None,
        cache_dir: str | Path | None = None,
        local_files_only: bool = False,
        revision: str | None = None,
    ) -> "HubVATT":
        """A model from a folder, or from the Hub by the name of its repository; in eval mode.

        Args:
            pretrained_model_name_or_path: A folder (of a run, a converted checkpoint, ``save_pretrained``), or
                ``user/name``.
            force_download: Download again what is in the cache.
            token: For private repositories.
            cache_dir: Where downloads are kept.
            local_files_only: Do not use the network.
            revision: A branch, tag or commit.

        Raises:
            UserError: If it cannot be had, or its files are damaged or do not fit together.
        """
        folder = Path(pretrained_model_name_or_path)
        if not folder.is_dir():
            name = str(pretrained_model_name_or_path)
            try:
                folder = Path(
                    snapshot_download(
                        name,
                        allow_patterns=list(FILES),
                        force_download=force_download,
                        token=token,
                        cache_dir=cache_dir,
                        local_files_only=local_files_only,
                        revision=revision,
                    )
                )
            except (HfHubHTTPError, OSError, ValueError) as error:
                why = (str(error).splitlines() or [type(error).__name__])[0]
                raise UserError(f"{name} is no folder here, and not to be had from the Hub ({why})") from None
        config, record = read_config(folder)
        vocab = read_vocabulary(folder, config) if (folder / "vocab.json").exists() else None
        model = cls(config, vocab, {key: value for key, value in record.items() if value is not None})
        load_weights(model, read_tensors(folder / "model.safetensors"), folder / "model.safetensors")
        return model.eval()

    def _save_pretrained(self, save_directory: Path) -> None:
        write_tensors(save_directory / "model.safetensors", self.state_dict())
        if self.vocab is not None:
            self.vocab.save(save_directory / "vocab.json")
        write_json(save_directory / "config.json", pack(self.run_config, **self.record))

    def embedder(self) -> Embedder:
        """This model with its reader and its vocabulary, as ``vatt.load`` returns it; it shares the weights."""
        vocab = self.vocab or NoVocabulary(Path("vocab.json"))
        device: torch.device = self.video.agg.device
        return Embedder(self.eval(), self.run_config, vocab, device)

    def generate_model_card(self, *_: Any, **__: Any) -> ModelCard:
        """The card, every number of it from the configuration and the weights."""
        data = ModelCardData(
            library_name="vatt_edu",
            license="apache-2.0",
            pipeline_tag="feature-extraction",
            tags=[
                "vatt",
                "video",
                "audio",
                "text",
                "contrastive-learning",
                "model_hub_mixin",
                "pytorch_model_hub_mixin",
            ],
        )
        return ModelCard(f"---\n{data.to_yaml()}\n---\n\n" + "\n".join(_card(self)) + "\n")


def _card(model: HubVATT) -> list[str]:
    config, parts = model.run_config, {"video": model.video, "audio": model.audio, "text": model.text}
    converted = model.record.get("converted")
    data = ", ".join(model.record["data"])
    if converted:
        origin = f"converted from the official TensorFlow checkpoint `{converted['from']}` ({converted['kind']})"
    else:
        origin = f"preset `{model.record['preset']}`" + (f", trained on {data}" if data else "")
    video, audio = config.model.video, config.model.audio
    spans = {
        "video": f"{video.frames} frames of {video.height} × {video.width} at {config.data.fps:g} fps",
        "audio": f"{audio.samples:,} samples at {config.data.sample_rate / 1000:g} kHz ({audio.signal})",
        "text": f"{config.model.text.words} words of {config.model.text.vocab:,}",
    }
    lines = [
        "# VATT in PyTorch",
        "",
        f"Video, audio and text towers with a common space ([VATT]({PAPER})): {origin}.",
        "",
        "| tower | reads | layers | width | parameters |",
        "|---|---|--:|--:|--:|",
    ]
    for name, part in parts.items():
        encoder = getattr(config.model, name).encoder
        layers = encoder.layers if model.encoder is None else "shared"
        lines.append(f"| {name} | {spans[name]} | {layers} | {encoder.width} | {_count(part):,} |")
    if model.encoder is not None:
        size = config.model.video.encoder
        lines.append(f"| one encoder for all | | {size.layers} | {size.width} | {_count(model.encoder):,} |")
    space = config.model.common_space
    return [
        *lines,
        f"| common space ({space.heads}) | | | {space.va_width}, {space.vt_width} | {_count(model.common_space):,} |",
        "",
        "```python",
        "from vatt_edu.interop.hub import HubVATT",
        "",
        'model = HubVATT.from_pretrained("USER/NAME").embedder()',
        'model.embed_video("clip.mp4", space="vt") @ model.embed_text("pour water into the glass")',
        "```",
        "",
        "It has a vocabulary."
        if model.vocab
        else "It comes without a vocabulary: it embeds video and audio, no words.",
        "Weights are in safetensors; nothing here is a pickle. It has the biases of the data it was trained on.",
    ]


def _count(part: torch.nn.Module) -> int:
    return sum(value.numel() for value in part.state_dict().values())
