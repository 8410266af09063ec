"""A probe finds what is there, not what is not; it has converged; its labels are the world's."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import clips, made_runs

from vatt_edu.cli import main
from vatt_edu.config import ClipSpec
from vatt_edu.data.sources.open import open_source
from vatt_edu.data.sources.source import Source, Video
from vatt_edu.errors import UserError
from vatt_edu.evaluation.features import FEATURES
from vatt_edu.evaluation.ground_truth import FACTORS, Step, factor_labels, list_steps, sample_steps
from vatt_edu.evaluation.probing import baseline_features
from vatt_edu.evaluation.probing.evaluate import evaluate_probes, measure_probes
from vatt_edu.evaluation.probing.linear_probe import C_VALUES, ITERATIONS, Probe, fit_probe, select_regularization
from vatt_edu.evaluation.probing.shortcut_audit import audio_shortcut_probe, shortcut_section
from vatt_edu.evaluation.probing.targets import TARGETS, by_action_accuracy, contact, majority_accuracy
from vatt_edu.evaluation.terminal import probe_table

TARGET = {target.name: target for target in TARGETS}
VALUES = {"action": "tap", "material": "wood", "size": "big", "count": "2", "color": "red", "shape": "ball"}


def step(number: int = 0, events: tuple[tuple[float, float], ...] = (), start: float = 0.0, **factors: str) -> Step:
    video = Video(f"v{number}", Path(f"v{number}.mp4"))
    return Step(video, start, start + 4.0, f"caption {number}", {**VALUES, **factors}, events)


# ------------------------------------------------------------------ logistic regression


def test_equal_to_a_float64_reference_and_converged() -> None:
    """The same minimum, found by other means: torch, with the gradient driven to zero."""
    random = np.random.default_rng(0)
    features = random.standard_normal((120, 6)) * [1, 5, 0.1, 2, 1, 1] + 3
    answers = np.array(["a", "b", "c"])[(features[:, :3] + random.standard_normal((120, 3))).argmax(1)]
    C = 0.5
    probe = fit_probe(features, answers, C)
    assert probe.converged
    assert probe.iterations < ITERATIONS

    x = torch.from_numpy((features - features.mean(0)) / features.std(0))
    y = torch.from_numpy(np.searchsorted(["a", "b", "c"], answers))
    weight, bias = torch.zeros(3, 6, dtype=torch.float64), torch.zeros(3, dtype=torch.float64)
    parameters = [weight.requires_grad_(), bias.requires_grad_()]
    optimizer = torch.optim.LBFGS(parameters, max_iter=2000, tolerance_grad=1e-12, line_search_fn="strong_wolfe")

    def objective() -> torch.Tensor:
        cross = torch.nn.functional.cross_entropy(x @ weight.T + bias, y, reduction="sum")
        return C * cross + weight.square().sum() / 2

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        value = objective()
        value.backward()
        return value

    optimizer.step(closure)
    regression = probe.model[-1]
    assert np.abs(regression.coef_ - weight.detach().numpy()).max() < 1e-3
    theirs = torch.softmax(x @ weight.T + bias, 1).detach().numpy()
    assert np.abs(probe.model.predict_proba(features) - theirs).max() < 1e-4


def test_a_fit_that_was_stopped_says_so() -> None:
    random = np.random.default_rng(0)
    features = random.standard_normal((60, 8))
    with pytest.warns(UserWarning, match="converge"):
        assert not fit_probe(features, (features[:, 0] > 0).astype(str), 1.0, max_iterations=2).converged


def test_planted_signal_is_found_and_shuffled_is_chance() -> None:
    random = np.random.default_rng(1)
    answers = random.integers(0, 4, 900).astype(str)
    features = random.standard_normal((900, 32))
    features[:, :4] += 3 * np.eye(4)[answers.astype(int)]
    train, val, test = slice(0, 500), slice(500, 600), slice(600, 900)
    probe = select_regularization(features[train], answers[train], features[val], answers[val])
    assert probe.accuracy(features[test], answers[test]) > 0.9
    shuffled = random.permutation(answers)
    blind = select_regularization(features[train], shuffled[train], features[val], shuffled[val])
    assert blind.accuracy(features[test], shuffled[test]) == pytest.approx(0.25, abs=0.09)


def test_c_is_chosen_on_val(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where val wants weak weights and where it wants strong ones; the rows that are fitted always want strong ones."""
    random = np.random.default_rng(2)
    features, answers = random.standard_normal((60, 80)), random.integers(0, 2, 60).astype(str)
    free = select_regularization(features, answers, features, answers)  # val is learned by heart: free weights are best
    assert min(C_VALUES) < free.C
    scores = {0.001: 0.4, 0.01: 0.7, 0.1: 0.7, 1.0: 0.6}
    monkeypatch.setattr(
        Probe, "accuracy", lambda self, rows, _: scores[self.C] if len(rows) == 7 else pytest.fail("seen")
    )
    probe = select_regularization(features, answers, features[:7], answers[:7])
    assert (probe.C, probe.val_accuracy) == (0.01, 0.7)  # of equals, the smaller


# ------------------------------------------------------------------ labels


def test_contact_is_counted_from_the_middle_of_the_clip() -> None:
    def at(*events: tuple[float, float], **factors: str) -> str | None:
        return contact(step(events=events, start=8.0, **factors))  # its middle is at 10 s

    assert at() == "none"
    assert at((10.0, 0.5)) == "hit"
    assert at((10.29, 0.1)) == "hit"
    assert at((10.3, 0.5), (9.999, 0.5)) == "none"
    assert at((10.1, 0.09)) == "none"  # too soft to be heard
    assert at((9.0, 0.9), (10.1, 0.9), (11.0, 0.9)) == "hit"
    assert [at((10.0, 0.5), action=a) for a in ("shake", "pour", "slide", "swing")] == [None] * 4


def test_labels_of_the_targets() -> None:
    steps = [step(0), step(1, action="shake", count="1"), step(2, events=((2.1, 1.0),), action="roll")]
    answers = TARGET["action"].labels(steps)
    assert answers.mask.tolist() == [True] * 3
    assert answers.labels.tolist() == ["tap", "shake", "roll"]
    answers = TARGET["contact"].labels(steps)
    assert answers.mask.tolist() == [True, False, True]
    assert answers.labels.tolist() == ["none", "hit"]
    assert set(TARGET) == {*FACTORS, "contact"}


def test_references_by_hand() -> None:
    train, test = np.array(["x", "x", "y"]), np.array(["y", "x", "z", "x"])
    assert majority_accuracy(train, test) == 0.5
    # "tap" says y, "roll" says x (never seen with "stack": the majority, x)
    actions, test_actions = np.array(["tap", "roll", "tap"]), np.array(["tap", "tap", "roll", "stack"])
    train, test = np.array(["y", "x", "y"]), np.array(["y", "x", "x", "y"])
    assert by_action_accuracy(train, actions, test, test_actions) == 0.75


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    return made_runs.truthful(tmp_path_factory.mktemp("probe") / "corpus")


@pytest.fixture(scope="module")
def tiny_run(source: Source, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_runs.trained(source, tmp_path_factory.mktemp("probe") / "run")


@pytest.fixture
def spec() -> ClipSpec:
    return ClipSpec(
        frames=16, fps=5.0, height=24, width=24, short_side=32, samples=25_600, sample_rate=8_000, candidates=1, words=6
    )


def test_steps_are_those_of_the_split_in_its_order(source: Source, spec: ClipSpec) -> None:
    train = list_steps(source, "train")
    assert [s.video.id for s in train] == [f"howto_{n:05d}" for n in range(3) for _ in range(3)]  # no text-free one
    assert [s.start for s in train[:3]] == [0.0, 4.0, 8.0]
    assert factor_labels(train[:3], "count").tolist() == ["2"] * 3
    window = train[1].window(spec)
    assert (window.start, window.text) == (pytest.approx(4.4), "clip number 0 1")
    assert [s.video.split for s in list_steps(source, "test_iid")] == ["test_iid"] * 3


def test_some_steps_are_a_function_of_the_seed(source: Source) -> None:
    train = list_steps(source, "train")
    assert sample_steps(train, 4, 0, "probe") == sample_steps(train, 4, 0, "probe")
    assert sample_steps(train, 4, 0, "probe") != sample_steps(train, 4, 1, "probe")
    assert len(sample_steps(train, 100, 0, "probe")) == 9
    captions = [s.caption for s in sample_steps(train, 100, 0, "retrieval", distinct=True)]
    assert sorted(captions) == sorted(set(captions))
    assert len(captions) == 6


def test_without_ground_truth(source: Source, tmp_path: Path) -> None:
    plain = Source("plain", tmp_path, source.videos)
    with pytest.raises(UserError, match="no ground truth"):
        list_steps(plain, "train")
    (tmp_path / "annotations.json").write_text('{"a": {"steps": []}}')
    with pytest.raises(UserError, match="damaged or of another version"):
        list_steps(plain, "train")


# ------------------------------------------------------------------ features by hand


def test_features_by_hand() -> None:
    still = torch.zeros(1, 3, 4, 4, 3, dtype=torch.uint8)
    still[:, 1] = 255
    row = baseline_features.video_features(still)[0]
    assert row[0] == pytest.approx(2 / 3)  # black
    assert row[63] == pytest.approx(1 / 3)  # white
    assert row[64:].tolist() == [1.0, 1.0]
    counts = baseline_features.text_features(torch.tensor([[3, 2, 3, 0, 0]]), 5)
    assert counts.tolist() == [[0, 0, 1, 2, 0]]
    wave = 0.5 * torch.sin(2 * torch.pi * 1000 * torch.arange(16_000) / 16_000)
    loud, quiet = baseline_features.audio_features(torch.stack([wave, 0.1 * wave]), 16_000)
    assert loud.shape == (3 * 64,)
    assert (loud[:64] >= quiet[:64]).all()
    assert loud[:64].argmax() == quiet[:64].argmax()


# ------------------------------------------------------------------ the whole table


def planted(count: int, seed: int) -> list[Step]:
    random = np.random.default_rng(seed)
    return [
        step(n, ((2.1, 1.0),) * int(random.integers(2)), action=str(random.choice(["tap", "roll", "pour"])),
             material=str(random.choice(["wood", "metal"])))
        for n in range(count)
    ]  # fmt: skip


def test_a_feature_that_holds_the_material_is_read_and_noise_is_not() -> None:
    sets = {"train": planted(300, 0), "val": planted(80, 1), "test_iid": planted(200, 2)}
    tables = {}
    for name, steps in sets.items():
        random = np.random.default_rng(len(steps))
        noise = random.standard_normal((len(steps), 4))
        holds = noise + 4 * (factor_labels(steps, "material") == "wood")[:, None]
        tables[name] = {"trained": {"audio": holds, "video_va": noise}, "random_init": {"audio": noise}}
    fits, splits = measure_probes(sets, tables, ["test_iid"])
    factors = splits["test_iid"]["factors"]
    assert set(factors) == {"action", "material", "contact"}  # all else has one value: nothing to ask
    material = factors["material"]
    assert material["features"]["audio"]["trained"] > 0.95
    assert material["features"]["audio"]["random_init"] == pytest.approx(0.5, abs=0.12)
    assert material["features"]["video_va"]["trained"] == pytest.approx(0.5, abs=0.12)
    assert (material["n"], material["classes"], material["chance"]) == (200, 2, 0.5)
    assert factors["contact"]["n"] == sum(s.factors["action"] != "pour" for s in sets["test_iid"])
    assert all(fit["converged"] for target in fits.values() for f in target.values() for fit in f.values())


def test_probe_of_a_run(source: Source, tiny_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "probe", str(tiny_run), "--data", str(source.root), "--quiet"]) == 0
    text = capsys.readouterr().out
    assert "test_iid: 3 clips" in text
    assert "majority" in text
    first = json.loads((tiny_run / "probe.json").read_text())
    assert set(first["splits"]) == {"test_iid"}
    size = first["splits"]["test_iid"]["factors"]["size"]
    assert set(size["features"]) == set(FEATURES)
    assert set(size["features"]["audio"]) == {"trained", "random_init", "handmade"}
    assert set(size["features"]["audio_va"]) == {"trained", "random_init"}
    assert {"preset", "seed", "steps", "machine", "versions", "commit", "fits", "train_windows"} <= set(first)
    # Another split is merged in, and the same numbers come again.
    assert main(["evaluate", "probe", str(tiny_run), "--data", str(source.root), "--split", "val", "--quiet"]) == 0
    second = json.loads((tiny_run / "probe.json").read_text())
    assert set(second["splits"]) == {"test_iid", "val"}
    assert second["splits"]["test_iid"] == first["splits"]["test_iid"]
    assert second["fits"] == first["fits"]


def test_a_source_without_ground_truth_is_one_line(
    source: Source, tiny_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "probe", str(tiny_run), "--data", f"folder:{source.root}/howto", "--quiet"]) == 2
    error = capsys.readouterr().err.strip()
    assert "has no ground truth" in error
    assert "\n" not in error


def test_the_audit_listens_to_the_files(source: Source) -> None:
    audit = audio_shortcut_probe(source, quiet=True)
    assert set(audit["splits"]) == {"val", "test_iid"}
    size = audit["splits"]["test_iid"]["factors"]["size"]
    assert set(size) == {"n", "handmade", "majority", "by_action", "chance", "C", "converged"}
    assert size["n"] == 3
    assert not (source.root / "cache" / "v1-64px-5fps-16000hz").exists()
    (page,) = shortcut_section(audit).values()
    assert f"{100 * size['handmade']:.1f}" in page
    assert page.count("<table") == 2


def test_a_broken_and_a_mute_clip_are_left_out_and_named(source: Source, tiny_run: Path, tmp_path: Path) -> None:
    copy, run = shutil.copytree(source.root, tmp_path / "corpus"), shutil.copytree(tiny_run, tmp_path / "run")
    broken, mute = sorted((copy / "eval/test_iid").glob("*.mp4"))[1:3]
    broken.write_bytes(b"RIFF" * 500)
    clips.write(mute, duration=4, fps=10, size=(64, 64))
    results = evaluate_probes(run, open_source(copy), "test_iid", quiet=True)
    split = results["splits"]["test_iid"]
    whole = len(list_steps(source, "test_iid"))
    assert split["n"] == whole - 2
    assert {row["file"]: row["reason"] for row in split["left_out"]}.keys() == {
        f"eval/test_iid/{path.name}" for path in (broken, mute)
    }
    assert [row["reason"] for row in split["left_out"] if mute.name in row["file"]] == ["no audio"]
    assert split["factors"]["action"]["n"] == whole - 2
    assert f"\ntest_iid: {whole - 2} clips (2 left out, eval/test_iid/" in "\n".join(probe_table(results))
