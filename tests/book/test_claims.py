"""The page of claims: each claim ends somewhere, the tests exist, and what stands as measured is in the files."""

import ast
import functools
import json
import re
import statistics
from pathlib import Path
from typing import Any

import pytest

from tools import audit
from vatt_edu.errors import UserError
from vatt_edu.teach.appendix import chapters, claims
from vatt_edu.teach.appendix.measures import MEASURES

ROOT = Path(__file__).parents[2]
CLAIMS = [claim for group in claims.read() for claim in group.claims]
TESTED = [claim for claim in CLAIMS if claim.tests]
HANGUL = re.compile(r"[가-힣]")


def result(name: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((ROOT / "results" / f"{name}.json").read_text())
    return record


@functools.cache
def functions_of(path: str) -> set[str]:
    """The test functions that pytest collects from a file, by its own rule for names."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


@pytest.mark.parametrize("claim", TESTED, ids=lambda claim: claim.where)
def test_each_named_test_exists(claim: claims.Claim) -> None:
    for name in claim.tests:
        path, _, function = name.partition("::")
        assert function in functions_of(path), name


def test_pytest_collects_the_named_tests(collected: list[str]) -> None:
    """Pytest itself, asked for every id at once, knows them all."""
    names = sorted({name for claim in TESTED for name in claim.tests})
    assert [name for name in names if not any(item.startswith(name) for item in collected)] == []


@pytest.fixture(scope="module")
def collected() -> list[str]:
    """What ``pytest --collect-only`` lists for the named ids, in a process of its own."""
    import subprocess
    import sys

    names = sorted({name for claim in TESTED for name in claim.tests})
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *names]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return [line for line in done.stdout.splitlines() if "::" in line]


def test_every_claim_ends_and_at_least_twenty_in_a_test() -> None:
    assert len(TESTED) >= 20
    for claim in CLAIMS:
        assert bool(claim.tests) + claim.waits + (claim.because is not None) == 1


def test_every_table_and_equation_of_the_paper_is_claimed() -> None:
    """Tables 1 to 10, figures 2 to 4 (figure 1 draws the model), and equations 1 to 6."""
    places = " ".join(claim.where.replace("Tables 1 and 2", "Table 1 Table 2") for claim in CLAIMS).lower()
    wanted = [f"table {n}" for n in range(1, 11)] + [f"figure {n}" for n in (2, 3, 4)]
    wanted += [f"equation {n}" for n in range(1, 7)]
    assert [place for place in wanted if not re.search(rf"{place}\b", places)] == []


def test_both_languages_say_something_and_the_same_numbers() -> None:
    for claim in CLAIMS:
        for pair in (claim.text, claim.evidence):
            assert bool(pair.en) == bool(pair.ko)
            assert not HANGUL.search(pair.en)
            assert not pair.ko or HANGUL.search(pair.ko)
        decimals = [sorted(re.findall(r"\d+\.\d+", text)) for text in (claim.text.en, claim.text.ko)]
        # Millions of parameters are ten-thousands in Korean; everything else has the same digits.
        assert decimals[0] == decimals[1] or "million" in claim.text.en, claim.text.en


def test_each_measure_is_used_and_computed_in_both_languages() -> None:
    assert {claim.measure for claim in CLAIMS if claim.measure} == set(MEASURES)
    for measure in MEASURES.values():
        pair = measure()
        assert HANGUL.search(pair.ko)
        assert not HANGUL.search(pair.en)
        assert "nan" not in pair.en


def medians(name: str, label: str) -> tuple[float, float]:
    """R@5 in per cent of both trained directions, straight from a file."""
    runs = [row["metrics"]["test_iid"] for row in result(name)["rows"] if row["label"] == label]
    words, sounds = (
        statistics.median(100 * run[direction]["R@5"] for run in runs)
        for direction in ("text_to_video", "video_to_audio")
    )
    return words, sounds


def says(measure: str, *values: float) -> bool:
    pair = MEASURES[measure]()
    return all(f"{value:.1f}" in pair.en and f"{value:.1f}" in pair.ko for value in values)


def test_waveform_and_log_mel_are_those_of_the_file() -> None:
    assert says("waveform", *medians("log_mel", "waveform"), *medians("log_mel", "log_mel"))


def test_agnostic_is_that_of_the_file() -> None:
    specific, agnostic = medians("agnostic", "toy"), medians("agnostic", "toy_agnostic")
    assert says("agnostic", *specific, *agnostic)
    assert agnostic[0] < specific[0]  # as in Table 4 of the paper


def test_toy_is_that_of_the_file() -> None:
    long, plain = medians("toy", "toy_long"), medians("plain", "toy_plain")
    assert says("toy", *long, *plain, 500 / 256)
    assert min(*long, *plain) > 500 / 256  # above guessing in both directions


@pytest.mark.parametrize(("measure", "row", "above"), [
    ("positions", "positions", "words"), ("droptoken", "droptoken", "layers"), ("passage", "passage", "head_depth"),
    ("candidates", "toy", "passage"),
])  # fmt: skip
def test_parts_are_those_of_the_scoreboard(measure: str, row: str, above: str) -> None:
    """Right of eight from the stored ranks, by drawing every one of the seven others: a product of chances."""

    def of_eight(ranks: list[int]) -> float:
        total = 0.0
        for rank in ranks:
            chance = 1.0
            for n in range(7):  # the n-th of the seven is none of those before the own item
                chance *= max(len(ranks) - rank - n, 0) / (len(ranks) - 1 - n)
            total += 8 * chance / len(ranks)
        return total

    rows = result("scoreboard")["rows"]
    for direction in ("text_to_video", "video_to_audio"):
        ranks = {
            label: {one["seed"]: one["ranks"]["test_iid"][direction] for one in rows if one["label"] == label}
            for label in (row, above)
        }
        seeds = set(ranks[row]) & set(ranks[above])
        change = statistics.fmean(of_eight(ranks[row][seed]) - of_eight(ranks[above][seed]) for seed in seeds)
        assert f"{abs(change):.1f}" in MEASURES[measure]().en


def test_alignment_is_counted_from_ranks() -> None:
    """Wrong items that are less similar than the own one, counted, over all wrong items."""
    runs = [row for row in result("scoreboard")["rows"] if row["label"] == "toy"]
    for direction in ("text_to_video", "video_to_audio"):
        shares = []
        for run in runs:
            ranks = run["ranks"]["test_iid"][direction]
            below = sum(len(ranks) - rank for rank in ranks)
            shares.append(100 * below / (len(ranks) * (len(ranks) - 1)))
        assert says("alignment", statistics.median(shares))
        assert statistics.median(shares) > 50


def test_a_claim_without_an_end_is_refused() -> None:
    with pytest.raises(UserError, match="needs one of tests, waits, because"):
        claims.Claim("Table 1", claims.Pair("a", "b"))
    with pytest.raises(UserError, match="needs one of"):
        claims.Claim("Table 1", claims.Pair("a", "b"), tests=("x",), waits=True)
    with pytest.raises(UserError, match="there are: signals, droptoken"):
        claims.show("speech")


def test_the_page_shows_every_group() -> None:
    page = next(chapter for chapter in audit.chapters() if chapter.name == "claims")
    code = "\n".join(page.sources("code"))
    assert re.findall(r'claims\.show\("(\w+)"\)', code) == [group.name for group in claims.read()]
    headings = re.findall(r"^## (.+)$", page.prose, re.MULTILINE)
    assert headings == [group.title.en for group in claims.read()]


def test_html_says_all_and_links_only_to_pages_that_exist() -> None:
    for claim in CLAIMS:
        text = claims.html(claim)
        assert all(test in text for test in claim.tests)
        for target in re.findall(r'href="(\w+)\.html"', text):
            assert any((chapters.BOOK / f"{target}{suffix}").exists() for suffix in (".md", ".ipynb"))
        assert text.count("<div") == text.count("</div>")
    assert "(to come)" in chapters.link("no_such_page")
    assert chapters.marked("`a<b` & c") == "<code>a&lt;b</code> &amp; c"
