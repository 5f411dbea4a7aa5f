"""Statements that a test can run in no time, and ones that break."""

import os
import time

import numpy

from inertial.evidence.statement import Comparison, Finding, Statement

HOSTILE = '<script>alert("x")</script> & <b>bold</b> {brace} "q" %s'


def _draw(figure):
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1])
    axes.set_title(HOSTILE)


def _draw_nothing(figure):
    raise RuntimeError("no ink")


def _finding(measured, draw=_draw, what="rate [1]"):
    return Finding(
        (
            Comparison(what, 0.5, measured, 1e-9, "rounding"),
            Comparison(HOSTILE, 1.0, 0.5, 0.0, HOSTILE, "<", 0.01),
        ),
        draw,
        HOSTILE,
    )


def agree(seed):
    return _finding(0.5)


def differ(seed):
    return _finding(0.6, what="rate that differs")


def chance(seed):
    return _finding(float(numpy.random.default_rng(seed).normal()))


def broken(seed):
    raise ZeroDivisionError("nothing to\ndivide by")


def undrawn(seed):
    return _finding(0.5, _draw_nothing)


def empty(seed):
    return Finding((), _draw, "")


def dying(seed):
    os._exit(7)


def threads(seed):
    return _finding(0.5 if os.environ["OMP_NUM_THREADS"] == "1" else 0.0)


def sleeping(seed):
    time.sleep(60)
    return _finding(0.5)


def statement(name, experiment, verdict="true", page=(), topic="small things"):
    return Statement(name, HOSTILE, verdict, HOSTILE, HOSTILE, experiment, page, topic)
