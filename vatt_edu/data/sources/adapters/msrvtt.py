"""MSR-VTT: clips of some seconds with 20 sentences each.

``MSRVTT_data.json``, or ``train_val_videodatainfo.json`` and ``test_videodatainfo.json``, or any of them
(``{"videos": [{"video_id", "split", …}], "sentences": [{"video_id", "caption"}]}``), and files ``videoN.mp4`` in any
folder below. With ``MSRVTT_JSFUSION_test.csv`` (``key,vid_key,video_id,sentence``) its clips are the split
``test_1ka``, and its sentence is the one that retrieval uses: the 1k-A protocol. The other splits are the set's own
(``train``, ``validate``, ``test``).
"""

from pathlib import Path
from typing import Any

from vatt_edu.data.sources.csv_tables import rows
from vatt_edu.data.sources.source import AdapterResult, Video, media_by_name
from vatt_edu.data.text.captions import words_of
from vatt_edu.data.text.json_captions import text_of
from vatt_edu.errors import UserError
from vatt_edu.files import read_json

INDEXES = ("MSRVTT_data.json", "train_val_videodatainfo.json", "test_videodatainfo.json")
PAIRS = "MSRVTT_JSFUSION_test.csv"


def read(root: Path) -> AdapterResult:
    """The clips under ``root``, with all of their sentences.

    Raises:
        UserError: If there is no index file, or one cannot be read.
    """
    indexes = [path for name in INDEXES for path in sorted(root.rglob(name))]
    tables = sorted(root.rglob(PAIRS))
    if not indexes and not tables:
        raise UserError(f"no {INDEXES[0]} and no {PAIRS} in {root}: the folder is not laid out as MSR-VTT is")
    splits: dict[str, str] = {}
    sentences: dict[str, list[str]] = {}
    for path in indexes:
        _read_index(path, splits, sentences)
    for path in tables[:1]:
        for _, row in rows(path, ("video_id", "sentence")):
            name, sentence = row["video_id"], row["sentence"]
            splits[name] = "test_1ka"
            first = [sentence] if words_of(sentence) else []
            sentences[name] = [*first, *(text for text in sentences.get(name, ()) if text != sentence)]
    files, others = media_by_name(root)
    others |= dict.fromkeys([*indexes, *tables[:1]], "")
    videos = [
        Video(name, files[name], split=split, captions=tuple(sentences.get(name, ())))
        for name, split in splits.items()
        if name in files
    ]
    return AdapterResult(videos, [name for name in splits if name not in files], others)


def _read_index(path: Path, splits: dict[str, str], sentences: dict[str, list[str]]) -> None:
    value: Any = read_json(path)
    try:
        for video in value["videos"]:
            splits.setdefault(str(video["video_id"]), str(video["split"]))
        for row in value["sentences"]:
            texts = sentences.setdefault(str(row["video_id"]), [])
            text = text_of(row["caption"])
            if words_of(text) and text not in texts:
                texts.append(text)
    except (KeyError, TypeError):
        form = '{"videos": [{"video_id", "split", …}], "sentences": [{"video_id", "caption"}, …]}'
        raise UserError(f"{path}: expected {form}") from None
