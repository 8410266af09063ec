"""``vatt.load``: files and words become unit vectors, the ones that the model gives by hand on the same frames."""

from pathlib import Path

import pytest
import torch
from helpers import clips

import vatt_edu as vatt
from vatt_edu.data.media import read_audio, read_video
from vatt_edu.errors import UserError
from vatt_edu.evaluation.embed import Embedder, Windows
from vatt_edu.losses import l2_normalize
from vatt_edu.training import checkpoint

CLOSE = {"rtol": 0, "atol": 1e-6}
ONE = torch.ones(1, dtype=torch.bool)
SECONDS = 3.2  # of a window


@pytest.fixture(scope="module")
def model(run: Path) -> Embedder:
    return vatt.load(run)


@pytest.fixture(scope="module")
def long(world: Path) -> Path:
    """12 seconds: three windows."""
    return world / "howto/videos/howto_00000.mp4"


def video_by_hand(model: Embedder, path: Path, start: float, space: str, top: int = 4, left: int = 9) -> torch.Tensor:
    """One window; by default its frames are 32 x 43, of which the model sees 24 x 24."""
    frames = read_video(path, start, 8, 2.5, 32)
    crop = torch.from_numpy(frames[:, top : top + 24, left : left + 24].copy())[None]
    with torch.no_grad():
        va = model.model.common_space.video_to_va(model.model.video(crop)[0], ONE)
        rows = va if space == "va" else model.model.common_space.to_vt(va, ONE)
    return rows[0] / rows[0].norm()


def test_what_load_gives(model: Embedder, run: Path) -> None:
    assert not any(module.training for module in model.model.modules())
    assert (model.config.clip.seconds, model.config.clip.frames, model.config.train.steps) == (SECONDS, 8, 3)
    assert "line" in model.vocab
    saved = checkpoint.read_tensors(run / "model.safetensors")
    assert all(torch.equal(value, saved[name]) for name, value in model.model.state_dict().items())


@pytest.mark.parametrize("space", ["va", "vt"])
def test_a_video_is_the_mean_of_its_windows(model: Embedder, long: Path, space: str) -> None:
    windows = model.embed_video(long, space=space, windows=True)
    assert isinstance(windows, Windows)
    assert windows.embeddings.shape == (3, 128)
    assert windows.times == pytest.approx([0.0, SECONDS, 2 * SECONDS])
    torch.testing.assert_close(windows.embeddings.norm(dim=1), torch.ones(3), **CLOSE)
    for row, start in zip(windows.embeddings, windows.times, strict=True):
        torch.testing.assert_close(row, video_by_hand(model, long, start, space), **CLOSE)
    assert (windows.embeddings[0] - windows.embeddings[1]).abs().max() > 1e-3
    whole = model.embed_video(long, space=space)
    assert whole.shape == (128,)
    assert whole.norm().item() == pytest.approx(1, abs=1e-6)
    mean = windows.embeddings.mean(0)
    torch.testing.assert_close(whole, mean / mean.norm(), **CLOSE)


def test_a_space_has_to_be_named(model: Embedder, long: Path) -> None:
    """Both maps of the toy are equally wide, so that a wrong one would give a number without meaning."""
    both = r'and none was given: space="va" compares with {}, space="vt" .*{}'
    with pytest.raises(UserError, match="video is .*" + both.format("audio", "with text")):
        model.embed_video(long)
    with pytest.raises(UserError, match="audio is .*" + both.format("video", "which no loss trained")):
        model.embed_audio(long, windows=True)
    assert (model.embed_video(long, space="vt") - model.embed_video(long, space="va")).abs().max() > 1e-3


def test_sound_with_video_and_through_its_map_with_text(model: Embedder, long: Path) -> None:
    windows = model.embed_audio(long, space="va", windows=True)
    assert windows.embeddings.shape == (3, 128)
    for row, start in zip(windows.embeddings, windows.times, strict=True):
        wave = torch.from_numpy(read_audio(long, start, 25_600, 8_000))[None]
        assert wave.abs().max() > 0.2
        with torch.no_grad():
            va = model.model.common_space.audio_to_va(model.model.audio(wave)[0], ONE)
            vt = model.model.common_space.to_vt(va, ONE)
        torch.testing.assert_close(row, va[0] / va[0].norm(), **CLOSE)
        mapped = model.embed_audio(long, space="vt", windows=True).embeddings[round(start / SECONDS)]
        torch.testing.assert_close(mapped, vt[0] / vt[0].norm(), **CLOSE)
    mean = windows.embeddings.mean(0)
    torch.testing.assert_close(model.embed_audio(long, space="va"), mean / mean.norm(), **CLOSE)


def test_one_sentence_and_several(model: Embedder) -> None:
    lines = ["line 3 of video 1, please!", "video", "LINE 3 of Video 1 please"]
    several = model.embed_text(lines)
    assert several.shape == (3, 128)
    torch.testing.assert_close(several.norm(dim=1), torch.ones(3), **CLOSE)
    for line, row in zip(lines, several, strict=True):
        alone = model.embed_text(line)
        assert alone.shape == (128,)
        torch.testing.assert_close(alone, row, **CLOSE)
    torch.testing.assert_close(several[0], several[2], **CLOSE)  # case and punctuation do not count
    assert (several[0] - several[1]).abs().max() > 1e-3
    torch.testing.assert_close(model.embed_text("zebra"), model.embed_text("xylophone"), **CLOSE)  # both unknown
    with torch.no_grad():
        pooled, _ = model.model.text(model.vocab.encode(lines[:1], 16))
        wanted = l2_normalize(model.model.common_space.text_to_vt(pooled, ONE))
    torch.testing.assert_close(several[:1], wanted, **CLOSE)


def test_embedding_is_deterministic_and_leaves_the_model_alone(model: Embedder, run: Path, long: Path) -> None:
    before = {name: value.clone() for name, value in model.model.state_dict().items()}
    torch.manual_seed(0)
    first = [model.embed_video(long, "vt"), model.embed_audio(long, "va"), model.embed_text("line")]
    torch.manual_seed(1)
    again = vatt.load(run)
    second = [again.embed_video(long, "vt"), again.embed_audio(long, "va"), again.embed_text("line")]
    for one, other in zip(first, second, strict=True):
        assert torch.equal(one, other)
        assert not one.requires_grad
    assert all(torch.equal(before[name], value) for name, value in model.model.state_dict().items())


@pytest.mark.parametrize(
    ("duration", "windows"), [(1.0, 1), (3.2, 1), (6.3, 1), (6.4, 2)], ids=["short", "one", "nearly two", "two"]
)
def test_windows_fill_the_file(model: Embedder, tmp_path: Path, duration: float, windows: int) -> None:
    path = clips.write(tmp_path / "film.mp4", duration=duration, fps=10, size=(36, 48))
    embedded = model.embed_video(path, space="vt", windows=True)
    assert len(embedded.embeddings) == len(embedded.times) == windows
    assert embedded.embeddings.isfinite().all()


def test_missing_streams_are_named(model: Embedder, tmp_path: Path) -> None:
    mute = clips.write(tmp_path / "mute.mp4", duration=2, fps=10, size=(36, 48))
    sound = clips.write(tmp_path / "sound.wav", video=None, audio=clips.tone(440), codec="pcm_s16le")
    with pytest.raises(UserError, match=r"mute\.mp4 has no audio stream, so there is no sound to embed"):
        model.embed_audio(mute, space="va")
    with pytest.raises(UserError, match=r"cannot decode .*sound\.wav: no video in it"):
        model.embed_video(sound, space="va")
    assert model.embed_video(mute, space="vt").isfinite().all()
    assert model.embed_audio(sound, space="va").isfinite().all()
    for embed in (model.embed_video, model.embed_audio):
        with pytest.raises(UserError, match=r"nowhere\.mp4: no such file"):
            embed(tmp_path / "nowhere.mp4", space="va")


def test_before_the_end_of_training_the_last_checkpoint_is_read(world: Path, run: Path, tmp_path: Path) -> None:
    for name in ("config.json", "vocab.json"):
        (tmp_path / name).write_bytes((run / name).read_bytes())
    with pytest.raises(UserError, match="has no weights yet"):
        vatt.load(tmp_path)
    (tmp_path / "checkpoints").symlink_to(run / "checkpoints")
    (tmp_path / "LAST").write_text("step-00000002\n")
    state = checkpoint.read_tensors(run / "checkpoints/step-00000002/state.safetensors")
    weights = vatt.load(str(tmp_path)).model.state_dict()
    assert all(torch.equal(value, state[f"model.{name}"]) for name, value in weights.items())
    (tmp_path / "LAST").write_text("step-00000003\n")
    long = world / "howto/videos/howto_00001.mp4"
    assert torch.equal(vatt.load(tmp_path).embed_video(long, "vt"), vatt.load(run).embed_video(long, "vt"))


def test_a_tall_video_is_cropped_in_its_middle(model: Embedder, tmp_path: Path) -> None:
    tall = clips.write(tmp_path / "tall.mp4", fps=10, size=(96, 32))
    embedding, wanted = model.embed_video(tall, "vt"), video_by_hand(model, tall, 0.0, "vt", top=36, left=4)
    torch.testing.assert_close(embedding, wanted, **CLOSE)
    assert (embedding - video_by_hand(model, tall, 0.0, "vt", top=0, left=4)).abs().max() > 1e-4
