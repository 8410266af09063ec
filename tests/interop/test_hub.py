"""A model that saves, loads and pushes itself: local folders, a Hub that is mocked, and no pickle anywhere."""

import importlib
import pickle
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import tiny

import vatt_edu as vatt
from vatt_edu.config import Config, DataConfig, preset
from vatt_edu.data.text.vocabulary import Vocabulary
from vatt_edu.errors import UserError
from vatt_edu.training.checkpoint import read_tensors, write_tensors

hub = pytest.importorskip("vatt_edu.interop.hub", reason="huggingface_hub is not installed")


@pytest.fixture
def model() -> Any:
    torch.manual_seed(0)
    config = Config(model=tiny.model_config(), data=DataConfig(short_side=16))
    made = hub.HubVATT(config, Vocabulary.train(["pour the water"], 10), {"preset": "tiny"})
    with torch.no_grad():
        for value in made.state_dict().values():
            value.copy_(torch.randn_like(value).abs())
    return made.eval()


def test_saved_and_loaded_it_is_the_same_bit_for_bit(model: Any, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"README.md", "config.json", "model.safetensors", "vocab.json"}
    again = hub.HubVATT.from_pretrained(tmp_path)
    assert not again.training
    assert (again.run_config, again.record) == (model.run_config, {"preset": "tiny", "data": []})
    batch = tiny.random_batch(model.config)
    with torch.no_grad():
        ours, theirs = model(batch), again(batch)
    for name, value in vars(ours).items():
        assert torch.equal(value, getattr(theirs, name))
    words = vatt.load(tmp_path).embed_text("pour water")
    assert torch.equal(again.embedder().embed_text("pour water"), words)
    assert torch.equal(model.embedder().embed_text("pour water"), words)


def test_a_run_is_loaded_as_it_is(root: Path) -> None:
    folder = root / "data_samples" / "toy_vatt"
    ours, file = hub.HubVATT.from_pretrained(folder).state_dict(), read_tensors(folder / "model.safetensors")
    assert ours.keys() == file.keys()
    assert all(torch.equal(ours[name], value) for name, value in file.items())


def test_the_card_says_what_the_model_is(model: Any, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path)
    card = (tmp_path / "README.md").read_text()
    assert card.startswith("---\n")
    assert "license: apache-2.0" in card
    assert "library_name: vatt_edu" in card
    parameters = sum(value.numel() for value in model.video.state_dict().values())
    assert f"| video | 4 frames of 12 × 8 at 10 fps | 2 | 16 | {parameters:,} |" in card
    assert "preset `tiny`" in card
    (tmp_path / "README.md").write_text("mine")
    model.save_pretrained(tmp_path)
    assert (tmp_path / "README.md").read_text() == "mine"
    mute = hub.HubVATT(model.run_config, None, {"converted": {"from": "ckpt-3", "kind": "tx_fac", "tensors": 9}})
    card = mute.generate_model_card().content
    assert "converted from the official TensorFlow checkpoint `ckpt-3` (tx_fac)" in card
    assert "without a vocabulary" in card
    with pytest.raises(UserError, match="no vocabulary"):
        mute.embedder().embed_text("pour water")


def test_without_words_it_saves_none_and_comes_back(model: Any, tmp_path: Path) -> None:
    hub.HubVATT(model.run_config).save_pretrained(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"README.md", "config.json", "model.safetensors"}
    again = hub.HubVATT.from_pretrained(tmp_path)
    assert again.vocab is None
    assert again.record == {"preset": "custom", "data": []}


def test_without_the_hubs_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    monkeypatch.delitem(sys.modules, "vatt_edu.interop.hub")
    with pytest.raises(UserError, match=r"needs the package huggingface_hub: .*vatt_edu\[train\]"):
        importlib.import_module("vatt_edu.interop.hub")


def test_the_card_of_one_encoder_for_all() -> None:
    card = hub.HubVATT(preset("toy_agnostic"), None, {"preset": "toy_agnostic"}).generate_model_card().content
    assert "| one encoder for all | | 2 | 128 | 396,800 |" in card
    assert "5 fps | shared | 128 |" in card


def test_what_is_pushed_is_what_is_saved(model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pushed: dict[str, Any] = {}

    class Api:
        def __init__(self, token: str | None = None) -> None:
            pushed["token"] = token

        def create_repo(self, repo_id: str, private: bool | None, exist_ok: bool) -> Any:
            pushed["private"] = private
            return type("Url", (), {"repo_id": repo_id})()

        def upload_folder(self, repo_id: str, folder_path: Path, **_: Any) -> str:
            pushed["repo_id"] = repo_id
            pushed["files"] = {path.name: path.read_bytes() for path in Path(folder_path).iterdir()}
            return "https://hub/commit"

    monkeypatch.setattr("huggingface_hub.hub_mixin.HfApi", Api)
    assert model.push_to_hub("somebody/vatt", private=True, token="t") == "https://hub/commit"
    assert (pushed["repo_id"], pushed["private"], pushed["token"]) == ("somebody/vatt", True, "t")
    model.save_pretrained(tmp_path)
    assert pushed["files"] == {path.name: path.read_bytes() for path in tmp_path.iterdir()}


def test_a_name_is_asked_from_the_hub(model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model.save_pretrained(tmp_path)
    request: dict[str, Any] = {}

    def download(name: str, **options: Any) -> str:
        request.update(options, name=name)
        return str(tmp_path)

    monkeypatch.setattr(hub, "snapshot_download", download)
    there = hub.HubVATT.from_pretrained("somebody/vatt", revision="v1")
    assert torch.equal(there.video.agg, model.video.agg)
    assert (request["name"], request["revision"]) == ("somebody/vatt", "v1")
    assert request["allow_patterns"] == ["config.json", "model.safetensors", "vocab.json"]  # and so no pickle

    def fail(name: str, **_: Any) -> str:
        raise OSError("offline\nsecond line")

    monkeypatch.setattr(hub, "snapshot_download", fail)
    with pytest.raises(UserError, match=r"somebody/vatt is no folder here, .* \(offline\)") as caught:
        hub.HubVATT.from_pretrained("somebody/vatt")
    assert "\n" not in str(caught.value)


class Trap:
    """Whoever unpickles it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("names", [("pytorch_model.bin", "model.pt"), ("model.safetensors",)])
def test_no_pickle_is_loaded(model: Any, tmp_path: Path, names: tuple[str, ...]) -> None:
    folder, sprung = tmp_path / "model", tmp_path / "sprung"
    model.save_pretrained(folder)
    (folder / "model.safetensors").unlink()
    for name in names:
        (folder / name).write_bytes(pickle.dumps(Trap(sprung)))
    for load in (hub.HubVATT.from_pretrained, vatt.load):
        with pytest.raises(UserError, match=r"model\.safetensors"):
            load(folder)
    assert not sprung.exists()
    pickle.loads((folder / names[0]).read_bytes())
    assert sprung.exists()  # so it would have


def test_nothing_of_the_package_can_unpickle(root: Path) -> None:
    called = ("torch.load(", "pickle.load", "allow_pickle=True", "joblib.load")
    sources = list((root / "vatt_edu").rglob("*.py"))
    assert len(sources) > 50
    assert [(str(path), call) for path in sources for call in called if call in path.read_text()] == []


@pytest.mark.parametrize("name", ["../../evil", "a\nb", "__class__", "x" * 10_000, "video.agg.data", "model.video.agg"])
def test_a_hostile_key_is_refused_by_name(model: Any, tmp_path: Path, name: str) -> None:
    model.save_pretrained(tmp_path)
    file = tmp_path / "model.safetensors"
    tensors = read_tensors(file)
    write_tensors(file, {**tensors, name: torch.zeros(1)})
    for load in (hub.HubVATT.from_pretrained, vatt.load):
        with pytest.raises(UserError, match="is not part of this model") as caught:
            load(tmp_path)
        message = str(caught.value)
        assert (name if name.isprintable() and len(name) < 200 else repr(name[:50])[:-1]) in message
        assert "\n" not in message
        assert len(message) < 400


def test_wrong_tensors_are_refused_by_name(model: Any, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path)
    file = tmp_path / "model.safetensors"
    tensors = read_tensors(file)
    for wrong, message in (
        ({**tensors, "video.agg": torch.zeros(3)}, r"video\.agg has shape \(3,\), the model \(16,\)"),
        ({**tensors, "video.agg": torch.zeros(16, dtype=torch.int64)}, r"video\.agg holds torch\.int64"),
        ({k: v for k, v in tensors.items() if k != "text.agg"}, r"text\.agg is missing"),
        ({}, "is missing"),
    ):
        write_tensors(file, wrong)
        for load in (hub.HubVATT.from_pretrained, vatt.load):
            with pytest.raises(UserError, match=message):
                load(tmp_path)
    other = replace(model.run_config, model=replace(model.run_config.model, pooling="max_mean"))
    assert hub.HubVATT(other).state_dict().keys() == tensors.keys()  # what no tensor says, config.json does
