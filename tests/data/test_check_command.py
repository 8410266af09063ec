"""`vatt data check` as a command: resumed, asked again, its page, a thousand files."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from helpers import clips, faults, numbered

from vatt_edu.cli import main
from vatt_edu.data import open_source
from vatt_edu.data.check.decode import FileCheck
from vatt_edu.data.check.journal import check_files
from vatt_edu.data.check.page import check_page
from vatt_edu.data.check.summary import check_source
from vatt_edu.data.check.verdict import OK


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    root, journal = tmp_path / "world", tmp_path / "check.jsonl"
    root.mkdir()
    paths = [clips.write(root / f"{name}.mp4", 1.0) for name in "pq"]
    first = check_files(root, paths, journal, 1, quiet=True)
    assert check_files(root, paths, journal, 1, quiet=True) == check_files(root, paths, journal, 1, quiet=True)
    assert [FileCheck.from_json(json.loads(json.dumps(line[-1]))) for line in _lines(journal)] != []
    with journal.open("ab") as file:
        file.write(b'[2, "q.mp4", 12')  # a kill while a line was written
    faults.cut(paths[1], 0.5)
    second = check_files(root, paths, journal, 1, quiet=True)
    assert [line[1] for line in _lines(journal)].count("p.mp4") == 1
    assert [line[1] for line in _lines(journal)].count("q.mp4") == 2
    assert "cut off" in second[paths[1]].error
    assert first[paths[1]].error == ""


def test_bytes_that_change_on_the_disk_are_noticed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """VP8 decodes other bits to other pixels, and says nothing: only a checksum of the file can."""
    root = tmp_path / "films"
    root.mkdir()
    path = numbered.write(root / "film.webm", "vp8", count=60).path
    numbered.write(root / "other.mp4", count=20)
    content = path.read_bytes()
    words = ["data", "check", str(root), "--seconds", "1", "--workers", "1", "--quiet", "--json"]

    def verdicts(*more: str) -> dict[str, Any]:
        assert main([*words, *more]) == 0
        return {row["file"]: row for row in json.loads(capsys.readouterr().out)["files"]}

    def write(content: bytes) -> None:
        stat = path.stat()
        path.write_bytes(content)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    whole = verdicts()
    assert [row["verdict"] for row in whole.values()] == ["ok", "ok"]
    assert whole["film.webm"]["checksum"] == zlib.crc32(content)
    assert verdicts("--again") == whole
    write(content[:2000] + bytes([content[2000] ^ 4]) + content[2001:])
    assert verdicts() == whole  # size and time are those of then
    for _ in range(2):
        row = verdicts("--again")["film.webm"]
        assert (row["verdict"], row["kinds"][0]) == ("unusable", "rotten")
        assert "its bytes are not those that were checked" in row["why"]
    assert verdicts()["film.webm"]["rotten"]
    write(content)  # from a backup
    assert verdicts("--again") == whole
    assert [line[1] for line in _lines(root / "check/check.jsonl")].count("other.mp4") == 1


def _lines(journal: Path) -> list[Any]:
    lines = []
    for line in journal.read_text().splitlines():
        try:
            lines.append(json.loads(line))
        except ValueError:
            continue
    return lines


def test_the_command_says_counts_names_and_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "mine"
    root.mkdir()
    clips.write(root / "a.mp4", 1.5, audio=clips.tone(440, duration=1.5))
    shutil.copy(root / "a.mp4", root / "again.mp4")
    for name in ("a", "again"):
        (root / f"{name}.srt").write_text(faults.CAPTIONS)
    for number in range(12):
        faults.make(root, "empty", f"e{number}")
    (root / "table.xlsx").write_text("")
    assert main(["data", "check", str(root), "--seconds", "1", "--workers", "1", "--quiet"]) == 0
    out = capsys.readouterr().out.splitlines()
    counts = "14 files (2 with picture, 2 with sound, 14 with words): 2 ok, 0 usable in part, 12 unusable"
    assert out[0] == f"{root}: {counts} (12 unreadable)."
    assert out[1] == "  e0.mp4: unusable: the file is empty"
    assert out[11:] == ["  … and 2 more", f"{root}/check/check.html: the whole list, with the commands that mend"]
    report = json.loads((root / "check/check.json").read_text())
    assert report["duplicates"] == [["a.mp4", "again.mp4"]]
    assert [row["file"] for row in report["unused"]] == ["table.xlsx"]
    assert main(["data", "check", str(root), "--seconds", "9", "--workers", "1", "--quiet", "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["counts"]["faults"] == {"unreadable": 12, "too short": 2}
    assert len(_lines(root / "check/check.jsonl")) == 14
    assert not [note for note in open_source(root).unused if "check" in note.file]


def test_a_folder_that_may_not_be_written_is_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clips.write(tmp_path / "a.mp4", 1.0)
    (tmp_path / "check").write_text("a file of that name")
    assert main(["data", "check", str(tmp_path), "--quiet"]) == 2
    assert "name another folder with --out" in capsys.readouterr().err
    assert main(["data", "check", str(tmp_path / "nowhere"), "--quiet"]) == 2


def test_the_page_escapes_names_and_shows_commands(tmp_path: Path) -> None:
    root = tmp_path / "a&b"
    root.mkdir()
    faults.make(root, "wrong bytes, picture", "<b>bold</b> & 'so'".replace("/", "-"))
    numbered.write(root / "open.mkv", "h264", "open", 30, sound=1.5)
    report = check_source(open_source(root), root, 1.0, 1, quiet=True)
    page = check_page(report)
    assert "2 files (2 with picture, 2 with sound, 1 with words): 1 ok, 1 usable in part, 0 unusable" in page
    assert "<b>bold" not in page
    assert "&lt;b&gt;bold" in page
    assert "open groups" in page
    assert "libx264" in page


BAD = 50
GOOD = 950


def test_fifty_bad_files_of_a_thousand_are_named(tmp_path: Path) -> None:
    root = tmp_path / "thousand"
    root.mkdir()
    bad = {}
    for number in range(BAD):
        name = list(faults.FAULTS)[number % len(faults.FAULTS)]
        bad[faults.make(root, name, f"bad {number:02d}").name] = name
    originals = [faults.whole(tmp_path / f"{name}.mp4", name) for name in ("plain", "b", "open", "intra")]
    for number in range(GOOD):
        path = faults.distinct(originals[number % 4], root / f"good {number:03d}.mp4", number)
        path.with_suffix(".srt").write_text(faults.CAPTIONS.format(number))
    command = [sys.executable, "-m", "vatt_edu.cli", "data", "check", str(root), "--quiet"]
    command += ["--seconds", "1", "--workers", "2"]
    killed = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    journal = root / "check/check.jsonl"
    while not journal.exists() or journal.read_bytes().count(b"\n") < 300:
        assert killed.poll() is None
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    done = len(_lines(journal))
    assert 300 <= done < BAD + GOOD
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    counts = Counter(line[1] for line in _lines(journal))
    assert len(counts) == BAD + GOOD
    assert set(counts.values()) == {1}
    report = json.loads((root / "check/check.json").read_text())
    rows = {row["file"]: row for row in report["files"]}
    assert {name for name, row in rows.items() if row["verdict"] != OK} == set(bad)
    for name, fault in bad.items():
        assert re.search(faults.FAULTS[fault][1], rows[name]["why"]), f"{fault}: {rows[name]['why']}"
    assert len({re.sub(r"[\d.]+", "#", row["why"]) for row in rows.values()}) > 15
    assert report["duplicates"] == [] or all(set(group) <= set(bad) for group in report["duplicates"])
    fresh = [*command, "--out", str(tmp_path / "fresh")]
    subprocess.run(fresh, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert json.loads((tmp_path / "fresh/check.json").read_text()) == report
