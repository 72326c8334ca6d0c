"""How the page of an evaluation looks."""

from __future__ import annotations

from cldice_monai.report.panel import COLOURS, MEANINGS

__all__ = ["LEGEND", "STYLE"]


def _css(name: str) -> str:
    return "#{:02x}{:02x}{:02x}".format(*COLOURS[name])


LEGEND = " ".join(
    f"<span><i style='background:{_css(name)}'></i>{words}</span>"
    for name, words in MEANINGS.items()
) + (
    f" <span>In networks: <i style='background:{_css('ghost')}'></i>junction "
    f"<i style='background:{_css('miss')}'></i>end</span>"
)

STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1500px; margin: 2rem auto;
  padding: 0 1rem; }
h1, h2, h3 { line-height: 1.2; } h3 { margin: 1rem 0 .3rem; font-size: 1rem; }
section { border-top: 1px solid #8886; margin-top: 2rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid #8884; text-align: right; }
th:first-child, td:first-child { text-align: left; } td small { display: block; opacity: .7; }
small { font-weight: normal; white-space: nowrap; }
.row, .plots { display: flex; flex-wrap: wrap; gap: .8rem; }
.plots figure { width: 460px; }
.row figure { flex: 1 1 260px; max-width: 400px; }
figure { margin: 0; } figcaption { font-size: .85rem; max-width: 380px; }
img { display: block; width: 100%; image-rendering: pixelated; border-radius: 4px; }
svg circle { fill: #3a86c8; fill-opacity: .45; } svg rect { fill: #d1495b; }
svg line { stroke: currentColor; stroke-opacity: .4; }
svg text { font-size: 12px; fill: currentColor; }
svg .name { text-anchor: end; } svg .tick { text-anchor: middle; font-size: 11px; }
.legend span { margin-right: 1.2rem; white-space: nowrap; }
.legend i { display: inline-block; width: .8em; height: .8em; margin: 0 .35em 0 0;
  border-radius: 2px; }
.note { border-left: 3px solid #d1a145; padding-left: .6rem; }
details { margin: .8rem 0; } dt { font-weight: 600; } dd { margin: 0 0 .4rem 1rem; }
"""
