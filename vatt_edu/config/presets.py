"""Presets: functions that return a whole configuration, and name whatever they change in the defaults."""

from dataclasses import replace

from vatt_edu.config.model import (
    AudioConfig,
    CommonSpaceConfig,
    DropTokenConfig,
    EncoderConfig,
    ModelConfig,
    TextConfig,
    VideoConfig,
)
from vatt_edu.config.run import AugmentConfig, Config, DataConfig, LossConfig, OptimConfig, TrainConfig

# Presets: the toy ---------------------------------------------------------------------------------------------------


def toy() -> Config:
    """A VATT that learns on two CPU cores in about five minutes; named departures from the release below."""
    encoder = EncoderConfig(layers=2, width=128, ff_width=512, heads=4, head_width=32, dropout=0.0)
    return Config(
        model=ModelConfig(
            video=VideoConfig(frames=16, height=56, width=56, tubelet=(4, 8, 8), encoder=encoder),
            audio=AudioConfig(samples=51_200, patch=256, gain=6.0, encoder=encoder),
            text=TextConfig(
                vocab=1_024, embedding_width=128, train_words=True, encoder=replace(encoder, layers=1)
            ),
            pooling="max_mean",
            tokenizer_init="whitened",
            position_scale=0.5,
            droptoken=DropTokenConfig(sharing="sample"),
            common_space=CommonSpaceConfig(heads="deep_audio", va_width=128, vt_width=128),
        ),
        data=DataConfig(
            narrated_videos=8,
            windows_per_video=4,
            text_free=8,
            fps=5.0,
            short_side=64,
            sample_rate=16_000,
            candidates=4,
            augment=AugmentConfig(
                scale=0.0, brightness=0.1, contrast=0.4, saturation=0.0, hue=0.0, color_prob=1.0,
                audio_noise=0.0, audio_gain=0.3,
            ),
        ),
        loss=LossConfig(temperature=0.2, line_masking=True, mask_mean="global"),
        optim=OptimConfig(
            name="adamw", lr=1e-3, final_lr=0.0, warmup_steps=80, betas=(0.9, 0.98), eps=1e-8,
            weight_decay=0.05, grad_clip_norm=1.0,
        ),
        train=TrainConfig(steps=1_100, checkpoint_every=100, keep_checkpoints=2),
    )  # fmt: skip


def toy_long() -> Config:
    """``toy`` for about fifteen minutes."""
    config = toy()
    return replace(config, train=replace(config.train, steps=3_300))


def toy_plain() -> Config:
    """``toy`` as released: AGG token, official start, heads and DropToken sharing, single windows; words trained."""
    config = toy()
    data = replace(config.data, narrated_videos=32, windows_per_video=1)
    model = replace(
        config.model,
        pooling="agg",
        tokenizer_init="official",
        position_scale=1.0,
        audio=replace(config.model.audio, gain=1.0),
        droptoken=DropTokenConfig(),
        common_space=replace(config.model.common_space, heads="released"),
    )
    return replace(config, model=model, data=data, loss=LossConfig())


def toy_agnostic() -> Config:
    """``toy`` with one encoder for video, audio and text, and the released agnostic model's projections."""
    config = toy()
    video, audio, text = config.model.video, config.model.audio, config.model.text
    width = video.encoder.width
    model = replace(
        config.model,
        backbone="agnostic",
        video=replace(video, pre_projection=True, post_projection=width),
        audio=replace(audio, pre_projection=True, post_projection=width),
        text=replace(text, style="agnostic", post_projection=width, encoder=video.encoder),
    )
    return replace(config, model=model)


def toy_gpu() -> Config:
    """``toy`` wider and with a larger batch, in bf16: for one GPU of 8 GB; ``results/gpu`` has its time."""
    config = toy()
    encoder = EncoderConfig(layers=4, width=256, ff_width=1024, heads=4, head_width=64, dropout=0.0)
    model = replace(
        config.model,
        video=replace(config.model.video, encoder=encoder),
        audio=replace(config.model.audio, encoder=encoder),
        text=replace(config.model.text, encoder=replace(encoder, layers=2)),
    )
    data = replace(config.data, narrated_videos=48, text_free=64)
    train = replace(config.train, steps=3_000, precision="bf16", workers=4)
    return replace(config, model=model, data=data, train=train)


# Presets: the paper's (official but for per-sample DropToken and the global mean over valid samples) ------------------


def _specific(video: EncoderConfig) -> Config:
    model = ModelConfig(video=VideoConfig(encoder=video), droptoken=DropTokenConfig(sharing="sample"))
    return Config(model=model, loss=LossConfig(mask_mean="global"))


def base_base_small() -> Config:
    """VATT-BBS: Base video, Base audio, Small text."""
    return _specific(EncoderConfig())


def medium_base_small() -> Config:
    """VATT-MBS: Medium video, Base audio, Small text."""
    return _specific(EncoderConfig(width=1024, ff_width=4096, heads=16))


def large_base_small() -> Config:
    """VATT-LBS: Large video, Base audio, Small text."""
    return _specific(EncoderConfig(layers=24, width=1024, ff_width=4096, heads=16))


def _agnostic(encoder: EncoderConfig) -> Config:
    post = 1024  # for all sizes, as released
    model = ModelConfig(
        backbone="agnostic",
        video=VideoConfig(encoder=encoder, pre_projection=True, post_projection=post),
        audio=AudioConfig(encoder=encoder, pre_projection=True, post_projection=post),
        text=TextConfig(style="agnostic", encoder=encoder, post_projection=post),
        droptoken=DropTokenConfig(sharing="sample"),
    )
    return Config(model=model, loss=LossConfig(mask_mean="global"))


def agnostic_medium() -> Config:
    """VATT-MA-Medium: one Medium encoder for video, audio and text."""
    return _agnostic(EncoderConfig(width=1024, ff_width=4096, heads=16))


def agnostic_base() -> Config:
    """One Base encoder for video, audio and text. Not in the paper, whose only agnostic model is Medium."""
    return _agnostic(EncoderConfig())


def agnostic_large() -> Config:
    """One Large encoder for video, audio and text. Not in the paper, whose only agnostic model is Medium."""
    return _agnostic(EncoderConfig(layers=24, width=1024, ff_width=4096, heads=16))
