"""How the page of an evaluation looks."""

from __future__ import annotations

from cldice_monai.report.network_picture import LINE_COLOUR, NODE_COLOURS
from cldice_monai.report.panel import COLOURS, MEANINGS

__all__ = ["LEGEND", "NETWORK_LEGEND", "STYLE"]


def _entry(colour: tuple[int, int, int], words: str) -> str:
    css = "#{:02x}{:02x}{:02x}".format(*colour)
    return f"<span><i style='background:{css}'></i>{words}</span>"


LEGEND = " ".join(_entry(COLOURS[name], words) for name, words in MEANINGS.items())
NETWORK_LEGEND = " ".join(
    [
        _entry(LINE_COLOUR, "vessel"),
        _entry(NODE_COLOURS["junction"], "junction"),
        _entry(NODE_COLOURS["end"], "end"),
    ]
)

STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1500px; margin: 2rem auto;
  padding: 0 1rem; overflow-wrap: anywhere; }
h1, h2, h3 { line-height: 1.2; } h3 { margin: 1.2rem 0 .3rem; font-size: 1rem; }
h3 + p { margin: 0 0 .3rem; }
section { border-top: 1px solid #8886; margin-top: 2rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; overflow-wrap: normal; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid #8884; text-align: right; }
th:first-child, td:first-child { text-align: left; } td small { display: block; opacity: .7; }
th small { font-size: 1em; } small { font-weight: normal; white-space: nowrap; }
.row, .plots { display: flex; flex-wrap: wrap; gap: .8rem; }
.plots figure { flex: 0 1 420px; min-width: 0; }
.plots figcaption { max-width: none; margin-bottom: .3rem; }
.row figure { flex: 1 1 230px; max-width: 400px; }
figure { margin: 0; } figcaption { font-size: .85rem; max-width: 400px; }
img { display: block; width: 100%; border-radius: 4px; }
svg { display: block; width: 100%; height: auto; }
svg circle { fill: #3a86c8; fill-opacity: .6; } svg rect { fill: #d1495b; }
svg line { stroke: currentColor; stroke-opacity: .5; }
svg text { font-size: 13px; fill: currentColor; }
svg .tick, svg .axis { text-anchor: middle; }
svg .tick { font-size: 12px; }
.legend span { margin-right: 1.2rem; display: inline-block; }
.legend i { display: inline-block; width: .8em; height: .8em; margin: 0 .35em 0 0;
  border-radius: 2px; }
.note { border-left: 3px solid #d1a145; padding-left: .6rem; }
details { margin: .8rem 0; } summary { cursor: pointer; }
dt { font-weight: 600; } dd { margin: 0 0 .4rem 1rem; }
@media (max-width: 600px) {
  th, td { padding: .25rem .4rem; }
  th:first-child { min-width: 6rem; max-width: 8rem; overflow-wrap: anywhere; }
}
@media print { section { break-inside: avoid-page; } }
"""
