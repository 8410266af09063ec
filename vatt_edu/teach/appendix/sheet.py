"""The tables of the cheat sheet: shapes on the way of a clip, and the presets."""

import inspect
import math
import re

from vatt_edu import config as presets
from vatt_edu import cost
from vatt_edu.config import PRESETS, Config, preset
from vatt_edu.droptoken import keep_count

SHOWN = ("medium_base_small", "toy")
"""Whose sizes stand beside the shapes."""


def show_shapes() -> None:
    """Displays what enters and leaves each part, with the sizes of the paper's main model and of the toy."""
    from IPython.display import Markdown, display

    columns = [sizes(preset(name)) for name in SHOWN]
    lines = [f"| part | shape | {' | '.join(f'`{name}`' for name in SHOWN)} |", "|---|---|---|---|"]
    lines += [f"| {part} | `{shape}` | {' | '.join(column[part, shape] for column in columns)} |"
              for part, shape in columns[0]]  # fmt: skip
    display(Markdown("\n".join(lines)))


def sizes(config: Config) -> dict[tuple[str, str], str]:
    """Of each part and its shape, the sizes in a configuration."""
    model, clip, drop = config.model, config.clip, config.model.droptoken
    video, audio, text, space = model.video, model.audio, model.text, model.common_space
    tokens = {"video": math.prod(video.grid), "audio": math.prod(audio.grid)}
    kept = {
        "video": keep_count(drop.keep_video, tokens["video"]),
        "audio": keep_count(drop.keep_audio, tokens["audio"]),
    }
    b = config.data.batch_size
    return {
        ("clips of a batch", "B"): f"{b:,}",
        ("video, bytes", "B T H W 3"): _product(clip.frames, clip.height, clip.width, 3),
        ("waveform", "B S"): f"{clip.samples:,}",
        ("words, 0 pads", "B L M"): _product(clip.candidates, clip.words),
        ("tubelet, segment", "t h w, P"): f"{_product(*video.tubelet)}, {audio.patch}",
        ("tokens of video", "B N P → B K D"): f"{tokens['video']:,} → {kept['video']:,}, {video.encoder.width:,} wide",
        ("tokens of sound", "B N P → B K D"): f"{tokens['audio']:,} → {kept['audio']:,}, {audio.encoder.width:,} wide",
        ("positions", "times + rows + columns"): " + ".join(map(str, video.grid)),
        ("encoder of video", "B K+1 D"): f"{video.encoder.layers} layers, {video.encoder.heads} heads",
        ("encoder of text", "B·L M+1 D"): f"{text.encoder.layers} layers, {text.encoder.width} wide",
        ("pooled", "B D"): {"agg": "AGG", "max_mean": "mean + maximum"}.get(model.pooling, model.pooling),
        ("video, audio space", "B Dva"): str(space.va_width),
        ("video, text space", "B Dvt, B L Dvt"): str(space.vt_width),
        ("similarities", "B B L"): _product(b, b, clip.candidates),
        ("temperature", "τ"): f"{config.loss.temperature:g}",
    }


def _product(*sizes: int) -> str:
    return " × ".join(f"{size:,}" for size in sizes)


def show_presets() -> None:
    """Displays all presets but the speed run's: what each is, its trained parameters, its batch and its steps."""
    from IPython.display import Markdown, display

    lines = ["| preset | what it is | trained | batch | steps |", "|---|---|--:|--:|--:|"]
    for name in PRESETS:
        if getattr(presets, name).__module__.endswith(".recipes"):
            continue
        config = preset(name)
        trained = cost.parameters(config.model)["trained"] / 1e6
        words = re.split(r"[.;]\s|[.;]$", inspect.getdoc(getattr(presets, name)) or "")[0]
        size, steps = config.data.batch_size, config.train.steps
        lines.append(f"| `{name}` | {words.replace('``', '`')} | {trained:.1f} M | {size:,} | {steps:,} |")
    display(Markdown("\n".join(lines)))
