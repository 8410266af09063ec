"""What each chapter of the book holds, against what its kind should hold: ``make book-audit``.

Prints a row a chapter and fails where one lies below a floor of its kind. Counts come from the notebooks as they are
committed, run times from their last execution.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"

KINDS = {
    "vatt_in_one_page": "overview",
    "raw_signals": "experiment",
    "tokenization": "model",
    "positional_encoding": "model",
    "droptoken": "model",
    "transformer_encoder": "model",
    "specific_or_agnostic": "model",
    "common_space": "model",
    "contrastive_losses": "model",
    "pretraining": "experiment",
    "evaluation": "experiment",
    "fine_tuning": "experiment",
    "looking_inside": "experiment",
    "ablations": "experiment",
    "scaling_up": "experiment",
    "cost": "experiment",
    "official_weights": "experiment",
    "after_vatt": "overview",
    "claims": "appendix",
    "failure_museum": "appendix",
    "api": "appendix",
    "cheat_sheet": "appendix",
}
# What a chapter of a kind has at least; ``graded`` counts exercises with a grader, ``row`` scoreboard rows.
FLOORS = {
    "overview": {},
    "appendix": {},
    "model": {"guesses": 1, "questions": 3, "exercises": 2, "graded": 1, "live": 1, "row": 1, "words": 2_000},
    "experiment": {"guesses": 1, "questions": 2, "exercises": 2, "live": 1, "words": 2_000},
}
# A game or a live figure are what an overview that is a notebook must have.
OVERVIEW_NOTEBOOK = {"live": 1}
CEILINGS = {"words": 4_500, "longest": 20}
SECONDS = {"pretraining": 360}
MOST_SECONDS = 180

_MATH = re.compile(r"\$\$.*?\$\$|\$[^$\n]+\$", re.DOTALL)
_FENCE = re.compile(r"^(`{3,}|:{3,})(.*?)\n(.*?)^\1\s*$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`[^`]*`")
_LINK = re.compile(r"\]\([^)]*\)")
# Lines that only set a directive's options, or list what a table or a bibliography needs.
_OPTION = re.compile(r"^:[a-z_-]+:.*$", re.MULTILINE)
_NUMBER = re.compile(r"(?<![\w.,])\d[\d,]*(?:\.\d+|\s*(?:%|×|ms\b|s\b|MB\b|GB\b))")
_SOURCE = re.compile(r"\b(tables?|figures?|equations?|sections?)\b", re.IGNORECASE)
_LABEL = re.compile(r"\$\$.*?\$\$[ \t]*(?:\(([\w-]+)\))?", re.DOTALL)
_SYMBOL = re.compile(
    r"\\(?:mathcal|mathbf|mathrm)\{([A-Za-z])\}|(\\tau|\\theta|\\sigma|\\mu)|(?<![\\A-Za-z])([A-Za-z])(?![A-Za-z])"
)


@dataclass
class Chapter:
    """One notebook: its cells, and what they hold."""

    name: str
    cells: list[dict[str, Any]] = field(repr=False)

    @property
    def kind(self) -> str:
        """``overview``, ``model``, ``experiment`` or ``appendix``."""
        return KINDS.get(self.name, "overview")

    def sources(self, kind: str) -> list[str]:
        """Sources of the ``markdown`` or the ``code`` cells."""
        return ["".join(cell["source"]) for cell in self.cells if cell["cell_type"] == kind]

    @property
    def prose(self) -> str:
        """All Markdown."""
        return "\n\n".join(self.sources("markdown"))

    @property
    def counts(self) -> dict[str, int]:
        """What is counted against the floors."""
        code = self.sources("code")
        everything = "\n".join(code)

        def calls(what: str) -> int:
            return len(re.findall(rf"(?<![\w.]){what}\(", everything))

        return {
            "words": len(re.findall(r"[A-Za-z][A-Za-z'’-]*", plain(self.prose))),
            "code": sum(len(source.splitlines()) for source in code),
            "longest": max((len(source.splitlines()) for source in code), default=0),
            "guesses": calls(r"interactive\.guess"),
            "questions": calls("quiz"),
            "exercises": len(re.findall(r"\{exercise\}", self.prose)),
            "graded": len(set(re.findall(r"(?<![\w.])checks\.(\w+)\(", everything))),
            "solutions": sum("hide-cell" in cell["metadata"].get("tags", []) for cell in self.cells),
            "live": calls(r"interactive\.show"),
            "row": calls(r"scoreboard\.show_part"),
        }

    def equations(self) -> Iterator[str | None]:
        """Labels of the displayed equations, None for one without."""
        for source in self.sources("markdown"):
            for match in _LABEL.finditer(source):
                yield match[1]

    def checked(self) -> set[str]:
        """Labels of equations that a cell with an assertion checks: it is called ``worked-LABEL``, or names them."""
        labels: set[str] = set()
        for cell in self.cells:
            if cell["cell_type"] == "code" and "assert" in "".join(cell["source"]):
                labels |= set(cell["metadata"].get("checks", []))
                if cell["id"].startswith("worked-"):
                    labels.add(cell["id"].removeprefix("worked-"))
        return labels


def chapters() -> list[Chapter]:
    """The notebooks of the book, in the order of their file names."""
    return [
        Chapter(path.stem, json.loads(path.read_text(encoding="utf-8"))["cells"])
        for path in sorted(BOOK.glob("*.ipynb"))
    ]


def pages() -> dict[str, str]:
    """All Markdown of the book: page → text."""
    prose = {path.name: path.read_text(encoding="utf-8") for path in sorted(BOOK.glob("*.md"))}
    return prose | {f"{chapter.name}.ipynb": chapter.prose for chapter in chapters()}


def plain(text: str) -> str:
    """Markdown without formulas, code, addresses and options; what a directive says stays."""
    text = _FENCE.sub(lambda match: "" if re.match(r"[a-z]*$", match[2].strip()) else match[3], text)
    for pattern in (_MATH, _CODE, _LINK, _OPTION):
        text = pattern.sub(" ", text)
    return re.sub(r"\{[a-z:]+\}", " ", text)


def typed_numbers(text: str) -> list[str]:
    """Sentences of a Markdown text that hold a typed result: a measured-looking number that names no source."""
    sentences = re.split(r"(?<=[.!?:])\s+|\n\n|\n[|*-]", plain(text))
    return [s.strip() for s in sentences if _NUMBER.search(s) and not _SOURCE.search(s)]


def symbols(text: str) -> set[str]:
    """Letters that stand in formulas, words and function names left out."""
    letters: set[str] = set()
    for formula in _MATH.findall(text):
        formula = re.sub(
            r"\\(?:operatorname|text|mathrm)\{[^}]*\}|\\(?!mathcal|tau|theta|sigma|mu)[a-zA-Z]+!?", " ", formula
        )
        letters |= {next(filter(None, groups)) for groups in _SYMBOL.findall(formula)}
    return letters - {"e"}


def undefined(chapter: Chapter) -> tuple[list[str], list[str]]:
    """Symbols that the notation page does not list, and terms in bold that the glossary does not."""
    notation = symbols((BOOK / "notation.md").read_text(encoding="utf-8"))
    glossary = (BOOK / "glossary.md").read_text(encoding="utf-8").lower()
    terms = {term.lower().rstrip("s") for term in re.findall(r"\*\*([A-Za-z-]+(?: [a-z-]+)?)\*\*", chapter.prose)}
    return sorted(symbols(chapter.prose) - notation), sorted(term for term in terms if term not in glossary)


def misspelled(chapter: Chapter) -> list[str]:
    """Words that codespell knows as misspellings, British ones included."""
    command = [sys.executable, "-m", "codespell_lib", "--builtin", "clear,rare,en-GB_to_en-US", "-L", "nce", "-"]
    report = subprocess.run(command, input=plain(chapter.prose), capture_output=True, text=True, check=False)
    return re.findall(r"(\S+ ==> \S+)", report.stdout)


def short(chapter: Chapter, seconds: float | None) -> list[str]:
    """What lies below a floor or above a ceiling."""
    counts = chapter.counts
    floors = dict(FLOORS[chapter.kind]) | (OVERVIEW_NOTEBOOK if chapter.kind == "overview" else {})
    shortcomings = [f"{name} {counts[name]} < {least}" for name, least in floors.items() if counts[name] < least]
    shortcomings += [f"{name} {counts[name]} > {most}" for name, most in CEILINGS.items() if counts[name] > most]
    if counts["solutions"] < counts["exercises"]:
        shortcomings.append(f"solutions {counts['solutions']} < exercises {counts['exercises']}")
    most = SECONDS.get(chapter.name, MOST_SECONDS)
    if seconds is not None and seconds > most:
        shortcomings.append(f"run time {seconds:.0f} s > {most} s")
    return shortcomings


def main() -> int:
    state = ROOT / "_executed" / ".state.json"
    times = {name: row["seconds"] for name, row in json.loads(state.read_text()).items()} if state.exists() else {}
    columns = ("words", "code", "longest", "guesses", "questions", "exercises", "graded", "live", "row")
    print(f"{'chapter':22}{'kind':12}" + "".join(f"{name:>10}" for name in columns) + f"{'seconds':>9}  remarks")
    failed = False
    for chapter in chapters():
        seconds = times.get(f"{chapter.name}.ipynb")
        below = short(chapter, seconds)
        failed |= bool(below)
        new_symbols, new_terms = undefined(chapter)
        remarks = [f"BELOW: {what}" for what in below] + misspelled(chapter)
        remarks += [f"undefined: {', '.join(new_symbols + new_terms)}"] if new_symbols or new_terms else []
        counts = "".join(f"{chapter.counts[name]:>10,}" for name in columns)
        took = "?" if seconds is None else f"{seconds:.0f}"
        print(f"{chapter.name:22}{chapter.kind:12}{counts}{took:>9}  {'; '.join(remarks)}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
