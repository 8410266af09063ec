"""The common space (paper, section 3.4; chapter *Common space*): video -> video-audio space -> video-text space.

Video meets audio in a space of width ``va``; the vector that meets words is computed from that one, so what video says
to text has passed through what it says to sound. Which layers lie on the way has a name in
``vatt_edu.config.model.HEADS``: ``released`` (batch norm on the video side only, audio and text one plain layer each),
``paper`` (batch norm after every linear layer, on every side), ``deep_audio`` (the released head with the video's two
layers on the audio side too), and others that leave things out, down to ``flat``, a bare layer a side into one space.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from vatt_edu.batch import Embeddings
from vatt_edu.config import CommonSpaceConfig
from vatt_edu.encoder import linear


class BatchNorm(nn.Module):
    """Batch norm as Keras computes it, over the valid rows only.

    Two differences from ``nn.BatchNorm1d``: the running variance follows the *biased* batch variance, and a row that is
    not valid enters neither the statistics nor the running ones, so a missing modality changes nothing for the others.

    Attributes:
        gather: Brings the statistics of all processes together, a row for each; None: this process is alone.
    """

    eps = 1e-5
    momentum = 0.1  # Keras calls this 0.9
    gather: Callable[[Float[Tensor, "1 S"]], Float[Tensor, "W S"]] | None = None

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))
        self.register_buffer("running_mean", torch.zeros(width))
        self.register_buffer("running_var", torch.ones(width))
        self.running_mean: Tensor
        self.running_var: Tensor

    def forward(self, x: Float[Tensor, "R D"], valid: Bool[Tensor, " R"]) -> Float[Tensor, "R D"]:
        """Normalizes each column; in training with the statistics of the valid rows."""
        mean, var = self.running_mean, self.running_var
        if self.training:
            # Sums of products, not a matrix product, which autocast would round to half precision.
            count = valid.sum()
            share = (valid.to(self.weight.dtype) / count.clamp(min=1))[:, None]
            mean = (share * x).sum(0)
            var = (share * (x - mean).square()).sum(0)
            if self.gather is not None:
                rows = self.gather(torch.cat([count.to(mean.dtype)[None], mean, var])[None])
                count, mean, var = pooled_moments(rows[:, 0], *rows[:, 1:].chunk(2, dim=1))
            self._track(mean, var, count > 0)
        return (x - mean) * torch.rsqrt(var + self.eps) * self.weight + self.bias

    @torch.no_grad()
    def _track(self, mean: Tensor, var: Tensor, learns: Tensor) -> None:
        momentum = self.momentum * learns.to(self.running_mean.dtype)  # nothing valid: nothing learned
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), momentum)
        self.running_var.lerp_(var.to(self.running_var.dtype), momentum)


def pooled_moments(
    counts: Float[Tensor, " W"], means: Float[Tensor, "W D"], variances: Float[Tensor, "W D"]
) -> tuple[Float[Tensor, ""], Float[Tensor, " D"], Float[Tensor, " D"]]:
    """Count, mean and biased variance of all rows, from those of W groups of them; an empty group changes nothing.

    The variance is the mean variance within the groups plus that of their means, so that nothing cancels.
    """
    count = counts.sum()
    shares = (counts / count.clamp(min=1))[:, None]
    mean = (shares * means).sum(0)
    return count, mean, (shares * (variances + (means - mean).square())).sum(0)


class ProjectionHead(nn.Module):
    """One linear layer, or two with a ReLU between them.

    Args:
        inputs: Width of the rows that come in.
        width: Of those that go out.
        layers: 2 is the released video side.
        norm: Batch norm after each layer, which then has no bias.
        relu_first: A ReLU before the first layer.
    """

    def __init__(
        self, inputs: int, width: int, *, layers: int = 1, norm: bool = True, relu_first: bool = False
    ) -> None:
        super().__init__()
        self.relu_first = relu_first
        self.hidden = linear(inputs, width, bias=not norm) if layers == 2 else None
        self.hidden_norm = BatchNorm(width) if layers == 2 and norm else None
        self.out = linear(width if layers == 2 else inputs, width, bias=not norm)
        self.out_norm = BatchNorm(width) if norm else None

    def forward(self, x: Float[Tensor, "R I"], valid: Bool[Tensor, " R"]) -> Float[Tensor, "R D"]:
        """Projects each row; the norms see the valid ones only."""
        if self.relu_first:
            x = F.relu(x)
        if self.hidden is not None:
            x = self.hidden(x)
            x = F.relu(x if self.hidden_norm is None else self.hidden_norm(x, valid))
        x = self.out(x)
        return x if self.out_norm is None else self.out_norm(x, valid)


class CommonSpace(nn.Module):
    """Projects the pooled features of three towers to where they can be compared.

    Args:
        config: Which heads, and the widths of the two spaces.
        video_width: Width of the pooled video feature; likewise ``audio_width`` and ``text_width``.
    """

    def __init__(self, config: CommonSpaceConfig, video_width: int, audio_width: int, text_width: int) -> None:
        super().__init__()
        va, vt, plan = config.va_width, config.vt_width, config.plan
        has_norm = {side: side in plan.norms for side in ("video", "audio", "text")}
        self.video_to_va = ProjectionHead(
            video_width, va, layers=plan.video, norm=has_norm["video"], relu_first=plan.relu
        )
        self.audio_to_va = ProjectionHead(
            audio_width, va, layers=plan.audio, norm=has_norm["audio"], relu_first=plan.relu
        )
        self.va_to_vt: ProjectionHead | None = None
        if plan.passage != "none":
            self.va_to_vt = ProjectionHead(va, vt, norm=has_norm["video"], relu_first=plan.passage == "relu")
        self.text_to_vt = ProjectionHead(text_width, vt, norm=has_norm["text"], relu_first=plan.relu)

    def forward(
        self,
        video: Float[Tensor, "B V"],
        audio: Float[Tensor, "B A"],
        text: Float[Tensor, "B L W"],
        has_video: Bool[Tensor, " B"],
        has_audio: Bool[Tensor, " B"],
        has_text: Bool[Tensor, " B"],
    ) -> Embeddings:
        """Pooled features and which of them are valid, to embeddings before l2 normalization."""
        video_va = self.video_to_va(video, has_video)
        lines = has_text[:, None].expand(text.shape[:2])
        return Embeddings(
            video_va=video_va,
            audio_va=self.audio_to_va(audio, has_audio),
            video_vt=self.to_vt(video_va, has_video),
            text_vt=self.text_to_vt(text.flatten(0, 1), lines.flatten()).unflatten(0, text.shape[:2]),
        )

    def to_vt(self, va: Float[Tensor, "B D"], valid: Bool[Tensor, " B"]) -> Float[Tensor, "B E"]:
        """The video's map from the video-audio to the video-text space. Audio can be sent through it too, untrained."""
        return va if self.va_to_vt is None else self.va_to_vt(va, valid)
