"""The page itself: head, style, order. No script, no font, no address of anything elsewhere."""

from collections.abc import Sequence
from html import escape

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --panel: #f6f8fa; --ink: #1f2328; --muted: #57606a; --line: #d0d7de;
  --video: #0072b2; --audio: #b34700; --text: #00754f; --right: #00754f; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181d; --panel: #1c2229; --ink: #e6edf3; --muted: #9da7b3;
  --line: #3a434d; --video: #56b4e9; --audio: #e69f00; --text: #2fc596; --right: #2fc596; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 70rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: .5rem 0; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; border-bottom: 1px solid var(--line); padding-bottom: .2rem; }
h3 { font-size: 1.05rem; margin: 1.5rem 0 .3rem; }
h4 { font-size: 1rem; font-weight: 600; margin: 1rem 0 .3rem; }
nav { display: flex; flex-wrap: wrap; gap: .2rem 1rem; font-size: .9rem; }
a { color: var(--video); }
p { max-width: 46rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; }
dt { color: var(--muted); } dd { margin: 0; overflow-wrap: anywhere; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: .8rem; margin: 1rem 0; }
.cards > div { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .7rem .9rem; }
.cards b { display: block; font-size: 1.7rem; line-height: 1.2; }
.cards small { color: var(--muted); display: block; }
.wide { overflow-x: auto; margin: .5rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid var(--line); vertical-align: top; }
th:first-child { text-align: left; } thead th { color: var(--muted); font-weight: 500; vertical-align: bottom; }
tbody th { font-weight: 500; white-space: nowrap; }
tbody th, thead th:first-child { position: sticky; left: 0; background: var(--paper); }
td small { display: block; color: var(--muted); font-size: .78rem; white-space: nowrap; }
tr.reference th, tr.reference td { color: var(--muted); font-weight: 400; border-bottom-style: dotted; }
table.fields td, table.fields th { text-align: left; } table.fields tbody th { font: .85rem ui-monospace, monospace; }
code { font: .85em ui-monospace, monospace; overflow-wrap: anywhere; }
details { border: 1px solid var(--line); border-radius: 6px; padding: .4rem .8rem; margin: .6rem 0; }
summary { cursor: pointer; font-weight: 600; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(19rem, 100%), 1fr)); gap: 1rem; }
.heats { grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); align-items: start; }
.heats > div { min-width: 0; }
figure { margin: 0; } figcaption { font-weight: 600; font-size: .9rem; }
figure svg { width: 100%; height: auto; } svg text { fill: var(--muted); font: 11px system-ui, sans-serif; }
svg .grid { stroke: var(--line); stroke-width: 1; }
.legend { display: flex; flex-wrap: wrap; gap: 0 1rem; font-size: .82rem; } .legend svg { width: 22px; height: 10px; }
table.heat td { background: color-mix(in srgb, var(--video) calc(.75 * var(--share)), transparent); text-align: center;
  min-width: 2rem; border: 1px solid var(--paper); }
table.heat td.right { outline: 2px solid var(--right); outline-offset: -2px; font-weight: 700; }
table.heat caption { white-space: nowrap; }
table.heat th, table.heat td { padding: .2rem .35rem; font-size: .82rem; }
ol.clips { list-style: none; display: grid; grid-template-columns: repeat(auto-fill, minmax(min(11.5rem, 47%), 1fr));
  gap: .6rem; padding: 0; margin: .3rem 0; }
ol.clips li { border: 2px solid var(--line); border-radius: 6px; padding: .25rem; font-size: .78rem; line-height: 1.3; }
ol.clips li.right { border-color: var(--right); border-width: 3px; }
ol.clips img { width: 100%; display: block; border-radius: 3px; } ol.clips span { display: block; }
ol.clips span:first-of-type { font-weight: 600; } ol.clips span + span { color: var(--muted); }
.sound { display: flex; flex-wrap: wrap; gap: .8rem; align-items: center; }
.sound img { height: 4.5rem; max-width: 100%; border-radius: 3px; } .sound audio { max-width: 100%; height: 2.2rem; }
.miss { color: var(--muted); margin: .2rem 0; font-size: .9rem; }
"""


def page(title: str, lead: str, parts: Sequence[tuple[str, str]]) -> str:
    """A whole HTML page.

    Args:
        title: Plain text.
        lead: HTML under the title.
        parts: Heading (plain text) and HTML of each section.
    """
    links = "".join(f'<a href="#part-{n}">{escape(name)}</a>' for n, (name, _) in enumerate(parts))
    body = "".join(f'<h2 id="part-{n}">{escape(name)}</h2>{html}' for n, (name, html) in enumerate(parts))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><header><h1>{escape(title)}</h1>{lead}<nav>{links}</nav></header><main>{body}</main></body></html>\n"
    )
