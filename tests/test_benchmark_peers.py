"""The benchmark beside public programs: equal work is proved before a clock starts, and what is not there is named."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from peer_models import PACKAGES, PEERS, Naive, absent, copy_weights, import_media, scatter
from peers import EQUAL, Args, compare, interval, main

from vatt_edu.model import video_tower

TINY = Args(layers=2, width=128, frames=8, size=32, clips=2, rounds=2, threads=1, compiled=False)


def tower() -> torch.nn.Module:
    torch.manual_seed(1)
    own = video_tower(TINY.video).eval()
    scatter(own)
    return own


def test_the_naive_port_masks_and_we_drop_and_both_return_the_same() -> None:
    own = tower()
    naive = Naive(own, TINY.video)
    copy_weights(naive, own)
    clip = torch.randint(0, 256, (2, 8, 32, 32, 3), dtype=torch.uint8)
    floats = (clip * (2 / 255) - 1).permute(0, 4, 1, 2, 3)
    for kept in (None, torch.tensor([6, 1, 3, 4])):
        with torch.no_grad():
            # Rounding of float32, of states that a LayerNorm leaves near 1.
            torch.testing.assert_close(naive(floats, kept), own(clip, kept)[0], rtol=0, atol=EQUAL)
    with torch.no_grad():
        assert (naive(floats, None) - naive(floats, torch.tensor([6, 1, 3, 4]))).abs().max() > 100 * EQUAL


@pytest.mark.parametrize("name", [name for name in PEERS if name not in absent()])
def test_every_peer_that_is_here_does_our_work(name: str) -> None:
    if name in PACKAGES:
        import_media()
    own = tower()
    rows = compare({name: PEERS[name](own, TINY.video).eval()}, own, TINY.video)
    assert rows[name]["apart"] <= EQUAL
    assert rows[name]["flops"] == 1


def test_other_work_is_refused() -> None:
    own = tower()
    shallow = Naive(own, TINY.video)
    for layer in shallow.layers:
        layer["norm_2"].register_forward_hook(lambda module, inputs, output: 0.5 * output)
    with pytest.raises(SystemExit, match="naive does other work than ours"):
        compare({"naive": shallow}, own, TINY.video)


def test_an_interval_covers_the_ratio_it_was_drawn_from() -> None:
    """Medians of 40 rounds whose true ratio is 1.3, on a machine that is slow at times: 95 % of 60 trials, and some."""
    random, inside, widths = np.random.default_rng(2), 0, []
    for _ in range(60):
        slow = random.lognormal(0, 0.3, 40)
        peer, ours = (slow * random.lognormal(0, 0.05, 40) * scale for scale in (1.3, 1.0))
        low, high = interval(peer, ours)
        inside += low <= 1.3 <= high
        widths.append(high - low)
    assert inside >= 51  # of 60 with 95 %, fewer than 51 come in one of 1,000 trials
    assert np.mean(widths) < 0.3  # the slowness that both share is not in it: medians of 30 % spread alone give 0.4
    assert interval(ours, ours) == (1, 1)


def test_a_twin_of_the_benchmark_runs_and_names_what_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    threads, products = torch.get_num_threads(), torch.backends.mkldnn.matmul.fp32_precision
    try:
        rows = main(Args(**{**vars(TINY), "out": tmp_path / "peers.json"}))
    finally:
        torch.set_num_threads(threads)
    assert torch.backends.mkldnn.matmul.fp32_precision == products
    record, shown = json.loads((tmp_path / "peers.json").read_text()), capsys.readouterr().out
    assert {"command", "seeds", "machine", "versions", "commit", "rows", "equal", "left_out"} <= set(record)
    assert record["rows"] == rows
    here = [name for name in PEERS if name not in absent()]
    assert {(row["name"], row["keep"]) for row in rows} == (
        {(name, keep) for name in ("ours", *here) for keep in (1.0, 0.5)} - {("naive", 1.0)}
    )
    assert all(len(row["seconds"]) == TINY.rounds and row["low"] <= row["ratio"] <= row["high"] for row in rows)
    assert set(record["left_out"]) == {*absent(), "compiled"}
    for name in absent():
        assert f"left out: {name}, since {PACKAGES[name]} is not installed" in shown
    for name in set(here) & set(PACKAGES):
        assert PACKAGES[name] in record["versions"]


def test_a_package_that_is_missing_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "timm" else object())
    assert absent() == ["timm"]
