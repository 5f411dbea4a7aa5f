"""The page of a run, or of several side by side: one file that asks for nothing."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from inertial.report import figures
from inertial.report.drawing import Picture
from inertial.report.spelling import command, spellings
from inertial.report.style import TIMES, sheet
from inertial.training.history import History, read_history
from inertial.training.reading import final_loss, sentences
from inertial.training.setting import Setting, read_setting, short

REPORT = "report.html"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def write_report(folder: str | Path) -> Path:
    """Write the report of a run into its folder.

    Args:
        folder: A run folder; the run may have ended, failed or still go on.

    Returns:
        The path of report.html. It is whole at every moment: a reader never meets half
        a page, and an earlier report stays where this one fails.

    Example:
        >>> write_report("runs/none")
        Traceback (most recent call last):
            ...
        ValueError: `folder` must be a run folder with config.json and run.sqlite, ...
    """
    history = read_history(folder)
    return _write(Path(folder) / REPORT, _run_page(history))


def write_comparison(
    folders: Sequence[str | Path] | Mapping[str, str | Path],
    path: str | Path,
    title: str,
) -> Path:
    """Write several runs side by side.

    Args:
        folders: Run folders, or label -> run folder; unlabelled ones are called by
            their folder's name.
        path: Where the page goes.
        title: Its heading.

    Returns:
        The path.

    Raises:
        ValueError: If there is no run to compare.
    """
    if not isinstance(folders, Mapping):
        folders = {Path(folder).name: folder for folder in folders}
    if not folders:
        raise ValueError("`folders` must name at least one run folder, but is empty.")
    histories = {label: read_history(folder) for label, folder in folders.items()}
    return _write(Path(path), _comparison_page(histories, title))


def _write(path: Path, text: str) -> Path:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path


def _document(title: str, kicker: str, body: Iterable[str]) -> str:
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)} · Inertial</title>\n<style>{sheet()}</style>\n"
        f'</head>\n<body>\n<header><p class="kicker">{escape(kicker)}</p>'
        f"<h1>{escape(title)}</h1></header>\n<main>\n"
        + "\n".join(body)
        + "\n</main>\n<footer>Made by Inertial, gradient descent with mass. Energies "
        "are in units of the loss; one step is one unit of time, and the force is "
        "minus the gradient, so the mass is 1/lr.</footer>\n</body>\n</html>\n"
    )


def _run_page(history: History) -> str:
    setting = read_setting(history)
    body = [
        _numbers(history),
        _reading(history),
        "<h2>Loss</h2>",
        _grid([figures.loss_figure(history), figures.scores_figure(history)]),
        "<h2>Energy account</h2>",
        "<p>Height turns into motion, friction turns motion into heat: kinetic energy "
        "= work + work of the schedule minus heat, exactly. What the loss gave up "
        "beside the work is the finite step and the noise of the batches.</p>",
        _grid([figures.energy_figure(history), figures.account_figure(history)]),
        "<h2>Setting</h2>",
        _grid([figures.words_figure(history), figures.edge_figure(history)]),
        '<div class="grid">',
        f'<div class="card">{_physical(setting)}</div>',
        f'<div class="card">{_code(history, setting)}</div>',
        "</div>",
        *_portraits(history),
        "<h2>The run</h2>",
        f'<div class="card wide">{_facts(history)}</div>',
        _notes(history),
    ]
    return _document(f"A run on {history.task}", history.folder.name, body)


def _comparison_page(histories: Mapping[str, History], title: str) -> str:
    names = sorted({name for h in histories.values() for name in h.evaluations})
    overlays = [figures.overlay_figure(histories, name) for name in ["loss", *names]]
    body = [f'<div class="card wide">{_versus(histories)}</div>']
    body += ["<h2>Side by side</h2>", _grid(overlays), '<div class="grid">']
    for label, history in histories.items():
        body.append(f"<section><h2>{escape(label)}</h2>{_reading(history)}</section>")
    body.append("</div>")
    for number, (label, history) in enumerate(histories.items()):
        pictures = [figures.energy_figure(history), figures.account_figure(history)]
        body += [
            f"<h2>Energy account: {escape(label)}</h2>",
            _grid(pictures, prefix=f"run{number}-"),
        ]
    return _document(title, "a comparison", body)


def _numbers(history: History) -> str:
    found = [("final training loss", short(final_loss(history)))]
    found += [
        (name.replace("_", " "), short(float(values[-1])))
        for name, (_, values) in history.evaluations.items()
    ]
    found.append(("steps", f"{history.recorded:,}"))
    items = (
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in found[:6]
    )
    return f'<dl class="numbers">{"".join(items)}</dl>'


def _reading(history: History) -> str:
    """Return the reading, in paragraphs of about two sentences."""
    said = [escape(sentence) for sentence in sentences(history)]
    pairs = (" ".join(said[i : i + 2]) for i in range(0, len(said), 2))
    return f'<div class="reading">{"".join(f"<p>{pair}</p>" for pair in pairs)}</div>'


def _grid(pictures: Sequence[Picture | None], prefix: str = "") -> str:
    drawn = [_figure(picture, prefix) for picture in pictures if picture]
    return f'<div class="grid">{"".join(drawn)}</div>' if drawn else ""


def _figure(picture: Picture, prefix: str = "") -> str:
    svg = picture.svg
    if prefix:  # the same figure twice on a page needs ids of its own
        for opening in ('id="', 'href="#', "url(#", 'aria-labelledby="'):
            svg = svg.replace(opening, opening + prefix)
        svg = svg.replace("-title ", f"-title {prefix}", 1)
    items = (
        f'<li><i class="{"dashed" if dashed else ""}" '
        f'style="border-top-color: var(--{colour})"></i>{escape(label)}</li>'
        for label, colour, dashed in picture.key
    )
    key = "".join(items)
    listed = f'<ul class="key">{key}</ul>' if key else ""
    caption = f"<figcaption>{picture.caption}</figcaption>" if picture.caption else ""
    return f"<figure><h3>{escape(picture.title)}</h3>{listed}{svg}{caption}</figure>"


def _portraits(history: History) -> list[str]:
    if not history.portrait:
        return []
    ramp = "".join(f'<i style="background: var(--{name})"></i>' for name in TIMES)
    pictures = [
        figures.portrait_figure(rank, trace)
        for rank, trace in history.portrait.items()
        if rank <= 2
    ]
    return [
        "<h2>Phase portrait</h2>",
        "<p>Where the particle was and how it moved, along the directions in which the "
        f'loss bends most. Time runs from <span class="ramp">{ramp}</span> left to '
        "right; the last dot is the end.</p>",
        _grid(pictures),
    ]


def _physical(setting: Setting) -> str:
    rows = [("kinetic energy", setting.kinetic)]
    if setting.newtonian:
        rows += [
            ("mass (1/lr)", short(setting.mass)),
            ("friction ((1-momentum)/lr)", short(setting.friction)),
            ("effective lr", short(setting.effective_lr)),
            ("memory", f"{short(1 / (1 - setting.momentum))} steps"),
            ("largest stable lr·curvature", _limit(setting)),
            ("sharpest curvature, last probe", short(setting.curvature)),
            ("damping ratio there (1 is critical)", short(setting.damping_ratio)),
        ]
    shown = [(name, "not known" if value == "nan" else value) for name, value in rows]
    return "<h3>In physical words</h3>" + _table(
        "At the largest lr; in units in which one step is one unit of time.",
        ("quantity", "value"),
        shown,
    )


def _limit(setting: Setting) -> str:
    rule = f"{setting.rule} = " if setting.rule else ""
    return f"{rule}{short(setting.limit)}"


def _code(history: History, setting: Setting) -> str:
    lines = (
        f"<tr><th scope='row'>{escape(name)}</th>"
        f"<td><pre>{escape(code)}</pre></td></tr>"
        for name, code in spellings(history).items()
    )
    constant = setting.lr_first == setting.lr == setting.lr_peak
    note = (
        "These make the same steps."
        if constant
        else "These make the same steps at a constant lr. This run changed its lr, and "
        "there the frameworks part: PyTorch's and Optax's lr acts on the mass, Keras's "
        "on the force."
    )
    return (
        f"<h3>As code</h3><table><caption>{note}</caption><thead><tr><th scope='col'>"
        f"library</th><th scope='col'>call</th></tr></thead><tbody>{''.join(lines)}"
        "</tbody></table>"
    )


def _table(caption: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in header)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>'
        + "".join(f'<td class="{_kind(cell)}">{escape(cell)}</td>' for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    told = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f"<table>{told}<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def _kind(cell: str) -> str:
    return "number" if cell[:1].isdigit() and len(cell) < 16 else ""


def _facts(history: History) -> str:
    config, options = history.config, history.options
    seconds = float(history.steps["seconds"][-1])
    rows: list[tuple[str, Any]] = [
        ("task", history.task),
        ("command", command(history)),
        ("seed", config.get("seed", options.get("seed"))),
        ("batch size", config.get("batch_size")),
        ("steps", f"{history.recorded:,}"),
        ("time", f"{short(seconds)} s" if seconds == seconds else None),
    ]
    versions = config.get("versions")
    if isinstance(versions, Mapping):
        rows.append(("versions", ", ".join(f"{k} {v}" for k, v in versions.items())))
    told = [(name, str(value)) for name, value in rows if value is not None]
    return _table("Everything needed to repeat it.", ("fact", "value"), told)


def _notes(history: History) -> str:
    if not history.notes:
        return ""
    rows = [(f"{note.step:,}", note.kind, note.text) for note in history.notes]
    table = _table("What happened on the way.", ("step", "kind", "note"), rows)
    return f'<div class="grid"><div class="card wide">{table}</div></div>'


def _versus(histories: Mapping[str, History]) -> str:
    names = sorted({name for h in histories.values() for name in h.evaluations})
    rows = []
    for label, history in histories.items():
        setting = read_setting(history)
        ends = [
            short(float(history.evaluations[n][1][-1]))
            if n in history.evaluations
            else ""
            for n in names
        ]
        row = [label, short(setting.lr_peak), short(setting.momentum)]
        row += [f"{history.recorded:,}", short(final_loss(history)), *ends]
        rows.append(row)
    header = ("run", "lr", "momentum", "steps", "final training loss")
    titles = [name.replace("_", " ") for name in names]
    return _table("The runs and where they ended.", (*header, *titles), rows)
