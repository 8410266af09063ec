"""The losses in chunks of clips: equal to the whole matrices, in memory that grows with the batch, not its square."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from test_losses import random_clips, replica

from vatt_edu.batch import Embeddings
from vatt_edu.config import LossConfig
from vatt_edu.losses import GatheredEmbeddings, vatt_loss


def loss_and_gradients(clips, config, chunk, gathered=None, temperature=0.2):
    """The losses, and the gradients of all embeddings and of the temperature."""
    leaves = [value.clone().requires_grad_() for value in vars(clips.embeddings).values()]
    degree = torch.tensor(temperature, dtype=leaves[0].dtype, requires_grad=True)
    embeddings = Embeddings(*leaves)
    everyone = None if gathered is None else gathered(embeddings)
    losses = vatt_loss(
        embeddings, replace(clips, embeddings=embeddings), config, everyone, temperature=degree, chunk=chunk
    )
    return [losses.nce, losses.mil_nce, losses.total], torch.autograd.grad(losses.total, [*leaves, degree])


@pytest.mark.parametrize("form", ["asymmetric", "symmetric", "paper"])
@pytest.mark.parametrize("chunk", [1, 4, 5, 11, 12, 100])
def test_equals_the_whole_in_double_precision(form, chunk):
    """Sums in another order: 1e-12 of values of about 1."""
    clips = random_clips(21, clips=12, lines=2)
    config = LossConfig(form, line_masking=True, mask_mean="global")
    whole, gradients = loss_and_gradients(clips, config, 0)
    values, parts = loss_and_gradients(clips, config, chunk)
    for ours, theirs in zip([*values, *parts], [*whole, *gradients], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


def test_chunks_of_a_replica_among_others():
    clips = random_clips(22, clips=12, lines=2)
    config = LossConfig(line_masking=True, mask_mean="global")
    own = replica(clips, 4, 10)

    def among(embeddings):
        columns = {
            name: torch.cat([value[:4], getattr(embeddings, name), value[10:]])
            for name, value in vars(clips.embeddings).items()
        }
        return replace(clips, embeddings=Embeddings(**columns), first=4)

    whole, gradients = loss_and_gradients(own, config, 0, among)
    values, parts = loss_and_gradients(own, config, 4, among)
    for ours, theirs in zip([*values, *parts], [*whole, *gradients], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


def test_equals_the_whole_at_4096_clips():
    """In single precision, with masks and line masking: 1e-5 of the loss, and of the largest gradient."""
    g = torch.Generator().manual_seed(1)
    clips, width = 4096, 32
    masks = [torch.rand(clips, generator=g) > 0.2 for _ in range(3)]
    embeddings = Embeddings(
        *(torch.randn(clips, width, generator=g) for _ in range(3)), torch.randn(clips, 1, width, generator=g)
    )
    lines = torch.randint(-1, 2000, (clips, 1), generator=g)
    config = LossConfig(temperature=0.07, line_masking=True, mask_mean="global")
    batch = GatheredEmbeddings(embeddings, *masks, lines)
    whole, gradients = loss_and_gradients(batch, config, 0, temperature=0.07)
    values, parts = loss_and_gradients(batch, config, 500, temperature=0.07)
    for ours, theirs in zip(values, whole, strict=True):
        assert ours.item() == pytest.approx(theirs.item(), rel=1e-5)
    for ours, theirs in zip(parts, gradients, strict=True):
        assert (ours - theirs).abs().max() <= 1e-5 * theirs.abs().max()


MEMORY = """
import json, sys, torch
from vatt_edu.batch import Embeddings
from vatt_edu.config import LossConfig
from vatt_edu.losses import GatheredEmbeddings, vatt_loss
def peak():  # of this process, in GB; getrusage's would be the parent's
    return int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) * 1024 / 1e9
clips, own, chunk, width, lines = map(int, sys.argv[1:])
torch.set_num_threads(1)
start = peak()
yes, ids = torch.arange(clips) % 5 > 0, torch.randint(-1, clips, (clips, lines))
v, a, t, s = (torch.randn(*shape, width) for shape in ((clips,), (clips,), (clips,), (clips, lines)))
leaves = [x.requires_grad_() for x in (v, a, t, s)]
everyone = GatheredEmbeddings(Embeddings(*leaves), yes, yes, yes, ids)
mine = GatheredEmbeddings(Embeddings(*(x[:own] for x in leaves)), yes[:own], yes[:own], yes[:own], ids[:own])
config = LossConfig(line_masking=True, mask_mean="global")
loss = vatt_loss(mine.embeddings, mine, config, None if own == clips else everyone, chunk=chunk).total
loss.backward()
print(json.dumps({"loss": loss.item(), "gigabytes": peak() - start, "moved": float(a.grad.abs().max())}))
"""


linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc to read the peak memory from")


def measured(*sizes):
    """Peak memory above that of the imports, in GB, in a process of its own: clips, own clips, chunk, width, lines."""
    words = [sys.executable, "-c", MEMORY, *map(str, sizes)]
    given_back = {"MALLOC_MMAP_THRESHOLD_": "500000", "MALLOC_TRIM_THRESHOLD_": "500000"}  # by glibc, once it is free
    process = subprocess.run(
        words, capture_output=True, text=True, check=True, timeout=300, env=os.environ | given_back
    )
    return json.loads(process.stdout)


@linux
def test_a_global_batch_of_32768_fits_into_2_gigabytes():
    """As one process of 512 sees it: its 64 clips against everyone's, both losses, forward and back."""
    result = measured(32_768, 64, 32, 512, 1)
    assert 0.5 < result["gigabytes"] <= 2  # the embeddings and their gradients alone are 0.54
    assert result["moved"] > 0


@linux
def test_memory_is_linear_in_the_batch():
    """On one process, too: what a clip needs, times 32,768, is below 2 GB; the matrices of all pairs would need 26."""
    small, large = (measured(clips, clips, 64, 512, 1)["gigabytes"] for clips in (1024, 2048))
    assert small < large
    assert small + (large - small) / 1024 * (32_768 - 1024) <= 2
