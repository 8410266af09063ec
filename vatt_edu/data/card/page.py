"""The data card as a page: one HTML file with everything in it, light and dark, readable on a phone."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from vatt_edu.data.card.pictures import Preview, contact_sheet, draw_clips, spectrograms
from vatt_edu.data.sources.source import Source, printable
from vatt_edu.pages import details, document, image, table

HEADINGS = {
    "resolution": "Resolution",
    "frames_per_second": "Frames per second",
    "sample_rate": "Sample rate, Hz",
    "channels": "Channels",
}


def card_page(card: Mapping[str, Any], source: Source, extra: Mapping[str, str] | None = None) -> str:
    """The card of a source as HTML.

    Args:
        card: What ``measure`` counted.
        source: Whose clips are shown.
        extra: Further sections: heading to HTML, for example of ``pages.table``; they stand before the contact sheet.
    """
    clips = draw_clips(source)
    sections = {"Splits": _splits(card), "Files": _files(card), "Words": _words(card), "Windows": _windows(card)}
    sections |= {"Factors": _factors(card), "Labels": bars(card["labels"], "clips") if "labels" in card else ""}
    sections |= extra or {}
    sections |= {"Clips": _figures(contact_sheet(clips), "Frames"), "Sounds": _sounds(spectrograms(clips))}
    about = card["source"]
    lead = (
        f"<p>{about['clips']:,} clips in {about['files']:,} files under <code>{escape(about['folder'])}</code>"
        f"{_recipe(card)}</p>"
    )
    return printable(document(f"Data card of {about['name']}", lead, sections.items()))  # ids may be no text


def bars(counts: Mapping[str, int], unit: str) -> str:
    """Counts as bars, with the number beside each."""
    most = max(counts.values(), default=1)
    rows = "".join(
        f"<tr><th scope=row>{escape(name)}</th><td class=bar><span style='width:{100 * count / most:.1f}%'></span></td>"
        f"<td>{count:,}</td></tr>"
        for name, count in counts.items()
    )
    return (
        f'<table class="bars"><thead><tr><th></th><th></th><th scope=col>{escape(unit)}</th></tr></thead>{rows}</table>'
    )


def _recipe(card: Mapping[str, Any]) -> str:
    about = card.get("minitube")
    if not about:
        return ""
    return f", MiniTube {escape(str(about['preset']))}, seed {about['seed']}, version {about['version']}"


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _bytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


def _splits(card: Mapping[str, Any]) -> str:
    head = ["split", "clips", "in all", "shortest", "median", "longest", "on disk", "video", "audio", "narrated",
            "captioned", "labeled"]  # fmt: skip
    rows = []
    for name, row in card["splits"].items():
        times = [_time(row[key]) for key in ("seconds", "shortest", "median", "longest")]
        counts = [row[key] for key in ("with_video", "with_audio", "narrated", "captioned", "labeled")]
        rows.append([name, row["clips"], *times, _bytes(row["bytes"]), *counts])
    probed, total = card["files"]["probed"], card["source"]["files"]
    note = "" if probed == total else f"<p>Durations, video and audio: of {probed:,} files, drawn at random.</p>"
    return table(head, rows) + note


def _files(card: Mapping[str, Any]) -> str:
    media = [
        [HEADINGS[name], ", ".join(f"{value} ({count:,})" for value, count in counts.items())]
        for name, counts in card["media"].items()
        if counts
    ]
    missing, damaged, partly, unused, unreadable = (
        card["files"][name] for name in ("missing", "damaged", "partly", "unused", "unreadable")
    )
    absent = {"count": missing["count"], "names": [{"file": name, "reason": "not there"} for name in missing["names"]]}
    trouble = f"{missing['count']:,} of the listed files are missing, {damaged['count']:,} cannot be decoded."
    html = table(["", "value (files)"], media, css="fields") + _listed(trouble, absent, damaged)
    if partly["count"]:
        html += _listed(f"Files that are read as far as they go: {partly['count']:,}.", partly)
    if (subtitles := card["files"]["subtitles"])["count"]:
        html += _listed(f"Files with subtitles inside, which are not read: {subtitles['count']:,}.", subtitles)
    if unreadable["count"]:
        html += _listed(f"Captions that cannot be read: {unreadable['count']:,}.", unreadable)
    return html + (_listed(f"Files that are not used: {unused['count']:,}.", unused) if unused["count"] else "")


def _listed(sentence: str, *notes: Mapping[str, Any]) -> str:
    """A sentence, and under it the files that it is about."""
    rows = [row for note in notes for row in note["names"]]
    names = [f"<li><code>{escape(row['file'])}</code>: {escape(row['reason'])}</li>" for row in rows]
    if more := sum(note["count"] for note in notes) - len(names):
        names.append(f"<li>… and {more:,} more</li>")
    return details(sentence, f"<ul>{''.join(names)}</ul>", opened=True) if names else f"<p>{sentence}</p>"


def _words(card: Mapping[str, Any]) -> str:
    words = card.get("words")
    if not words:
        return ""
    length = words["words_per_line"]
    rows: list[list[Any]] = [["Vocabulary, words", words["vocabulary"]], ["Words in all", words["words"]]]
    if words["lines"]:
        rows += [["Lines of narration", words["lines"]], ["Lines per minute", words["lines_per_minute"]]]
    if words["captions"]:
        rows += [["Captions", words["captions"]], ["Captions per clip", words["captions_per_clip"]]]
    rows.append(["Words per line", f"{length['shortest']} to {length['longest']}, median {length['median']:g}"])
    frequent = f"<h3>Most frequent words</h3>{bars(words['most_frequent'], 'times')}"
    return f'<div class="pair"><div>{table(["", "in all"], rows)}</div><div>{frequent}</div></div>'


def _windows(card: Mapping[str, Any]) -> str:
    sentences = []
    shared = card.get("windows", {})
    if "reason" in shared:
        sentences.append(f"Lines shared within a batch were not counted: {escape(shared['reason'])}")
    elif shared:
        sentences.append(
            f"In {shared['batches']} batches of {shared['batch_size']} clips with {shared['candidates']} nearest lines "
            f"each, {shared['lines']:.1%} of the lines of a window are also candidates of another window of its batch; "
            f"{shared['windows']:.1%} of the windows have such a line."
        )
    near = card.get("minitube", {}).get("center_step")
    if near and near["windows"]:
        sentences.append(
            f"Of {near['windows']:,} random windows, the nearest line names the step at the center in {near['1']:.1%}; "
            f"one of the nearest two in {near['2']:.1%}, one of the nearest four in {near['4']:.1%}."
        )
    return "".join(f"<p>{text}</p>" for text in sentences)


def _factors(card: Mapping[str, Any]) -> str:
    """One table a factor: values down, splits across, a bar for each share within its split."""
    factors = card.get("minitube", {}).get("factors", {})
    html = []
    splits = list(card["minitube"]["steps"]) if factors else []
    totals = card["minitube"]["steps"] if factors else {}
    for factor, rows in factors.items():
        most = max(row.get(split, 0) / totals[split] for row in rows.values() for split in splits)
        head = "".join(f"<th scope=col>{escape(split)}<br><small>{totals[split]:,}</small></th>" for split in splits)
        body = ""
        for value, row in rows.items():
            shares = [row.get(split, 0) / totals[split] for split in splits]
            cells = "".join(f"<td class=share><i style='width:{3 * s / most:.2f}rem'></i>{s:.0%}</td>" for s in shares)
            body += f"<tr><th scope=row>{escape(value)}</th>{cells}</tr>"
        balance = f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table>"
        html.append(f'<h3>{escape(factor)}</h3><div class="wide" tabindex="0">{balance}</div>')
    note = "<p>Share of the steps of each split; under its name, how many steps it has.</p>"
    return note + f'<div class="pair">{"".join(f"<div>{part}</div>" for part in html)}</div>' if html else ""


def _figures(previews: Sequence[Preview], what: str) -> str:
    parts = []
    for clip in previews:
        picture = image(clip.picture, f"{what} of {clip.title}: {clip.text}", clip.size)
        parts.append(
            f"<figure><figcaption><b>{escape(clip.text or 'no words')}</b> <small>{escape(clip.title)}</small>"
            f"</figcaption>{picture}{clip.player}</figure>"
        )
    return f'<div class="sheet">{"".join(parts)}</div>' if parts else ""


def _sounds(previews: Sequence[Preview]) -> str:
    note = "<p>Log-mel spectrograms of four seconds: time to the right, low sounds at the bottom (80 to 7,600 Hz).</p>"
    return note + _figures(previews, "Spectrogram") if previews else ""
