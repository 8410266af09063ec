"""What can be read from each tower, on the shipped toy: an untrained guess is beaten where the tower can know."""

from pathlib import Path

import pytest

from vatt_edu import minitube
from vatt_edu.data import open_source
from vatt_edu.evaluation.probing.both_towers import MODALITIES, QUESTIONS, column, evaluate_towers

TOY = Path(__file__).parents[2] / "data_samples" / "toy_vatt"


def test_each_tower_answers_and_scores_are_the_shares_of_right_answers() -> None:
    source = open_source(minitube.ensure("tiny", quiet=True))
    scores, ranks = evaluate_towers(TOY, source, "test_iid", quiet=True)
    assert set(ranks) == {column(modality, question) for modality in MODALITIES for question in QUESTIONS}
    assert len({len(answers) for answers in ranks.values()}) == 1
    for modality in MODALITIES:
        for question in QUESTIONS:
            answers = ranks[column(modality, question)]
            assert scores[f"probe_{modality}"][question] == pytest.approx(answers.count(1) / len(answers))
    assert scores["probe_video"]["action"] > 0.5, "ten actions: the shipped toy's video tower tells most of them"
    assert scores["probe_audio"]["material"] > scores["probe_video"]["material"], "materials are heard, colors are seen"
