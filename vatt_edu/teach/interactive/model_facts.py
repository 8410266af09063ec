"""What the picture of the model says: its parts, the chapter of each, and the numbers of a configuration."""

import math
from dataclasses import dataclass

from vatt_edu import config as presets
from vatt_edu import cost
from vatt_edu.config import AudioConfig, Config, TextConfig, VideoConfig
from vatt_edu.droptoken import keep_count

MODALITIES = ("video", "audio", "text")

SIZES = {"toy": presets.toy, "base": presets.base_base_small}
"""By the name of the switch: the model that the book trains, and the paper's smallest with three towers."""


@dataclass(frozen=True)
class Part:
    """A part of the picture.

    Attributes:
        title: What it is called there; a line break where it is narrow.
        chapter: File name of the chapter about it.
        words: What it does, in a sentence or two.
    """

    title: str
    chapter: str
    words: str


PARTS = {
    "signals": Part(
        "signals",
        "raw_signals",
        "What a camera saw, what a microphone recorded, and lines that were written for that time.",
    ),
    "tokens": Part(
        "tokens",
        "tokenization",
        "Video and sound are cut into patches, and a matrix makes each patch a vector. Each word has its vector in a "
        "table.",
    ),
    "positions": Part(
        "positions",
        "positional_encoding",
        "A token of video or sound gets a learned vector for its place added. Words get theirs inside attention, from "
        "the distance of two words.",
    ),
    "droptoken": Part(
        "DropToken",
        "droptoken",
        "In training, only a random part of the tokens of video and sound goes on. All words do. Drawn as released; "
        "ours drops patches before it makes tokens of them, with the same result.",
    ),
    "encoder": Part(
        "encoder",
        "transformer_encoder",
        "In each layer, tokens exchange what they know by attention, and then each is transformed on its own.",
    ),
    "sharing": Part(
        "one or three?",
        "specific_or_agnostic",
        "Drawn are three encoders, one for each modality. In the modality-agnostic model, one encoder serves all.",
    ),
    "feature": Part("feature", "transformer_encoder", "One vector stands for the whole clip, sound or line."),
    "space": Part(
        "common\nspace",
        "common_space",
        "Heads take video and sound into one space. The video goes on from there into a second space, where it meets "
        "words.",
    ),
    "losses": Part(
        "losses",
        "contrastive_losses",
        "NCE asks that a video be more like its own sound than like other sounds of the batch. MIL-NCE asks the same "
        "of video and words, with several lines as candidates.",
    ),
}

EVERYTHING = tuple(PARTS)

LIT: dict[str, tuple[str, ...]] = {
    "vatt_in_one_page": EVERYTHING,
    "raw_signals": ("signals",),
    "tokenization": ("tokens",),
    "positional_encoding": ("positions",),
    "droptoken": ("droptoken",),
    "transformer_encoder": ("encoder", "feature"),
    "specific_or_agnostic": ("sharing", "encoder"),
    "common_space": ("space",),
    "contrastive_losses": ("losses",),
    "pretraining": EVERYTHING,
    "evaluation": ("feature", "space"),
    "fine_tuning": ("encoder", "feature"),
    "looking_inside": ("encoder", "feature", "space"),
    "ablations": EVERYTHING,
    "scaling_up": ("losses",),
    "cost": EVERYTHING,
    "official_weights": ("tokens", "positions", "encoder", "feature", "space"),
    "after_vatt": EVERYTHING,
}
"""By chapter, the parts that it is about."""

OVERVIEW = (
    "Video, sound and words become tokens, each kind passes an encoder, and each ends as one vector in a common space. "
    "Two losses compare these vectors: video with sound, and video with words. None compares sound with words."
)


@dataclass(frozen=True)
class Facts:
    """The numbers of a configuration, by modality.

    Attributes:
        patches: Number of patches or words, and numbers in each.
        kept: Tokens that go on in training.
        widths: Numbers in a token.
        layers: Of the encoder.
        features: Numbers in the pooled vector.
        tokenizer: FLOPs of making the kept tokens.
        encoder: FLOPs of everything from there to the feature.
        heads: FLOPs of the heads, all together.
    """

    patches: dict[str, tuple[int, int]]
    kept: dict[str, int]
    widths: dict[str, int]
    layers: dict[str, int]
    features: dict[str, int]
    tokenizer: dict[str, int]
    encoder: dict[str, int]
    heads: int

    @classmethod
    def of(cls, config: Config) -> "Facts":
        """Of a forward pass in training, on one clip with all its candidate lines."""
        model, candidates = config.model, config.data.candidates
        video, audio, text = model.video, model.audio, model.text
        towers: dict[str, VideoConfig | AudioConfig | TextConfig] = {"video": video, "audio": audio, "text": text}
        patches = {
            "video": (math.prod(video.grid), math.prod(video.patch_shape)),
            "audio": (math.prod(audio.grid), math.prod(audio.patch_shape)),
            "text": (text.words, text.embedding_width),
        }
        keep = {"video": model.droptoken.keep_video, "audio": model.droptoken.keep_audio}
        kept = {
            name: keep_count(rate, patches[name][0]) if rate < 1 else patches[name][0] for name, rate in keep.items()
        }
        flops = {
            "video": cost.tower_flops(video, keep["video"]),
            "audio": cost.tower_flops(audio, keep["audio"]),
            "text": cost.tower_flops(text) * candidates,
        }
        return cls(
            patches=patches,
            kept={**kept, "text": text.words},
            widths={name: tower.encoder.width for name, tower in towers.items()},
            layers={name: tower.encoder.layers for name, tower in towers.items()},
            features={name: tower.feature_width for name, tower in towers.items()},
            tokenizer={name: part.projected for name, part in flops.items()},
            encoder={name: part.here - part.projected for name, part in flops.items()},
            heads=cost.flops(model, candidates)["common_space"].here,
        )

    @property
    def total(self) -> int:
        """FLOPs."""
        return sum(self.tokenizer.values()) + sum(self.encoder.values()) + self.heads


def amount(flops: int) -> str:
    """Two digits that count, or all before the point, in millions or billions: ``19 MFLOPs``, ``3.7 GFLOPs``."""
    scale, unit = (1e9, "GFLOPs") if flops >= 1e9 else (1e6, "MFLOPs")
    value = flops / scale
    return f"{value:.0f} {unit}" if value >= 10 else f"{value:.1f} {unit}"


def labels(config: Config) -> dict[str, str]:
    """What is written on the picture, by part and modality."""
    facts, model = Facts.of(config), config.model
    written = {
        "signals.video": "×".join(map(str, (*model.video.clip, 3))),
        "signals.audio": f"{model.audio.samples:,}",
        "signals.text": f"{config.data.candidates} × {model.text.words} words",
        "space.va": str(model.common_space.va_width),
        "space.vt": str(model.common_space.vt_width),
    }
    for name in MODALITIES:
        count, width, layers = facts.patches[name][0], facts.widths[name], facts.layers[name]
        written |= {
            f"tokens.{name}": f"{count:,} × {width}",
            f"positions.{name}": "in attention" if name == "text" else f"+ {width}",
            f"droptoken.{name}": f"all {count}" if facts.kept[name] == count else f"{facts.kept[name]:,} of {count:,}",
            f"encoder.{name}": f"{layers} layer{'s' if layers > 1 else ''}",
            f"encoder.{name}.flops": amount(facts.encoder[name]),
            f"feature.{name}": str(facts.features[name]),
        }
    return written


def sentences(config: Config) -> dict[str, str]:
    """For each part, its numbers in words; ``all`` for the whole."""
    facts, model, lines = Facts.of(config), config.model, config.data.candidates
    frames, height, width = model.video.clip
    (video, pixels), (audio, samples), _ = facts.patches.values()
    pooled = {
        "agg": "It is the last state of AGG, an extra token in front of all others.",
        "mean": "It is the mean of the states of all tokens.",
        "max_mean": "Here it is the mean of the states of all tokens plus their maximum.",
    }[model.pooling]
    share = f"{amount(sum(facts.encoder.values()))} of the model's {amount(facts.total)}"
    space = model.common_space
    return {
        "signals": f"{frames} frames of {height} × {width} pixels, {model.audio.samples:,} samples, {lines} lines of "
        f"at most {model.text.words} words.",
        "tokens": f"{video:,} video patches of {pixels:,} numbers, {audio:,} sound patches of {samples}, and for each "
        f"word {model.text.embedding_width} numbers. In training, tokens are made of the {facts.kept['video']:,} video "
        f"and {facts.kept['audio']:,} sound patches that are kept, and of the words and AGG of all {lines} lines: "
        f"{', '.join(map(amount, facts.tokenizer.values()))}.",
        "positions": f"The place of a video patch is one of {' × '.join(map(str, model.video.grid))}, that of a sound "
        f"patch one of {audio:,}.",
        "droptoken": f"{facts.kept['video']:,} of {video:,} video tokens and {facts.kept['audio']:,} of {audio:,} "
        "sound tokens.",
        "encoder": f"{facts.layers['video']} layers for video, {facts.layers['audio']} for sound, "
        f"{facts.layers['text']} for words: {share}.",
        "sharing": "",
        "feature": pooled,
        "space": f"Each has {space.va_width} dimensions."
        if space.va_width == space.vt_width
        else f"The first has {space.va_width} dimensions, the second {space.vt_width}.",
        "losses": f"{lines} lines are candidates.",
        "all": f"{amount(facts.total)} for one clip with its {lines} lines, forward, in training: "
        f"{amount(sum(facts.encoder.values()))} in the encoders, {amount(sum(facts.tokenizer.values()))} where tokens "
        f"are made, {amount(facts.heads)} in the heads.",
    }
