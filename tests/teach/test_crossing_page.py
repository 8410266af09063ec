"""What the page says of *shared or separate*: nothing where nothing was run, and no claim of order below five seeds."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vatt_edu.experiments.crossing import CROSSING, SEPARATE, SHARED, WITHIN, arm_label
from vatt_edu.teach.crossing import ARMS, COMPARISONS, comparisons, effect, read_arms, report, table

CLIPS = 400


def row(label: str, seed: int, share: float) -> dict[str, Any]:
    """A run whose probes are right on about that share of the clips, the same ones for every run."""
    share += np.random.default_rng(seed).normal(0, 0.01)
    right = np.where(np.arange(CLIPS) < share * CLIPS, 1, 2).tolist()
    names = [f"{modality}_{question}" for modality in ("video", "audio") for question in ("action", "material")]
    return {
        "label": label,
        "seed": seed,
        "metrics": {"test_iid": {"video_to_audio": {"R@5": 0.2}}},
        "ranks": {"test_iid": dict.fromkeys(names, right)},
    }


SHARES = {
    arm_label(SEPARATE, WITHIN): 0.5,
    arm_label(SHARED, WITHIN): 0.4,
    arm_label(SEPARATE, CROSSING): 0.6,
    arm_label(SHARED, CROSSING): 0.7,
}


def written(folder: Path, seeds: int, shares: dict[str, float] = SHARES) -> Path:
    path = folder / "crossing.json"
    rows = [row(label, seed, share) for seed in range(seeds) for label, share in shares.items()]
    path.write_text(json.dumps({"rows": rows, "command": "vatt experiment crossing"}))
    return path


def test_nothing_is_said_to_be_nothing(tmp_path: Path) -> None:
    text = report(tmp_path / "absent.json")
    assert text.startswith(
        "*None of 20 runs is run yet.* `vatt experiment crossing` trains four arms with 5 seeds each"
    )
    assert "|" not in text


def test_effects_are_sums_of_arms(tmp_path: Path) -> None:
    arms = read_arms(written(tmp_path, 5))
    below, gain, interaction = (effect(arms, "video", signs) for *_, signs in COMPARISONS)
    # The seeds' luck is the same in each arm and cancels, but for rounding to whole clips.
    assert below.mean == pytest.approx(-10, abs=0.3)
    assert gain.mean == pytest.approx(20, abs=0.3)
    assert interaction.mean == pytest.approx(20, abs=0.3)
    assert all(sum(signs.values()) == 0 for *_, signs in COMPARISONS)


def test_five_seeds_make_a_claim_and_four_do_not(tmp_path: Path) -> None:
    whole = report(written(tmp_path, 5))
    assert whole.count("**agrees**") == 6
    assert "run yet" not in whole
    part = report(written(tmp_path, 4))
    assert part.count("4 seeds: no claim") == 6
    assert "agrees" not in part
    assert "*16 of 20 runs are there; the others are not run yet.*" in part


def test_the_other_way_round_disagrees(tmp_path: Path) -> None:
    other = SHARES | {arm_label(SHARED, WITHIN): 0.8, arm_label(SHARED, CROSSING): 0.3}
    assert comparisons(read_arms(written(tmp_path, 5, other))).count("**disagrees**") == 6


def test_arms_that_are_not_there_yet(tmp_path: Path) -> None:
    some = {label: SHARES[label] for label in ARMS[:3]}
    arms = read_arms(written(tmp_path, 5, some))
    assert ARMS[3] not in table(arms)
    text = comparisons(arms)
    assert text.count("not run yet") == 4
    assert text.count("**agrees**") == 2
