"""A minute with the trained toy: embeds the sample clips, asks for them by word, by sound and by clip, writes a page.

``python -m vatt_edu.teach.demo [--out build/demo.html]``, or ``make demo``.
"""

import json
import sys
import webbrowser
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

import torch
from torch import Tensor

from vatt_edu.data.sources.open import Video, open_source
from vatt_edu.errors import UserError
from vatt_edu.evaluation.embed import Embedder, load
from vatt_edu.files import write_text
from vatt_edu.samples import SAMPLES, shipped
from vatt_edu.teach import players

SENTENCES = (
    "tap the small wood box three times",
    "pour out a lot of small things",
    "swing it on the rope",
    "shake the cage",
    "something red is bouncing",
    "stack them but the stack falls over",
)
TOP = 3
STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; } h3 { font-size: 1rem; margin: 1.5rem 0 0.5rem; }
.vatt-players { display: flex; flex-wrap: wrap; gap: 1rem; } figure { margin: 0; }
figcaption, figure > div { font-size: 0.85rem; text-align: left; } video { max-width: 100%; border-radius: 4px; }
"""


@dataclass(frozen=True)
class Gallery:
    """The sample clips and where the model puts them, one row each."""

    clips: tuple[Video, ...]
    video_vt: Tensor
    video_va: Tensor
    audio_va: Tensor

    @classmethod
    def of(cls, model: Embedder, clips: tuple[Video, ...], quiet: bool = False) -> "Gallery":
        """Embeds the picture and the sound of every clip."""
        from tqdm import tqdm

        rows = [
            (model.embed_video(c.path, "vt"), model.embed_video(c.path, "va"), model.embed_audio(c.path, "va"))
            for c in tqdm(clips, desc="embed", unit="clip", disable=quiet)
        ]
        return cls(clips, *(torch.stack(column) for column in zip(*rows, strict=True)))

    def nearest(self, query: Tensor, rows: Tensor, leave_out: int | None = None) -> list[int]:
        """Numbers of the ``TOP`` clips whose rows are most similar to a query."""
        similarity = rows @ query
        if leave_out is not None:
            similarity[leave_out] = -2.0
        return similarity.topk(TOP).indices.tolist()


def sections(model: Embedder, gallery: Gallery) -> Iterator[tuple[str, str]]:
    """Titles and bodies of the page: what each kind of question returns."""
    clips = gallery.clips

    def shown(found: list[int], right: int | None = None) -> str:
        marks = ["✓ " if number == right else "" for number in found]
        return players.html(
            [players.Clip(clips[n].path, f"{mark}{place}", [clips[n].caption])
             for place, (n, mark) in enumerate(zip(found, marks, strict=True), 1)]
        )  # fmt: skip

    by_word = ""
    for sentence in SENTENCES:
        found = gallery.nearest(model.embed_text(sentence), gallery.video_vt)
        by_word += f"<h3>“{escape(sentence)}”</h3>{shown(found)}"
    yield "By word", by_word
    by_sound, by_clip = "", ""
    for number in range(0, len(clips), max(len(clips) // 4, 1))[:4]:
        own = players.html([players.Clip(clips[number].path, "asked with", [clips[number].caption])])
        found = gallery.nearest(gallery.audio_va[number], gallery.video_va)
        by_sound += f"<h3>The sound of this clip finds these pictures (✓: its own)</h3>{own}{shown(found, number)}"
        found = gallery.nearest(gallery.video_vt[number], gallery.video_vt, leave_out=number)
        by_clip += f"<h3>This clip is most like</h3>{own}{shown(found)}"
    yield "By sound", by_sound
    yield "By clip", by_clip


def page(model: Embedder, gallery: Gallery, card: str) -> str:
    """The page, complete in itself."""
    body = "".join(f"<h2>{title}</h2>{content}" for title, content in sections(model, gallery))
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>A minute with VATT</title><style>{STYLE}</style><body><h1>A minute with VATT</h1>"
        f"<p>{len(gallery.clips)} clips that the model has never seen, embedded on this machine. {escape(card)}</p>"
        f"{body}</body></html>"
    )


def reached(folder: Path) -> str:
    """What the model's own record says that it reaches."""
    split = json.loads((folder / "retrieval.json").read_text())["splits"]["test_iid"]
    shares = {
        who: [100 * split[who][direction]["R@5"] for direction in ("text_to_video", "video_to_audio")]
        for who in ("trained", "chance")
    }
    (words, sound), (guess, _) = shares["trained"], shares["chance"]
    return (
        f"Among {split['n']} others like them it has the right one in its first five for {words:.0f} % of sentences, "
        f"and the right sound for {sound:.0f} % of clips; guessing has it for {guess:.0f} %."
    )


def main(out: Path = Path("build/demo.html"), show: bool = False) -> None:
    """Writes the page.

    Args:
        out: Where.
        show: Open it in a browser.
    """
    folder = shipped("toy")
    model = load(folder)
    source = open_source(SAMPLES / "minitube")
    clips = tuple(video for split in source.splits if split != "train" for video in source.clips(split))
    out.parent.mkdir(parents=True, exist_ok=True)
    write_text(out, page(model, Gallery.of(model, clips), reached(folder)))
    print(f"==> open {out.resolve()}\n    {out.resolve().as_uri()}")
    if show:
        webbrowser.open(out.resolve().as_uri())


if __name__ == "__main__":
    import tyro

    try:
        tyro.cli(main)
    except UserError as error:
        print(f"demo: {error}", file=sys.stderr)
        raise SystemExit(2) from None
