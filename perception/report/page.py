"""The report's page: one jinja2 template, nothing outside itself."""

from __future__ import annotations

MAX_LINKS = 8
"""Reports with more sections link to them from their table alone."""

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
{% if 2 < named | length <= max_links %}<nav>
{% for section in named %}<a href="#{{ section.anchor }}">{{ section.title }}</a>
{% endfor %}</nav>{% endif %}
{% for section in sections %}
<section id="{{ section.anchor }}">
{% if section.title %}<div class="head"><h2>{{ section.title }}</h2>
{% if section.badge %}<span class="badge {{ section.kind }}">{{ section.badge }}</span>
{% endif %}
{% if section.score is not none %}<span class="score"><i class="{{ section.kind }}">
<b style="width:{{ (100 * section.score) | round | int }}%"></b></i>
{{ "%.2f" | format(section.score) }}</span>{% endif %}
</div>{% endif %}
{% if section.lead %}<p class="lead">{{ section.lead }}</p>{% endif %}
<div class="blocks">
{% for block in section.blocks %}
<figure class="card{{ ' wide' if block.wide }}">
{% if block.title %}<h3>{{ block.title }}</h3>{% endif %}
{% for line in block.paragraphs %}<p>{{ line }}</p>
{% endfor %}
{% if block.tiles %}<div class="tiles">{% for tile in block.tiles %}
<div><span>{{ tile.kind }}</span><b>{{ tile.text }}</b>
<span>{{ tile.note }}</span></div>
{% endfor %}</div>{% endif %}
{% if block.rows %}<div class="scroll"><table>
<thead><tr>{% for cell in block.header %}
<th class="{{ cell.kind }}">{{ cell.text }}</th>{% endfor %}</tr></thead>
<tbody>{% for row in block.rows %}<tr>{% for cell in row %}
<td class="{{ cell.kind }}">{% if cell.link in anchors and cell.link %}
<a href="#{{ anchors[cell.link] }}">{{ cell.text }}</a>{% else %}{{ cell.text }}
{% endif %}</td>{% endfor %}</tr>
{% endfor %}</tbody></table></div>{% endif %}
{{ block.markup }}
{% if block.image %}<img src="{{ block.image }}" alt="{{ block.title }}">{% endif %}
{% if block.video %}<video controls muted loop playsinline preload="metadata"
 poster="{{ block.poster }}" src="{{ block.video }}"></video>{% endif %}
{% if block.key %}<div class="keys">{% for kind, words in block.key %}
<span><i class="{{ kind }}"></i>{{ words }}</span>{% endfor %}</div>{% endif %}
{% if block.caption %}<figcaption>{{ block.caption }}</figcaption>{% endif %}
</figure>
{% endfor %}
</div>
</section>
{% endfor %}
</main>
<script>{{ script }}</script>
</body>
</html>
"""
