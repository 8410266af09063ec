"""The claims of the paper, each with where it ends: in a test, in waiting for fine-tuning, or in a reason why not here.

The claims stand in ``claims.toml``, English and Korean; what we measured comes from ``measures.py``.
"""

import tomllib
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from vatt_edu import pages
from vatt_edu.errors import UserError
from vatt_edu.files import read_text
from vatt_edu.teach.appendix.chapters import Pair, link, marked
from vatt_edu.teach.appendix.measures import MEASURES

FILE = Path(__file__).with_name("claims.toml")
WAITS = Pair("Waits for fine-tuning.", "미세조정 장에서 다룰 예정이다.")
NOT_HERE = Pair("Not testable here, because", "여기서는 검증할 수 없다.")


@dataclass(frozen=True)
class Claim:
    """One claim and its end: exactly one of ``tests``, ``waits`` and ``because``.

    Attributes:
        where: Table, equation, figure or section of the paper.
        text: The claim in both languages.
        chapter: Page of the book, by the name of its file; empty for none.
        tests: Ids of tests, as pytest takes them.
        waits: Whether it waits for fine-tuning.
        because: Why it cannot be tested here; the English goes on a sentence.
        measure: Name of a function of ``measures``; empty for none.
        remark: What stands in place of a measurement.
    """

    where: str
    text: Pair
    chapter: str = ""
    tests: tuple[str, ...] = ()
    waits: bool = False
    because: Pair | None = None
    measure: str = ""
    remark: Pair | None = None

    def __post_init__(self) -> None:
        ends = [bool(self.tests), self.waits, self.because is not None]
        if sum(ends) != 1:
            raise UserError(f"{FILE.name}: the claim {self.text.en!r} needs one of tests, waits, because")

    @property
    def evidence(self) -> Pair:
        """What we measured, or why nothing was; empty where the test says all."""
        if self.waits:
            return WAITS
        if self.because is not None:
            return Pair(*(f"{before} {reason}" for before, reason in zip(NOT_HERE, self.because, strict=True)))
        parts = [MEASURES[self.measure]()] if self.measure else []
        parts += [self.remark] if self.remark else []
        return Pair(" ".join(part.en for part in parts), " ".join(part.ko for part in parts))


@dataclass(frozen=True)
class Group:
    """Claims about one thing."""

    name: str
    title: Pair
    claims: tuple[Claim, ...]


def read(path: Path = FILE) -> list[Group]:
    """All groups, in the order of the file.

    Raises:
        UserError: If a claim has no end, or several.
    """
    groups = tomllib.loads(read_text(path))["group"]
    return [
        Group(group["id"], Pair(group["en"], group["ko"]), tuple(_claim(claim) for claim in group["claim"]))
        for group in groups
    ]


def _claim(row: dict[str, Any]) -> Claim:
    def pair(name: str) -> Pair | None:
        return Pair(row[f"{name}_en"], row[f"{name}_ko"]) if f"{name}_en" in row else None

    return Claim(
        where=row["where"],
        text=Pair(row["en"], row["ko"]),
        chapter=row.get("chapter", ""),
        tests=tuple(row.get("tests", ())),
        waits=row.get("waits", False),
        because=pair("because"),
        measure=row.get("measure", ""),
        remark=pair("remark"),
    )


def show(name: str) -> None:
    """Displays the claims of a group, English and Korean side by side, with where each ends.

    Raises:
        UserError: If there is no such group.
    """
    groups = {group.name: group for group in read()}
    if name not in groups:
        raise UserError(f"no group {name!r} of claims; there are: {', '.join(groups)}")
    group = groups[name]
    head = f'<p class="vatt-claims-title" lang="ko">{escape(group.title.ko)}</p>'
    pages.display(f'<div class="vatt-claims">{head}{"".join(map(html, group.claims))}</div>')


def html(claim: Claim) -> str:
    """A claim as HTML: both languages, what we measured below each, then the way from the paper to the test."""
    sides = "".join(
        f'<div lang="{language}"><p>{marked(text)}</p>{f"<p>{marked(more)}</p>" if more else ""}</div>'
        for language, text, more in zip(("en", "ko"), claim.text, claim.evidence, strict=True)
    )
    way = [escape(claim.where), *([link(claim.chapter)] if claim.chapter else [])]
    way += [" ".join(f"<code>{escape(test)}</code>" for test in claim.tests)] if claim.tests else []
    way += [f"{WAITS.en[:-1].lower()}"] if claim.waits else ["not testable here"] if claim.because else []
    return f'<div class="vatt-claim">{sides}<p class="vatt-claim-way">{" → ".join(way)}</p></div>'


def show_counts() -> None:
    """Displays how many claims end how."""
    claims = [claim for group in read() for claim in group.claims]
    tested, waiting = sum(bool(claim.tests) for claim in claims), sum(claim.waits for claim in claims)
    rest = len(claims) - tested - waiting
    pages.display(
        f"<p>Of {len(claims)} claims, {tested} end in a test, {waiting} wait for fine-tuning, and {rest} cannot be "
        f'tested here.</p><p lang="ko">주장 {len(claims)}개 가운데 {tested}개는 테스트가 있고, '
        f"{waiting}개는 미세조정 장에서 다룰 "
        f"예정이며, {rest}개는 여기서 검증할 수 없다.</p>"
    )
