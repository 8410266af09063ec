"""The check of a source as a page: what is wrong, the worst first, each with what mends it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from vatt_edu.data.check.verdict import IN_PART, OK, UNUSABLE
from vatt_edu.pages import details, document

LISTED = 500
"""So many files of a list are shown at most; ``check.json`` has all."""


def check_page(report: Mapping[str, Any]) -> str:
    """What ``check_source`` returns, as HTML."""
    wrong = [row for row in report["files"] if row["verdict"] != OK]
    sections = {
        "What is wrong": _wrong(wrong),
        "Captions": _notes(
            report["captions"], "Captions that cannot be read, or not for sure, or lie inside of films."
        ),
        "Not used": _notes(report["unused"], "What lies there and is read for no video."),
        "Absent": _names(report["absent"], "Named by the annotations, and not on the disk."),
        "Duplicates": _duplicates(report["duplicates"]),
        "Wrong frames elsewhere": _obstacles(report["files"]),
    }
    folder = escape(report["source"]["folder"])
    lead = f"<p>{escape(sentence(report))}</p><p class=muted>Every file under <code>{folder}</code>, decoded whole.</p>"
    return document(f"Check of {report['source']['name']}", lead, sections.items())


def sentence(report: Mapping[str, Any]) -> str:
    """The counts in one sentence."""
    counts = report["counts"]
    parts = ", ".join(f"{count:,} with {name}" for name, count in counts["with"].items())
    verdicts = ", ".join(f"{count:,} {word}" for word, count in counts["verdicts"].items())
    faults = ", ".join(f"{count:,} {kind}" for kind, count in counts["faults"].items())
    return f"{counts['files']:,} files ({parts}): {verdicts}" + (f" ({faults})." if faults else ".")


def _wrong(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return "<p>Nothing: every file can be used from beginning to end.</p>"
    note = (
        "<p>A command replaces the file and keeps the old one as <code>NAME.broken</code>. What is damaged stays lost: "
        "the picture before it stands still, and the sound is silent.</p>"
    )
    html = note if any(row["mend"] for row in rows) else ""
    for verdict in (UNUSABLE, IN_PART):
        group = [row for row in rows if row["verdict"] == verdict]
        items = (_item(row["file"], row["why"], row["mend"], _seconds(row)) for row in group[:LISTED])
        html += f"<h3>{verdict.capitalize()}: {len(group):,}</h3>{_items(items)}{_more(group)}" if group else ""
    return html


def _items(items: Iterable[str]) -> str:
    return f'<ul class="files">{"".join(items)}</ul>'


def _item(name: str, why: str, command: str, small: str = "") -> str:
    shown = f'<code class="command">{escape(command)}</code>' if command else ""
    about = f"<small>{escape(small)}</small>" if small else ""
    return f"<li><div><b>{escape(name)}</b>{about}</div><div>{escape(why)}{shown}</div></li>"


def _seconds(row: Mapping[str, Any]) -> str:
    if row["error"]:
        return ""
    usable = row["usable"]
    return f"of {row['seconds']:.1f} s: {usable['picture']:.1f} s picture, {usable['sound']:.1f} s sound"


def _more(rows: Sequence[object]) -> str:
    return f"<p>… and {len(rows) - LISTED:,} more in <code>check.json</code>.</p>" if len(rows) > LISTED else ""


def _notes(rows: Sequence[Mapping[str, str]], what: str) -> str:
    if not rows:
        return ""
    first = sorted(rows, key=lambda row: not row["mend"])[:LISTED]
    return f"<p>{what}</p>{_items(_item(row['file'], row['why'], row['mend']) for row in first)}{_more(rows)}"


def _names(names: Sequence[str], what: str) -> str:
    return details(f"{len(names):,}. {what}", _list(names) + _more(names)) if names else ""


def _list(names: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li><code>{escape(name)}</code></li>' for name in list(names)[:LISTED])}</ul>"


def _duplicates(groups: Sequence[Sequence[str]]) -> str:
    if not groups:
        return ""
    items = "".join(
        f"<li>{', '.join(f'<code>{escape(name)}</code>' for name in group)}</li>" for group in groups[:LISTED]
    )
    what = "Files of equal size whose first and last MiB are equal: in a batch they are each other's false negatives."
    return f"<p>{what}</p><ul>{items}</ul>{_more(groups)}"


def _obstacles(rows: Sequence[Mapping[str, Any]]) -> str:
    """Files by why a decoder that numbers pictures would take others, each with its command."""
    groups: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["obstacle"]:
            groups[row["obstacle"]].append(row)
    if not groups:
        return ""
    html = (
        "<p>These are read rightly here, by their own clock. Tools that trust a file's index (decord, and what is "
        "built on it) may show other frames, and say nothing. The command encodes a file for them.</p>"
    )
    for obstacle, group in sorted(groups.items(), key=lambda item: -len(item[1])):
        items = (_item(row["file"], "", row["encode_anew"]) for row in group[:LISTED])
        title = f"{len(group):,} {'file' if len(group) == 1 else 'files'}: {obstacle}"
        html += details(title, _items(items) + _more(group))
    return html
