"""How many videos: arms differ in nothing else, and training clips are those that were trained on."""

from dataclasses import replace
from pathlib import Path

import pytest
from helpers import made_runs

from vatt_edu.config import toy
from vatt_edu.config.serialize import differences, to_json
from vatt_edu.data.sources.source import Source
from vatt_edu.evaluation.retrieval import retrieval_windows
from vatt_edu.experiments.catalog import get_experiment
from vatt_edu.experiments.corpus_size import VIDEOS
from vatt_edu.minitube import PRESETS


def test_arms_differ_in_the_number_of_videos() -> None:
    experiment = get_experiment("corpus_size")
    assert PRESETS["small"].howto == VIDEOS[0]
    assert list(VIDEOS) == [VIDEOS[0] // 2**n for n in range(len(VIDEOS))]
    assert experiment.arms[0].key == get_experiment("toy").arms[0].key
    for arm, videos in zip(experiment.arms[1:], VIDEOS[1:], strict=True):
        assert set(differences(to_json(arm.config), to_json(toy()))) == {"data.max_narrated_videos"}
        assert arm.config.data.max_narrated_videos == videos


def test_the_twin_cuts_the_tiny_corpus_short() -> None:
    twin = get_experiment("corpus_size").twin()
    assert [arm.config.data.max_narrated_videos for arm in twin.arms] == [0, VIDEOS[-1]]
    assert VIDEOS[-1] < PRESETS["tiny"].howto


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    return made_runs.truthful(tmp_path_factory.mktemp("corpus") / "world")


@pytest.mark.parametrize(("videos", "left"), [(0, 3), (2, 2), (1, 1)])
def test_retrieval_on_training_clips_is_of_those_that_were_trained_on(source: Source, videos: int, left: int) -> None:
    config = made_runs.config()
    config = replace(config, data=replace(config.data, max_narrated_videos=videos))
    windows = retrieval_windows(source, "train", config)
    names = sorted({Path(window.video.path).stem for window in windows})
    assert names == [f"howto_{n:05d}" for n in range(left)]
