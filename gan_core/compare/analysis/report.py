"""What a comparison gave, as files that need nothing else: JSON, CSV, a page of HTML, a sheet of samples as PNG."""

from __future__ import annotations

import base64
import csv as csv_format
import io
import json as json_format
import math
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from gan_core.compare.analysis import svg_chart
from gan_core.compare.analysis.results import Results, Row, X, read
from gan_core.compare.analysis.verdict import claims, verdicts
from gan_core.compare.measures import MEASURES
from gan_core.compare.study import Study
from gan_core.config.schema import as_text
from gan_core.metrics.registry import METRICS
from gan_core.runs import RunError, tile
from gan_core.runs.shipped import store_of
from gan_core.training.plane_view import Plane

_COLUMNS = ("quality", "best", "level", "loss_noise", "seconds", "speed", "memory")
_WITH_SPREAD = ("quality", "best", "loss_noise")
_SHOWN = 24  # samples of each variant on a sheet
_CURVES: tuple[tuple[str, X], ...] = (
    ("quality", "steps"),
    ("quality", "seconds"),
    ("loss_d", "steps"),
    ("loss_g", "steps"),
)
_NAMES = {"loss_d": "D's loss", "loss_g": "G's loss"}


def tree(results: Results) -> dict[str, Any]:
    """Everything measured, as plain values for JSON: the plan, each run's figures, the table, verdicts and claims."""
    plan = results.comparison
    return _plain(
        {
            "comparison": json_format.loads(plan.to_json()),
            "quality": results.label("quality"),
            "reference": plan.reference_id,
            "runs": [
                {
                    "variant": run.variant, "seed": run.seed, "run_id": run.run_id, "status": run.status,
                    "steps": int(run.history.step[-1]) if len(run.history) else 0,
                    "measures": {name: measure.of(run, results.level) for name, measure in MEASURES.items()},
                    "judged_at": run.evaluations.step.tolist(), "quality": run.quality.tolist(),
                    "illnesses": run.illnesses,
                }
                for run in results.runs
            ],
            "table": [asdict(row) for row in results.table()],
            "words": table(results),
            "verdicts": [asdict(verdict) for verdict in verdicts(results)],
            "claims": [
                {"says": judged.claim.says, "outcome": judged.outcome, "text": judged.text,
                 "tests": [asdict(test) for test in judged.tests]}
                for judged in claims(results)
            ],
        }
    )  # fmt: skip


def json(results: Results) -> str:
    """`tree` as indented text."""
    return json_format.dumps(tree(results), indent=1, ensure_ascii=False) + "\n"


def csv(results: Results) -> str:
    """A line for each run: its variant, its seed, how it ended, every measure."""
    text = io.StringIO()
    writer = csv_format.writer(text, lineterminator="\n")
    writer.writerow(["variant", "title", "seed", "run", "status", "steps", *MEASURES, "illnesses"])
    for run in results.runs:
        figures = (measure.of(run, results.level) for measure in MEASURES.values())
        steps = int(run.history.step[-1]) if len(run.history) else 0
        cells = ["" if value is None else repr(value) for value in figures]
        writer.writerow(
            [run.variant, results.titles[run.variant], run.seed, run.run_id, run.status, steps, *cells,
             " ".join(run.illnesses)]
        )  # fmt: skip
    return text.getvalue()


def table(results: Results) -> list[list[str]]:
    """The table in words: a heading, then a row for each variant, medians and in brackets the least and greatest."""
    heading = ["", "runs", *(_label(results, name) for name in _COLUMNS), "named illnesses"]
    return [heading, *(_words(row) for row in results.table())]


def markdown(told: dict[str, Any]) -> str:
    """The table, claims and verdicts of a `tree` as Markdown, for docs/."""
    heading, *rows = told["words"]
    lines = [f"| {' | '.join(heading)} |", "|" + "---|" * len(heading), *(f"| {' | '.join(row)} |" for row in rows), ""]
    lines += [f'- "{claim["says"]}" **{claim["text"]}**' for claim in told["claims"]]
    lines += [f"- {verdict['text']}" for verdict in told["verdicts"]]
    return "\n".join(lines) + "\n"


def write(study: Study) -> list[Path]:
    """All reports of a comparison as it now stands, into its folder; the files written."""
    results = read(study)
    texts = {"results.json": json(results), "results.csv": csv(results), "report.html": html(results, study)}
    for name, text in texts.items():
        (study.path / name).write_text(text, encoding="utf-8")
    sheet = png(results, study)
    if sheet:
        (study.path / "samples.png").write_bytes(sheet)
    return [study.path / name for name in (*texts, *(("samples.png",) if sheet else ()))]


# ---- pictures --------------------------------------------------------------------------------------------------------


def png(results: Results, study: Study, step: int | None = None) -> bytes:
    """Samples of each variant's first run, from the same latents at the same step, as one PNG; b"" where none is kept.

    Args:
        step: of which all hold a picture; by default the last such.
    """
    strips = [(results.titles[variant], strip) for variant, strip in _strips(results, study, step).items()]
    if not strips:
        return b""
    edge, line = 8, 18
    width = max(max(strip.width for _, strip in strips), 160) + 2 * edge
    sheet = Image.new("RGB", (width, sum(strip.height + line + edge for _, strip in strips) + edge), "white")
    draw, y = ImageDraw.Draw(sheet), edge
    for title, strip in strips:
        draw.text((edge, y), title, fill="black")
        sheet.paste(strip, (edge, y + line))
        y += strip.height + line + edge
    return _as_png(sheet)


def _strips(results: Results, study: Study, step: int | None) -> dict[str, Image.Image]:
    """One row of samples for each variant, by its id."""
    at = step if step is not None else (results.frames[-1] if results.frames else None)
    strips: dict[str, Image.Image] = {}
    for variant in results.titles:
        run = next((run for run in results.of(variant) if at in run.frames), None)
        if run is None or at is None:
            continue
        try:
            frame = store_of(run.run_id, study.library).open(run.run_id).frame(at)
        except RunError:  # it was deleted since
            continue
        strips[variant] = _cloud(frame) if isinstance(frame, Plane) else _row_of(frame)
    return strips


def _row_of(pictures: np.ndarray) -> Image.Image:
    row = Image.fromarray(tile(pictures[:_SHOWN], min(12, len(pictures))))
    return row.resize((row.width * 2, row.height * 2), Image.Resampling.NEAREST)


def _cloud(plane: Plane) -> Image.Image:
    side, (x0, x1, y0, y1) = 200, plane.extent
    image = Image.new("RGB", (side, side), "#eeeeee")
    at = (plane.fakes - [x0, y0]) / [x1 - x0, y1 - y0] * (side - 1)
    for x, y in at[np.isfinite(at).all(axis=1)]:
        ImageDraw.Draw(image).ellipse((x - 1.5, side - 2.5 - y, x + 1.5, side + 0.5 - y), fill="#D55E00")
    return image


def _as_png(image: Image.Image) -> bytes:
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


# ---- the page --------------------------------------------------------------------------------------------------------

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70em; margin: 2em auto; padding: 0 1em }
body { color: #222; background: #fff }
table { border-collapse: collapse; display: block; overflow-x: auto } th, td { padding: .3em .8em; text-align: right }
th { border-bottom: 2px solid #888; font-weight: 600 } td { border-bottom: 1px solid #ddd }
th:first-child, td:first-child { text-align: left } figure { display: inline-block; margin: 1em 1em 0 0 }
svg { max-width: 100% }
.samples { display: inline-block; margin-right: 2em }
figcaption, .quiet { color: #666 } svg text { font: 12px system-ui, sans-serif; fill: #555 }
img { image-rendering: pixelated; max-width: 100% } .confirmed { color: #00724d } .refuted { color: #b3470a }
"""


def html(results: Results, study: Study | None = None) -> str:
    """One page without scripts and without a network: curves, table, verdicts, settings; of a study, samples too."""
    plan = results.comparison
    parts = [f"<h1>{escape(plan.title)}</h1>", f"<p class=quiet>{escape(_about(results))}</p>"]
    if plan.claim:
        parts.append(f"<p><b>Claim.</b> {escape(plan.claim)} <span class=quiet>{escape(plan.source)}</span></p>")
    parts += [
        f"<p><b class={judged.outcome}>{judged.outcome.capitalize()}</b>: {escape(judged.claim.says)} "
        f"<span class=quiet>{escape(judged.text)}</span></p>"
        for judged in claims(results)
    ]
    parts.append("<h2>Verdict</h2><ul>" + "".join(f"<li>{escape(v.text)}</li>" for v in verdicts(results)) + "</ul>")
    parts.append(
        "<p class=quiet>Paired t-tests over seeds, corrected by Holm for all of these; with few seeds only large "
        "differences can be shown.</p>"
    )
    parts += ["<h2>Table</h2>", _html_table(table(results))]
    parts.append("<p class=quiet>Medians over the seeds; in brackets the least and the greatest.</p><h2>Curves</h2>")
    for name, x in _CURVES:
        label = _NAMES.get(name) or METRICS[results.metric].label
        judged = name == "quality"
        drawn = svg_chart.chart(results.curve(name, x, smooth=0.0 if judged else 0.02), label, x, log=judged)
        parts.append(f"<figure>{drawn}</figure>")
    parts.append("<p class=quiet>Lines are medians over the seeds, bands reach from the least to the greatest.</p>")
    if study is not None and (strips := _strips(results, study, None)):
        parts.append(f"<h2>Samples of the same latents, step {results.frames[-1]}</h2>")
        for variant, strip in strips.items():
            data = base64.b64encode(_as_png(strip)).decode()
            caption = escape(results.titles[variant])
            parts.append(
                f'<p class=samples>{caption}<br><img alt="samples of {caption}" src="data:image/png;base64,{data}"></p>'
            )
    parts += ["<h2>What differs</h2>", _html_table(_differences(results))]
    head = f"<meta charset=utf-8><title>{escape(plan.title)}</title><style>{_STYLE}</style>"
    return f"<!doctype html><html lang=en><head>{head}</head><body>{''.join(parts)}</body></html>\n"


def _about(results: Results) -> str:
    plan = results.comparison
    length = f"{plan.steps} steps" if plan.steps is not None else f"{plan.seconds:g} s"
    done = sum(trial_status.status == "finished" for trial_status in results.trial_statuses)
    return (
        f"{len(plan.variants)} variants, {len(plan.seeds)} seeds, {length} each on {plan.base.data.name}; "
        f"{done} of {len(results.trial_statuses)} runs finished. Runs of a seed begin alike."
    )


def _html_table(rows: list[list[str]]) -> str:
    heading, *body = rows
    cells = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in body)
    return f"<table><tr>{''.join(f'<th>{escape(cell)}</th>' for cell in heading)}</tr>{cells}</table>"


def _differences(results: Results) -> list[list[str]]:
    """A column for each variant, a row for each setting in which some variant differs from the base."""
    plan = results.comparison
    changes = {variant.title: plan.differences(variant) for variant in plan.variants}
    keys = dict.fromkeys(key for changed in changes.values() for key in changed)
    return [
        ["setting", *changes],
        *([key, *(as_text(found.get(key, plan.base.value(key))) for found in changes.values())] for key in keys),
    ]


def _words(row: Row) -> list[str]:
    runs = f"{row.finished}/{row.runs}" + (f", {row.failed} failed" if row.failed else "")
    named = ", ".join(f"{name} ({count})" for name, count in row.illnesses.items())
    return [row.title, runs, *(_cell(row, name) for name in _COLUMNS), named or "none"]


def _cell(row: Row, name: str) -> str:
    value, spread = row.values[name], row.spread[name]
    if value is None or spread is None:
        return "–"
    words = short_bytes if MEASURES[name].unit == "bytes" else short
    if name not in _WITH_SPREAD or spread[0] == spread[1]:
        return words(value)
    return f"{words(value)} ({words(spread[0])}–{words(spread[1])})"


def _label(results: Results, name: str) -> str:
    measure = MEASURES[name]
    label = results.label(name)
    return f"{label}, {measure.unit}" if measure.unit not in ("", "bytes") else label


def short(value: float) -> str:
    """Three digits."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def short_bytes(value: float) -> str:
    return f"{value / 1e9:.2g} GB" if value >= 1e9 else f"{value / 1e6:.0f} MB"


def _plain(value: Any) -> Any:
    """The value with nothing in it that JSON lacks: NaN becomes null."""
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value
