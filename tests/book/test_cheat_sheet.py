"""The cheat sheet says what the package does: its formulas, its commands, its sizes."""

import ast
import contextlib
import io
import math
import re

import pytest
import torch

import vatt_edu as vatt
from tools import audit
from vatt_edu import cli, cost
from vatt_edu.config import PRESETS, EncoderConfig, preset
from vatt_edu.droptoken import keep_count
from vatt_edu.teach.appendix import sheet

SPEED_RUN = ("toy_steep", "toy_fast")
"""Presets that have a page of their own."""
PAGE = next(chapter for chapter in audit.chapters() if chapter.name == "cheat_sheet")
LINES = re.search(r"```text\n(.*?)```", PAGE.prose, re.DOTALL)[1].splitlines()


def test_every_command_is_there_once() -> None:
    words = [line.split()[1:] for line in LINES]
    commands = [next(command for command in cli.COMMANDS if tuple(line[: len(command)]) == command) for line in words]
    assert sorted(commands) == sorted(cli.COMMANDS)


@pytest.mark.parametrize("line", LINES)
def test_options_are_those_of_the_command(line: str) -> None:
    """Those that are named exist, and those that are required are named."""
    words = line.split()[1:]
    command = next(command for command in cli.COMMANDS if tuple(words[: len(command)]) == command)
    if cli.COMMANDS[command].own_parser:
        assert command == ("pretrain",)
        command = ("pretrain", "toy")
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):
        cli.main([*command, "--help"])
    text = out.getvalue()
    named = {word for word in words if word.startswith("--")}
    assert all(re.search(rf"{option}\b", text) for option in named)
    blocks = re.split(r"\n│ (?=\S)", text)
    required = {block.split()[0] for block in blocks if "(required)" in block and block.startswith("--")}
    assert required <= named


def test_kept_tokens_by_the_formula() -> None:
    for keep in (0.01, 0.25, 0.5, 0.99, 1.0):
        for tokens in (1, 7, 196, 1568):
            assert keep_count(keep, tokens) == max(math.floor(keep * tokens), 1)


def test_flops_of_a_layer_by_the_formula() -> None:
    """Two FLOPs a multiplication: 24 D² N of the dense layers, 4 D N² of both products of attention."""
    for width, tokens in ((128, 98), (768, 1568)):
        config = EncoderConfig(layers=1, width=width, ff_width=4 * width, heads=width // 32, head_width=32)
        flops = cost.encoder_flops(config, tokens)
        assert flops.both_products == 24 * width**2 * tokens + 4 * width * tokens**2


def test_code_of_the_sheet_runs(root) -> None:
    source = re.search(r"```python\n(.*?)```", PAGE.prose, re.DOTALL)[1]
    path = sorted((root / "data_samples").rglob("*.mp4"))[0]
    clip, size = vatt.config.toy().clip, 2
    yes = torch.ones(size, dtype=torch.bool)
    text = torch.ones(size, clip.candidates, clip.words, dtype=torch.int64)
    video = torch.zeros(size, clip.frames, clip.height, clip.width, 3, dtype=torch.uint8)
    audio = torch.zeros(size, clip.samples)
    batch = vatt.Batch(video, audio, text, yes, yes, yes, torch.arange(size), text[..., 0])
    names = {"vatt": vatt, "path": path, "batch": batch}
    *lines, last = ast.parse(source).body
    exec(compile(ast.Module(lines, []), "sheet", "exec"), names)
    assert names["embeddings"].video_va.shape == (2, 128)
    total = eval(compile(ast.Expression(last.value), "sheet", "eval"), names).total
    assert torch.isfinite(total)


def test_sizes_by_hand() -> None:
    paper, toy = (sheet.sizes(preset(name)) for name in sheet.SHOWN)
    assert paper["tokens of video", "B N P → B K D"] == "1,568 → 784, 1,024 wide"  # 8 x 14 x 14, half of them
    assert paper["tokens of sound", "B N P → B K D"] == "1,200 → 600, 768 wide"  # 153,600 samples of 128
    assert paper["positions", "times + rows + columns"] == "8 + 14 + 14"
    assert toy["video, bytes", "B T H W 3"] == "16 × 56 × 56 × 3"
    assert list(paper) == list(toy)


def test_every_preset_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    texts: list[str] = []
    monkeypatch.setattr("IPython.display.display", lambda markdown: texts.append(markdown.data))
    sheet.show_presets()
    sheet.show_shapes()
    assert re.findall(r"^\| `(\w+)` \|", texts[0], re.MULTILINE) == [name for name in PRESETS if name not in SPEED_RUN]
    assert "1,568 → 784" in texts[1]
