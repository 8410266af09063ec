"""The table of what is read: made of the code, and the one on the page is it."""

from pathlib import Path

import pytest

from vatt_edu.cli import main
from vatt_edu.data.sources.formats import formats_table
from vatt_edu.data.sources.open import ADAPTERS

PAGE = Path(__file__).parents[2] / "book/troubleshooting.md"


def test_the_page_holds_the_table_of_the_code() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert formats_table() in text, "replace the table in book/troubleshooting.md by what `vatt data formats` prints"
    assert "## When files are broken" in text


def test_it_names_what_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "formats"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert {row.count(" | ") for row in rows[2:]} == {1}
    assert len(rows) == 2 + 3 + len(ADAPTERS)
    assert "`.mp4`" in rows[2]
    assert "`.flac`" in rows[3]
    assert "`.srt`" in rows[4]
    assert rows[-1].startswith("| `DIR` | A plain folder")
