"""The same batches whoever reads them; masks, lines and replacements are right."""

import json
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from helpers import clips, numbered

from vatt_edu.batch import Batch
from vatt_edu.config import ClipSpec, DataConfig
from vatt_edu.data.loader import ClipStream, Skip, Window, batches, eval_batches, window_batches
from vatt_edu.data.loader.prefetch import FailureMonitor
from vatt_edu.data.media import read_audio, read_video
from vatt_edu.data.sources.open import open_source
from vatt_edu.data.text.vocabulary import Vocabulary
from vatt_edu.errors import UserError

Make = Callable[..., ClipStream]


@pytest.fixture
def corpus(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "corpus"))


@pytest.fixture
def vocab(made: Path) -> Vocabulary:
    return Vocabulary.train(open_source(made).texts, 50)


@pytest.fixture
def stream(corpus: Path, spec: ClipSpec, data: DataConfig, vocab: Vocabulary) -> Make:
    def make(cache: bool = True, seed: int = 0, root: Path = corpus, data: DataConfig = data) -> ClipStream:
        return ClipStream.open([(open_source(root), 1.0)], clips.config_for(spec, data, seed), vocab, cache, quiet=True)

    return make


def same(one: Batch, other: Batch) -> bool:
    return all(torch.equal(getattr(one, field.name), getattr(other, field.name)) for field in fields(one))


def test_shapes_types_and_ranges(stream: Make) -> None:
    batch, skips = stream().batch(3)
    assert skips == []
    assert len(batch) == 6
    assert (batch.video.shape, batch.video.dtype) == ((6, 8, 24, 24, 3), torch.uint8)
    assert (batch.audio.shape, batch.audio.dtype) == ((6, 12_800), torch.float32)
    assert (batch.text.shape, batch.text.dtype) == ((6, 3, 6), torch.int64)
    assert batch.audio.abs().max() <= 1
    assert batch.index.tolist() == list(range(18, 24))
    assert batch.has_video.all()
    assert batch.has_audio.all()
    assert batch.has_text.tolist() == [True] * 4 + [False] * 2
    assert (batch.text[4:] == 0).all()
    assert (batch.text_id[4:] == -1).all()
    assert (batch.text_id[:4] >= 0).all()
    assert (batch.text[:4, :, 0] > 1).all()


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
def test_the_same_for_any_number_of_workers_cached_or_not(stream: Make) -> None:
    cached, files = stream(), stream(cache=False)
    wanted = [cached.batch(step)[0] for step in range(2, 8)]
    assert not same(wanted[0], wanted[1])
    for source, workers in ((cached, 0), (cached, 1), (cached, 4), (files, 0), (files, 1), (files, 4)):
        read = [batch for batch, _ in batches(source, 2, 8, workers)]
        assert len(read) == 6
        assert all(map(same, read, wanted))


def test_shares_of_processes_are_slices_of_the_batch(stream: Make) -> None:
    source = stream()
    whole = source.batch(5)[0]
    for world in (2, 3, 6):
        parts = [source.batch(5, rank, world)[0] for rank in range(world)]
        for field in fields(whole):
            together = torch.cat([getattr(part, field.name) for part in parts])
            assert torch.equal(together, getattr(whole, field.name))
    with pytest.raises(UserError, match="a batch of 6 clips cannot be shared by 4 processes"):
        source.batch(5, 0, 4)


def test_another_seed_is_another_stream(stream: Make) -> None:
    assert not same(stream(seed=0).batch(0)[0], stream(seed=1).batch(0)[0])


def test_global_generators_are_not_read(stream: Make) -> None:
    source = stream()
    torch.manual_seed(0)
    state = torch.random.get_rng_state()
    first = [batch for batch, _ in batches(source, 0, 2, workers=1)]
    assert torch.equal(state, torch.random.get_rng_state())
    torch.manual_seed(1)
    np.random.seed(5)  # noqa: NPY002
    assert all(map(same, first, (source.batch(step)[0] for step in range(2))))


def test_windows_of_a_video_share_lines_and_are_different(stream: Make, corpus: Path) -> None:
    lines = {line.text_id: (video.id, line) for video in open_source(corpus).videos for line in video.lines}
    for step in range(4):
        batch, _ = stream().batch(step)
        for group in (batch.text_id[:2], batch.text_id[2:4]):
            assert len({lines[int(number)][0] for number in group.flatten()}) == 1
            first, second = (np.mean([lines[int(number)][1].center for number in row]) for row in group)
            assert first < second  # one window in each half of the video


def test_without_augmentation_a_clip_is_what_is_in_the_file(
    corpus: Path, spec: ClipSpec, data: DataConfig, vocab: Vocabulary
) -> None:
    still = replace(data.augment, flip=False, brightness=0.0, contrast=0.0, audio_gain=0.0)
    square = clips.config_for(replace(spec, height=32, width=32), replace(data, augment=still))
    source = ClipStream.open([(open_source(corpus), 1.0)], square, vocab, quiet=True)
    batch, _ = source.batch(0)
    paths = {video.path for video in open_source(corpus).clips("train")}
    for video, audio in zip(batch.video.numpy(), batch.audio.numpy(), strict=True):
        matches = []
        for path in paths:
            whole = read_video(path, 0.0, 60, 5.0, 32)
            crops = [whole[:, :, left : left + 32] for left in range(12)]  # of 43 columns
            matches += [(path, k) for k in range(53) if any((crop[k : k + 8] == video).all() for crop in crops)]
        assert matches
        assert any((read_audio(path, k / 5, 12_800, 8_000) == audio).all() for path, k in matches)


def test_a_damaged_file_is_replaced_counted_and_named(stream: Make, corpus: Path) -> None:
    good = [stream().batch(step)[0] for step in range(4)]
    victim = corpus / "howto/videos/howto_00002.mp4"
    victim.write_text("not a film")
    cached, files = stream(), stream(cache=False)
    assert any("howto_00002.mp4 (not a media file" in note for note in cached.notes)
    hit = 0
    for step in range(4):
        batch, skips = cached.batch(step)
        assert [skip.path for skip in skips] == [str(victim)] * len(skips)
        again, others = files.batch(step)
        assert same(batch, again)
        assert [(skip.index, skip.path) for skip in skips] == [(skip.index, skip.path) for skip in others]
        replaced = {skip.index for skip in skips}
        hit += len(replaced)
        for row, index in enumerate(batch.index.tolist()):
            assert torch.equal(batch.video[row], good[step].video[row]) == (index not in replaced)
        assert batch.has_text.tolist() == [True] * 4 + [False] * 2
    assert hit == 4  # two epochs of four videos, two windows each


def test_of_files_that_are_all_damaged_what_is_left_is_used(stream: Make, tmp_path: Path) -> None:
    root = tmp_path / "damaged"
    root.mkdir()
    for name in ("a", "b", "c"):
        film = numbered.write(root / f"{name}.mp4", "h264", "plain", 160, 20, sound=8.0, noise=40)
        with av.open(str(film.path)) as container:
            packet = [packet for packet in container.demux(video=0) if packet.size][-16]
            place, size = packet.pos, packet.size
        content = bytearray(film.path.read_bytes())
        content[place + 8 : place + size] = bytes(reversed(content[place + 8 : place + size]))
        film.path.write_bytes(content)
        film.path.with_suffix(".srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nbaste it\n")
    cached, files = stream(root=root), stream(root=root, cache=False)
    assert any("3 files cannot be decoded from beginning to end: a.mp4 (its " in note for note in cached.notes)
    for step in range(2):
        (batch, skips), (other, others) = cached.batch(step), files.batch(step)
        assert [skip.index for skip in skips] == [skip.index for skip in others]
        assert same(batch, other)


def test_nothing_usable_left(stream: Make, corpus: Path) -> None:
    for path in [*(corpus / "howto/videos").iterdir(), *(corpus / "audioset/videos").iterdir()]:
        path.write_text("not a film")
    with pytest.raises(UserError, match=r"none of the training videos can be decoded: .*howto_.*not a media file"):
        stream()
    for workers in (0, 1):
        with pytest.raises(UserError, match="no usable video left: all of the 8") as caught:
            next(batches(stream(cache=False), 0, 5, workers))
        assert "\n" not in str(caught.value)


def test_too_many_damaged_files_end_the_run() -> None:
    watch = FailureMonitor()
    for number in range(30):  # one rotten file, again and again
        watch.see(40, [Skip("a.mp4", "why", number)])
    watch = FailureMonitor()
    for number in range(10):
        watch.see(90, [Skip(f"{number}.mp4", "why", number)])
    with pytest.raises(UserError, match=r"11 files failed among the last 1,000 clips.*3\.mp4 \(why\).*new\.mp4 \(no\)"):
        watch.see(90, [Skip("new.mp4", "no", 10)])
    watch = FailureMonitor()
    for number in range(30):  # never more than ten in a thousand
        watch.see(100, [Skip(f"{number}.mp4", "why", number)])


def test_missing_and_silent_sound(spec: ClipSpec, data: DataConfig, vocab: Vocabulary, tmp_path: Path) -> None:
    clips.write(tmp_path / "mute.mp4", duration=2)
    clips.write(tmp_path / "silent.mp4", duration=2, audio=np.zeros((1, 96_000), np.float32))
    clips.write(tmp_path / "late.mp4", duration=2, audio=clips.clicks(1.9, duration=2))
    clips.write(tmp_path / "sound.mp4", duration=2, audio=clips.tone(440, duration=2))
    source = open_source(tmp_path)
    only = {video.id: Window(video, 0.0) for video in source.videos}
    for where in (None, source):
        batch = next(window_batches(list(only.values()), spec, vocab, 9, where))
        assert dict(zip(only, batch.has_audio.tolist(), strict=True)) == {
            "late.mp4": False, "mute.mp4": False, "silent.mp4": False, "sound.mp4": True,
        }  # fmt: skip
        assert batch.has_video.all()
        assert (batch.audio[~batch.has_audio] == 0).all()
    with pytest.raises(StopIteration):
        next(window_batches([], spec, vocab, 9))


def test_sound_without_picture(spec: ClipSpec, data: DataConfig, vocab: Vocabulary, tmp_path: Path) -> None:
    for name in ("x_0", "y_0"):
        clips.write(tmp_path / f"{name}.wav", video=None, audio=clips.tone(440), codec="pcm_s16le")
    (tmp_path / "segments.csv").write_text('x, 0, 4, "/m/1"\ny, 0, 4, "/m/1"\n')
    source = open_source(f"audioset:{tmp_path}")
    for cache in (True, False):
        batch, _ = ClipStream.open([(source, 1.0)], clips.config_for(spec, data), vocab, cache, quiet=True).batch(0)
        assert batch.has_audio.all()
        assert not batch.has_video.any()
        assert (batch.video == 0).all()


def test_evaluation_reads_the_center(corpus: Path, spec: ClipSpec, vocab: Vocabulary) -> None:
    source = open_source(corpus)
    shown = source.clips("test_iid")
    for where in (None, source):
        chunks = list(eval_batches(shown, spec, vocab, 2, where))
        assert [len(batch) for batch in chunks] == [2, 1]
        assert torch.cat([batch.index for batch in chunks]).tolist() == [0, 1, 2]
        assert chunks[0].text.shape == (2, 1, 6)
        assert all(batch.has_text.all() for batch in chunks)
        whole = read_video(shown[2].path, 1.2, 8, 5.0, 32)  # 4 s, a window of 1.6 s
        assert (chunks[1].video[0].numpy() == whole[:, 4:28, 9:33]).all()
        assert (chunks[1].audio[0].numpy() == read_audio(shown[2].path, 1.2, 12_800, 8_000)).all()
    quiet = next(window_batches([Window(shown[0], 0.6)], spec, None, 4))
    assert not quiet.has_text.any()
    assert (quiet.video[0].numpy() == read_video(shown[0].path, 0.6, 8, 5.0, 32)[:, 4:28, 9:33]).all()


def test_captions_beyond_the_end(corpus: Path, stream: Make) -> None:
    path = corpus / "howto/caption.json"
    text = path.read_text()
    path.write_text(text.replace("11.0", "1100.0").replace("12.0", "1101.0"))
    for cache in (True, False):
        source = stream(cache=cache)
        assert len([note for note in source.notes if "4 captions beyond the end" in note]) == 1
        assert source.batch(0)[0].has_text.tolist() == [True] * 4 + [False] * 2
    late = {"start": [5000.0], "end": [6000.0], "text": ["milliseconds"]}
    path.write_text(json.dumps({f"howto_{number:05d}": late for number in range(4)}))
    for cache in (True, False):
        with pytest.raises(UserError, match="all captions lie beyond the end of their videos"):
            stream(cache=cache)


def test_two_sources_and_one_without_training_videos(
    corpus: Path, spec: ClipSpec, data: DataConfig, vocab: Vocabulary, tmp_path: Path
) -> None:
    evaluation = tmp_path / "evaluation"
    shutil.copytree(corpus / "eval", evaluation / "eval")
    (evaluation / "source.json").write_text('{"kind": "minitube"}')
    with pytest.raises(UserError, match="no training video in"):
        ClipStream.open([(open_source(evaluation), 1.0)], clips.config_for(spec, data), vocab, quiet=True)
    other = clips.corpus(tmp_path / "other", narrated=2, text_free=0, evaluation=0)
    both = [(open_source(corpus), 1.0), (open_source(other), 3.0), (open_source(evaluation), 1.0)]
    batch, _ = ClipStream.open(both, clips.config_for(spec, data), vocab, quiet=True).batch(0)
    assert len(batch) == 6


def test_closing_early_ends_the_reader(stream: Make) -> None:
    streams = [stream(), stream()]  # a progress bar may leave a thread of its own
    before = set(threading.enumerate())
    for workers, made in enumerate(streams):
        reader = batches(made, 0, 1000, workers)
        next(reader)
        assert set(threading.enumerate()) - before or workers
        reader.close()
    until = time.monotonic() + 10  # the threads of a process's queues end a moment after it
    while set(threading.enumerate()) - before and time.monotonic() < until:
        time.sleep(0.05)
    assert set(threading.enumerate()) - before == set()
