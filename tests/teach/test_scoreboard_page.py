"""The scoreboard on a page: every seed a point, the page's own rows in bold, sentences computed from the runs."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from vatt_edu.errors import UserError
from vatt_edu.experiments.scoreboard import rows
from vatt_edu.experiments.verdict import Difference
from vatt_edu.teach import scoreboard
from vatt_edu.teach.board import change_in_words, interval

SPACE = "\N{NO-BREAK SPACE}"


def run(label: str, seed: int, best: int) -> dict:
    """A run whose ranks lie between 1 and ``best``, in a gallery of 64."""
    ranks = np.random.default_rng([seed, best]).integers(1, best + 1, 64).tolist()
    share = sum(rank <= 5 for rank in ranks) / 64
    directions = ("text_to_video", "video_to_audio")
    return {
        "label": label, "seed": seed, "steps": rows()[label].config.train.steps, "commit": "a1b2",
        "ranks": {"test_iid": dict.fromkeys(directions, ranks)},
        "metrics": {"test_iid": {name: {"R@5": share} for name in directions}},
    }  # fmt: skip


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Writes results with those runs: label → best ranks of its seeds."""

    def write(**labels: tuple[int, ...]) -> Path:
        records = [run(label.replace("__", " "), seed, best)
                   for label, bests in labels.items() for seed, best in enumerate(bests)]  # fmt: skip
        whole = {"rows": records, "command": "vatt experiment X", "versions": {"torch": "2.13.0"}}
        (tmp_path / "scoreboard.json").write_text(json.dumps(whole))
        return tmp_path / "scoreboard.json"

    return write


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list:
    outputs: list = []
    monkeypatch.setattr("IPython.display.display", outputs.append)
    return outputs


def test_the_row_with_less_time_is_excepted(written: Callable[..., Path], shown: list) -> None:
    path = written(layers=(40,), droptoken=(5,), **{scoreboard.SHORTER: (30,)})
    scoreboard.show_part("layers", path=path)
    scoreboard.show_part("droptoken", scoreboard.SHORTER, path=path)
    without, with_it = (figure.data for figure in shown[::2])
    assert "for each row;" in without
    assert "for each row (less for half of the tokens at equal steps);" in with_it


def test_a_part_when_it_comes_and_when_it_goes(written: Callable[..., Path], shown: list) -> None:
    path = written(words=(40, 41, 42), positions=(5, 6, 7), toy=(3, 3, 3), without__positions=(30, 31, 32))
    scoreboard.show_part("positions", path=path)
    figure, text = shown
    assert "tokens know where they were: a sentence finds its clip, " in figure.data
    lines = text.data.replace(SPACE, " ").splitlines()
    titles = [line.split("|")[1].strip() for line in lines if line.startswith("| ")][1:]
    assert titles == ["words as a sequence", "**tokens know where they were**", "four candidate lines, MIL-NCE",
                      "**without: tokens know where they were**",
                      "you, one to one, in the game of the first page"]  # fmt: skip
    sentence = next(line for line in lines if line.startswith("*Tokens know where they were*, a sentence"))
    assert sentence.count("3 seeds: more") == 2
    assert "commit a1b2, torch 2.13.0" in lines[-1]
    assert lines[-1].startswith("<small>12 of ")


def test_one_seed_is_no_verdict(written: Callable[..., Path]) -> None:
    board = scoreboard.Board(written(words=(40,), positions=(5,)))
    assert board.in_words("positions", "text_to_video").endswith("(one seed so far, so no verdict)")


def test_equal_rows_are_open_and_a_worse_one_is_less(written: Callable[..., Path]) -> None:
    board = scoreboard.Board(written(baseline=(9, 9, 9), start=(9, 9, 9), words=(60, 60, 60)))
    assert "no difference that these runs can show" in board.in_words("start", "text_to_video")
    assert "seeds: fewer" in board.in_words("words", "text_to_video")


def test_what_has_not_run_is_said(written: Callable[..., Path], shown: list) -> None:
    path = written(baseline=(9,))
    assert scoreboard.Board(path).in_words("passage", "text_to_video") == "not run yet"
    scoreboard.show_part("passage", path=path)
    assert shown[1].data.count("Not run yet: *words through the video-audio space*.") == 1


def test_no_runs_at_all(written: Callable[..., Path], shown: list) -> None:
    scoreboard.show_part("positions", path=written())
    assert [output.data for output in shown] == ["*The scoreboard has not been run yet.*"]


def test_two_numbers_a_part(written: Callable[..., Path], shown: list) -> None:
    """Windows are in every row, so they have one number; a part that nothing was run of has no line."""
    path = written(words=(40, 41), positions=(5, 6), head_depth=(9, 9), passage=(9, 9), toy=(3, 3),
                   without__positions=(30, 31), without__windows=(3, 3), without__hierarchy=(3, 3))  # fmt: skip
    scoreboard.show_whole(path=path)
    lines = {line.split("|")[1].strip(): [cell.strip() for cell in line.split("|")[2:-1]]
             for line in scoreboard.parts_table(scoreboard.Board(path)).splitlines()}  # fmt: skip
    assert all(cell.startswith("**+") for cell in lines["tokens know where they were"])
    assert lines["four windows of a video"] == ["in every row", f"0.0 [0.0,{SPACE}0.0]"] * 2
    assert lines["all three of the heads"][::2] == ["in three steps"] * 2
    assert lines["words through the video-audio space"][1::2] == ["not run yet"] * 2
    assert lines["four candidate lines, MIL-NCE"][0] == lines["four candidate lines, MIL-NCE"][1]
    assert "two Transformer layers" not in lines
    # In two directions: two comparisons of positions, one each of passage, candidates, windows and all of the heads.
    assert "of the 12 that have an interval here, 0.6." in shown[1].data


def test_columns_without_runs_are_not_shown(written: Callable[..., Path], shown: list) -> None:
    """Nothing was taken out of the toy, and each row has one seed: no second column, no intervals, no verdicts."""
    path = written(passage=(9,), toy=(9,))
    head, _, *lines = scoreboard.parts_table(scoreboard.Board(path)).splitlines()
    assert head.count("added") == 2
    assert "in the finished toy" not in head
    assert lines == ["| four candidate lines, MIL-NCE | 0.0 | 0.0 |"]  # neither +0.0 nor \N{MINUS SIGN}0.0
    scoreboard.show_whole(path=path)
    text = shown[1].data
    assert "One seed each so far, so no intervals and no verdicts." in text
    assert "in the finished toy" not in text
    assert "of the 0" not in text


def test_without_two_rows_to_compare_there_is_no_second_table(written: Callable[..., Path], shown: list) -> None:
    scoreboard.show_whole(path=written(baseline=(9, 9)))
    assert "more of eight" not in shown[1].data
    assert "Bold" not in shown[1].data


def test_zero_has_no_sign(written: Callable[..., Path]) -> None:
    path = written(head_depth=(9,), passage=(9,), toy=(9,))
    whole = json.loads(path.read_text())
    whole["rows"][-1]["ranks"]["test_iid"]["text_to_video"][0] += 1  # a very little worse
    path.write_text(json.dumps(whole))
    board = scoreboard.Board(path)
    change = board.added("candidates", "text_to_video")
    assert change is not None
    assert -0.05 < change.mean < 0
    assert "0.0 of eight" in board.in_words("candidates", "text_to_video")
    assert "\N{MINUS SIGN}" not in board.in_words("candidates", "text_to_video")


def test_branches_are_compared_with_the_toy(written: Callable[..., Path], shown: list) -> None:
    scoreboard.show_part("agnostic", path=written(toy=(3, 3, 3), agnostic=(60, 60, 60)))
    assert "*One encoder for all three*, a sentence finds its clip: against the toy, \N{MINUS SIGN}" in shown[1].data


def test_branches_that_have_not_run_are_named(written: Callable[..., Path], shown: list) -> None:
    """Nothing is lit, so the caption says so; and one sentence names the branches."""
    scoreboard.show_part("agnostic", "unshared", path=written(toy=(3, 3, 3)))
    figure, text = shown
    assert "guessing. The rows of this page have not been run yet." in figure.data
    assert ". ." not in figure.data
    assert "Not run yet: *one encoder for all three*, *its projections, but three encoders*." in text.data
    assert "against the toy" not in text.data


def test_more_time(written: Callable[..., Path], shown: list) -> None:
    """Layers are behind at first, and ahead at the end."""
    path = written(positions=(8, 8, 8), positions__720=(8, 8, 8), positions__1500=(8, 8, 8),
                   layers=(40, 40, 40), layers__720=(8, 9, 8), layers__1500=(1, 1, 1))  # fmt: skip
    scoreboard.show_crossing(path=path)
    sentence = next(line for line in shown[1].data.splitlines() if "a sentence finds its clip" in line)
    early, late = sentence.split("after 720 seconds")[0], sentence.split("after 1,500 seconds")[1]
    assert "seeds: fewer" in early
    assert "seeds: more" in late
    assert "Worse with more time" not in shown[1].data


def test_more_time_can_be_worse(written: Callable[..., Path], shown: list) -> None:
    scoreboard.show_crossing(path=written(positions=(3,), positions__1500=(30,), layers=(9,), layers__1500=(1,)))
    sentence = next(line for line in shown[1].data.splitlines() if line.startswith("Worse with more time"))
    assert "“tokens know where they were”, a sentence finds its clip: " in sentence
    assert "(seeds: 1)" in sentence
    assert "layers" not in sentence


def test_more_time_that_has_not_been_given(written: Callable[..., Path], shown: list) -> None:
    scoreboard.show_crossing(path=written(positions=(8, 8), layers=(9, 9)))
    assert [output.data for output in shown] == ["*Rows with more time: not run yet.*"]


def test_rows_with_one_budget_are_not_drawn(written: Callable[..., Path], shown: list) -> None:
    """The baseline has no longer run, so it has no curve; and nothing is said of layers, which have none either."""
    scoreboard.show_crossing(path=written(baseline=(8,), positions=(8,), positions__720=(5,)))
    figure, text = shown
    assert "tokens know where they were, a sentence finds its clip: " in figure.data
    assert "after 720 s" in figure.data
    assert "1,500" not in figure.data
    assert "baseline" not in figure.data
    assert "against none" not in text.data


def test_equal_recipes(written: Callable[..., Path]) -> None:
    """Ten runs of the toy: five of its own seeds, five under another name."""
    assert scoreboard.Board(written(toy=(9,) * 5)).aa("text_to_video") == (0, 0)
    path = written(toy=(9,) * 5)
    whole = json.loads(path.read_text())
    whole["rows"] += [run("toy again", seed, 9) for seed in range(5, 10)]
    path.write_text(json.dumps(whole))
    wrong, splits = scoreboard.Board(path).aa("text_to_video")
    assert splits == 126
    assert 0 <= wrong < splits / 2


def test_tokens_follow_droptoken() -> None:
    """Half of 196 and of 200 patches are kept; the toy has four lines of 16 words."""
    assert scoreboard.tokens(rows()["droptoken"].config) == 98 + 100 + 16
    assert scoreboard.tokens(rows()["toy"].config) == 98 + 100 + 64


def test_results_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="vatt experiment scoreboard makes it"):
        scoreboard.Board(tmp_path / "scoreboard.json")


def difference(low: float, high: float, seeds: int = 3) -> Difference:
    return Difference((low + high) / 2, low, high, seeds)


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(-0.24, 0.36, "[-0.2, +0.4]"), (-0.24, -0.04, "[-0.24, -0.04]"), (-0.51, 0.042, "[-0.51, +0.04]"),
     (0.0004, 0.3, "[0.000, +0.300]"), (0.0, 0.0, "[0.0, 0.0]")],
)  # fmt: skip
def test_an_interval_shows_on_which_side_of_zero_its_ends_lie(low: float, high: float, text: str) -> None:
    assert interval(difference(low, high)) == text.replace("-", "\N{MINUS SIGN}")


def test_two_seeds_give_no_plain_verdict() -> None:
    assert change_in_words(difference(0.2, 0.4)).endswith("3 seeds: more")
    assert change_in_words(difference(0.2, 0.4, 2)).endswith("2 seeds: more, as far as so few seeds can say")
    assert change_in_words(difference(-0.2, 0.4, 2)).endswith("no difference that these runs can show")


def test_every_page_says_what_of_eight_is(written: Callable[..., Path], shown: list) -> None:
    scoreboard.show_part("positions", path=written(positions=(5,)))
    assert shown[1].data.count("its own and seven others") == 1
