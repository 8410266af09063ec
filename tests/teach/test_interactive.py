"""Live figures with a kernel: a changed input trait changes the output traits, computed by the package."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from vatt_edu.interop.official import part_from_official, video_config
from vatt_edu.teach import inline, interactive
from vatt_edu.teach.interactive import NarratedVideo
from vatt_edu.teach.interactive.base import HERE
from vatt_edu.teach.interactive.match import assign
from vatt_edu.teach.interactive.shift import fitting_share
from vatt_edu.towers import video_tower

FIGURES = [
    getattr(interactive, name)
    for name in interactive.__all__
    if name[0].isupper() and name not in ("Live", "NarratedVideo")
]


@pytest.mark.parametrize("kind", FIGURES, ids=lambda kind: kind.__name__)
def test_a_module_is_whole(kind: type) -> None:
    """The layer and its own script in one text that imports nothing and names no address but SVG's."""
    module = kind._esm
    text = str(getattr(module, "_contents", module))
    assert text.startswith((HERE / "layer.js").read_text()[:40])
    assert text.rstrip().endswith("export default { render };")
    assert "import " not in text.replace("imports", "")
    assert text.count("://") == text.count("http://www.w3.org/2000/svg")
    assert len(text) < 20_000


def small_clip() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    video = random.integers(0, 256, (4, 16, 16, 3), dtype=np.uint8)
    return video, np.sin(np.arange(16_000) / 9).astype(np.float32)


def test_pixels_read_the_frame() -> None:
    video, _ = small_clip()
    figure = interactive.Pixels(video[0])
    for row, column in [(0, 0), (3, 15), (15, 2)]:
        figure.set_state({"row": row, "column": column})
        assert figure.values == video[0, row, column].tolist()


def test_scrub_finds_frame_and_line() -> None:
    video, audio = small_clip()
    figure = interactive.Scrub(video, audio, [(0.0, 0.4, "first"), (0.5, 0.9, "second")], 4.0, 16_000, 160)
    for step, frame, line in [(0, 0, 0), (39, 1, 0), (45, 1, -1), (50, 2, 1), (99, 3, -1)]:
        figure.set_state({"step": step})
        assert (figure.frame, figure.line) == (frame, line)


def test_scrub_keeps_a_quiet_sound_fine_and_the_film_its_shape() -> None:
    """Half a byte's step is the most that any sample is off, however quiet the sound."""
    audio = 0.01 * np.sin(np.arange(1_600) / 7.0)
    figure = interactive.Scrub(np.zeros((2, 36, 64, 3), np.uint8), audio, [], 4.0, 16_000, 160)
    back = np.frombuffer(figure.patches, np.int8) / 127 * figure.loudest
    assert np.abs(back - audio).max() <= 0.5 * np.abs(audio).max() / 127 + 1e-9
    assert figure.aspect == 64 / 36


def test_aliasing_hears_what_the_samples_say() -> None:
    figure = interactive.Aliasing()
    figure.set_state({"rate": 4_000.0})
    for frequency in (100.0, 1_900.0, 2_500.0, 3_900.0, 4_100.0, 11_000.0):
        figure.set_state({"frequency": frequency})
        samples = np.cos(2 * np.pi * frequency * np.arange(4_000) / 4_000)
        assert figure.alias == np.abs(np.fft.rfft(samples)).argmax()


def test_match_counts_and_the_model_plays_one_to_one() -> None:
    similarity = np.array([[0.9, 0.8, 0.0], [0.8, 0.1, 0.0], [0.0, 0.2, 0.1]])
    # By hand: the sums of the six assignments are 1.1, 1.1, 1.7, 0.8, 1.0, 0.1; the greatest is 0→1, 1→0, 2→2.
    assert assign(similarity) == [1, 0, 2]
    figure = interactive.Match(["a", "b", "c"], ["A", "B", "C"], 1, similarity, order=[2, 0, 1])
    assert figure.pictures == ["C", "A", "B"]
    assert figure.truth == [1, 2, 0]
    assert [figure.pictures[n] for n in figure.machine] == ["B", "A", "C"]
    figure.set_state({"choice": [1, -1, 0]})
    assert figure.right == 2


def test_retrieve_orders_the_gallery() -> None:
    similarities = {"words": np.array([[0.1, 0.9, 0.5]]), "sounds": np.array([[0.3, 0.2, 0.9], [0.0, 0.0, -0.5]])}
    figure = interactive.Retrieve(
        ["a", "b", "c"], ["A", "B", "C"], similarities, {"words": ["w"], "sounds": ["s", "t"]}, {}, {"sounds": [0, 1]}
    )
    assert figure.order == [1, 2, 0]
    figure.set_state({"query": [1, 0]})
    assert (figure.order, figure.cosines) == ([2, 0, 1], [0.3, 0.2, 0.9])
    assert figure.own == [[-1], [0, 1]]
    figure.set_state({"query": [1, 1]})
    assert figure.order == [0, 1, 2]
    assert figure.table["cosines"][1][1] == figure.cosines


def video(offset: float = 0.0) -> NarratedVideo:
    narration = [
        {"start": 4.0 * n + offset, "end": 4.0 * n + 2 + offset, "text": f"line {n}", "step": n} for n in range(3)
    ]
    steps = [{"start": 4.0 * n, "end": 4.0 * n + 4, "action": f"act {n}"} for n in range(3)]
    return NarratedVideo.of({"narration": narration, "steps": steps})


def test_shift_counts_windows() -> None:
    """Lines whose centers lie at 1, 5, 9 s of steps of four seconds; windows at 0.5, 1.5, … 11.5."""
    # The nearest center is the step's own from its start to 3 s in: of the windows at 0.5, 1.5, 2.5 (3.5: the next's).
    assert fitting_share([video()], 0.0, 1) == pytest.approx((3 + 3 + 4) / 12)
    # Four seconds late, centers lie at 5, 9, 13: the first four windows, the one at 7.5 and the one at 11.5 still fit.
    assert fitting_share([video()], 4.0, 1) == pytest.approx(6 / 12)
    assert fitting_share([video()], 0.0, 3) == 1.0


def test_shift_figure_follows_its_sliders() -> None:
    figure = interactive.Shift(video(), [video(), video(1.0)], [-1.0, 0.0, 1.0])
    figure.set_state({"center": 6.0})
    assert figure.near[0] == 1
    figure.set_state({"offset": 4.0})
    assert figure.near[0] == 0
    figure.set_state({"offset": 1.0})
    assert figure.shares == figure.table["shares"][2]


@pytest.fixture(scope="module")
def port(root: Path) -> interactive.Port:
    data = dict(np.load(root / "tests" / "golden" / "video_vit.npz"))
    tower = video_tower(video_config(json.loads(str(data["config_json"]))))
    part_from_official("video", tower, {key[2:]: value for key, value in data.items() if key[:2] == "w:"}, "_base/")
    return interactive.Port(tower, torch.from_numpy(data["in_video"]), data)


def test_port_shows_a_mistake_where_it_is_made(port: interactive.Port) -> None:
    """Each mistake is beyond 2e-6 from the stage on where it was made, and nowhere before; without one, never."""
    first = {0: None, 1: 1, 2: 2, 3: 1, 4: 2, 5: 0, 6: 2}
    assert len(port.table["deviations"]) == len(first) == len(port.names)
    for mistake, stage in first.items():
        port.set_state({"mistake": mistake})
        assert port.deviations == port.table["deviations"][mistake]
        beyond = [deviation > 2e-6 for deviation in port.deviations]
        assert beyond == [stage is not None and place >= stage for place in range(len(port.stages))]


def test_port_counts_what_a_bound_lets_through(port: interactive.Port) -> None:
    port.set_state({"bound": -6.0})
    assert port.passes == []
    port.set_state({"bound": -3.0})
    assert port.passes == [1, 2]
    port.set_state({"bound": 1.0})
    assert port.passes == [1, 2, 3, 4, 5, 6]


def test_guess_answers_once_it_is_known() -> None:
    figure = interactive.Guess(question="How many?", low=0, high=8, step=1)
    assert figure.truth is None
    figure.set_state({"value": 3.0})
    figure.answer(2.5, "Because.")
    assert (figure.value, figure.truth, figure.because) == (3.0, 2.5, "Because.")


def test_a_still_picture_stands_by(monkeypatch: pytest.MonkeyPatch) -> None:
    outputs: list = []
    monkeypatch.setattr("IPython.display.display", outputs.append)
    figure = interactive.Aliasing()
    interactive.show(figure, "<p>words instead</p>", "A tone.")
    still, live, caption = outputs
    assert live is figure
    assert caption.data.endswith(">A tone.</p>")
    assert f'id="{figure.fallback}"' in still.data
    assert figure.alt == "A tone."
    assert "words instead" in still.data


def test_media_are_small_and_read_back(tmp_path: Path) -> None:
    import base64

    from vatt_edu.data.media import probe_media, read_audio

    video, audio = small_clip()
    uri = inline.sound(audio, 16_000, 16_000)
    file = tmp_path / "sound.webm"
    file.write_bytes(base64.b64decode(uri.split(",")[1]))
    assert uri.startswith("data:audio/webm;base64,")
    assert probe_media(file).has_audio
    sound = read_audio(file, 0.0, 16_000, 16_000)
    assert sound is not None
    spectrum = np.abs(np.fft.rfft(sound[2_000:14_000]))
    assert abs(spectrum.argmax() * 16_000 / 12_000 - 16_000 / 9 / (2 * np.pi)) < 5  # Hz: the tone is the tone
    assert len(inline.strip(video)) < 6_000
    assert json.dumps(uri)
