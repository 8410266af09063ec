"""The bibliography, and the page on what came after: each entry cited and identified, each claim sourced and placed."""

import importlib
import re
from typing import Any

import pytest
from pybtex.database import parse_file

from tools import audit

ENTRIES = parse_file(str(audit.BOOK / "references.bib")).entries
PAGES = audit.pages()
CITED = {
    key.strip()
    for text in PAGES.values()
    for keys in re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", text)
    for key in keys.split(",")
}
# What has neither an arXiv number nor a DOI, and why; each has an address.
WITHOUT = {
    "glorot2010understanding": "Proceedings of Machine Learning Research give no DOI",
    "gosthipaty2022vivit": "an example of Keras, on its site",
    "gutmann2010nce": "Proceedings of Machine Learning Research give no DOI",
    "prince2023understanding": "a book, free at its address",
}
ARXIV = r"\d{4}\.\d{4,5}"
DOI = r"10\.\d{4,9}/\S+"
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGES["after_vatt.md"].splitlines()
    if line.startswith("| **")
]


@pytest.mark.parametrize("key", ENTRIES)
def test_every_entry_is_cited(key: str) -> None:
    assert key in CITED


def test_every_citation_is_an_entry() -> None:
    """On prose pages too."""
    assert CITED - set(ENTRIES) == set()


@pytest.mark.parametrize("key", ENTRIES)
def test_every_entry_has_an_identifier(key: str) -> None:
    fields = ENTRIES[key].fields
    if key in WITHOUT:
        assert fields["url"].startswith("https://")
        assert not {"eprint", "doi"} & set(fields)
    else:
        assert re.fullmatch(ARXIV, fields.get("eprint", "")) or re.fullmatch(DOI, fields.get("doi", ""))


@pytest.mark.parametrize("key", ENTRIES)
def test_a_key_has_the_year_and_an_author(key: str) -> None:
    entry = ENTRIES[key]
    assert entry.fields["year"] in key
    assert str(entry.persons["author"][0].last_names[-1]).lower()[:3] in key


def test_no_identifier_is_given_twice() -> None:
    names = [entry.fields.get("eprint") or entry.fields.get("doi") for entry in ENTRIES.values()]
    names = [name for name in names if name]
    assert len(names) == len(set(names))


def pointed(pointer: str) -> Any:
    """What a dotted name leads to."""
    parts = pointer.split(".")
    for length in range(len(parts), 0, -1):
        try:
            value: Any = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for name in parts[length:]:
            value = getattr(value, name)
        return value
    raise AssertionError(pointer)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][2:30])
def test_every_claim_has_a_source_and_a_place_in_the_code(row: list[str]) -> None:
    assert len(row) == 4
    _, after, _, place = row
    assert "{cite}" in after or "](https://" in after
    pointers = re.findall(r"`(vatt_edu\.[\w.]+)`", place)
    assert pointers
    assert all(callable(pointed(pointer)) for pointer in pointers)


def test_there_is_a_row_for_each_part_of_the_paper() -> None:
    words = " ".join(row[0].lower() for row in ROWS)
    assert len(ROWS) >= 8
    assert all(part in words for part in ("raw", "token", "encoder", "space", "nce", "lines", "retrieval", "flops"))
