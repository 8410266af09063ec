"""Retrieval: numbers are those of the embeddings, beside the model before training; results are merged."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import vatt_edu as vatt
from vatt_edu.data.loader import eval_batches
from vatt_edu.data.loader.windows import Window
from vatt_edu.data.sources.open import open_source
from vatt_edu.evaluation.features import embed_windows
from vatt_edu.evaluation.metrics import DIRECTIONS
from vatt_edu.evaluation.retrieval import evaluate_retrieval
from vatt_edu.training import checkpoint


@pytest.fixture
def copy(run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(run, tmp_path / "run"))


def by_hand(run: Path, world: Path) -> dict[str, dict[str, float]]:
    model, source = vatt.load(run), open_source(world)
    (batch,) = eval_batches(source.clips("test_iid"), model.config.clip, model.vocab, 64)
    with torch.no_grad():
        embeddings = model.model(batch)
        spaces = {
            "video_va": embeddings.video_va,
            "audio_va": embeddings.audio_va,
            "video_vt": embeddings.video_vt,
            "audio_vt": model.model.common_space.to_vt(embeddings.audio_va, batch.has_audio),
            "text_vt": embeddings.text_vt[:, 0],
        }
    arrays = {name: value.double().numpy() for name, value in spaces.items()}
    results = {}
    for direction, (query, item) in DIRECTIONS.items():
        places = []
        for number, one in enumerate(arrays[query]):
            cosines = [one @ other / np.linalg.norm(one) / np.linalg.norm(other) for other in arrays[item]]
            places.append(sum(cosine >= cosines[number] for cosine in cosines))
        results[direction] = {f"R@{k}": np.mean([place <= k for place in places]) for k in (1, 5, 10)}
        results[direction]["MedR"] = np.median(places)
    return results


def test_numbers_are_those_of_the_embeddings(run: Path, copy: Path, world: Path) -> None:
    split = evaluate_retrieval(copy, open_source(world), quiet=True)["splits"]["test_iid"]
    assert split["n"] == 6
    wanted = by_hand(run, world)
    for direction, values in wanted.items():
        assert split["trained"][direction] == pytest.approx(values, abs=1e-6)
    start = checkpoint.read_tensors(copy / "checkpoints/step-00000000/state.safetensors")
    weights = {name.removeprefix("model."): value for name, value in start.items() if name.startswith("model.")}
    checkpoint.write_tensors(copy / "model.safetensors", weights)
    untrained = by_hand(copy, world)
    for direction, values in untrained.items():
        assert split["random_init"][direction] == pytest.approx(values, abs=1e-6)
    assert untrained != wanted
    assert all(values["MedR"] == 3.5 for values in split["chance"].values())


def test_results_of_the_same_weights_are_merged(copy: Path, world: Path) -> None:
    source = open_source(world)
    first = evaluate_retrieval(copy, source, quiet=True)
    stored = json.loads((copy / "retrieval.json").read_text())
    assert stored == first
    stored["splits"]["test_bg"] = {"n": 7}
    (copy / "retrieval.json").write_text(json.dumps(stored))
    again = evaluate_retrieval(copy, source, "test_iid", quiet=True)
    assert again["splits"] == stored["splits"]
    assert json.loads((copy / "retrieval.json").read_text()) == again
    (copy / "retrieval.json").write_text(json.dumps(stored | {"steps": 2}))  # evaluated before the end of training
    assert set(evaluate_retrieval(copy, source, quiet=True)["splits"]) == {"test_iid"}


def test_embeddings_do_not_depend_on_the_batch(run: Path, world: Path) -> None:
    model, source = vatt.load(run), open_source(world)
    windows = [Window(clip, text=clip.caption) for clip in source.clips("test_iid")]
    by_size = []
    for size in (64, 4, 1):
        spaces, present = embed_windows(model.model, windows, model.config, model.vocab, source, "", True, size)
        assert all(mask.shape == (6,) and mask.all() for mask in present.values())
        by_size.append(spaces)
    assert {"video_va", "audio_va", "video_vt", "audio_vt", "text_vt"} <= set(by_size[0])
    for other in by_size[1:]:
        for name, value in by_size[0].items():
            torch.testing.assert_close(other[name], value, rtol=0, atol=1e-5)
