"""How a data card looks: light and dark, wide and narrow."""

STYLE = """
:root { color-scheme: light dark; --ink: #1d2330; --paper: #fff; --soft: #5b6475; --line: #d5dae3;
  --bar: #4c78c9; --tint: #eef2fa; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e8f0; --paper: #14171d; --soft: #a3adbf; --line: #343b48; --bar: #6f9bea; --tint: #1f2632; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 74rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.7rem; margin: .5rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 2rem 0 .5rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1rem 0 .25rem; }
small, caption { color: var(--soft); font-weight: normal; }
code { overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .15rem .7rem .15rem 0; white-space: nowrap; vertical-align: bottom; }
tbody tr { border-top: 1px solid var(--line); }
th { font-weight: 600; }
.number { text-align: right; }
.bars { width: 100%; max-width: 34rem; }
.bars .bar { width: 100%; padding-right: .7rem; }
.bars span { display: block; height: .8rem; min-width: 1px; background: var(--bar); border-radius: 2px;
  margin-bottom: .3rem; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 32rem), 1fr)); gap: 0 2rem; }
.pair > div { min-width: 0; }
.factor { font-size: .85rem; }
.factor th, .factor td { padding-right: .5rem; }
.share { min-width: 3.5rem; }
.share i { display: block; height: .3rem; background: var(--bar); border-radius: 2px; }
.sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 32rem), 1fr)); gap: 1.2rem; }
figure { margin: 0; min-width: 0; }
figcaption { margin-bottom: .25rem; overflow-wrap: anywhere; }
img { width: 100%; height: auto; display: block; border-radius: 4px; background: var(--tint); }
video { width: 12rem; max-width: 100%; margin-top: .4rem; }
audio { width: 100%; margin-top: .4rem; }
li { overflow-wrap: anywhere; }
"""
