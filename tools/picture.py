"""Draw ``site_static/picture.png``, the picture of the README: one clip, three towers, one space.

``python tools/picture.py``
"""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from vatt_edu.data.media import read_audio, read_video
from vatt_edu.data.sources import open_source
from vatt_edu.teach.figures import COLORS

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "site_static" / "picture.png"
CLIP = 4  # of data_samples/minitube's test_iid: which one is shown
FRAMES, SECONDS = 6, 4.0
ROWS = {"video": 0.79, "audio": 0.48, "text": 0.17}  # heights of the three signals, in parts of the picture


def arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], color: str) -> None:
    axes.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=16, color=color, linewidth=1.6))


def box(axes: Axes, x: float, y: float, width: float, height: float, color: str, words: str) -> None:
    style = "round,pad=0,rounding_size=0.012"
    axes.add_patch(FancyBboxPatch((x, y - height / 2), width, height, boxstyle=style, color=color))
    axes.text(x + width / 2, y, words, color="white", ha="center", va="center", fontsize=11, linespacing=1.4)


def main() -> None:
    clip = open_source(ROOT / "data_samples" / "minitube").clips("test_iid")[CLIP]
    figure = Figure(figsize=(11, 3.9), facecolor="white")
    page = figure.add_axes((0, 0, 1, 1), xlim=(0, 1), ylim=(0, 1))
    page.set_axis_off()
    frames = read_video(clip.path, 0.3, FRAMES, FRAMES / SECONDS, 128)
    for number, frame in enumerate(frames):
        axes = figure.add_axes((0.02 + 0.078 * number, ROWS["video"] - 0.105, 0.075, 0.21))
        axes.imshow(frame)
        axes.set_axis_off()
    wave = read_audio(clip.path, 0.0, int(SECONDS * 8000), 8000)
    axes = figure.add_axes((0.02, ROWS["audio"] - 0.11, 0.465, 0.22))
    axes.plot(wave, color=COLORS["audio"], linewidth=0.5)
    axes.margins(x=0)
    axes.set_axis_off()
    words = clip.caption.replace(" ", "  ")
    page.text(0.2525, ROWS["text"], words, color=COLORS["text"], ha="center", va="center", fontsize=13)
    names = {"video": "tubelets →\nTransformer", "audio": "segments →\nTransformer", "text": "words →\nTransformer"}
    for name, y in ROWS.items():
        arrow(page, (0.495, y), (0.54, y), COLORS[name])
        box(page, 0.545, y, 0.135, 0.2, COLORS[name], names[name])
    middle = (ROWS["video"] + ROWS["audio"]) / 2
    box(page, 0.755, middle, 0.1, 0.16, COLORS["muted"], "video-audio\nspace")
    box(page, 0.885, 0.4, 0.1, 0.16, COLORS["muted"], "video-text\nspace")
    arrow(page, (0.685, ROWS["video"]), (0.752, middle + 0.03), COLORS["video"])
    arrow(page, (0.685, ROWS["audio"]), (0.752, middle - 0.03), COLORS["audio"])
    arrow(page, (0.857, middle - 0.02), (0.905, 0.485), COLORS["video"])
    arrow(page, (0.685, ROWS["text"]), (0.905, 0.315), COLORS["text"])
    page.text(0.805, middle + 0.11, "NCE", color=COLORS["muted"], ha="center", fontsize=11)
    page.text(0.945, 0.505, "MIL-NCE", color=COLORS["muted"], ha="center", fontsize=11)
    figure.savefig(OUT, dpi=130)


if __name__ == "__main__":
    main()
