"""The drawing of the model, as SVG: wide for a desk, tall for a phone, with places where numbers are written.

Signals flow along the stages; the three modalities lie side by side. In the wide drawing the stages go right and the
modalities down, in the tall one the other way round.
"""

from collections.abc import Mapping
from html import escape
from itertools import pairwise

from vatt_edu.teach.interactive.model_facts import MODALITIES, PARTS

Length = int | float  # in the drawing's units, about a pixel
Point = tuple[Length, Length]

STAGES = ("signals", "tokens", "positions", "droptoken", "encoder", "feature", "space", "losses")

# Along the stages: centers, and where each stage's plate begins (the last number: where the last one ends).
WIDE = ((46, 132, 214, 298, 390, 466, 557, 655), (2, 90, 173, 256, 342, 436, 497, 617, 698))
TALL = ((48, 138, 228, 304, 380, 480, 556, 644), (2, 104, 194, 270, 346, 446, 522, 612, 682))
WIDE_LANES, TALL_LANES = (68, 152, 236), (122, 206, 290)
WIDE_SIZE, TALL_SIZE = (700, 316), (332, 684)
INK, MUTED, PAGE = "var(--vatt-ink, #1f2328)", "var(--vatt-muted, #57606a)", "var(--vatt-page, #fff)"
NAME = {"video": "video", "audio": "sound", "text": "words"}
DROPPED = (0, 2, 3, 6, 9)  # of ten bars
TWO_LINES = ("encoder",)
HALF = {"signals": 31, "tokens": 30, "positions": 30, "droptoken": 30, "encoder": 29, "feature": 6}

STYLE = f"""<style>
.vatt-model svg {{ display: block; height: auto; margin: 0 auto; max-width: 100%; }}
.vatt-model svg text {{ fill: {INK}; font-family: var(--vatt-sans, sans-serif); font-size: 11px; text-anchor: middle; }}
.vatt-model svg .vatt-model-head text {{ font-size: 12px; }}
.vatt-model .vatt-m-video {{ color: var(--vatt-video, #0072b2); }}
.vatt-model .vatt-m-audio {{ color: var(--vatt-audio, #b34700); }}
.vatt-model .vatt-m-text {{ color: var(--vatt-text, #00754f); }}
.vatt-model .vatt-m-ink {{ color: {INK}; }}
.vatt-model svg [data-part] .vatt-model-lane {{ fill: currentColor; font-weight: 700; }}
.vatt-model path {{ pointer-events: none; fill: none; stroke: currentColor; stroke-width: 1.5; }}
.vatt-model .vatt-model-box {{ fill: {PAGE}; stroke: currentColor; stroke-width: 1.5; }}
.vatt-model .vatt-model-dots circle {{ fill: currentColor; stroke: {PAGE}; }}
.vatt-model [data-plate] {{ fill: transparent; }}
.vatt-model [data-plate][data-lit] {{ fill: {PAGE}; stroke: {INK}; stroke-width: 1.5; }}
.vatt-model svg[data-whole] [data-plate] {{ fill: transparent; stroke: none; }}
.vatt-model svg [data-lit] .vatt-model-head text {{ font-weight: 700; }}
.vatt-model [data-part]:not([data-lit]) .vatt-model-glyph {{ opacity: 0.35; }}
.vatt-model svg [data-part]:not([data-lit]) text {{ fill: {MUTED}; }}
</style>"""


def drawing(written: Mapping[str, str], lit: tuple[str, ...], tall: bool = False, alt: str = "") -> str:
    """The model as one ``<svg>``.

    Args:
        written: Numbers, by the names that ``model_facts.labels`` gives them.
        lit: Parts that are not dimmed.
        tall: For a narrow screen; its glyphs are those of the wide one, for the script to put in.
        alt: What it shows, for a picture that does not move; without, it moves.
    """
    layout = Layout(tall)
    width, height = TALL_SIZE if tall else WIDE_SIZE
    role = (
        f'role="img" aria-label="{escape(alt, quote=True)}"' if alt else 'role="group" aria-label="Parts of the model"'
    )
    plates, parts = [], []  # wires run between them
    for name in PARTS:
        mark = " data-lit" if name in lit else ""
        plates.append(_rect(*layout.plate(name), f'rx="6" data-plate="{name}"{mark}'))
        parts.append(f'<g data-part="{name}"{mark}>{layout.part(name, written)}</g>')
    moving = "" if alt else layout.dots()
    return (
        f'<svg class="vatt-model-{"tall" if tall else "wide"}" viewBox="0 0 {width} {height}" width="{width}" {role}'
        f"{' data-whole' if len(lit) == len(PARTS) else ''}>"
        f"{''.join(plates)}{layout.wires()}{''.join(parts)}{moving}</svg>"
    )


class Layout:
    """Where everything is, wide or tall."""

    def __init__(self, tall: bool) -> None:
        self.tall = tall
        centers, self.edges = TALL if tall else WIDE
        self.along = dict(zip(STAGES, centers, strict=True))
        across = TALL_LANES if tall else WIDE_LANES
        self.across: dict[str, Length] = dict(zip(MODALITIES, across, strict=True))
        # Each space lies between the two modalities that meet there.
        self.across |= {"va": (across[0] + across[1]) / 2, "vt": (across[1] + across[2]) / 2}

    def at(self, stage: str, lane: str) -> Point:
        """The center of a cell."""
        along, across = self.along[stage], self.across[lane]
        return (across, along) if self.tall else (along, across)

    def wire(self, stage: str, lane: str) -> tuple[Point, Point]:
        """Where what comes along a lane reaches a stage, and where it leaves."""
        x, y = self.at(stage, lane)
        if self.tall:
            below = {"feature": 37}.get(stage, 51 if stage in TWO_LINES else 38)
            return (x, y - 23), (x, y + below)
        return (x - HALF[stage] - 2, y), (x + HALF[stage] + 2, y)

    def plate(self, name: str) -> tuple[Length, Length, Length, Length]:
        """Left, top, width and height of what lies under a part."""
        if name == "sharing":
            middle = self.along["encoder"]
            return (4, middle + 2, 76, 44) if self.tall else (middle - 46, 293, 92, 21)
        number = STAGES.index(name)
        low, high = self.edges[number] + 2, self.edges[number + 1] - 2
        if self.tall:
            return 2, low, 328, high - low
        return low, 2, high - low, 288 if name == "encoder" else 312  # below it the frame's words

    def part(self, name: str, written: Mapping[str, str]) -> str:
        """All of a part: heading, glyphs and numbers."""
        if name == "sharing":
            return self.sharing()
        title = PARTS[name].title if self.tall else PARTS[name].title.replace("\n", " ")
        along = self.along[name]
        place = (42, along - (14 if name == "encoder" else 0)) if self.tall else (along, 20)
        head = f'<g class="vatt-model-head">{_text(*place, title)}</g>'
        if name in ("space", "losses"):
            return head + "".join(getattr(self, name)(lane, written) for lane in ("va", "vt"))
        return head + "".join(self.cell(name, lane, written) for lane in MODALITIES)

    def cell(self, stage: str, lane: str, written: Mapping[str, str]) -> str:
        """A stage of a modality, with what is written below it."""
        x, y = self.at(stage, lane)
        glyph = (
            f'<g class="vatt-model-glyph vatt-m-{lane}" data-glyph="{stage}.{lane}" transform="translate({x:g} {y:g})">'
        )
        glyph += f"{'' if self.tall else GLYPHS[stage](lane)}</g>"
        names = [f"{stage}.{lane}"] + [f"{stage}.{lane}.flops"] * (stage in TWO_LINES)
        below = "".join(_text(x, y + 34 + 13 * n, written[key], key) for n, key in enumerate(names))
        above = _text(x, y - 26, NAME[lane], lane=lane) if stage == "signals" else ""
        return glyph + above + below

    def space(self, lane: str, written: Mapping[str, str]) -> str:
        """One of the two spaces: in it vectors, of which two that belong together lie together."""
        x, y = self.at("space", lane)
        own, other = "video", "audio" if lane == "va" else "text"
        points = [(-9, -5, own), (-2, -1, other), (14, 9, own), (18, -8, other), (-22, 6, own)]
        inside = "".join(
            f'<circle class="vatt-m-{whose}" cx="{dx}" cy="{dy}" r="{4 if n < 2 else 2.5}" '
            f'opacity="{1 if n < 2 else 0.5}" fill="currentColor"/>'
            for n, (dx, dy, whose) in enumerate(points)
        )
        ellipse = f'<ellipse rx="33" ry="20" fill="none" stroke="{INK}" stroke-width="1.5"/>'
        glyph = f'<g class="vatt-model-glyph" transform="translate({x:g} {y:g})">{ellipse}{inside}</g>'
        first = y - 39 if lane == "va" and not self.tall else y + 33
        title = "video–sound" if lane == "va" else "video–words"
        return glyph + _text(x, first, title) + _text(x, first + 13, written[f"space.{lane}"], f"space.{lane}")

    def losses(self, lane: str, written: Mapping[str, str]) -> str:
        """One of the two losses."""
        x, y = self.at("losses", lane)
        box = _rect(x - 31, y - 13, 62, 26, f'class="vatt-model-glyph" rx="13" fill="none" stroke="{INK}"')
        return box + _text(x, y + 4, "NCE" if lane == "va" else "MIL-NCE")

    def sharing(self) -> str:
        """The frame around the encoders, which in the agnostic model are one."""
        middle = self.along["encoder"]
        frame = (84, middle - 28, 244, 81) if self.tall else (middle - 41, 40, 82, 248)
        if self.tall:
            words = _text(42, middle + 20, "one or") + _text(42, middle + 34, "three?")
        else:
            words = _text(middle, 308, "one or three?")
        dashed = _rect(*frame, f'class="vatt-model-glyph" rx="8" fill="none" stroke="{INK}" stroke-dasharray="5 4" '
                       'stroke-width="1.5" pointer-events="none"')  # fmt: skip
        return f'{dashed}<g class="vatt-model-head">{words}</g>'

    def routes(self) -> dict[str, list[Point]]:
        """The ways from the features to the losses, by what travels."""
        turned = self.tall
        gap = 21 if turned else 34

        def before(stage: str, lane: str, by: Length) -> Point:
            x, y = self.at(stage, lane)
            return (x, y - by) if turned else (x - by, y)

        def after(stage: str, lane: str, by: Length) -> Point:
            return before(stage, lane, -by)

        spaces = {lane: before("space", lane, gap) for lane in ("va", "vt")}
        out = 49 if turned else 34
        losses = {lane: [after("space", lane, out), before("losses", lane, 13 if turned else 31)] for lane in spaces}
        passage = [after("space", "va", 0), before("space", "vt", 0)]
        if turned:
            passage = [(passage[0][0] + 33, passage[0][1]), (passage[1][0] - 33, passage[1][1])]
        else:
            passage = [(passage[0][0], passage[0][1] + 20), (passage[1][0], passage[1][1] - 20)]
        feature = {lane: self.wire("feature", lane)[1] for lane in MODALITIES}
        return {
            "video": [feature["video"], spaces["va"]],
            "audio": [feature["audio"], spaces["va"]],
            "text": [feature["text"], spaces["vt"]],
            "passage": passage,
            "nce": losses["va"],
            "mil": losses["vt"],
        }

    def wires(self) -> str:
        """Everything that connects cells."""
        routes, made = self.routes(), []
        for lane in MODALITIES:
            ways = [[self.wire(here, lane)[1], self.wire(there, lane)[0]] for here, there in pairwise(STAGES[:6])]
            ways += [routes[lane]] + [routes["passage"]] * (lane == "video")
            made.append(f'<path class="vatt-m-{lane}" d="{"".join(map(_path, ways))}" opacity="0.7"/>')
        return "".join(made) + f'<path class="vatt-m-ink" d="{_path(routes["nce"])}{_path(routes["mil"])}"/>'

    def dots(self) -> str:
        """What flows: tokens, of which half end at DropToken, and then one vector. The script sets it in motion."""
        made, routes = [], self.routes()
        for lane in MODALITIES:
            start, drop = self.wire("signals", lane)[1], self.at("droptoken", lane)
            encoder, feature = self.at("encoder", lane), self.at("feature", lane)
            flow = []
            for n in range(4):
                ends = n % 2 == 0 and lane != "text"
                flow.append(_dot([start, drop] if ends else [start, encoder], 1.5 * n, 3 if ends else 4, ends))
            way = [encoder, feature, *routes[lane]]
            if lane == "video":
                flow.append(_dot([*way, *routes["nce"]], 0, 4))
                flow.append(_dot([*way, *routes["passage"], *routes["mil"]], 3, 6))
            else:
                flow.append(_dot([*way, *routes["nce" if lane == "audio" else "mil"]], 1, 4))
            made.append(f'<g class="vatt-m-{lane}">{"".join(flow)}</g>')
        return f'<g class="vatt-model-dots" aria-hidden="true" pointer-events="none">{"".join(made)}</g>'


def _bars(lane: str, drop: bool = False, top: int = -16) -> str:
    """Tokens: one bar, a vector, for each."""
    count = 4 if lane == "text" else 10
    gone = DROPPED if drop and lane != "text" else ()
    places = [(n, 6 * n - 3 * count + 3) for n in range(count)]
    kept = "".join(f"M{x},{top}V18" for n, x in places if n not in gone)
    lost = "".join(f"M{x - 1.5},{top}h3V18h-3z" for n, x in places if n in gone)
    outlines = f'<path d="{lost}" style="stroke-dasharray: 2 2; stroke-width: 1"/>' if lost else ""
    return f'<path d="{kept}" style="stroke-width: 4"/>{outlines}'


def _signal(lane: str) -> str:
    if lane == "video":
        frames = "".join(_rect(-28 + 8 * n, -10 - 5 * n, 40, 30, 'rx="2" class="vatt-model-box"') for n in (2, 1, 0))
        return f'{frames}<circle cx="-10" cy="6" r="6" fill="currentColor"/>'
    if lane == "audio":
        heights = (2, 3, 2, 19, 15, 12, 9, 7, 5, 4, 3, 2, 14, 10, 7, 5, 3, 2, 2)
        strokes = "".join(f"M{-27 + 3 * n},{-tall}v{2 * tall}" for n, tall in enumerate(heights))
        return f'<path d="{strokes}"/>'
    return _rect(-31, -18, 62, 36, 'rx="3" class="vatt-model-box"') + _text(0, -4, "the ball") + _text(0, 10, "bounces")


def _positions(lane: str) -> str:
    if lane == "text":  # pairs of words
        return (
            _bars(lane, top=-6)
            + '<path class="vatt-m-ink" d="M-9,-8Q-6,-15 -3,-8M-9,-8Q-3,-21 3,-8M-9,-8Q0,-29 9,-8"/>'
        )
    marks = "".join(f"M{6 * n - 27},-10v{-1 - n}" for n in range(10))
    return f'<path class="vatt-m-ink" d="{marks}" style="stroke-width: 4"/>' + _bars(lane, top=-8)


def _encoder(lane: str) -> str:
    layers = "".join(f"M-22,{11 * n - 11.5}h44" for n in range(3))
    return _rect(-28, -21, 56, 42, 'rx="5" class="vatt-model-box"') + f'<path d="{layers}" style="stroke-width: 7"/>'


GLYPHS = {
    "signals": _signal,
    "tokens": _bars,
    "positions": _positions,
    "droptoken": lambda lane: _bars(lane, drop=True),
    "encoder": _encoder,
    "feature": lambda lane: _rect(-4, -19, 8, 38, 'fill="currentColor"'),
}


def _rect(x: Length, y: Length, width: Length, height: Length, paint: str) -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" {paint}/>'


def _text(x: Length, y: Length, words: str, fact: str = "", lane: str = "") -> str:
    first, *more = words.split("\n")
    if more:
        return _text(x, y - 5, first) + _text(x, y + 9, more[0])
    mark = f' data-fact="{fact}"' if fact else f' class="vatt-model-lane vatt-m-{lane}"' if lane else ""
    return f'<text x="{x:g}" y="{y:g}"{mark}>{escape(words)}</text>'


def _path(points: list[Point]) -> str:
    return "".join(f"{'L' if n else 'M'}{x:g},{y:g}" for n, (x, y) in enumerate(points))


def _dot(points: list[Point], since: Length, seconds: Length, fades: bool = False) -> str:
    return f'<circle r="3" data-way="{_path(points)}" data-time="{since:g} {seconds:g} {int(fades)}"/>'
