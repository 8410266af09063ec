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
    modality: Literal["video", "audio"] | None = None,
    space: Literal["va", "vt"] | None = None,
) -> int:
    """Embeds files with a trained model into an .npz: names, modalities and l2-normalized embeddings.

    Args:
        run: Folder of the run.
        files: Video or sound files.
        out: The .npz to write.
        modality: What of the files to embed; by default the pictures of those that have any, the sound of the others.
        space: va, where video and audio compare, or vt, where video and text do (sound gets there through the video's
            map, which no loss trained). It has to be given.
    """
    import numpy as np

    from vatt_edu.data.media import probe_media
    from vatt_edu.evaluation.embed import load, require_space

    if not files:
        raise UserError("no file to embed: vatt embed RUN FILE… --space SPACE --out FILE.npz")
    if out.is_dir() or not out.parent.is_dir():
        why = "it is a" if out.is_dir() else "there is no such"
        raise UserError(f"cannot write {out}: {why} folder; choose another --out")
    modalities = [modality or ("video" if probe_media(path).has_video else "audio") for path in files]
    spaces = [require_space(kind, space, "--space {}") for kind in modalities]
    model = load(run)
    rows = [
        (model.embed_video(path, there) if kind == "video" else model.embed_audio(path, there)).numpy()
        for path, kind, there in zip(files, modalities, spaces, strict=True)
    ]
    with atomic(out) as partial, partial.open("wb") as handle:
        names = np.array([str(path) for path in files])
        np.savez(handle, files=names, modalities=np.array(modalities), embeddings=np.stack(rows))
    counts = ", ".join(f"{modalities.count(kind)} of {kind}" for kind in ("video", "audio") if kind in modalities)
    print(f"{out}: {len(rows)} embeddings of width {rows[0].shape[-1]} in space {space}: {counts}")
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

    report = convert(prefix, out, config, vocab)
    if json:
        print_json(asdict(report))
        return 0
    print(report.summary())
    reader = "vatt.load" if report.kind.endswith("fac") else "vatt_edu.finetuning.classifier.load"
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
    from vatt_edu.config import preset as preset_config
    from vatt_edu.cost import cost, resized
    from vatt_edu.evaluation.terminal import cost_table

    if batch < 1 or processes < 1 or not 0 < keep <= 1:
        raise UserError("--batch and --processes must be at least 1, --keep in (0, 1]")
    values = cost(resized(preset_config(preset), frames, size), batch, keep, processes)
    return show({"preset": preset, **values}, cost_table, json)
