"""The programs that ``peers.py`` times beside our video tower: each behind the same two calls, and with our weights.

``encode(tokens)`` gives the hidden states of all tokens, ``forward(clip, which)`` a pooled feature. ``pairs(tower)``
says which of its layers is which of ours.
"""

import importlib
import importlib.util
from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vatt_edu.batch import MASKED
from vatt_edu.config import VideoConfig
from vatt_edu.data.media.audio import torchaudio
from vatt_edu.model import RawTower
from vatt_edu.positions import LAYER_NORM_EPS

PACKAGES = {"videomae": "transformers", "timm": "timm", "vit_3d": "vit-pytorch"}
"""Which distribution a peer comes from."""


class Naive(nn.Module):
    """Attention as printed in papers: every logit is written down, and a dropped token is one that nobody looks at."""

    def __init__(self, tower: RawTower, config: VideoConfig) -> None:
        super().__init__()
        size = config.encoder
        self.grid, self.heads = config.grid, size.heads
        self.patches = convolution(config)
        self.agg, self.positions = nn.Parameter(tower.agg.detach().clone()), nn.Parameter(positions(tower, config))
        self.layers = nn.ModuleList(
            nn.ModuleDict({
                "norm_1": nn.LayerNorm(size.width, LAYER_NORM_EPS), "norm_2": nn.LayerNorm(size.width, LAYER_NORM_EPS),
                **{name: nn.Linear(size.width, size.width) for name in "qkvo"},
                "wi": nn.Linear(size.width, size.ff_width), "wo": nn.Linear(size.ff_width, size.width),
            })
            for _ in range(size.layers)
        )  # fmt: skip
        self.norm = nn.LayerNorm(size.width, LAYER_NORM_EPS)

    def encode(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Hidden states of all tokens."""
        for layer in self.layers:
            q, k, v = (layer[name](layer["norm_1"](x)).unflatten(-1, (self.heads, -1)) for name in "qkv")
            logits = torch.einsum("bqhd,bkhd->bhqk", q, k) / q.shape[-1] ** 0.5
            weights = (logits if mask is None else logits + mask).softmax(-1)
            x = x + layer["o"](torch.einsum("bhqk,bkhd->bqhd", weights, v).flatten(2))
            x = x + layer["wo"](F.gelu(layer["wi"](layer["norm_2"](x))))
        return self.norm(x)

    def forward(self, clip: Tensor, kept: Tensor | None) -> Tensor:
        """The state of AGG."""
        tokens = self.patches(clip).flatten(2).transpose(1, 2) + self.positions
        mask = None
        if kept is not None:
            mask = torch.full((tokens.shape[1] + 1,), MASKED, device=tokens.device)
            mask[0] = mask[kept + 1] = 0
        x = torch.cat([self.agg.expand(len(tokens), 1, -1), tokens], 1)
        return self.encode(x, mask)[:, 0]

    def pairs(self, tower: RawTower) -> Iterator[tuple[nn.Module, nn.Module]]:
        """Its layers and ours."""
        for mine, ours in zip(self.layers, tower.encoder.layers, strict=True):
            yield mine["norm_1"], ours.attention_norm
            yield mine["norm_2"], ours.ff_norm
            for name in "qkvo":
                yield mine[name], getattr(ours.attention, name)
            yield mine["wi"], ours.ff.wi
            yield mine["wo"], ours.ff.wo
        yield self.norm, tower.encoder.norm
        yield self.patches, tower.tokenizer


class VideoMae(nn.Module):
    """``VideoMAEModel``: no token in front, and the mean of what is left."""

    def __init__(self, tower: RawTower, config: VideoConfig) -> None:
        from transformers import VideoMAEConfig, VideoMAEModel

        super().__init__()
        size = config.encoder
        self.model = VideoMAEModel._from_config(
            VideoMAEConfig(
                image_size=config.height, patch_size=config.tubelet[1], num_frames=config.frames,
                tubelet_size=config.tubelet[0], hidden_size=size.width, num_hidden_layers=size.layers,
                num_attention_heads=size.heads, intermediate_size=size.ff_width, layer_norm_eps=LAYER_NORM_EPS,
                use_mean_pooling=False,
            ),
            attn_implementation="sdpa",
        )  # fmt: skip
        self.model.embeddings.position_embeddings = positions(tower, config)[None]

    def encode(self, x: Tensor) -> Tensor:
        """Hidden states of all tokens."""
        return self.model.layernorm(self.model.encoder(x).last_hidden_state)

    def forward(self, clip: Tensor, dropped: Tensor | None) -> Tensor:
        """The mean; ``dropped``: which tokens are, as its own argument wants it."""
        return self.model(clip, dropped).last_hidden_state.mean(1)

    def pairs(self, tower: RawTower) -> Iterator[tuple[nn.Module, nn.Module]]:
        """Its layers and ours. Its keys have no bias, which would move all logits of a query alike: no change."""
        for mine, ours in zip(self.model.encoder.layer, tower.encoder.layers, strict=True):
            own = mine.attention.attention
            yield mine.layernorm_before, ours.attention_norm
            yield mine.layernorm_after, ours.ff_norm
            yield own.query, ours.attention.q
            yield own.key, ours.attention.k
            yield own.value, ours.attention.v
            yield mine.attention.output.dense, ours.attention.o
            yield mine.intermediate.dense, ours.ff.wi
            yield mine.output.dense, ours.ff.wo
        yield self.model.layernorm, tower.encoder.norm
        yield self.model.embeddings.patch_embeddings.projection, tower.tokenizer


class Timm(nn.Module):
    """timm's blocks behind a convolution, a token in front, and its own patch dropout."""

    def __init__(self, tower: RawTower, config: VideoConfig) -> None:
        from timm.layers import PatchDropout
        from timm.models.vision_transformer import Block

        super().__init__()
        size = config.encoder
        self.patches, self.drop = convolution(config), PatchDropout(num_prefix_tokens=1)
        self.agg, self.positions = nn.Parameter(tower.agg.detach().clone()), nn.Parameter(positions(tower, config))
        self.layers = nn.Sequential(*(Block(size.width, size.heads, qkv_bias=True) for _ in range(size.layers)))
        self.norm = nn.LayerNorm(size.width, LAYER_NORM_EPS)
        with_eps(self)

    def encode(self, x: Tensor) -> Tensor:
        """Hidden states of all tokens."""
        return self.norm(self.layers(x))

    def forward(self, clip: Tensor, keep: float | None) -> Tensor:
        """The state of AGG; it draws the tokens itself."""
        tokens = self.patches(clip).flatten(2).transpose(1, 2) + self.positions
        x = torch.cat([self.agg.expand(len(tokens), 1, -1), tokens], 1)
        self.drop.prob = 0.0 if keep is None else 1 - keep
        return self.encode(self.drop(x))[:, 0]

    def pairs(self, tower: RawTower) -> Iterator[tuple[nn.Module, Any]]:
        """Its layers and ours; of queries, keys and values it makes one matrix."""
        for mine, ours in zip(self.layers, tower.encoder.layers, strict=True):
            yield mine.norm1, ours.attention_norm
            yield mine.norm2, ours.ff_norm
            yield mine.attn.qkv, [ours.attention.q, ours.attention.k, ours.attention.v]
            yield mine.attn.proj, ours.attention.o
            yield mine.mlp.fc1, ours.ff.wi
            yield mine.mlp.fc2, ours.ff.wo
        yield self.norm, tower.encoder.norm
        yield self.patches, tower.tokenizer


class Vit3d(nn.Module):
    """The ViT of ``vit_pytorch``, step by step as its own ``forward``, since that has no place for dropping."""

    def __init__(self, tower: RawTower, config: VideoConfig) -> None:
        from vit_pytorch.vit_3d import ViT

        super().__init__()
        size = config.encoder
        self.model = ViT(
            image_size=config.height, image_patch_size=config.tubelet[1], frames=config.frames,
            frame_patch_size=config.tubelet[0], num_classes=1, dim=size.width, depth=size.layers, heads=size.heads,
            mlp_dim=size.ff_width, dim_head=size.head_width,
        )  # fmt: skip
        with_eps(self)

    def encode(self, x: Tensor) -> Tensor:
        """Hidden states of all tokens."""
        return self.model.mlp_head[0](self.model.transformer(x))

    def forward(self, clip: Tensor, kept: Tensor | None) -> Tensor:
        """The state of its first token."""
        x = self.model.to_patch_embedding(clip) + self.model.pos_embedding[:, 1:]
        first = (self.model.cls_token + self.model.pos_embedding[:, :1]).expand(len(x), 1, -1)
        x = self.model.transformer(torch.cat([first, x if kept is None else x[:, kept]], 1))
        return self.model.mlp_head[0](x[:, 0])

    def pairs(self, tower: RawTower) -> Iterator[tuple[nn.Module, Any]]:
        """Its layers and ours; its patches go through two norms that ours do not have, and are left out."""
        for (attention, ff), ours in zip(self.model.transformer.layers, tower.encoder.layers, strict=True):
            yield attention.norm, ours.attention_norm
            yield attention.to_qkv, [ours.attention.q, ours.attention.k, ours.attention.v]
            yield attention.to_out[0], ours.attention.o
            yield ff.net[0], ours.ff_norm
            yield ff.net[1], ours.ff.wi
            yield ff.net[4], ours.ff.wo
        yield self.model.mlp_head[0], tower.encoder.norm


PEERS: dict[str, Callable[[RawTower, VideoConfig], Any]] = {
    "naive": Naive,
    "videomae": VideoMae,
    "timm": Timm,
    "vit_3d": Vit3d,
}


def convolution(config: VideoConfig) -> nn.Conv3d:
    """The patch projection as ViTs of video have it."""
    return nn.Conv3d(3, config.encoder.width, config.tubelet, config.tubelet)


def positions(tower: RawTower, config: VideoConfig) -> Tensor:
    """A row for each token, as ours are when training begins."""
    assert tower.positions is not None
    return tower.positions(config.grid).detach().clone()


def with_eps(module: nn.Module) -> None:
    """Gives every LayerNorm our epsilon."""
    for part in module.modules():
        if isinstance(part, nn.LayerNorm):
            part.eps = LAYER_NORM_EPS


DECLARED: list[torch.library.Library] = []


def import_media() -> None:
    """Imports what the peers import, also where a wheel for GPUs stands beside a torch that knows none.

    ``transformers`` asks for torchaudio, which this library can open without its extension. torchvision then stops at
    operators that nobody here calls; they are declared, and it is imported once more.
    """
    torchaudio()
    try:
        importlib.import_module("torchvision")
    except ModuleNotFoundError:
        return
    except RuntimeError:
        DECLARED.append(torch.library.Library("torchvision", "FRAGMENT"))
        for name in ("nms", "qnms"):
            DECLARED[0].define(f"{name}(Tensor x) -> Tensor")
        importlib.import_module("torchvision")


def absent(names: tuple[str, ...] = tuple(PEERS)) -> list[str]:
    """Those peers whose package is not installed."""
    modules = {name: package.replace("-", "_") for name, package in PACKAGES.items()}
    return [name for name in names if name in modules and importlib.util.find_spec(modules[name]) is None]


@torch.no_grad()
def scatter(tower: RawTower) -> None:
    """Makes no weight of the encoder special: also biases, which start at zero, and norms, which start at one."""
    for name, weight in tower.encoder.named_parameters():
        weight.add_(0.1 * torch.randn_like(weight) if weight.dim() == 1 else 0.0)
        if "attention.q.bias" in name or "attention.v.bias" in name:
            weight.zero_()  # ``vit_3d`` has none


@torch.no_grad()
def copy_weights(peer: Any, tower: RawTower) -> None:
    """Our weights into a peer; a bias that it does not have must be of no effect."""
    for mine, ours in peer.pairs(tower):
        parts = ours if isinstance(ours, list) else [ours]
        weight = torch.cat([part.weight for part in parts])
        if isinstance(mine, nn.Conv3d):
            weight = weight.unflatten(1, (*mine.kernel_size, 3)).movedim(-1, 1)
        mine.weight.copy_(weight)
        if mine.bias is not None:
            mine.bias.copy_(torch.cat([part.bias for part in parts]))
