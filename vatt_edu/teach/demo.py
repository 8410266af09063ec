"""A minute with the trained toy: embeds the sample clips, asks for them by word, by sound and by clip, writes a page.

``python -m vatt_edu.teach.demo [--out build/demo.html]``, or ``make demo``.
"""

import sys
import webbrowser
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from vatt_edu.data.sources.open import open_source
from vatt_edu.data.sources.source import Video
from vatt_edu.errors import UserError
from vatt_edu.evaluation.embed import Embedder, load
from vatt_edu.files import read_json, write_text
from vatt_edu.pages import document
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


@dataclass(frozen=True)
class Gallery:
    """The sample clips and where the model puts them, one row each."""

    clips: tuple[Video, ...]
    video_vt: Float[Tensor, "B D_vt"]
    video_va: Float[Tensor, "B D_va"]
    audio_va: Float[Tensor, "B D_va"]

    @classmethod
    def of(cls, model: Embedder, clips: tuple[Video, ...], quiet: bool = False) -> "Gallery":
        """Embeds the picture and the sound of every clip."""
        from tqdm import tqdm

        rows = [
            (model.embed_video(c.path, "vt"), model.embed_video(c.path, "va"), model.embed_audio(c.path, "va"))
            for c in tqdm(clips, desc="embed", unit="clip", disable=quiet)
        ]
        return cls(clips, *(torch.stack(column) for column in zip(*rows, strict=True)))

    def nearest(
        self, query: Float[Tensor, " D"], rows: Float[Tensor, "B D"], leave_out: int | None = None
    ) -> list[int]:
        """Numbers of the ``TOP`` clips whose rows are most similar to a query."""
        similarity = rows @ query
        if leave_out is not None:
            similarity[leave_out] = -2.0
        return similarity.topk(TOP).indices.tolist()


def sections(model: Embedder, gallery: Gallery) -> Iterator[tuple[str, str]]:
    """Titles and bodies of the page: what each kind of question returns."""
    clips = gallery.clips

    def answers(numbers: list[int], right: int | None = None) -> str:
        marks = ["✓ " if number == right else "" for number in numbers]
        return players.html(
            [players.Clip(clips[n].path, f"{mark}{place}", [clips[n].caption])
             for place, (n, mark) in enumerate(zip(numbers, marks, strict=True), 1)]
        )  # fmt: skip

    by_word = ""
    for sentence in SENTENCES:
        nearest = gallery.nearest(model.embed_text(sentence), gallery.video_vt)
        by_word += f"<h3>“{escape(sentence)}”</h3>{answers(nearest)}"
    yield "By word", by_word
    by_sound, by_clip = "", ""
    for number in range(0, len(clips), max(len(clips) // 4, 1))[:4]:
        own = players.html([players.Clip(clips[number].path, "asked with", [clips[number].caption])])
        nearest = gallery.nearest(gallery.audio_va[number], gallery.video_va)
        by_sound += f"<h3>The sound of this clip finds these pictures (✓: its own)</h3>{own}{answers(nearest, number)}"
        nearest = gallery.nearest(gallery.video_vt[number], gallery.video_vt, leave_out=number)
        by_clip += f"<h3>This clip is most like</h3>{own}{answers(nearest)}"
    yield "By sound", by_sound
    yield "By clip", by_clip


def demo_page(model: Embedder, gallery: Gallery, scores: str) -> str:
    """The page, complete in itself; ``scores`` says how good the model is."""
    lead = f"{len(gallery.clips)} clips that the model has never seen, embedded on this machine. {escape(scores)}"
    return document("A minute with VATT", f"<p>{lead}</p>", sections(model, gallery))


def scores_in_words(folder: Path) -> str:
    """What the model's own record says that it reaches."""
    split = read_json(folder / "retrieval.json")["splits"]["test_iid"]
    shares = {
        who: [100 * split[who][direction]["R@5"] for direction in ("text_to_video", "video_to_audio")]
        for who in ("trained", "chance")
    }
    (words, sound), (guess, _) = shares["trained"], shares["chance"]
    return (
        f"Among {split['n']} others like them it has the right one in its first five for {words:.0f}% of sentences, "
        f"and the right sound for {sound:.0f}% of clips; guessing has it for {guess:.0f}%."
    )


def main(out: Path = Path("build/demo.html"), browser: bool = False) -> None:
    """Writes the page.

    Args:
        out: Where.
        browser: Open it in one.
    """
    folder = shipped("toy")
    model = load(folder)
    source = open_source(SAMPLES / "minitube")
    clips = tuple(video for split in source.splits if split != "train" for video in source.clips(split))
    out.parent.mkdir(parents=True, exist_ok=True)
    write_text(out, demo_page(model, Gallery.of(model, clips), scores_in_words(folder)))
    print(f"==> open {out.resolve()}\n    {out.resolve().as_uri()}")
    if browser:
        webbrowser.open(out.resolve().as_uri())


if __name__ == "__main__":
    import tyro

    try:
        tyro.cli(main)
    except UserError as error:
        print(f"demo: {error}", file=sys.stderr)
        raise SystemExit(2) from None
