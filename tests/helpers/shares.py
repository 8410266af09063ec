"""What one process of many does with its share of a batch: the jobs of ``helpers.pool``."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from helpers import tiny
from vatt_edu.batch import Batch
from vatt_edu.common_space import BatchNorm
from vatt_edu.config import Config, DropTokenConfig, LossConfig
from vatt_edu.losses import Losses, vatt_loss
from vatt_edu.model import VATT, Features
from vatt_edu.training import pretrain
from vatt_edu.training.distributed.gather import gather, gather_clips, mean_losses, replicate
from vatt_edu.training.distributed.gradient import features_of, micro_batches, unwrapped
from vatt_edu.training.distributed.processes import rank, world_size

CLIPS = 12
SEED = 5


@dataclass(frozen=True)
class Case:
    """A small training, the same on any number of processes.

    Attributes:
        heads: Of the common space.
        micro_batch: Clips at once; 0: the share.
        loss_chunk: Clips that the losses compare at once; 0: the share.
        frozen: A tower that does not learn.
        missing: Whether clips lack signals, on some processes all of them.
        dropout: In the encoders.
        keep: Share of the tokens.
        learned_temperature: Whether the temperature is a weight.
        clip_norm: Of the gradient; 0 is off.
        backbone: Of the model.
        within: Weight of the loss within modalities.
    """

    heads: str = "paper"
    micro_batch: int = 0
    loss_chunk: int = 0
    frozen: str = ""
    missing: bool = True
    dropout: float = 0.0
    keep: float = 0.5
    learned_temperature: bool = True
    clip_norm: float = 0.0
    backbone: str = "specific"
    within: float = 0.0

    @property
    def config(self) -> Config:
        encoder = replace(tiny.ENCODER, dropout=self.dropout)
        model = tiny.model_config()
        model = replace(
            model,
            video=replace(model.video, encoder=encoder),
            audio=replace(model.audio, encoder=replace(encoder, width=24)),
            droptoken=DropTokenConfig(self.keep, self.keep, sharing="sample"),
            common_space=tiny.space(self.heads),
            learned_temperature=self.learned_temperature,
        )
        if self.backbone == "agnostic":
            text = replace(model.text, style="agnostic", encoder=encoder)
            model = replace(model, audio=replace(model.audio, encoder=encoder), text=text, backbone="agnostic")
        config = Config(
            seed=SEED, model=model, loss=LossConfig(line_masking=True, mask_mean="global", weight_within=self.within)
        )
        train = replace(config.train, micro_batch=self.micro_batch, loss_chunk=self.loss_chunk)
        return replace(config, train=train, optim=replace(config.optim, grad_clip_norm=self.clip_norm))

    def model(self) -> VATT:
        torch.manual_seed(0)
        model = VATT(self.config.model).double().train()
        if self.frozen:
            getattr(model, self.frozen).requires_grad_(False)
        if model.log_temperature is not None:
            torch.nn.init.constant_(model.log_temperature, -1.5)
        return model

    def batch(self, step: int) -> Batch:
        """The global batch: with shared lines, and, if signals are missing, no sound on the last of four processes."""
        config = self.config.model
        batch = tiny.random_batch(config, CLIPS, 3, seed=step, dtype=torch.float64)
        batch = replace(batch, text_id=torch.randint(-1, 12, (CLIPS, 3), generator=torch.Generator().manual_seed(step)))
        if not self.missing:
            return batch
        places = torch.arange(CLIPS)
        return replace(
            batch,
            has_audio=(places < 9) & (places != 4),
            has_text=(places >= 3) & (places != 7),
            has_video=places != 10,
        )


def share_of(batch: Batch) -> Batch:
    """This process's part of a global batch."""
    size = len(batch) // world_size()
    rows = slice(rank() * size, (rank() + 1) * size)
    return Batch(**{f.name: getattr(batch, f.name)[rows] for f in fields(batch)})


Step = Callable[..., Any]


def train(case: Case, steps: int = 1, backward: Step | None = None) -> dict[str, Any]:
    """Trains; returns the loss of each step, the gradients of the first, and the state after the last.

    Args:
        case: What to train.
        steps: How long.
        backward: In place of ``pretrain.backward``, on a process of its own.
    """
    model, config = case.model(), case.config
    # Plain descent: Adam divides rounding errors of gradients that are zero by themselves.
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=1.0, momentum=0.9)
    replica, trace, gradients = replicate(model), [], {}
    original = pretrain.backward
    pretrain.backward = backward or original
    try:
        for step in range(steps):
            losses = pretrain.train_step(replica, share_of(case.batch(step)), optimizer, config, step, 0.05)
            trace.append([losses.nce.item(), losses.mil_nce.item(), losses.total.item()])
            if step == 0:
                gradients = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    finally:
        pretrain.backward = original
    return {"trace": trace, "gradients": gradients, "state": {n: v.clone() for n, v in model.state_dict().items()}}


def norms(values: Tensor, valid: Tensor) -> dict[str, Tensor]:
    """Our batch norm on this process's rows: output, gradient of a loss, running statistics."""
    norm = BatchNorm(values.shape[1]).double().train()
    norm.gather = gather if world_size() > 1 else None
    torch.nn.init.uniform_(norm.weight, 0.5, 2, generator=torch.Generator().manual_seed(1))
    size = len(values) // world_size()
    rows = slice(rank() * size, (rank() + 1) * size)
    x = values[rows].clone().requires_grad_()
    y = norm(x, valid[rows])
    ((y * torch.arange(1.0, 1 + x.shape[1], dtype=torch.float64)).sin() * valid[rows, None]).sum().backward()
    own = [norm.weight.grad, norm.bias.grad]
    if world_size() > 1:
        for gradient in own:
            dist.all_reduce(gradient)
    return {
        "y": y.detach(), "x": x.grad, "weight": own[0], "bias": own[1],
        "running_mean": norm.running_mean, "running_var": norm.running_var,
    }  # fmt: skip


def pretrain_command(words: list[str], spoiled: tuple[int, ...] = ()) -> int:
    """``vatt pretrain …`` as one of the processes; on rank 1, the sound of the ``spoiled`` steps is no number."""
    from vatt_edu.cli import main

    original = pretrain.train_step

    def spoiling(model: Any, batch: Batch, optimizer: Any, config: Config, step: int, lr: float) -> Losses:
        if step in spoiled and rank() == 1:
            batch = replace(batch, audio=batch.audio * torch.nan)
        return original(model, batch, optimizer, config, step, lr)

    pretrain.train_step = spoiling
    try:
        return main(words)
    finally:
        pretrain.train_step = original


def pretrain_in_double(words: list[str]) -> int:
    """``vatt pretrain …`` as one of the processes, with weights and sound in double precision."""
    from vatt_edu.cli import main

    initial_model, train_step = pretrain.initial_model, pretrain.train_step

    def in_double(model: Any, batch: Batch, *more: Any) -> Losses:
        return train_step(model, replace(batch, audio=batch.audio.double()), *more)

    pretrain.initial_model = lambda *words, **options: initial_model(*words, **options).double()
    pretrain.train_step = in_double
    try:
        return main(words)
    finally:
        pretrain.initial_model, pretrain.train_step = initial_model, train_step


def gathered_rows() -> tuple[Tensor, Tensor, Tensor]:
    """Own rows, everyone's, and the gradient of the own ones, where each process weighs all rows by its number."""
    rows = torch.randn(3, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(rank())).requires_grad_()
    everyone = gather(rows)
    (everyone * (rank() + 1)).sum().backward()
    return rows.detach(), everyone.detach(), rows.grad


def in_one_graph(model: Any, batch: Batch, config: Config, step: int) -> Losses:
    """``gradient.cached_backward`` without the cache: all micro-batches are remembered, and there is one backward."""
    vatt = unwrapped(model)
    parts = micro_batches(batch, config.train.micro_batch)
    pieces = [features_of(vatt, part, number, config, step) for number, part in enumerate(parts)]
    embeddings = vatt.embed(Features(*(torch.cat(rows) for rows in zip(*pieces, strict=True))), batch)
    clips = gather_clips(embeddings, batch)
    losses = vatt_loss(embeddings, batch, config.loss, clips, temperature=vatt.temperature)
    losses.total.backward()
    for parameter in vatt.parameters():
        if world_size() > 1 and parameter.grad is not None:
            dist.all_reduce(parameter.grad)
            parameter.grad /= world_size()
    return mean_losses(losses)


def train_in_one_graph(case: Case) -> dict[str, Any]:
    """One step of ``in_one_graph``."""
    return train(case, 1, in_one_graph)


COUNTED = ("all_gather", "all_reduce")
OTHERS = (
    "broadcast",
    "reduce_scatter",
    "all_gather_into_tensor",
    "all_gather_object",
    "barrier",
    "reduce",
    "all_to_all",
)


def collectives(case: Case) -> dict[str, int]:
    """How often the processes talk in the third step: what this package says, and what DistributedDataParallel does."""
    model, config = case.model(), case.config
    replica = replicate(model)
    counts = dict.fromkeys((*COUNTED, *OTHERS), 0)
    sent: list[int] = []

    def hook(_: object, bucket: dist.GradBucket) -> torch.futures.Future[Tensor]:
        sent.append(bucket.buffer().numel())
        flat = bucket.buffer() / world_size()
        original["all_reduce"](flat)
        future: torch.futures.Future[Tensor] = torch.futures.Future()
        future.set_result(flat)
        return future

    def counted(name: str) -> Callable[..., Any]:
        def call(*words: Any, **options: Any) -> Any:
            counts[name] += 1
            return original[name](*words, **options)

        return call

    original = {name: getattr(dist, name) for name in counts}
    replica.register_comm_hook(None, hook)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    try:
        for step in range(3):
            if step == 2:
                sent.clear()
                for name in counts:
                    setattr(dist, name, counted(name))
            pretrain.train_step(replica, share_of(case.batch(step)), optimizer, config, step, 0.05)
    finally:
        for name, function in original.items():
            setattr(dist, name, function)
    return {
        **{name: counts[name] for name in COUNTED},
        "others": sum(counts[name] for name in OTHERS),
        "gradient_rounds": len(sent),
        "gradient_numbers": sum(sent),
        "numel": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "norms": sum(isinstance(module, BatchNorm) for module in model.modules()),
    }
