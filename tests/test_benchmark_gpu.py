"""benchmarks/gpu_targets.py, tiny and on the CPU: each line is measured, and judged by its own bound."""

import json
import math
from pathlib import Path

import pytest
import torch
from gpu_targets import TARGETS, Args, main


def test_every_line_runs_without_a_gpu(tmp_path: Path) -> None:
    threads = torch.get_num_threads()
    try:
        rows = main(Args(device="cpu", tiny=True, rounds=1, out=tmp_path / "gpu" / "targets.json"))
    finally:
        torch.set_num_threads(threads)
    record = json.loads((tmp_path / "gpu" / "targets.json").read_text())
    assert {"command", "seeds", "machine", "versions", "commit", "rows", "settings"} <= set(record)
    assert record["rows"] == json.loads(json.dumps(rows))
    lines = {row["line"]: row for row in rows}
    assert set(lines) == set(TARGETS)
    measured = {name: row for name, row in lines.items() if row["value"] is not None}
    assert set(TARGETS) - set(measured) <= {"videomae", "videomae compiled"}  # where transformers is not installed
    for name, row in measured.items():
        bound, at_least = TARGETS[name]
        assert math.isfinite(row["value"])
        assert row["holds"] == (row["value"] >= bound if at_least else row["value"] <= bound)
    assert lines["two ranks"]["value"] <= TARGETS["two ranks"].bound  # holds wherever it runs
    assert lines["large batch"]["clips"] > lines["large batch"]["micro_batch"]
    # The share of the peak: useful FLOPs of the step over its seconds, and half of the tokens need fewer of both.
    flops, seconds = lines["mfu"]["flops"], lines["mfu"]["seconds"]
    assert lines["mfu"]["value"] == pytest.approx(flops["1.0"] / seconds["1.0"] / lines["mfu"]["peak"])
    assert flops["0.5"] < flops["1.0"]
    saved = (1 - seconds["0.5"] / seconds["1.0"]) / (1 - flops["0.5"] / flops["1.0"])
    assert lines["half"]["value"] == pytest.approx(saved)
    spread = max(lines["bf16"]["fp32"]) - min(lines["bf16"]["fp32"])
    assert lines["bf16"]["value"] == pytest.approx(abs(lines["bf16"]["bf16"] - lines["bf16"]["fp32"][0]) / spread)


def test_without_a_gpu_a_line_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit, match="no GPU here: --tiny --device cpu"):
        main(Args(out=tmp_path / "targets.json"))
    assert not list(tmp_path.iterdir())
