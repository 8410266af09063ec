"""Presets of the speed run: recipes that reach its targets in little processor time (``experiments.speedrun``).

What is a record stays as it is, so that it can be run again; another recipe is another function.
"""

from dataclasses import replace

from vatt_edu.config.presets import toy
from vatt_edu.config.run import Config


def toy_steep() -> Config:
    """``toy`` at twice its learning rate, for the speed run: shorter than ``toy_long``."""
    config = toy()
    return replace(config, optim=replace(config.optim, lr=2e-3), train=replace(config.train, steps=2_400))


def toy_fast() -> Config:
    """``toy_steep`` for the speed run with one layer for raw signals, heads of one layer, two candidate lines."""
    config = toy_steep()
    layer = replace(config.model.video.encoder, layers=1)
    model = replace(
        config.model,
        video=replace(config.model.video, encoder=layer),
        audio=replace(config.model.audio, encoder=layer),
        common_space=replace(config.model.common_space, heads="flat_norm"),
    )
    data = replace(config.data, candidates=2)
    return replace(config, model=model, data=data, train=replace(config.train, steps=3_600))
