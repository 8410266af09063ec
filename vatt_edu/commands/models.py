"""``vatt embed``, ``vatt convert`` and ``vatt cost``."""

from dataclasses import asdict
from pathlib import Path
from typing import Literal

import tyro

from vatt_edu.commands.output import print_json, show
from vatt_edu.errors import UserError
from vatt_edu.files import atomic


def embed(
    run: tyro.conf.Positional[Path],
    files: tyro.conf.Positional[tuple[Path, ...]],
    out: Path,
    modality: Literal["video", "audio"] = "video",
    space: Literal["va", "vt"] = "vt",
) -> int:
    """Embeds files with a trained model into an .npz: names and l2-normalized embeddings.

    Args:
        run: Folder of the run.
        files: Video or sound files.
        out: The .npz to write.
        modality: What of the files to embed.
        space: The video-audio or the video-text space.
    """
    import numpy as np

    from vatt_edu.evaluation.embed import load

    if not files:
        raise UserError("no file to embed: vatt embed RUN FILE… --out FILE.npz")
    if out.is_dir() or not out.parent.is_dir():
        why = "it is a" if out.is_dir() else "there is no such"
        raise UserError(f"cannot write {out}: {why} folder; choose another --out")
    model = load(run)
    embed = model.embed_video if modality == "video" else model.embed_audio
    rows = [embed(path, space=space).numpy() for path in files]
    with atomic(out) as partial, partial.open("wb") as handle:
        np.savez(handle, files=np.array([str(path) for path in files]), embeddings=np.stack(rows))
    print(f"{out}: {len(rows)} embeddings of width {rows[0].shape[-1]}")
    return 0


def convert(
    prefix: tyro.conf.Positional[Path],
    out: tyro.conf.Positional[Path],
    config: Path | None = None,
    vocab: Path | None = None,
    json: bool = False,
) -> int:
    """Converts an official TensorFlow checkpoint into safetensors and a configuration; TensorFlow is not needed.

    Args:
        prefix: The checkpoint: its prefix, its .index, one of its .data files, or its folder.
        out: A new folder.
        config: JSON with official sizes that the checkpoint does not hold, such as d_kv of each part.
        vocab: The vocabulary (a word a line, or a vocab.json); without it the model embeds everything but words.
        json: Print JSON: every key that was read and that was ignored.
    """
    from vatt_edu.interop.convert import convert

    found = convert(prefix, out, config, vocab)
    if json:
        print_json(asdict(found))
        return 0
    print(found.summary())
    reader = "vatt.load" if found.kind.endswith("fac") else "vatt_edu.finetuning.classifier.load"
    print(f"{out}: converted; {reader}({str(out)!r}) reads it")
    return 0


def cost(
    preset: tyro.conf.Positional[str],
    batch: int = 1,
    frames: int | None = None,
    size: int | None = None,
    keep: float = 1.0,
    processes: int = 1,
    json: bool = False,
) -> int:
    """What a preset costs: parameters by part, FLOPs with attention counted once and twice, memory, bytes sent.

    Args:
        preset: Its name.
        batch: Clips of one process.
        frames: Of the video clip; as the preset if not given.
        size: Height and width of the video in pixels; as the preset if not given.
        keep: Share of the video's and the audio's tokens that is kept.
        processes: That train together.
        json: Print JSON.
    """
    from vatt_edu.config import preset as named
    from vatt_edu.cost import cost, resized
    from vatt_edu.evaluation.terminal import cost_table

    if batch < 1 or processes < 1 or not 0 < keep <= 1:
        raise UserError("--batch and --processes must be at least 1, --keep in (0, 1]")
    found = cost(resized(named(preset), frames, size), batch, keep, processes)
    return show({"preset": preset, **found}, cost_table, json)
