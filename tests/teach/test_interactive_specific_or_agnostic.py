"""The figure of units with a kernel, and the activity that it shows, against loops over tokens."""

import copy
from dataclasses import replace

import pytest
import torch
from helpers.tiny import ENCODER, model_config, random_batch

from vatt_edu.batch import Batch
from vatt_edu.config import ModelConfig
from vatt_edu.model import VATT
from vatt_edu.teach.interactive.base import HERE
from vatt_edu.teach.interactive.units import MODALITIES, Units, unit_activity

WORDS = [f"word{number}" for number in range(20)]


def agnostic() -> ModelConfig:
    base = model_config()
    sides = {
        name: replace(getattr(base, name), encoder=ENCODER, pre_projection=True, post_projection=20)
        for name in ("video", "audio")
    }
    text = replace(base.text, style="agnostic", encoder=ENCODER, post_projection=20)
    return replace(base, backbone="agnostic", text=text, **sides)


@pytest.fixture(scope="module")
def setting() -> tuple[VATT, Batch]:
    torch.manual_seed(3)
    return VATT(agnostic()).eval(), random_batch(agnostic(), lines=1)


def test_activity_is_the_mean_over_tokens_one_by_one(setting: tuple[VATT, Batch]) -> None:
    model, batch = setting
    activity = unit_activity(model, batch)
    before: list[torch.Tensor] = []
    layer = model.encoder.layers[-1]
    watch = layer.ff.wi.register_forward_hook(lambda _m, _i, output: before.append(output.detach()))
    with torch.no_grad():
        model(batch)
    watch.remove()
    for row, hidden in enumerate(before[:2]):
        rows = [torch.nn.functional.gelu(token).relu() for clip in hidden for token in clip[1:]]
        torch.testing.assert_close(activity.means[row], torch.stack(rows).mean(0))
    ids = batch.text.flatten(0, 1)
    rows_of: dict[int, list[torch.Tensor]] = {}
    for clip, line in zip(before[2], ids.tolist(), strict=True):
        for token, word in zip(clip[1:], line, strict=True):
            if word:
                rows_of.setdefault(word, []).append(torch.nn.functional.gelu(token).relu())
    every = torch.stack([row for rows in rows_of.values() for row in rows])
    torch.testing.assert_close(activity.means[2], every.mean(0))
    assert activity.word_ids.tolist() == sorted(rows_of)
    for word, row in zip(activity.word_ids.tolist(), activity.words, strict=True):
        torch.testing.assert_close(row, torch.stack(rows_of[word]).mean(0))


def test_a_unit_of_one_modality_is_its_own(setting: tuple[VATT, Batch]) -> None:
    activity = unit_activity(*setting)
    means = torch.zeros_like(activity.means)  # units that nothing excites, but for four
    means[:, :4] = torch.tensor([[9.0, 1.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0], [0.0, 1.0, 0.0, 5.0]])
    changed = replace(activity, means=means)
    assert changed.specialists() == [1, 0, 1]
    torch.testing.assert_close(changed.shares.sum(0), torch.ones(means.shape[1]))
    torch.testing.assert_close(changed.shares[:, 2], torch.full((3,), 1 / 3))


def test_watching_leaves_no_trace(setting: tuple[VATT, Batch]) -> None:
    model, batch = setting
    unit_activity(model, batch)
    seen: list[int] = []
    watch = model.encoder.layers[-1].ff.wo.register_forward_pre_hook(lambda _m, _i: seen.append(1))
    unit_activity(model, batch)
    watch.remove()
    assert len(seen) == len(MODALITIES)


def test_the_figure_follows_its_inputs(setting: tuple[VATT, Batch]) -> None:
    """With a kernel a chosen unit is computed again; the page's table says the same."""
    model, batch = setting
    other = copy.deepcopy(model)
    with torch.no_grad():
        other.encoder.layers[-1].ff.wi.weight.neg_()
    activities = {"one": unit_activity(model, batch), "other": unit_activity(other, batch)}
    figure = Units(activities, WORDS, [f"clip {row}" for row in range(6)])
    for number, activity in enumerate(activities.values()):
        for unit in (0, 7, 31):
            figure.set_state({"unit": unit, "model_number": number})
            assert figure.shares == figure.table["shares"][number][unit]
            assert figure.words == figure.table["words"][number][unit]
            assert figure.clips == figure.table["clips"][number][unit]
            assert abs(sum(figure.shares) - 1_000) <= 1
            assert figure.words[0] == int(activity.word_ids[activity.words[:, unit].argmax()])
            assert figure.clips[0] == int(activity.video[:, unit].argmax())
    assert figure.table["own"][0] == activities["one"].specialists()


def test_its_script_is_whole() -> None:
    text = str(getattr(Units._esm, "_contents", Units._esm))
    assert text.startswith((HERE / "layer.js").read_text()[:40])
    assert text.rstrip().endswith("export default { render };")
    assert len(text) < 20_000
