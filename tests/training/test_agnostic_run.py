"""The agnostic toy trained for a few steps: one encoder in the files, in the optimizer, and in what is loaded."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from helpers import clips

import vatt_edu as vatt
from vatt_edu.config import Config, toy_agnostic
from vatt_edu.evaluation.embed import untrained
from vatt_edu.training import pretrain as module
from vatt_edu.training.checkpoint import last, read_tensors
from vatt_edu.training.pretrain import pretrain, train_step
from vatt_edu.training.run_folder import read_log


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clips.corpus(tmp_path_factory.mktemp("agnostic") / "corpus", narrated=2, text_free=2)


@pytest.fixture(scope="module")
def short() -> Config:
    toy = toy_agnostic()
    data = replace(toy.data, narrated_videos=1, text_free=2)
    return replace(toy, data=data, train=replace(toy.train, steps=4, checkpoint_every=2, device="cpu"))


def test_trains_resumes_and_loads(short: Config, corpus: Path, tmp_path: Path) -> None:
    pretrain(short, [str(corpus)], tmp_path / "run", quiet=True)
    log = read_log(tmp_path / "run")
    assert [line["step"] for line in log] == [0, 1, 2, 3]
    assert all(0 < line["loss"] < 20 for line in log)

    weights = read_tensors(tmp_path / "run" / "model.safetensors")
    assert [name for name in weights if name.startswith("encoder.")]
    assert not [name for name in weights if ".encoder." in name]
    model = vatt.load(tmp_path / "run").model
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
    start = untrained(tmp_path / "run").state_dict()
    assert not torch.equal(start["encoder.layers.0.ff.wi.weight"], weights["encoder.layers.0.ff.wi.weight"])

    class Killed(Exception):
        pass

    def killed_at_3(model, batch, optimizer, config, step, lr):
        if step == 3:
            raise Killed
        return train_step(model, batch, optimizer, config, step, lr)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "train_step", killed_at_3)
        with pytest.raises(Killed):
            pretrain(short, [str(corpus)], tmp_path / "again", quiet=True)
    assert last(tmp_path / "again").name == "step-00000002"
    pretrain(short, [str(corpus)], tmp_path / "again", resume=True, quiet=True)
    again = read_tensors(tmp_path / "again" / "model.safetensors")
    assert all(torch.equal(again[name], value) for name, value in weights.items())
