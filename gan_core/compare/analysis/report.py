"""The results of a comparison as files that need no other file: JSON, CSV, an HTML page, a PNG of samples."""

from __future__ import annotations

import base64
import csv as csv_format
import io
import itertools
import json as json_format
import math
from collections.abc import Iterator
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

from gan_core.compare import fairness
from gan_core.compare.analysis import charts
from gan_core.compare.analysis.results import Results, Row, X, read
from gan_core.compare.analysis.sample_sheet import as_png, png, strips
from gan_core.compare.analysis.verdict import claims, verdicts
from gan_core.compare.measures import MEASURES, TrialData
from gan_core.compare.study import Study
from gan_core.config.schema import as_text
from gan_core.metrics.registry import METRICS
from gan_core.system.files import spreadsheet_text
from gan_core.system.formatting import short, size

__all__ = ["csv", "html", "json", "png", "table", "tree", "write"]

_COLUMNS = ("quality", "best", "level", "loss_noise", "seconds", "speed", "memory")
_WITH_SPREAD = ("quality", "best", "loss_noise")
_CURVES: tuple[tuple[str, X], ...] = (
    ("quality", "steps"),
    ("quality", "seconds"),
    ("loss_d", "steps"),
    ("loss_g", "steps"),
)
_NAMES = {"loss_d": "D's loss", "loss_g": "G's loss"}


def tree(results: Results) -> dict[str, Any]:
    """All results as plain values for JSON: the plan, each run's measures, the table, verdicts and claims."""
    plan = results.comparison
    return {
        "comparison": json_format.loads(plan.to_json()),
        "quality": results.label("quality"),
        "reference": plan.reference_id,
        "rates": fairness.rates(plan),
        "confounds": fairness.confounds(plan),
        "runs": [
            {
                **_about(run),
                "measures": _measures(results, run),
                "evaluated_at": run.evaluations.step.tolist(),
                "quality": [value if math.isfinite(value) else None for value in run.quality.tolist()],
                "failure_modes": run.failure_modes,
            }
            for run in results.runs
        ],
        "table": [asdict(row) for row in results.table()],
        "words": table(results),
        "verdicts": [asdict(verdict) for verdict in verdicts(results)],
        "claims": [
            {"says": result.claim.says, "outcome": result.outcome, "text": result.text,
             "tests": [asdict(test) for test in result.tests]}
            for result in claims(results)
        ],
    }  # fmt: skip


def json(results: Results) -> str:
    """`tree` as indented text."""
    return json_format.dumps(tree(results), indent=1, ensure_ascii=False) + "\n"


def csv(results: Results) -> str:
    """A line for each run: its variant, its seed, its status, every measure."""
    rows = [
        {**_about(run), **_measures(results, run), "title": results.titles[run.variant], "run": run.run_id,
         "failure_modes": " ".join(run.failure_modes)}
        for run in results.runs
    ]  # fmt: skip
    columns = ["variant", "title", "seed", "run", "status", "steps", *MEASURES, "failure_modes"]
    text = io.StringIO()
    writer = csv_format.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: spreadsheet_text(x) if isinstance(x, str) else x for key, x in row.items()})
    return text.getvalue()


def table(results: Results) -> list[list[str]]:
    """The table as text: a heading, then a row for each variant with medians and, in brackets, lowest and highest."""
    units = {name: MEASURES[name].unit for name in _COLUMNS if MEASURES[name].unit not in ("", "bytes")}
    labels = [f"{results.label(name)}, {units[name]}" if name in units else results.label(name) for name in _COLUMNS]
    return [["", "runs", *labels, "failure modes"], *map(_cells, results.table())]


def write(study: Study) -> list[Path]:
    """Write all reports of a study into its folder; returns the files."""
    results = read(study)
    files = {
        "results.json": json(results).encode(),
        "results.csv": csv(results).encode(),
        "report.html": html(results, study).encode(),
        "samples.png": png(results, study),
    }
    written = [study.path / name for name, content in files.items() if content]
    for file in written:
        file.write_bytes(files[file.name])
    return written


def _about(run: TrialData) -> dict[str, Any]:
    steps = int(run.history.step[-1]) if len(run.history) else 0
    return {"variant": run.variant, "seed": run.seed, "run_id": run.run_id, "status": run.status, "steps": steps}


def _measures(results: Results, run: TrialData) -> dict[str, float | None]:
    return {name: measure.of(run, results.level) for name, measure in MEASURES.items()}


def _cells(row: Row) -> list[str]:
    runs = f"{row.finished}/{row.runs}" + (f", {row.failed} failed" if row.failed else "")
    failure_modes = ", ".join(f"{name} ({count})" for name, count in row.failure_modes.items())
    return [row.title, runs, *(_cell(row, name) for name in _COLUMNS), failure_modes or "none"]


def _cell(row: Row, name: str) -> str:
    value, spread = row.values[name], row.spread[name]
    if value is None or spread is None:
        return "–"
    text = size if MEASURES[name].unit == "bytes" else short
    if name not in _WITH_SPREAD or spread[0] == spread[1]:
        return text(value)
    return f"{text(value)} ({text(spread[0])}–{text(spread[1])})"


# ---- the page --------------------------------------------------------------------------------------------------------

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70em; margin: 2em auto; padding: 0 1em }
body { color: #222; background: #fff }
table { border-collapse: collapse; display: block; overflow-x: auto } th, td { padding: .3em .8em; text-align: right }
th { border-bottom: 2px solid #888; font-weight: 600 } td { border-bottom: 1px solid #ddd }
th:first-child, td:first-child { text-align: left } figure { display: inline-block; margin: 1em 1em 0 0 }
.samples { display: inline-block; margin-right: 2em } .quiet { color: #666 }
img { max-width: 100% } .samples img { image-rendering: pixelated }
.confirmed { color: #00724d } .refuted { color: #b3470a }
"""


def html(results: Results, study: Study | None = None) -> str:
    """One page without scripts or links to other files: findings, curves, settings; with `study`, samples."""
    title = escape(results.comparison.title)
    head = f"<meta charset=utf-8><title>{title}</title><style>{_STYLE}</style>"
    parts = (_findings(results), _curves_and_samples(results, study), _settings(results))
    body = "\n".join([f"<h1>{title}</h1>", *itertools.chain(*parts)])
    return f"<!doctype html><html lang=en><head>{head}</head><body>{body}</body></html>\n"


def _findings(results: Results) -> Iterator[str]:
    plan = results.comparison
    length = f"{plan.steps} steps" if plan.steps is not None else f"{short(plan.seconds or 0)} s"
    finished = sum(trial.status == "finished" for trial in results.trial_statuses)
    yield _quiet(
        f"{len(plan.variants)} variants, {len(plan.seeds)} seeds, {length} each on {plan.base.data.name}; "
        f"{finished} of {len(results.trial_statuses)} runs finished. Runs with the same seed start alike."
    )
    yield from map(_quiet, filter(None, (fairness.rates(plan), *fairness.confounds(plan))))
    if plan.claim:
        yield f"<p><b>Claim.</b> {escape(plan.claim)} <span class=quiet>{escape(plan.source)}</span></p>"
    for result in claims(results):
        outcome = f"<b class={result.outcome}>{result.outcome.capitalize()}</b>"
        yield f"<p>{outcome}: {escape(result.claim.says)} <span class=quiet>{escape(result.text)}</span></p>"
    yield "<h2>Verdict</h2><ul>" + "".join(f"<li>{escape(v.text)}</li>" for v in verdicts(results)) + "</ul>"
    yield _quiet(
        "Paired t-tests over the seeds, with Holm's correction for all of these. Few seeds show only large differences."
    )
    yield "<h2>Table</h2>" + _html_table(table(results))
    yield _quiet("Medians over the seeds; in brackets the lowest and the highest.")


def _curves_and_samples(results: Results, study: Study | None) -> Iterator[str]:
    yield "<h2>Curves</h2>"
    for name, x in _CURVES:
        label, is_quality = _NAMES.get(name, METRICS[results.metric].label), name == "quality"
        curves = results.curve(name, x, smooth=0.0 if is_quality else 0.02)
        image = _image("svg+xml", charts.svg(curves, label, x, log=is_quality), f"{label} by {x}") if curves else ""
        yield f"<figure>{image}</figure>" if image else _quiet(f"No {label} yet.")
    yield _quiet("Lines are medians over the seeds; bands reach from the lowest to the highest.")
    if study is not None and (samples := strips(results, study)):
        yield f"<h2>Samples of the same latents, step {results.frames[-1]}</h2>"
        for variant, strip in samples.items():
            caption = results.titles[variant]
            image = _image("png", as_png(strip), f"samples of {caption}")
            yield f"<p class=samples>{escape(caption)}<br>{image}</p>"


def _settings(results: Results) -> Iterator[str]:
    rows = [
        [key, *(as_text(values[id]) if id in values else "" for id in results.titles)]
        for key, values in results.differences().items()
    ]
    yield "<h2>What differs</h2>" + _html_table([["setting", *results.titles.values()], *rows])


def _quiet(text: str) -> str:
    return f"<p class=quiet>{escape(text)}</p>"


def _image(kind: str, content: bytes, alt: str) -> str:
    return f'<img alt="{escape(alt)}" src="data:image/{kind};base64,{base64.b64encode(content).decode()}">'


def _html_table(rows: list[list[str]]) -> str:
    heading, *body = rows
    cells = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in body)
    return f"<table><tr>{''.join(f'<th>{escape(cell)}</th>' for cell in heading)}</tr>{cells}</table>"
