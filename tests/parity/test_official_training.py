"""Optimizers and learning rates against the official ones, step by step."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.golden_files import assert_within
from torch import nn

from vatt_edu.config import OptimConfig
from vatt_edu.finetuning.optim import KerasSGD
from vatt_edu.finetuning.schedule import stepwise_cosine
from vatt_edu.training.optim import KerasAdam
from vatt_edu.training.schedule import learning_rate

BOUND = 1e-6  # of the peak rate; the official values are float32

# Rates and decays are those that the golden directory's README names; the file does not hold them.
OPTIMIZERS = {
    "opt_adam": lambda p: KerasAdam(p, lr=1e-2),
    "opt_tfa_adamw": lambda p: KerasAdam(p, lr=1e-2, weight_decay=5e-3),
    "opt_sgd_momentum": lambda p: KerasSGD(p, lr=1e-2),
    "opt_sgd_nesterov": lambda p: KerasSGD(p, lr=1e-2, nesterov=True),
    "opt_tfa_sgdw": lambda p: KerasSGD(p, lr=1e-2, weight_decay=5e-3),
}


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_optimizers(golden, name):
    data = golden("lr_schedule")
    p = nn.Parameter(torch.tensor(data["opt_p0"]))
    optimizer = OPTIMIZERS[name]([p])
    settings = {key: value for key, value in optimizer.param_groups[0].items() if key != "params"}
    for gradient, wanted in zip(data["opt_grads"], data[name], strict=True):
        p.grad = torch.from_numpy(gradient)
        optimizer.step()
        assert_within(np.abs(p.detach().numpy() - wanted).max(), BOUND)
    assert np.abs(wanted - data["opt_p0"]).max() > 0.01  # of which that is little
    assert {key: value for key, value in optimizer.param_groups[0].items() if key != "params"} == settings


def test_pretraining_rates(golden):
    data, config = golden("lr_schedule"), OptimConfig()
    steps, rates = data["pretrain_steps"], data["pretrain_lr"]
    used = steps < 500_000  # there the released schedule divides 0 by 0
    ours = [learning_rate(int(step), config, 500_000) for step in steps[used]]
    assert_within(np.abs(ours - rates[used]).max(), BOUND * config.lr, of=config.lr)
    assert learning_rate(500_000, config, 500_000) == config.final_lr


def test_fine_tuning_rates(golden):
    data = golden("lr_schedule")
    config = replace(OptimConfig(), lr=0.005, final_lr=0.0, warmup_steps=2_500)
    ours = [learning_rate(int(step), config, 100_000) for step in data["finetune_steps"]]
    assert_within(np.abs(ours - data["finetune_lr"]).max(), BOUND * config.lr, of=config.lr)


def test_three_levels(golden):
    data = golden("lr_schedule")
    levels, starts, total, start = (0.01, 0.004, 0.001), (10, 40, 70), 100, 1e-5
    ours = [stepwise_cosine(int(step), levels, starts, total, start) for step in data["three_level_steps"]]
    assert_within(np.abs(ours - data["three_level_lr"]).max(), BOUND * max(levels), of=max(levels))
