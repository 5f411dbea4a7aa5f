"""Run folders written by a simulated noisy ravine, with exact energies, for tests.

The folder is what `inertial train` writes; the loss is Σ h x²/2, the gradient carries
noise, and the energies follow from their definitions in the gauge mass = 1/lr.
"""

import json
import sqlite3
from pathlib import Path

import numpy

SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE steps (step INTEGER PRIMARY KEY, epoch REAL, samples INTEGER, loss REAL,
    lr REAL, momentum REAL, kinetic REAL, work REAL, heat REAL, schedule_work REAL,
    gradient_norm REAL, momentum_norm REAL, displacement_norm REAL, seconds REAL,
    alignment REAL, curvature REAL, not_finite INTEGER);
CREATE TABLE evaluations (step INTEGER, name TEXT, value REAL);
CREATE TABLE probes (step INTEGER, rank INTEGER, curvature REAL, residual REAL);
CREATE TABLE portrait (step INTEGER, probe_step INTEGER, rank INTEGER, position REAL,
    momentum REAL);
CREATE TABLE notes (step INTEGER, kind TEXT, text TEXT);
"""


def write_run(
    folder,
    *,
    steps=400,
    lr=0.02,
    momentum=0.9,
    noise=0.0,
    curvatures=(10.0, 1.0),
    start=1.0,
    floor=0.01,
    lr_at=None,
    seed=0,
    probe_every=50,
    **config,
):
    """Write a run folder and return its path."""
    folder = Path(folder)
    folder.mkdir(parents=True)
    bend = numpy.array(curvatures)
    rng = numpy.random.default_rng(seed)
    x, p, mass = numpy.full(len(bend), float(start)), numpy.zeros(len(bend)), 1 / lr
    rows, portrait, probes, evaluations = [], [], [], []
    for step in range(steps):
        rate = lr_at(step) if lr_at else lr
        with numpy.errstate(all="ignore"):
            loss = floor + float((bend * x * x).sum() / 2)
            force = -bend * x + noise * rng.standard_normal(len(bend))
            before = float((p * p).sum() / 2 / mass)
            mass = 1 / rate
            carried = float((p * p).sum() / 2 / mass)
            kept = momentum**2 * carried
            p = momentum * p + force  # minus the buffer, PyTorch's
            kinetic = float((p * p).sum() / 2 / mass)
            x = x + p / mass
            norms = [float(numpy.linalg.norm(v)) for v in (force, p, p / mass)]
        lost, gained = carried - kept, kinetic - kept
        counts = (step, (step + 1) / 100, 64 * (step + 1))
        energies = (kinetic, gained, lost, carried - before)
        rows.append((*counts, loss, rate, momentum, *energies, *norms, step * 0.01))
        for rank in range(min(2, len(bend))):
            last = step // probe_every * probe_every
            portrait.append((step, last, rank, float(x[rank]), float(p[rank])))
            if step % probe_every == 0:
                probes.append((step, rank, float(bend[rank]), 1e-3))
        if step % 100 == 99:
            evaluations.append((step, "test_loss", loss * 1.1))
            evaluations.append((step, "accuracy", 1 - loss / (1 + loss)))
        if not numpy.isfinite(loss):
            break
    words = {"lr": lr, "momentum": momentum} | config.pop("words", {})
    method = config.pop("method", "sgd")
    options = {"task": "ravine", "optimizer": words, "method": method, "seed": seed}
    settled = {
        "task": "ravine",
        "options": options,
        "seed": seed,
        "batch_size": 64,
        "steps": steps,
        "versions": {"inertial": "0.1.0", "torch": "2.13.0"},
    } | config
    (folder / "config.json").write_text(json.dumps(settled))
    tables = {
        "steps": rows,
        "portrait": portrait,
        "probes": probes,
        "evaluations": evaluations,
    }
    fill(folder, tables)
    return folder


def fill(folder, tables):
    """Create run.sqlite and put rows into its tables."""
    base = sqlite3.connect(folder / "run.sqlite")
    base.executescript(SCHEMA)
    for table, rows in tables.items():
        if rows:
            filled = base.execute(f"SELECT * FROM {table}").description[: len(rows[0])]
            names = ", ".join(column[0] for column in filled)
            marks = ", ".join("?" * len(rows[0]))
            base.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)
    base.commit()
    base.close()
