"""What follows from sizes alone: tokens, parameters, FLOPs, floors of losses; beside what the paper says.

Each public function gives one pair of sentences, in English and in Korean. Numbers of the paper that ours are compared
with stand in ``PAPER``, with their tables.
"""

import math
from pathlib import Path
from typing import Any

import torch

from vatt_edu import cost
from vatt_edu.batch import Batch, Embeddings
from vatt_edu.config import LossConfig, OptimConfig, VideoConfig, preset
from vatt_edu.files import read_json
from vatt_edu.finetuning.metrics import d_prime
from vatt_edu.losses import vatt_loss
from vatt_edu.teach.appendix.chapters import Pair
from vatt_edu.training.schedule import learning_rate

RESULTS = Path(__file__).resolve().parents[3] / "results"

PAPER: dict[str, dict[Any, float]] = {
    "table 1, TFLOPs": {"base_base_small": 9.09, "medium_base_small": 15.02, "large_base_small": 29.80},
    "table 5, GFLOPs": {1.0: 784.8, 0.75: 574.2, 0.5: 375.4, 0.25: 188.1},
    "table 6, GFLOPs": {
        (32, 224, 1.0): 548.1, (64, 224, 1.0): 1222.1, (32, 320, 1.0): 1252.3,
        (32, 320, 0.75): 898.9, (32, 320, 0.5): 572.5, (32, 320, 0.25): 279.8,
    },
    "table 7, millions": {"base_base_small": 87.9, "medium_base_small": 155.0, "large_base_small": 306.1},
    "small, millions": {"small": 20.9},
    "together, millions": {"base_base_small": 197, "medium_base_small": 264, "large_base_small": 415},
}  # fmt: skip


def patches() -> Pair:
    """How large a patch of each signal is."""
    model = preset("medium_base_small").model
    video, audio = math.prod(model.video.patch_shape), model.audio.patch
    return Pair(
        f"{video:,} numbers of a tubelet and {audio} of a segment enter one matrix each; exact against a convolution "
        "with equal kernel and stride.",
        f"튜블릿 하나의 {video:,}개 값과 구간 하나의 {audio}개 값이 각각 하나의 행렬을 거친다. 커널과 "
        f"스트라이드가 같은 "
        "합성곱과 정확히 일치한다.",
    )


def tokens() -> Pair:
    """Tokens of a clip, at the paper's size and in the toy."""
    counts = {}
    for name in ("medium_base_small", "toy"):
        model = preset(name).model
        counts[name] = (math.prod(model.video.grid), math.prod(model.audio.grid), model.text.words)
    (v, a, t), (tv, ta, tt) = counts.values()
    return Pair(
        f"{v:,} tokens of video, {a:,} of audio and {t} words; in our toy {tv}, {ta} and {tt}.",
        f"비디오 토큰 {v:,}개, 오디오 토큰 {a:,}개, 단어 {t}개이다. 토이 모델에서는 {tv}개, {ta}개, {tt}개이다.",
    )


def position_rows(pixels: int = 224) -> Pair:
    """Rows of the position tables."""
    grid = VideoConfig(32, pixels, pixels).grid
    rows, places = sum(grid), math.prod(grid)
    return Pair(
        f"{rows} rows for {places:,} places, {places / rows:.0f} times fewer.",
        f"{places:,}개 위치에 {rows}행이며, {places / rows:.0f}분의 1 수준이다.",
    )


def position_rows_320() -> Pair:
    """The same at the size of fine-tuning."""
    return position_rows(320)


def table_5() -> Pair:
    """GFLOPs of a multimodal pass."""
    config, paper = preset("medium_base_small"), PAPER["table 5, GFLOPs"]
    totals = {keep: cost.flops(config.model, config.data.candidates, keep)["total"] for keep in paper}
    return _counted({keep: total.one_product / 1e9 for keep, total in totals.items()},
                    {keep: total.both_products / 1e9 for keep, total in totals.items()}, paper)  # fmt: skip


def table_6() -> Pair:
    """GFLOPs of the video model."""
    encoder, paper = preset("medium_base_small").model.video.encoder, PAPER["table 6, GFLOPs"]
    flops = {
        (frames, pixels, keep): cost.tower_flops(VideoConfig(frames, pixels, pixels, encoder=encoder), keep)
        for frames, pixels, keep in paper
    }
    return _counted({key: value.one_product / 1e9 for key, value in flops.items()},
                    {key: value.both_products / 1e9 for key, value in flops.items()}, paper)  # fmt: skip


def table_1() -> Pair:
    """TFLOPs of inference with twelve views."""
    paper = PAPER["table 1, TFLOPs"]
    flops = {
        name: cost.tower_flops(VideoConfig(32, 320, 320, encoder=preset(name).model.video.encoder)) * 12
        for name in paper
    }
    return _counted({key: value.one_product / 1e12 for key, value in flops.items()},
                    {key: value.both_products / 1e12 for key, value in flops.items()}, paper)  # fmt: skip


def _counted(one: dict[Any, float], both: dict[Any, float], paper: dict[Any, float]) -> Pair:
    excess = [100 * (both[key] / paper[key] - 1) for key in paper]
    return Pair(
        f"Within {_deviation(one, paper):.1f}% if one of attention's two products is counted; counting both gives "
        f"{min(excess):.0f} to {max(excess):.0f}% more than the table.",
        f"어텐션의 두 행렬곱 중 하나만 세면 오차가 {_deviation(one, paper):.1f}% 이내이다. 둘 다 세면 표보다 "
        f"{min(excess):.0f}–{max(excess):.0f}% 많다.",
    )


def _deviation(ours: dict[Any, float], paper: dict[Any, float]) -> float:
    """The largest relative deviation from the paper, in per cent."""
    return max(100 * abs(ours[key] / paper[key] - 1) for key in paper)


def saving() -> Pair:
    """FLOPs and seconds saved by dropping half."""
    encoder = preset("medium_base_small").model.video.encoder
    whole, half, quarter = (
        cost.tower_flops(VideoConfig(encoder=encoder), keep).both_products for keep in (1.0, 0.5, 0.25)
    )
    rows = {row["keep"]: row for row in read_json(RESULTS / "benchmark_droptoken.json")["rows"]}
    return Pair(
        f"Medium at 1,568 tokens: {whole / half:.2f} times fewer FLOPs with half of the tokens, {whole / quarter:.2f} "
        f"with a quarter. More than in proportion, and far from the 4 and 16 of a square. Measured on a CPU, with "
        f"three layers: a training step with half is {rows[0.5]['speedup']:.2f} times as fast.",
        f"토큰 1,568개의 Medium에서 절반이면 연산량이 {whole / half:.2f}분의 1, 4분의 1이면 "
        f"{whole / quarter:.2f}분의 1이 된다. "
        f"선형 비례보다는 많이 줄지만 제곱 비례(4분의 1, 16분의 1)에는 크게 못 미친다. "
        f"CPU에서 세 층으로 측정하면 절반일 때 학습 스텝이 {rows[0.5]['speedup']:.2f}배 빠르다.",
    )


def _millions(name: str) -> tuple[float, float, float]:
    """Video, audio and text towers, the table of words left out as in the paper's count."""
    counts = cost.parameters(preset(name).model)
    text = counts["text"]["total"] - counts["text"]["words"]
    return counts["video"]["total"] / 1e6, counts["audio"]["total"] / 1e6, text / 1e6


def sizes() -> Pair:
    """Parameters of towers."""
    paper = PAPER["table 7, millions"]
    worst = _deviation({name: _millions(name)[0] for name in paper}, paper)
    small, paper_count = _millions("base_base_small")[2], PAPER["small, millions"]["small"]
    return Pair(
        f"Base, Medium and Large: within {worst:.1f}%. Small: {small:.1f} million, {paper_count - small:.1f} "
        f"million fewer "
        "than the table says, which we cannot explain.",
        f"Base, Medium, Large의 오차는 {worst:.1f}% 이내이다. Small은 {100 * small:,.0f}만 개로 표보다 "
        f"{100 * (paper_count - small):,.0f}만 개 적으며, 그 이유는 설명하지 못했다.",
    )


def sums() -> Pair:
    """Parameters of whole models."""
    paper = PAPER["together, millions"]
    ours = {name: sum(_millions(name)) for name in paper}
    return Pair(
        "Three towers without the table of words: "
        + ", ".join(f"{ours[name]:.1f} for {paper[name]:.0f}" for name in paper)
        + " million; what is missing is about what Small lacks, and audio's Base counted as video's.",
        "단어 테이블을 제외한 세 타워의 합(백만): "
        + ", ".join(f"{ours[name]:.1f}(논문 {paper[name]:.0f})" for name in paper)
        + ". 차이는 대체로 Small의 부족분과, 오디오 Base의 크기를 비디오 Base와 같게 계산한 데서 비롯된다.",
    )


def shared() -> Pair:
    """What sharing saves."""
    three, one = (cost.parameters(preset(name).model)["trained"] / 1e6 for name in ("toy", "toy_agnostic"))
    return Pair(
        f"The toy has {three:.2f} million trained parameters with three encoders, {one:.2f} million with one.",
        f"토이 모델의 학습 파라미터는 인코더가 셋일 때 {100 * three:,.0f}만 개, 하나일 때 {100 * one:,.0f}만 개이다.",
    )


def floors() -> Pair:
    """The least value of the printed and of the released form, and what a model has that knows nothing."""
    clips = 8
    eye, same = torch.eye(clips), torch.ones(clips, clips)
    yes = torch.ones(clips, dtype=torch.bool)
    batch = Batch(torch.zeros(clips, 1, 1, 1, 3), torch.zeros(clips, 1), torch.ones(clips, 1, 1, dtype=torch.int64),
                  yes, yes, yes, torch.arange(clips), torch.arange(clips)[:, None])  # fmt: skip

    def nce(x: torch.Tensor, form: Any) -> float:
        return float(vatt_loss(Embeddings(x, x, x, x[:, None]), batch, LossConfig(form)).nce)

    printed, released = nce(eye, "paper"), nce(eye, "asymmetric")
    ignorant = nce(same, "paper"), nce(same, "asymmetric")
    return Pair(
        f"As printed, perfect embeddings reach {abs(printed):.3f}. The released form counts the positive twice and "
        f"stops at {released:.3f}. A model that knows nothing has {ignorant[0]:.3f} and {ignorant[1]:.3f} in a batch "
        f"of {clips}.",
        f"식 그대로 구현하면 완벽한 임베딩의 손실은 {abs(printed):.3f}이다. 공개 코드는 양성을 두 번 세므로 "
        f"{released:.3f} 아래로 "
        f"내려가지 않는다. 아무것도 학습하지 않은 모델의 손실은 배치 크기 {clips}에서 각각 {ignorant[0]:.3f}, "
        f"{ignorant[1]:.3f}이다.",
    )


def schedule() -> Pair:
    """Rates at the ends and in the middle of a run of the paper's length."""
    printed = OptimConfig(lr=1e-4, final_lr=5e-5, warmup_steps=10_000, schedule="quarter_cosine")
    steps = 500_000
    middle = (printed.warmup_steps + steps) // 2
    rates = {
        name: learning_rate(middle, config, steps)
        for name, config in (("quarter", printed), ("half", OptimConfig(lr=1e-4, final_lr=5e-5, warmup_steps=10_000)))
    }
    return Pair(
        f"Half way the quarter period has {rates['quarter']:.2e}, the half period of the released code "
        f"{rates['half']:.2e}.",
        f"중간 지점의 학습률은 4분의 1주기에서 {rates['quarter']:.2e}, 공개 코드의 반주기에서 {rates['half']:.2e}이다.",
    )


def d_prime_of_mean() -> Pair:
    """What the mean AUC of Table 2 would give."""
    value = d_prime(0.971)
    return Pair(
        f"The mean AUC of the table alone would give {value:.2f}; the released code averages d′ over the classes, and "
        "so do we.",
        f"표의 평균 AUC만으로는 {value:.2f}이 된다. 공개 코드는 클래스별 d′를 평균하며 본 구현도 같다.",
    )
