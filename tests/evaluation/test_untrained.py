"""Whatever ``vatt.load`` reads is evaluated, beside the untrained model where its start can be read or made.

A run that was sent without its checkpoints, one that was trained on a corpus which is not at hand, the shipped toy, and
what ``vatt convert`` wrote.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from helpers import made_runs

import vatt_edu as vatt
from vatt_edu.cli import main
from vatt_edu.config.serialize import pack
from vatt_edu.data.sources.open import open_source
from vatt_edu.data.sources.source import Source
from vatt_edu.evaluation.embed import UnknownStart, load, untrained
from vatt_edu.evaluation.probing.evaluate import evaluate_probes
from vatt_edu.evaluation.retrieval import evaluate_retrieval
from vatt_edu.files import write_json
from vatt_edu.interop.convert import convert, run_config
from vatt_edu.model import VATT
from vatt_edu.training.checkpoint import read_tensors, write_tensors
from vatt_edu.training.pretrain import pretrain

Bare = Callable[[Path, str], Path]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    return made_runs.truthful(tmp_path_factory.mktemp("start") / "corpus")


@pytest.fixture(scope="module")
def whitened(source: Source, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_runs.trained(source, tmp_path_factory.mktemp("start") / "whitened")


@pytest.fixture(scope="module")
def official(source: Source, tmp_path_factory: pytest.TempPathFactory) -> Path:
    config, out = made_runs.config(), tmp_path_factory.mktemp("start") / "official"
    config = replace(config, model=replace(config.model, tokenizer_init="official"))
    pretrain(config, [str(source.root)], out, preset="toy", quiet=True)
    return out


@pytest.fixture
def bare(tmp_path: Path) -> Bare:
    def copy(run: Path, data: str = "") -> Path:
        """The run as a model is passed on: without checkpoints; ``data`` is what it says it was trained on."""
        folder = tmp_path / "bare"
        shutil.copytree(run, folder, ignore=shutil.ignore_patterns("checkpoints", "LAST", "*.jsonl", "report.html"))
        record = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(record | ({"data": [data]} if data else {})))
        return folder

    return copy


def first_weights(run: Path) -> dict[str, torch.Tensor]:
    state = read_tensors(run / "checkpoints/step-00000000/state.safetensors")
    return {name.removeprefix("model."): value for name, value in state.items() if name.startswith("model.")}


@pytest.mark.parametrize("data", ["", "folder:elsewhere/corpus:2.5"], ids=["the folder", "its name and words"])
def test_a_start_is_made_again_from_the_seed_and_the_source(
    data: str, source: Source, whitened: Path, bare: Bare
) -> None:
    start = untrained(bare(whitened, data), source).state_dict()
    for name, value in first_weights(whitened).items():
        torch.testing.assert_close(start[name], value, rtol=0, atol=1e-5)


def test_an_official_start_needs_the_seed_alone(official: Path, bare: Bare) -> None:
    start = untrained(bare(official, "")).state_dict()
    assert all(torch.equal(start[name], value) for name, value in first_weights(official).items())


def test_a_start_on_another_corpus_is_not_made_up(source: Source, whitened: Path, bare: Bare, tmp_path: Path) -> None:
    run = bare(whitened, "there/corpus")
    other = shutil.copytree(source.root, tmp_path / "corpus")  # of the same name, but with other words
    captions = other / "howto/caption.json"
    captions.write_text(captions.read_text().replace("video", "film"))
    with pytest.raises(UnknownStart, match="the tokenizers started whitened on there/corpus: with --data there"):
        untrained(run, open_source(other))
    with pytest.raises(UnknownStart, match="checkpoint of step 0 is missing"):
        untrained(run)
    renamed = Source(source.name, source.root.parent / "corpus2", source.videos)
    shutil.copytree(source.root, renamed.root)
    with pytest.raises(UnknownStart, match="checkpoint of step 0 is missing"):
        untrained(run, renamed)


def test_numbers_beside_a_start_that_was_made_are_the_same(source: Source, whitened: Path, bare: Bare) -> None:
    here = evaluate_retrieval(whitened, source, "test_iid", quiet=True)
    there = evaluate_retrieval(bare(whitened, ""), source, "test_iid", quiet=True)
    assert "note" not in there
    assert there["steps"] == here["steps"] == 4
    assert there["splits"]["test_iid"]["random_init"] == here["splits"]["test_iid"]["random_init"]


def test_without_a_start_it_is_said_to_be_absent(
    source: Source, whitened: Path, bare: Bare, capsys: pytest.CaptureFixture[str]
) -> None:
    run = bare(whitened, "there/other")
    assert main(["evaluate", "all", str(run), "--data", str(source.root), "--quiet"]) == 0
    shown = capsys.readouterr().out
    assert shown.count("no random start: the checkpoint of step 0 is missing") == 2
    assert "random_init –" in shown
    retrieval, probes = (json.loads((run / f"{name}.json").read_text()) for name in ("retrieval", "probe"))
    assert retrieval["note"] == probes["note"]
    for split in retrieval["splits"].values():
        assert split["random_init"] is None
        assert set(split["trained"]) == set(split["chance"]) == set(split["interval"])
    size = probes["splits"]["test_iid"]["factors"]["size"]
    assert set(size["features"]["audio"]) == {"trained", "handmade"}
    assert set(size["features"]["video_va"]) == {"trained"}
    assert "No random start: the checkpoint" in (run / "report.html").read_text()


def test_the_shipped_model_is_evaluated_and_keeps_its_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toy = Path(shutil.copytree(vatt.shipped("toy"), tmp_path / "toy"))
    before = json.loads((toy / "retrieval.json").read_text())
    samples = vatt.shipped("toy").parent / "minitube"
    assert main(["evaluate", "retrieval", str(toy), "--data", str(samples), "--split", "test_bg", "--quiet"]) == 0
    assert "started whitened on build/minitube/small" in capsys.readouterr().out
    after = json.loads((toy / "retrieval.json").read_text())
    assert after["splits"]["test_bg"]["n"] == 6  # of the samples; the others are those of the card
    assert {name: split for name, split in before["splits"].items() if name != "test_bg"} == {
        name: split for name, split in after["splits"].items() if name != "test_bg"
    }
    assert [after[name] for name in ("steps", "train_seconds")] == [before[name] for name in ("steps", "train_seconds")]


@pytest.fixture
def converted(source: Source, tmp_path: Path) -> Path:
    """What ``vatt convert`` writes, at a size that fits the corpus: its config.json and its tensors."""
    torch.manual_seed(0)
    config = made_runs.config()
    (tmp_path / "converted").mkdir()
    write_tensors(tmp_path / "converted/model.safetensors", VATT(config.model).state_dict())
    origin = {"from": "ckpt", "kind": "tx_fac", "tensors": 3}
    record = pack(config, preset="official tx_fac", data=[]) | {"converted": origin}
    write_json(tmp_path / "converted/config.json", record)
    return tmp_path / "converted"


def test_a_converted_model_without_words_is_evaluated_on_pictures_and_sound(
    source: Source, converted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "all", str(converted), "--data", str(source.root), "--quiet"]) == 0
    assert "no random start: the model was converted" in capsys.readouterr().out
    results = json.loads((converted / "retrieval.json").read_text())
    assert (results["steps"], results["train_seconds"]) == (None, None)
    for split in results["splits"].values():
        assert set(split["trained"]) == {"video_to_audio", "audio_to_video"}
    features = json.loads((converted / "probe.json").read_text())["splits"]["test_iid"]["factors"]["size"]["features"]
    assert set(features) == {"video", "audio", "video_va", "audio_va", "video_vt", "audio_vt"}
    page = (converted / "report.html").read_text()
    assert "has no vocabulary" in page
    assert "<h1>official tx_fac</h1>" in page
    assert "text → video" not in page.split("Other runs of the toy")[0].split("<h2", 1)[0]


def test_a_converted_model_with_words_is_evaluated_on_all(source: Source, whitened: Path, converted: Path) -> None:
    shutil.copy(whitened / "vocab.json", converted / "vocab.json")
    results = evaluate_retrieval(converted, source, "test_iid", quiet=True)
    assert len(results["splits"]["test_iid"]["trained"]) == 6
    assert results["splits"]["test_iid"]["random_init"] is None
    assert "text" in evaluate_probes(converted, source, quiet=True)["splits"]["test_iid"]["factors"]["size"]["features"]


def test_a_checkpoint_of_the_official_code_is_evaluated(golden_dir: Path, source: Source, tmp_path: Path) -> None:
    folder = golden_dir / "tx_fac_ckpt"
    if not folder.is_dir():
        pytest.skip(f"{golden_dir} holds no tx_fac_ckpt")
    convert(folder, tmp_path / "out", folder / "config.json")
    assert load(tmp_path / "out").words is None
    assert load(tmp_path / "out").config == run_config(load(tmp_path / "out").config.model)
    results = evaluate_retrieval(tmp_path / "out", source, "test_iid", quiet=True)
    assert results["preset"] == "official tx_fac"
    assert set(results["splits"]["test_iid"]["trained"]) == {"video_to_audio", "audio_to_video"}
