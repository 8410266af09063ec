"""``vatt embed``, ``vatt convert`` and ``vatt cost``."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import tyro

from vatt_edu.commands.output import print_json, show
from vatt_edu.errors import UserError
from vatt_edu.files import atomic, require_writable, writing

LISTED = 10  # of the files that are left out


def embed(
    run: tyro.conf.Positional[Path],
    files: tyro.conf.Positional[tuple[Path, ...]],
    out: Path,
    modality: Literal["video", "audio"] | None = None,
    space: Literal["va", "vt"] = "va",
) -> int:
    """Embeds files with a trained model into an .npz: files, modalities and l2-normalized embeddings.

    A file that cannot be embedded is left out and named; the names and reasons are in the .npz, too.

    Args:
        run: Folder of the run.
        files: Video or sound files.
        out: The .npz to write.
        modality: What of the files to embed; by default the pictures of those that have any, the sound of the others.
        space: va, where pictures and sound compare, or vt, where pictures and words do (sound gets there through the
            picture's map, which no loss trained).
    """
    import numpy as np

    from vatt_edu.evaluation.embed import embed_files, load

    if not files:
        raise UserError("no file to embed: vatt embed RUN FILE… --out FILE.npz")
    require_writable(out, "choose another --out")
    rows, left_out = embed_files(load(run), files, modality, space)
    if left_out:
        names = "; ".join(f"{path}: {reason}" for path, reason in left_out[:LISTED])
        more = f"; and {len(left_out) - LISTED} more" if len(left_out) > LISTED else ""
        lost = f"{len(left_out)} of {len(files)} files left out, {names}{more}"
        if not rows:
            raise UserError(f"nothing to embed: {lost}")
        print(f"note: {lost}", file=sys.stderr)
    modalities = [row.modality for row in rows]
    with writing(out), atomic(out) as partial, partial.open("wb") as handle:
        np.savez(
            handle,
            files=np.array([str(row.path) for row in rows]),
            modalities=np.array(modalities),
            embeddings=np.stack([row.embedding.numpy() for row in rows]),
            left_out=np.array([str(path) for path, _ in left_out], str),
            reasons=np.array([reason for _, reason in left_out], str),
        )
    counts = ", ".join(f"{modalities.count(kind)} of {kind}" for kind in ("video", "audio") if kind in modalities)
    width = rows[0].embedding.shape[-1]
    print(f"{out}: {len(rows)} embeddings of width {width} in space {space}: {counts}")
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
