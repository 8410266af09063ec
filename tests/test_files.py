"""JSON files: what was written is what is read, and a list of numbers is one line."""

import errno
import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vatt_edu.errors import UserError
from vatt_edu.files import atomic, read_json, write_json, write_text

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=5), children, max_size=4),
    max_leaves=20,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=VALUES)
def test_what_is_written_is_read(tmp_path: Path, value: object) -> None:
    """Strings that look like lists of numbers, too."""
    write_json(tmp_path / "a.json", value)
    assert read_json(tmp_path / "a.json") == value


@pytest.mark.parametrize("text", ["[\n 1,\n 2\n]", "[1,\n 2]", "\\n[1]\n"])
def test_a_string_that_looks_like_a_list_stays(tmp_path: Path, text: str) -> None:
    write_json(tmp_path / "a.json", {"a": [text, 1]})
    assert read_json(tmp_path / "a.json") == {"a": [text, 1]}


def test_a_list_of_numbers_is_one_line(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"ranks": [1, -2, 3.5, 1e-9], "words": ["a", "b"], "none": []})
    lines = (tmp_path / "a.json").read_text().splitlines()
    assert ' "ranks": [1, -2, 3.5, 1e-09],' in lines
    assert ' "words": [' in lines
    assert json.loads("\n".join(lines))["none"] == []


def test_text_that_utf8_cannot_say_is_an_escape(tmp_path: Path) -> None:
    write_text(tmp_path / "a.html", "caf\udce9 né 你好")
    assert (tmp_path / "a.html").read_text(encoding="utf-8") == "caf\\udce9 né 你好"


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOSYS, errno.EACCES, errno.EPERM, errno.EBADF])
def test_a_disk_that_syncs_no_folders(code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fsync)
    write_json(tmp_path / "b.json", [3])
    with atomic(tmp_path / "folder") as partial:
        partial.mkdir()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.json", "folder"]


def test_a_disk_that_fails_is_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    (tmp_path / "c.json").write_text("of before")
    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(UserError, match=r"cannot write .*c\.json \(Input/output error\)"):
        write_json(tmp_path / "c.json", {})
    assert (tmp_path / "c.json").read_text() == "of before"
