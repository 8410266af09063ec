"""What we measured of each claim of the paper, in English and in Korean, computed when the page is made.

Each public function gives one pair of sentences, from the files in ``results/``; what follows from sizes alone stands
in ``counts``.
"""

import statistics
from collections.abc import Callable
from typing import Any

from vatt_edu.experiments.verdict import Difference
from vatt_edu.files import read_json
from vatt_edu.teach.appendix import counts
from vatt_edu.teach.appendix.chapters import Pair
from vatt_edu.teach.appendix.counts import RESULTS
from vatt_edu.teach.board import SPLIT, WORDS, Board, interval, signed

VERDICTS_KO = {"more": "향상", "less": "하락", "open": "이 실험들로는 차이를 판정할 수 없음"}


def _results(name: str) -> Any:
    return read_json(RESULTS / f"{name}.json")


def _percents(name: str, label: str, direction: str, split: str = SPLIT) -> list[float]:
    """R@5 in per cent of each seed of an experiment's arm."""
    return [100 * row["metrics"][split][direction]["R@5"] for row in _results(name)["rows"] if row["label"] == label]


def _seeds(count: int) -> Pair:
    return Pair("one seed", "시드 1개") if count == 1 else Pair(f"median of {count} seeds", f"시드 {count}개의 중앙값")


def waveform() -> Pair:
    """R@5 of both inputs."""
    return _two("log_mel", ("waveform", "the waveform", "원시 파형"), ("log_mel", "the log-mel spectrogram", "로그 멜"))


def agnostic() -> Pair:
    """R@5 of both backbones at equal steps."""
    return _two(
        "agnostic", ("toy", "three encoders", "모달리티별"), ("toy_agnostic", "a shared one", "모달리티 비의존")
    )


def _two(name: str, one: tuple[str, str, str], other: tuple[str, str, str]) -> Pair:
    """Two arms of an experiment, in both directions that are trained."""
    values = {
        label: [_percents(name, label, direction) for direction in ("text_to_video", "video_to_audio")]
        for label in (one[0], other[0])
    }
    seeds = _seeds(len(values[one[0]][0]))
    (a, b), (c, d) = ([statistics.median(runs) for runs in values[arm[0]]] for arm in (one, other))
    return Pair(
        f"In the toy, R@5 in % ({seeds.en}): text to video {a:.1f} with {one[1]}, {c:.1f} with {other[1]}; video to "
        f"audio {b:.1f} and {d:.1f}.",
        f"토이 모델의 R@5({seeds.ko}): 텍스트→비디오 {one[2]} {a:.1f}%, {other[2]} {c:.1f}%. 비디오→오디오는 각각 "
        f"{b:.1f}%, {d:.1f}%이다.",
    )


def positions() -> Pair:
    """The scoreboard on positions."""
    return _part("positions")


def droptoken() -> Pair:
    """The scoreboard on DropToken, at equal seconds."""
    return _part("droptoken")


def passage() -> Pair:
    """The scoreboard on the way of video to text through the space of sound."""
    return _part("passage")


def candidates() -> Pair:
    """The scoreboard on several candidate lines."""
    return _part("candidates")


def _part(name: str) -> Pair:
    """What a part did when it came, of eight, at equal seconds of one core."""
    board = Board(RESULTS / "scoreboard.json")
    changes = [board.added(name, direction) for direction in ("text_to_video", "video_to_audio")]
    if None in changes:
        return Pair("Not run yet.", "아직 실행하지 않았다.")
    (text, sound) = changes
    assert text is not None
    assert sound is not None
    return Pair(
        f"Added to our toy at equal seconds, right answers of eight: sentence to clip {_en(text)}; clip to sound "
        f"{_en(sound)}.",
        f"동일한 계산 시간 조건에서 토이 모델에 추가했을 때의 변화(8문항 중 정답 수): 문장→클립 {_ko(text)}, "
        f"클립→소리 {_ko(sound)}.",
    )


def _en(change: Difference) -> str:
    if change.seeds < 2:
        return f"{signed(change.mean)} (one seed, so no verdict)"
    return f"{signed(change.mean)} {interval(change)}, {WORDS[change.verdict]}"


def _ko(change: Difference) -> str:
    if change.seeds < 2:
        return f"{signed(change.mean)}(시드 1개이므로 판정 보류)"
    return f"{signed(change.mean)} {interval(change)}, {VERDICTS_KO[change.verdict]}"


def parity() -> Pair:
    """How near the official numbers ours are."""
    rows = _results("parity")["rows"]
    count, worst = sum(row["comparisons"] for row in rows), max(row["worst_share_of_bound"] for row in rows)
    return Pair(
        f"{count} comparisons with outputs and gradients of the released code; the worst uses {100 * worst:.0f}% of "
        "its bound.",
        f"공개 코드의 출력 및 기울기와 {count}건을 비교했으며, 가장 큰 차이도 허용 오차의 {100 * worst:.0f}%이다.",
    )


def agg() -> Pair:
    """What AGG reaches against mean and maximum, in the toy and among the released choices, one seed."""
    rows = {row["label"]: row for row in _results("departures")["rows"]}
    names = ("toy-without-pooling", "toy", "toy_plain", "plain-with-pooling")
    a, b, c, d = (100 * rows[name]["metrics"][SPLIT]["text_to_video"]["R@5"] for name in names)
    steps = rows["toy"]["steps"]
    return Pair(
        f"R@5 of text to video after {steps} steps, one seed, AGG against mean and maximum: {a:.1f}% and {b:.1f}% with "
        f"the toy's other choices, {c:.1f}% and {d:.1f}% with the released ones. Our toy departs here.",
        f"{steps}스텝 후 텍스트→비디오 R@5(시드 1개), AGG와 평균·최댓값의 합: 토이 모델의 나머지 설정에서는 {a:.1f}%와 "
        f"{b:.1f}%, 공개 코드의 설정에서는 {c:.1f}%와 {d:.1f}%이다. 토이 모델은 AGG를 쓰지 않는다.",
    )


def alignment() -> Pair:
    """How often a clip's own item is more similar than another one, of all such comparisons, from stored ranks."""
    board = Board(RESULTS / "scoreboard.json")
    shares = []
    for direction in ("text_to_video", "video_to_audio"):
        runs = board.ranks("toy", direction).values()
        shares.append(statistics.median(
            100 * statistics.fmean((len(ranks) - rank) / (len(ranks) - 1) for rank in ranks) for ranks in runs
        ))  # fmt: skip
    seeds = _seeds(len(board.runs["toy"]))
    return Pair(
        f"In the output space of the toy a right pair is more similar than a wrong one in {shares[0]:.1f}% of all "
        f"comparisons for text, {shares[1]:.1f}% for sound; guessing gives half ({seeds.en}).",
        f"토이 모델의 출력 공간에서 올바른 쌍이 잘못된 쌍보다 유사한 비율은 텍스트 {shares[0]:.1f}%, 소리 "
        f"{shares[1]:.1f}%이다. "
        f"무작위 추측은 절반이다({seeds.ko}).",
    )


def toy() -> Pair:
    """R@5 of the toy, and of the model as released at toy size."""
    long, plain = (
        [_percents(name, label, direction) for direction in ("text_to_video", "video_to_audio")]
        for name, label in (("toy", "toy_long"), ("plain", "toy_plain"))
    )
    seeds = _seeds(len(long[0]))
    (a, b), (c, d) = ([statistics.median(runs) for runs in values] for values in (long, plain))
    items = len(next(iter(Board(RESULTS / "scoreboard.json").ranks("toy", "text_to_video").values())))
    return Pair(
        f"On MiniTube, of {items} clips: R@5 of text to video {a:.1f}%, of video to audio {b:.1f}% ({seeds.en}); "
        f"guessing gives {500 / items:.1f}%. With the released choices and more steps: {c:.1f} and {d:.1f}% (one "
        "seed). The narrator of MiniTube names what is seen, so words are weak labels there.",
        f"MiniTube의 클립 {items}개에서 R@5는 텍스트→비디오 {a:.1f}%, 비디오→오디오 {b:.1f}%이다"
        f"({seeds.ko}). 무작위 추측은 "
        f"{500 / items:.1f}%이다. 공개 코드의 설정으로 더 오래 학습하면 {c:.1f}%, {d:.1f}%이다(시드 1개). "
        f"MiniTube의 내레이션은 "
        "화면에 보이는 것을 설명하므로 약한 레이블에 가깝다.",
    )


MEASURES: dict[str, Callable[[], Pair]] = {
    measure.__name__: measure
    for measure in (
        counts.patches, counts.tokens, counts.position_rows, counts.position_rows_320, counts.table_5, counts.table_6,
        counts.table_1, counts.saving, counts.sizes, counts.sums, counts.shared, counts.floors, counts.schedule,
        counts.d_prime_of_mean, waveform, agnostic, positions, droptoken, passage, candidates, parity, agg, alignment,
        toy,
    )
}  # fmt: skip
"""By the name that ``claims.toml`` uses."""
