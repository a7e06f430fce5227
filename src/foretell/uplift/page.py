"""The page of a campaign: words first, then rankings, the curve, effects by tenth, policies, overlap.

This module owns that page's template. It refuses to compute figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from foretell.evaluate import charts
from foretell.evaluate.view_uplift import QINI_CAPTION
from foretell.evaluate.words import MISSING, count, percent
from foretell.uplift.words import NAMES

__all__ = ["render_page"]

Document = Mapping[str, Any]

_RANKINGS: Final = ("qini", "qini_normalised", "uplift_auc", "autoc")
_POLICIES: Final = ("policy_gain", "policy_value", "policy_value_ipw", "policy_net", "policy_treated")
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>{{ title }} · foretell</title>
<style>
{{ style }}
</style>
</head>
<body>
{% macro table(rows, heads) %}
<div class="scroll" tabindex="0" role="region" aria-label="Figures"><table class="figures">
<thead><tr>{% for head in heads %}<th scope="col"{% if not loop.first %} class="number"{% endif %}>{{ head }}</th>
{% endfor %}</tr></thead>
<tbody>{% for row in rows %}<tr{% if row[0] == "foretell" %} class="headline"{% endif %}>{% for cell in row %}
{% if loop.first %}<th scope="row">{{ cell }}</th>{% else %}<td class="number">{{ cell }}</td>{% endif %}{% endfor %}
</tr>{% endfor %}</tbody></table></div>
{% endmacro %}
<a class="skip" href="#verdicts">Skip to the results</a>
<div class="layout">
<nav aria-label="Contents"><p class="brand">foretell</p><ol>
<li><a href="#verdicts">In words</a></li>
{% for arm in arms %}<li><a href="#{{ arm.anchor }}">{{ arm.name }}</a></li>{% endfor %}
<li><a href="#policies">Whom to treat</a></li><li><a href="#overlap">Can arms be compared</a></li>
<li><a href="#meaning">What the figures mean</a></li><li><a href="#run">How this was made</a></li>
</ol></nav>
<main>
<header class="masthead"><p class="eyebrow">Campaign report</p><h1>{{ title }}</h1>
<dl class="strip">{% for name, value in strip %}<div><dt>{{ name }}</dt><dd>{{ value }}</dd></div>{% endfor %}</dl>
</header>
<section id="verdicts" aria-labelledby="verdicts-title"><h2 id="verdicts-title">In words</h2>
{% for line in verdicts %}{% if line.loud %}<div class="note loud" role="note"><p>{{ line.words }}</p></div>
{% else %}<p>{{ line.words }}</p>{% endif %}{% endfor %}
{% for note in notes %}<p class="small">{{ note }}</p>{% endfor %}
</section>
{% for arm in arms %}
<section id="{{ arm.anchor }}" aria-labelledby="{{ arm.anchor }}-title">
<h2 id="{{ arm.anchor }}-title">{{ arm.name }}</h2>
<p>Every ranking is made out of fold; intervals are 95 %, over resampled people, the same for all.</p>
{{ table(arm.rankings, ranking_heads) }}
<figure>{{ arm.chart }}<figcaption>{{ caption }}</figcaption></figure>
<h3>By tenth of the people, best predictions first</h3>
{{ table(arm.tenths, ("Tenth", "People", "Predicted", "Observed", "95% interval")) }}
{% if arm.rules %}<p class="small">The one-line rule in each fold: {{ arm.rules|join("; ") }}.</p>{% endif %}
</section>
{% endfor %}
<section id="policies" aria-labelledby="policies-title"><h2 id="policies-title">Whom to treat</h2>
{% for part in policies %}<h3>{{ part.title }}</h3>{{ table(part.rows, policy_heads) }}
<h4>foretell less each other, on the same resamples</h4>{{ table(part.gaps, policy_heads) }}{% endfor %}
</section>
<section id="overlap" aria-labelledby="overlap-title"><h2 id="overlap-title">Can arms be compared</h2>
{{ table(overlaps, ("Arm", "Treated", "Without counterpart", "Effective share", "AUC of who was treated", "Verdict")) }}
{% for name, worst in imbalances %}<p class="small">Largest standardised differences between {{ name }} and control
after weighting: {{ worst }}.</p>{% endfor %}
</section>
<section id="meaning" aria-labelledby="meaning-title"><h2 id="meaning-title">What the figures mean</h2>
<dl class="definitions">{% for entry in definitions %}<div><dt>{{ entry.label }}</dt><dd>{{ entry.meaning }}
<span class="formula">{{ entry.formula }}</span></dd></div>{% endfor %}</dl></section>
<section id="run" aria-labelledby="run-title"><h2 id="run-title">How this was made</h2>
{% if command %}<pre><code>{{ command }}</code></pre>{% endif %}
<p>Answers: {{ chosen }} (chosen inside training; in the five folds: {{ chosen_in_folds }}).</p></section>
<footer>Made by foretell. This file needs no network; the same figures are in report.json beside it.</footer>
</main></div></body></html>
"""


def _source(name: str) -> str | None:
    return _PAGE if name == "page" else None


def render_page(document: Document) -> str:
    """The page: one file that opens without a network."""
    found, defined = document["uplift"], document["definitions"]
    environment = Environment(
        loader=FunctionLoader(_source), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    style = files("foretell.evaluate").joinpath("page", "style.css").read_text(encoding="utf-8")
    return environment.get_template("page").render(
        title=document.get("title") or "Campaign",
        style=Markup(style),
        strip=_strip(document),
        verdicts=[{"words": line, "loud": line.split(":")[0].isupper()} for line in found["verdicts"]],
        notes=found["notes"],
        arms=[_arm(name, part, f"arm-{place}") for place, (name, part) in enumerate(found["arms"].items(), start=1)],
        caption=QINI_CAPTION[found["randomised"]],
        ranking_heads=("Ranking by", *(defined[metric]["label"] for metric in _RANKINGS)),
        policies=[_policies(found["within_budget"]), _policies(found["unlimited"])],
        policy_heads=("Chosen by", *(defined[metric]["label"] for metric in _POLICIES[:-1]), "Share treated"),
        overlaps=[
            (
                name,
                count(one["n_treated"]),
                percent(one["outside"]),
                percent(one["effective"]),
                f"{one['auc']:.3f}",
                {"pass": "comparable", "warn": "comparable but for some", "fail": "not comparable"}[one["status"]],
            )
            for name, one in found["overlap"].items()
        ],
        imbalances=[
            (name, ", ".join(f"{feature} {gap:+.3f}" for feature, gap in worst.items()))
            for name, worst in found["imbalance"].items()
        ],
        definitions=list(defined.values()),
        command=document.get("command") or "",
        chosen=NAMES.get(found["chosen"], found["chosen"]),
        chosen_in_folds=", ".join(NAMES.get(name, name) for name in found["chosen_in_folds"]),
    )


def _strip(document: Document) -> list[tuple[str, str]]:
    found = document["uplift"]
    return [
        ("People", count(found["people"])),
        ("Control", count(found["control"])),
        ("Arms", count(len(found["arms"]))),
        ("Outcome", str(found["outcome"])),
        ("Chance decided", "yes, as told" if found["randomised"] else "not said"),
        ("Cost of treating one", f"{found['cost']:g}"),
        ("Seed", str(document["model"]["seed"])),
    ]


def _arm(name: str, part: Document, anchor: str) -> dict[str, Any]:
    shares = part["shares"]
    return {
        "name": name,
        "anchor": anchor,
        "rankings": _rows(part["models"], _RANKINGS),
        "chart": charts.qini(part["curve"]),
        "tenths": [
            (str(place), percent(share), f"{predicted:+.4f}", f"{observed:+.4f}", f"{low:+.4f} to {high:+.4f}")
            for place, (share, predicted, observed, low, high) in enumerate(
                zip(*(shares[key] for key in ("share", "predicted", "observed", "low", "high")), strict=True), start=1
            )
        ],
        "rules": part.get("rule", []),
    }


def _policies(part: Document) -> dict[str, Any]:
    share = part["share"]
    return {
        "title": "However many" if share >= 1 else f"At most {percent(share, digits=0)} of the people",
        "rows": _rows(part["policies"], _POLICIES),
        "gaps": _rows(part["paired"], _POLICIES),
    }


def _rows(models: Document, metrics: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [
        (NAMES.get(name, name), *(_cell(figures.get(metric)) for metric in metrics)) for name, figures in models.items()
    ]


def _cell(figure: Document | None) -> str:
    return MISSING if figure is None else f"{figure['value']:.4f} ({figure['low']:.4f} to {figure['high']:.4f})"
