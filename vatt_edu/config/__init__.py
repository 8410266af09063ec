"""Configuration is a value: frozen dataclasses, and presets that are functions returning a whole tree.

The defaults of the dataclasses are the released code's behavior, so that its checkpoints load; a preset names whatever
it changes. The command line picks a preset by its function's name and sets fields by dotted name
(``vatt pretrain toy --optim.lr 3e-4``).
"""

from collections.abc import Callable

from vatt_edu.config.model import (
    AudioConfig,
    CommonSpaceConfig,
    DropTokenConfig,
    EncoderConfig,
    MelConfig,
    ModelConfig,
    TextConfig,
    VideoConfig,
)
from vatt_edu.config.presets import (
    agnostic_base,
    agnostic_large,
    agnostic_medium,
    base_base_small,
    large_base_small,
    medium_base_small,
    toy,
    toy_agnostic,
    toy_gpu,
    toy_long,
    toy_plain,
)
from vatt_edu.config.recipes import toy_fast, toy_steep
from vatt_edu.config.run import (
    AugmentConfig,
    ClipSpec,
    Config,
    DataConfig,
    LossConfig,
    OptimConfig,
    TrainConfig,
)
from vatt_edu.errors import UserError

__all__ = [
    "PRESETS", "AudioConfig", "AugmentConfig", "ClipSpec", "CommonSpaceConfig", "Config", "DataConfig",
    "DropTokenConfig", "EncoderConfig", "LossConfig", "MelConfig", "ModelConfig", "OptimConfig", "TextConfig",
    "TrainConfig", "VideoConfig", "agnostic_base", "agnostic_large", "agnostic_medium", "base_base_small",
    "large_base_small", "medium_base_small", "preset", "toy", "toy_agnostic", "toy_fast", "toy_gpu", "toy_long",
    "toy_plain", "toy_steep",
]  # fmt: skip

PRESETS: dict[str, Callable[[], Config]] = {
    preset.__name__: preset
    for preset in (
        toy,
        toy_long,
        toy_plain,
        toy_agnostic,
        toy_gpu,
        toy_steep,
        toy_fast,
        base_base_small,
        medium_base_small,
        large_base_small,
        agnostic_medium,
        agnostic_base,
        agnostic_large,
    )
}


def preset(name: str) -> Config:
    """The whole configuration called ``name``.

    Raises:
        UserError: If there is no such preset; the message lists those there are.
    """
    if name not in PRESETS:
        raise UserError(f"unknown preset {name!r}; there are: {', '.join(PRESETS)}")
    return PRESETS[name]()
