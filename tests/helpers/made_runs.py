"""A corpus of real files with ground truth, and a model trained on it for four steps."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

from helpers import clips
from vatt_edu.config import AudioConfig, CommonSpaceConfig, Config, DataConfig, EncoderConfig, TextConfig, VideoConfig
from vatt_edu.config import toy as toy_preset
from vatt_edu.data.sources.open import open_source
from vatt_edu.data.sources.source import Source
from vatt_edu.training.pretrain import pretrain

VALUES = {"action": "tap", "material": "wood", "size": "big", "count": 2, "color": "red", "shape": "ball"}
ACTIONS, SIZES = ("tap", "roll", "shake"), ("big", "small")


def truthful(root: Path, evaluation: int = 3) -> Source:
    """``clips.corpus`` with a split ``val`` and annotations: three steps of 4 s in a narrated video, one elsewhere."""
    clips.corpus(root, narrated=3, text_free=1, evaluation=evaluation)
    for number in range(evaluation):  # a tone, not a click: none of the windows is digital silence
        sound = clips.tone(500 + 60 * number, rate=16_000)
        file = root / f"eval/test_iid/test_iid_{number:05d}.mp4"
        clips.write(file, fps=10, size=(36, 48), rate=16_000, gop=10, audio=sound)
    shutil.copytree(root / "eval/test_iid", root / "eval/val")
    rows = json.loads((root / "eval/test_iid.json").read_text())
    (root / "eval/val.json").write_text(json.dumps([row | {"file": f"val/{row['id']}.mp4"} for row in rows]))
    files = [f"howto/videos/howto_{n:05d}.mp4" for n in range(3)]
    files += ["audioset/videos/aset_000000_30.mp4"]
    files += [f"eval/{split}/test_iid_{n:05d}.mp4" for split in ("test_iid", "val") for n in range(evaluation)]
    annotations = {}
    for number, file in enumerate(files):
        steps = range(3 if file.startswith("howto") else 1)
        annotations[f"id{number}"] = {"file": file, "steps": [_step(number, k) for k in steps]}
    (root / "annotations.json").write_text(json.dumps(annotations))
    return open_source(root)


def _step(number: int, k: int) -> dict[str, object]:
    return {
        **VALUES,
        "start": 4.0 * k,
        "end": 4.0 * k + 4,
        "action": ACTIONS[(number + k) % 3],
        "size": SIZES[(number + k) % 2],
        "caption": f"clip number {number} {k % 2}",
        "events": [[4.0 * k + 2.1, 0.7]] * (k % 2),
    }


def config() -> Config:
    """``toy`` as small as it goes."""
    encoder = EncoderConfig(layers=1, width=16, ff_width=32, heads=2, head_width=8, dropout=0.0)
    toy = toy_preset()
    model = replace(
        toy.model,
        video=VideoConfig(frames=8, height=24, width=24, tubelet=(2, 8, 8), encoder=encoder),
        audio=AudioConfig(samples=12_800, patch=128, encoder=encoder),
        text=TextConfig(vocab=64, words=6, embedding_width=16, train_words=True, encoder=encoder),
        common_space=CommonSpaceConfig(heads="deep_audio", va_width=12, vt_width=8),
    )
    data = DataConfig(
        narrated_videos=2, windows_per_video=2, text_free=2, fps=5.0, short_side=32, sample_rate=8_000, candidates=3,
        augment=toy.data.augment,
    )  # fmt: skip
    train = replace(toy.train, steps=4, checkpoint_every=2, threads=1, device="cpu")
    return replace(toy, model=model, data=data, train=train, optim=replace(toy.optim, warmup_steps=1))


def trained(source: Source, out: Path) -> Path:
    """A run folder."""
    pretrain(config(), [str(source.root)], out, preset="toy", quiet=True)
    return out
