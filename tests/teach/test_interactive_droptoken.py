"""The live figure of *DropToken* with a kernel: a changed slider changes what the package counts."""

import numpy as np
import pytest

from vatt_edu import cost
from vatt_edu.config import EncoderConfig, base_base_small
from vatt_edu.teach.interactive.attention_share import SIZES, AttentionShare, layer
from vatt_edu.teach.interactive.base import HERE


def test_the_module_is_whole_and_small() -> None:
    module = AttentionShare._esm
    text = str(getattr(module, "_contents", module))
    assert text.startswith((HERE / "layer.js").read_text()[:40])
    assert text.rstrip().endswith("export default { render };")
    assert len(text) < 20_000


def test_sliders_change_what_is_counted() -> None:
    figure = AttentionShare()
    before = (figure.share, figure.linear, figure.products, figure.speedup)
    figure.set_state({"tokens": 100_000, "width": 4_096, "keep": 0.25})
    assert figure.share == pytest.approx(100_001 / (6 * 4_096 + 100_001))
    n = np.array([100_001, 25_001])
    work = 6 * 4_096 * n + n**2
    assert figure.linear + figure.products == pytest.approx(work[1] / work[0])
    assert figure.speedup == pytest.approx(work[0] / work[1])
    assert all(
        a != b for a, b in zip(before, (figure.share, figure.linear, figure.products, figure.speedup), strict=True)
    )


def test_nothing_dropped_is_all_of_the_work() -> None:
    figure = AttentionShare(keep=1.0)
    assert figure.linear + figure.products == pytest.approx(1)
    assert figure.speedup == pytest.approx(1)


@pytest.mark.parametrize(("name", "tokens", "width"), SIZES)
def test_the_share_does_not_depend_on_heads(name: str, tokens: int, width: int) -> None:
    heads = EncoderConfig(layers=3, width=width, ff_width=4 * width, heads=width // 32, head_width=32)
    counted = cost.encoder_flops(heads, tokens + 1)
    assert layer(tokens, width).share == pytest.approx(2 * counted.product / counted.both_products)


def test_base_video_is_the_preset() -> None:
    video = base_base_small().model.video
    _, tokens, width = SIZES[1]
    assert (int(np.prod(video.grid)), video.encoder.width) == (tokens, width)
