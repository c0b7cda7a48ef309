"""The report's page: one jinja2 template with its style, nothing outside itself."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --ink: #1d2330; --soft: #5d6678; --line: #dfe3ea;
  --page: #f6f7f9; --card: #ffffff; --accent: #0b6bcb; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebf1; --soft: #9aa4b5;
  --line: #2c3442; --page: #12161d; --card: #1a2029; --accent: #6cb2ff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1.2rem 1rem 3rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0.6rem 0 0.2rem; }
h2 { font-size: 1.25rem; margin: 2.2rem 0 0.6rem; padding-top: 1rem;
  border-top: 1px solid var(--line); }
h3 { font-size: 0.95rem; margin: 0 0 0.5rem; }
p { margin: 0.4rem 0; } .soft, figcaption { color: var(--soft); font-size: 0.88rem; }
figcaption { margin-top: 0.45rem; }
nav { display: flex; flex-wrap: wrap; gap: 0.3rem 1rem; margin: 0.8rem 0 1rem; }
a { color: var(--accent); text-decoration: none; }
.blocks { display: grid; gap: 0.9rem; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 0.8rem 0.9rem; margin: 0; min-width: 0; } .wide { grid-column: 1 / -1; }
.card img, .card video { display: block; width: 100%; height: auto;
  border-radius: 6px; } .card video { max-height: 30rem; background: #000; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.92rem; }
th, td { text-align: left; padding: 0.32rem 0.7rem 0.32rem 0; white-space: nowrap;
  border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; }
th { color: var(--soft); font-weight: 600; } tr:last-child td { border-bottom: 0; }
td.number, th.number { text-align: right; }
"""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<link rel="icon" href="data:,">
<style>{{ style }}</style>
</head>
<body>
<main>
<h1>{{ title }}</h1>
{% if subtitle %}<p class="soft">{{ subtitle }}</p>{% endif %}
{% set named = sections | selectattr("title") | list %}
{% if named | length > 2 %}<nav>
{% for section in named %}<a href="#{{ section.anchor }}">{{ section.title }}</a>
{% endfor %}</nav>{% endif %}
{% for section in sections %}
<section id="{{ section.anchor }}">
{% if section.title %}<h2>{{ section.title }}</h2>{% endif %}
<div class="blocks">
{% for block in section.blocks %}
<figure class="card{{ ' wide' if block.wide }}">
{% if block.title %}<h3>{{ block.title }}</h3>{% endif %}
{% for line in block.paragraphs %}<p>{{ line }}</p>
{% endfor %}
{% if block.rows %}<div class="scroll"><table>
<thead><tr>{% for cell in block.header %}
<th class="{{ cell.kind }}">{{ cell.text }}</th>{% endfor %}</tr></thead>
<tbody>{% for row in block.rows %}<tr>{% for cell in row %}
<td class="{{ cell.kind }}">{{ cell.text }}</td>{% endfor %}</tr>
{% endfor %}</tbody></table></div>{% endif %}
{% if block.image %}<img src="{{ block.image }}" alt="{{ block.title }}">{% endif %}
{% if block.video %}<video controls muted loop playsinline preload="metadata"
 poster="{{ block.poster }}" src="{{ block.video }}"></video>{% endif %}
{% if block.caption %}<figcaption>{{ block.caption }}</figcaption>{% endif %}
</figure>
{% endfor %}
</div>
</section>
{% endfor %}
</main>
</body>
</html>
"""
