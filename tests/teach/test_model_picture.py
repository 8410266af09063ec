"""The picture of the model: its numbers are those of a model that runs, its parts those of the book."""

import json
import math
import re
from xml.etree import ElementTree

import pytest
import torch

import vatt_edu as vatt
from vatt_edu.droptoken import keep_indices
from vatt_edu.teach import interactive
from vatt_edu.teach.interactive import model_drawing, model_facts
from vatt_edu.teach.interactive.base import HERE
from vatt_edu.teach.interactive.model_facts import LIT, PARTS, SIZES, Facts, amount, labels, sentences
from vatt_edu.teach.interactive.model_picture import ModelPicture, still

SVG = "{http://www.w3.org/2000/svg}"


def svg(written: dict[str, str], tall: bool = False, alt: str = "") -> ElementTree.Element:
    text = model_drawing.drawing(written, ("tokens",), tall, alt)
    whole = text.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1).replace(" data-lit", ' data-lit=""')
    return ElementTree.fromstring(whole)


def test_numbers_are_those_of_a_model_that_runs() -> None:
    config = vatt.config.toy()
    net, clip = vatt.VATT(config.model), config.clip
    facts = Facts.of(config)
    index = torch.arange(2)
    kept = net.draw_kept(index, 0, 0)
    shapes: dict[str, tuple[int, ...]] = {}
    for name in ("video", "audio", "text"):
        tower = getattr(net, name)
        tower.encoder.register_forward_hook(
            lambda _, inputs, __, name=name: shapes.__setitem__(name, tuple(inputs[0].shape[1:]))
        )
        assert len(tower.encoder.layers) == facts.layers[name]
    video = torch.zeros(2, clip.frames, clip.height, clip.width, 3, dtype=torch.uint8)
    features = {
        "video": net.video(video, kept["video"])[0],
        "audio": net.audio(torch.zeros(2, clip.samples), kept["audio"])[0],
        "text": net.text(torch.ones(2, clip.words, dtype=torch.int64))[0],
    }
    for name, feature in features.items():
        assert shapes[name] == (facts.kept[name] + 1, facts.widths[name])  # AGG before the tokens
        assert feature.shape[1] == facts.features[name]
    assert facts.patches["video"] == (math.prod(net.video.grid_of(video)), net.video.tokenizer.in_features)
    assert facts.patches["audio"][1] == net.audio.tokenizer.in_features
    assert facts.patches["text"][1] == net.text.words.embedding_dim
    assert keep_indices(index, 196, 0.5, seed=0, step=0, modality="video", sharing="sample").shape[1] == 98


@pytest.mark.parametrize("size", SIZES)
def test_flops_are_those_of_the_package(size: str) -> None:
    config = SIZES[size]()
    facts = Facts.of(config)
    total = vatt.cost.flops(config.model, config.data.candidates, 0.5)["total"].here
    assert facts.total == total
    words = sentences(config)["all"]
    assert words.startswith(amount(total))
    amounts = re.findall(r"([\d.]+) ([MG])FLOPs", words)
    whole, *parts = [float(number) * {"M": 1e6, "G": 1e9}[unit] for number, unit in amounts]
    assert len(parts) == 3
    assert sum(parts) == pytest.approx(whole, rel=0.01)  # each is rounded to two digits or to a whole number


def test_the_cost_of_tokens_is_that_of_those_that_are_made() -> None:
    """So it stands beside their number, and not under that of all tokens."""
    config = vatt.config.toy()
    (patches, numbers), width = Facts.of(config).patches["video"], config.model.video.encoder.width
    assert Facts.of(config).tokenizer["video"] == 2 * patches // 2 * numbers * width
    text = config.model.text
    made = config.data.candidates * (text.words + 1) * text.embedding_width * text.encoder.width
    assert Facts.of(config).tokenizer["text"] == 2 * made
    assert "of the 98 video and 100 sound patches that are kept" in sentences(config)["tokens"]
    assert "all 4 lines: 19 MFLOPs, 6.6 MFLOPs, 2.2 MFLOPs." in sentences(config)["tokens"]
    assert not [name for name in labels(config) if name.startswith("tokens.") and name.endswith(".flops")]


def test_amounts() -> None:
    written = [amount(flops) for flops in (2_230_000, 19_100_000, 999_000_000, 3_700_000_000, 156_400_000_000)]
    assert written == ["2.2 MFLOPs", "19 MFLOPs", "999 MFLOPs", "3.7 GFLOPs", "156 GFLOPs"]


def test_another_size_is_computed_by_the_package() -> None:
    figure = ModelPicture("droptoken")
    assert figure.labels == figure.table["toy"]["labels"]
    assert figure.labels["droptoken.video"] == "98 of 196"
    figure.set_state({"size": "base"})
    assert figure.labels == figure.table["base"]["labels"] == labels(vatt.config.base_base_small())
    assert figure.sentences == figure.table["base"]["sentences"]
    assert figure.labels["tokens.video"] == "1,568 × 768"  # 8 × 14 × 14 tubelets
    assert figure.labels["encoder.text"] == "6 layers"


@pytest.mark.parametrize("tall", [False, True])
def test_a_drawing_has_every_part_and_every_number(tall: bool) -> None:
    written = labels(vatt.config.toy())
    root = svg(written, tall=tall)
    assert [part.attrib["data-part"] for part in root.iter() if "data-part" in part.attrib] == list(PARTS)
    assert [part.tag for part in root.iter() if "data-lit" in part.attrib] == [f"{SVG}rect", f"{SVG}g"]
    places = {text.attrib["data-fact"]: text.text for text in root.iter(f"{SVG}text") if "data-fact" in text.attrib}
    assert places == written
    width, height = map(float, root.attrib["viewBox"].split()[2:])
    for text in root.iter(f"{SVG}text"):
        assert 0 < float(text.attrib["y"]) <= height or text.text in ("the ball", "bounces")
        assert float(text.attrib["x"]) <= width


def test_half_of_the_moving_tokens_end_at_droptoken() -> None:
    root = svg(labels(vatt.config.toy()))
    ends = [dot.attrib["data-time"].split()[-1] for dot in root.iter(f"{SVG}circle") if "data-time" in dot.attrib]
    assert ends.count("1") == 4  # of eight that video and audio send
    assert not [dot for dot in svg(labels(vatt.config.toy()), alt="still").iter() if "data-way" in dot.attrib]


@pytest.mark.parametrize("chapter", LIT)
def test_a_chapter_lights_its_parts(chapter: str) -> None:
    figure, picture = ModelPicture(chapter), still(chapter)
    assert figure.lit
    assert set(figure.lit) <= set(PARTS)
    assert len(re.findall('data-part="[a-z]+" data-lit>', picture)) == len(figure.lit)
    assert ("data-whole>" in picture) == (len(figure.lit) == len(PARTS))


def test_each_part_names_a_chapter_that_lights_it() -> None:
    for name, part in PARTS.items():
        assert name in LIT[part.chapter]


def test_a_chapter_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="no chapter 'tokens' in the picture; there are: vatt_in_one_page,"):
        interactive.show_model("tokens")


def test_it_is_small_and_whole() -> None:
    figure = ModelPicture("vatt_in_one_page")
    script = str(getattr(figure._esm, "_contents", figure._esm))
    assert script.startswith((HERE / "layer.js").read_text()[:40])
    assert script.rstrip().endswith("export default { render };")
    assert "import " not in script
    shared = sum((HERE / name).stat().st_size for name in ("layer.js", "layer.css"))
    assert len(json.dumps(figure.get_state(), default=str)) - shared <= 40_000


def test_show_model_displays_a_still_picture_and_the_live_one(monkeypatch: pytest.MonkeyPatch) -> None:
    outputs: list = []
    monkeypatch.setattr("IPython.display.display", outputs.append)
    interactive.show_model("common_space")
    picture, live = outputs
    assert isinstance(live, ModelPicture)
    assert "Where this chapter is in the model: common space." in picture.data
    assert re.search(r'role="img" aria-label="Where', picture.data)
    assert model_facts.OVERVIEW in live.alt
