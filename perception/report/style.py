"""How the report's page looks, light and dark, and its few lines of script."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --ink: #1b2230; --soft: #5b6577; --line: #e1e5ec;
  --page: #f4f6f9; --card: #ffffff; --rail: #eef1f6; --accent: #0b63c4;
  --seen: #2f7fd6; --prior: #12997d; --truth: #d97a14; --limit: #c23b4b;
  --good: #12805c; --aside: #a86a00; --bad: #c23b4b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebf1; --soft: #9ba6b8;
  --line: #2b3341; --page: #11151c; --card: #191f28; --rail: #242c38;
  --accent: #6cb2ff; --seen: #5aa2f0; --prior: #3cc4a4; --truth: #f0a050;
  --limit: #f07482; --good: #4cc79b; --aside: #e6ad4a; --bad: #f07482; } }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 66rem; margin: 0 auto; padding: 1.4rem 1rem 4rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0.4rem 0 0.2rem;
  letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 0; overflow-wrap: anywhere; min-width: 0; }
h3 { font-size: 0.8rem; margin: 0 0 0.6rem; color: var(--soft); font-weight: 600;
  letter-spacing: 0.02em; }
p { margin: 0.4rem 0; }
.soft, figcaption, .lead { color: var(--soft); font-size: 0.88rem; }
.lead { margin: 0.2rem 0 0.9rem; overflow-wrap: anywhere; }
figcaption { margin-top: 0.55rem; }
section { scroll-margin-top: 0.5rem; }
.head { display: flex; flex-wrap: wrap; align-items: center; gap: 0.35rem 0.7rem;
  margin: 2.4rem 0 0.4rem; padding-top: 1.3rem; border-top: 1px solid var(--line); }
.badge { font-size: 0.75rem; font-weight: 650; padding: 0.1rem 0.6rem;
  border-radius: 99px; border: 1px solid; white-space: nowrap; }
.badge.good { color: var(--good); } .badge.aside { color: var(--aside); }
.badge.bad { color: var(--bad); }
.score { display: inline-flex; align-items: center; gap: 0.5rem; font-size: 0.88rem;
  font-variant-numeric: tabular-nums; color: var(--soft); }
.score i { display: block; width: 5.5rem; height: 0.42rem; border-radius: 9px;
  background: var(--rail); overflow: hidden; }
.score b { display: block; height: 100%; background: currentColor; }
.score .good { color: var(--good); } .score .aside { color: var(--aside); }
.score .bad { color: var(--bad); }
nav { display: flex; flex-wrap: wrap; gap: 0.3rem 1rem; margin: 0.8rem 0 1rem; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
.blocks { display: grid; gap: 0.9rem; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px;
  padding: 0.9rem 1rem; margin: 0; min-width: 0; } .wide { grid-column: 1 / -1; }
.card img, .card video { display: block; width: 100%; height: auto;
  border-radius: 8px; } .card video { max-height: 32rem; background: #000; }
.scroll { overflow-x: auto; }
.tiles { display: grid; gap: 0.8rem 1.4rem;
  grid-template-columns: repeat(auto-fit, minmax(7.2rem, 1fr)); }
.tiles div { min-width: 0; } .tiles b { display: block; font-size: 1.6rem;
  line-height: 1.2; font-variant-numeric: tabular-nums; letter-spacing: -0.01em; }
.tiles span { display: block; font-size: 0.8rem; color: var(--soft); }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; }
th, td { text-align: left; padding: 0.34rem 0.9rem 0.34rem 0; white-space: nowrap;
  vertical-align: top; border-bottom: 1px solid var(--line);
  font-variant-numeric: tabular-nums; }
th:last-child, td:last-child { padding-right: 0; }
th { color: var(--soft); font-weight: 600; font-size: 0.8rem; }
tr:last-child td { border-bottom: 0; }
td.number, th.number { text-align: right; }
td.words { white-space: normal; min-width: 13rem; overflow-wrap: anywhere; }
svg { display: block; width: 100%; height: auto; overflow: visible;
  font: 11px system-ui, sans-serif; }
svg .label { fill: var(--soft); } svg .title { fill: var(--ink); font-weight: 600; }
svg .end { text-anchor: end; } svg .middle { text-anchor: middle; }
svg .rail { fill: var(--rail); } svg .grid { stroke: var(--line); }
svg .limit { stroke: var(--limit); stroke-dasharray: 4 3; }
svg .stroke { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
svg .stroke.seen { stroke: var(--seen); } svg .fill.seen { fill: var(--seen); }
svg .stroke.prior { stroke: var(--prior); } svg .fill.prior { fill: var(--prior); }
svg .stroke.truth { stroke: var(--truth); } svg .fill.truth { fill: var(--truth); }
svg .stroke.soft { stroke: var(--soft); stroke-dasharray: 3 3; }
svg .fill.aside { fill: var(--aside); }
svg.time { cursor: crosshair; }
svg .playhead { stroke: var(--ink); opacity: 0; }
svg .playhead.on { opacity: 0.55; }
.keys { display: flex; flex-wrap: wrap; gap: 0.15rem 1rem; margin-top: 0.6rem;
  font-size: 0.82rem; color: var(--soft); }
.keys i { display: inline-block; width: 0.7rem; height: 0.7rem; margin-right: 0.4rem;
  border-radius: 3px; } .keys i.seen { background: var(--seen); }
.keys i.prior { background: var(--prior); } .keys i.truth { background: var(--truth); }
.shares { display: flex; height: 1.1rem; border-radius: 6px; overflow: hidden; }
.c0 { background: #2f7fd6; } .c1 { background: #12997d; } .c2 { background: #d97a14; }
.c3 { background: #8a63d2; } .c4 { background: #c23b4b; } .c5 { background: #c9a227; }
.c6 { background: #5b8a99; } .c7 { background: #9aa4b5; }
@media print { .head { break-after: avoid; } .card { break-inside: avoid; } }
"""

SCRIPT = """
for (const part of document.querySelectorAll("section")) {
  const video = part.querySelector("video");
  const charts = part.querySelectorAll("svg.time");
  if (!video || !charts.length) continue;
  const left = 84, width = 344, whole = 440;
  const show = () => {
    for (const chart of charts) {
      const { start, span } = chart.dataset;
      const share = (video.currentTime - start) / span;
      const head = chart.querySelector(".playhead");
      const x = left + width * Math.min(Math.max(share, 0), 1);
      head.setAttribute("x1", x); head.setAttribute("x2", x);
      head.classList.add("on");
    }
    if (!video.paused) requestAnimationFrame(show);
  };
  for (const event of ["play", "seeked"]) video.addEventListener(event, show);
  for (const chart of charts) chart.addEventListener("click", (click) => {
    const box = chart.getBoundingClientRect();
    const x = (click.clientX - box.left) / box.width * whole;
    const { start, span } = chart.dataset;
    video.currentTime = Math.max(0, +start + (x - left) / width * span);
  });
}
"""
"""A line in the charts follows the video of its section; a click there seeks."""
