"""The scoreboard on a page: every seed a point, the median said, the page's own row in bold."""

import json
from pathlib import Path

import pytest

from vatt_edu.errors import UserError
from vatt_edu.experiments.scoreboard import configs
from vatt_edu.teach import scoreboard


@pytest.fixture
def results(tmp_path: Path) -> Path:
    def row(label: str, seed: int, value: float) -> dict:
        metrics = {name: {"R@5": value} for name in ("text_to_video", "video_to_audio")}
        return {"label": label, "seed": seed, "steps": 700, "commit": "a1b2", "metrics": {"test_iid": metrics}}

    rows = [row("baseline", 0, 0.05), row("baseline", 1, 0.11), row("baseline", 2, 0.07), row("words", 0, 0.3)]
    whole = {"rows": rows, "seeds": [0, 1, 2], "command": "vatt experiment X", "versions": {"torch": "2.13.0"}}
    (tmp_path / "scoreboard.json").write_text(json.dumps(whole))
    return tmp_path / "scoreboard.json"


def test_show(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs: list = []
    monkeypatch.setattr("IPython.display.display", outputs.append)
    scoreboard.show_rows("baseline", path=results)
    figure, table = outputs
    assert "a sentence finds its clip in 7 per cent" in figure.data
    assert "in 30 per cent" not in figure.data  # the row is not lit
    *lines, _, origin = table.data.replace("\N{NO-BREAK SPACE}", " ").splitlines()
    assert len(lines) == 4
    assert "seeds 0, 1, 2" in origin
    assert "`vatt experiment X`, commit a1b2, torch 2.13.0" in origin
    assert lines[2].startswith(
        "| **mean of patches, mean of words, NCE** | 7.0 [5.0, 11.0] | 7.0 [5.0, 11.0] | 412 |"
    )  # 196 + 200 patches, 16 words
    assert lines[3].startswith("| words as a sequence |")


def test_says_what_is_more_than_another_seed(tmp_path: Path) -> None:
    """Words: every seed above every one before. Start: below. Positions: one seed is not. Nobody hears anything."""
    scores = {"baseline": (2, 4, 3), "words": (5, 9, 6), "start": (4, 3, 1), "positions": (8, 9, 4)}
    rows = [
        {"label": label, "seed": seed, "steps": 7,
         "metrics": {"test_iid": {"text_to_video": {"R@5": value / 100}, "video_to_audio": {"R@5": 0.02}}}}
        for label, values in scores.items() for seed, value in enumerate(values)
    ]  # fmt: skip
    path = tmp_path / "scoreboard.json"
    path.write_text(json.dumps({"rows": rows}))
    assert [c.verdict for c in scoreboard.changes("text_to_video", path=path)] == ["more", "less", "open"]
    words, sounds = scoreboard.in_words(path=path).split("\n\n")
    assert "**more often** with *words as a sequence* (3 to 6 %); " in words
    assert (
        "**less often** with *tokenizers start whitened* (6 to 3 %); in the rest, 1 of 3, the seeds overlap." in words
    )
    assert "finds its sound in none: in 3 of 3, the seeds overlap." in sounds


def test_tokens_follow_droptoken() -> None:
    """Half of 196 and of 200 patches are kept; the toy has four lines of 16 words."""
    assert scoreboard.tokens(configs()["droptoken"]) == 98 + 100 + 16
    assert scoreboard.tokens(configs()["toy"]) == 98 + 100 + 64


def test_results_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="vatt experiment scoreboard makes it"):
        scoreboard.read_rows(tmp_path / "scoreboard.json")
