"""The encoders' layers, faster or in less memory: the same function, computed in another way (chapter *Scaling up*).

Both act on each layer of each encoder, since that is where the time and the memory go. DropToken chooses patches before
the first layer: a layer gets the tokens that are kept as its input, always as many, so one compiled form serves every
draw, and all layers of a tower.
"""

import importlib.util
import inspect
import os
import shutil
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from vatt_edu.config import Config
from vatt_edu.encoder import EncoderLayer
from vatt_edu.errors import UserError

Forward = Callable[..., Float[Tensor, "B N D"]]

GRAPHS = 64
"""Compiled forms of a layer at most: for each length of tokens, in training and not, with a way back and without."""


def speed_up_(model: nn.Module, config: Config, clips: int) -> None:
    """Changes how encoder layers compute as ``train.compile``, ``recompute`` and ``fused`` say, in place.

    Args:
        model: Its weights and their names stay.
        config: The run.
        clips: Of this process.
    """
    train = config.train
    for layer in model.modules():
        if not isinstance(layer, EncoderLayer):
            continue
        layer.attention.one_product = train.fused
        forward: Forward = layer.forward
        if train.compile != "off":
            has_dropout = layer.dropout.p > 0
            uneven = train.micro_batch > 0 and clips % train.micro_batch > 0
            forward = compiled(forward, train.compile, uneven=uneven, has_dropout=has_dropout)
        if train.recompute:
            forward = recomputed(forward, layer)
        object.__setattr__(layer, "forward", forward)


def require_compiler(config: Config) -> None:
    """Makes sure that there is a compiler, where one is asked for.

    Raises:
        UserError: If there is none.
    """
    if config.train.compile != "inductor":
        return
    if config.train.device.startswith("cuda") and importlib.util.find_spec("triton") is None:
        raise UserError("train.compile = inductor needs the package triton: install it, or use --train.compile off")
    if not any(map(shutil.which, (os.environ.get("CXX", "g++"), "clang++", "cl"))):
        raise UserError("train.compile = inductor needs a C++ compiler (g++): install one, or use --train.compile off")


def compiled(forward: Forward, backend: str, *, uneven: bool = False, has_dropout: bool = False) -> Forward:
    """``forward`` through ``torch.compile``, without a graph break.

    Args:
        forward: Of a layer.
        backend: ``inductor``, which makes kernels, or ``aot_eager``, which only traces: for a machine without compiler.
        uneven: Whether batches differ in size: then the size is no part of what is compiled.
        has_dropout: Whether it draws. Then it draws as without a compiler, so that GradCache's second pass, which has a
            way back, drops what the first one did, which has none.
    """
    options: dict[str, Any] = {"backend": backend, "fullgraph": True}
    if "recompile_limit" in inspect.signature(torch.compile).parameters:  # from torch 2.13 on
        options["recompile_limit"] = GRAPHS
    else:
        torch._dynamo.config.recompile_limit = GRAPHS
    if backend == "inductor" and has_dropout:
        options["options"] = {"fallback_random": True}
    function = torch.compile(forward, **options)

    def call(x: Tensor, bias: Tensor | None = None) -> Tensor:
        if uneven:
            torch._dynamo.maybe_mark_dynamic(x, 0)
            if bias is not None and len(bias) > 1:
                torch._dynamo.maybe_mark_dynamic(bias, 0)
        return function(x, bias)

    return call


def recomputed(forward: Forward, layer: nn.Module) -> Forward:
    """``forward`` that keeps its inputs alone for the way back, and computes the rest again, with the same dropout.

    The generator is set back for that to what it was. This wraps what is compiled, and is no option of the compiler:
    with ``activation_memory_budget`` below 1, torch.compile recomputes dropout with fresh randomness (pytorch#190717).

    Args:
        forward: Of a layer.
        layer: The layer.
    """

    def call(x: Tensor, bias: Tensor | None = None) -> Tensor:
        if not (layer.training and torch.is_grad_enabled()):
            return forward(x, bias)
        return checkpoint(forward, x, bias, use_reentrant=False, preserve_rng_state=True)

    return call
