"""What stale momentum does after the learning rate drops, by what a drop means."""

from __future__ import annotations

from typing import Any, get_args

import numpy

from inertial.conventions import ScheduleActsOn, torch_sgd
from inertial.conventions.normal_form import normal_form
from inertial.evidence.networks.team import crew, judged, kin, problem, roll, spread
from inertial.evidence.statement import Comparison, Finding, Statement
from inertial.physics import Coefficients
from inertial.report.drawing import mark

_LR, _MOMENTUM, _BATCH = 0.02, 0.9, 32
_DROP, _BEFORE, _AFTER = 400, 40, 40  # steps
_SEEDS = 12
_KINDS = get_args(ScheduleActsOn)
_COLOURS = dict(zip(_KINDS, ("loss", "work", "other"), strict=True))


def n3_lr_drop(seed: int) -> Finding:
    """Return step lengths and losses through a tenfold drop in its three meanings."""
    lengths, losses = _run(kin(seed, _SEEDS))
    told = {kind: _predicted(kind) for kind in _KINDS}
    usual = (lengths[..., :_BEFORE] ** 2).mean((-1, -3), keepdims=True) ** 0.5
    found = lengths / usual
    mean, error = spread(found, axis=1)
    rise = losses[..., _BEFORE + 5] - losses[..., _BEFORE]
    jump, doubt = spread(rise, axis=1)
    return Finding(
        (*_speeds(told, mean, error), *_rises(jump, doubt)),
        lambda figure: _draw_n3(figure, told, mean, error, losses),
        "Step lengths after a tenfold drop: at once a tenth on the mass, slowly on the "
        "force. The loss rises after the drop on the force, and falls on the mass.",
    )


def _rule(kind: ScheduleActsOn, lr: float) -> Coefficients:
    return torch_sgd(
        lr, _MOMENTUM, schedule_acts_on=kind, reference_lr=_LR
    ).coefficients(1)


def _run(seeds: list[int]) -> tuple[Any, Any]:
    """Return step lengths and losses around the drop. (kinds, seeds, steps) each."""
    digits = problem("digits", model="mlp")
    own = seeds * len(_KINDS)
    rules = [
        [_rule(kind, lr) for kind in _KINDS for _ in seeds] for lr in (_LR, _LR / 10)
    ]
    moments = roll(
        digits, crew(digits, own), lambda step: rules[step >= _DROP],
        _DROP + _AFTER, own, _BATCH,
    )  # fmt: skip
    lengths, losses, last = [], [], None
    for step, moment in enumerate(moments):
        if step < _DROP - _BEFORE:
            continue
        place = moment.members.position
        if last is not None:
            lengths.append(_distances(place, last))
            losses.append(judged(digits, moment.members))
        last = place
    shape = len(_KINDS), len(seeds), -1
    return numpy.stack(lengths, -1).reshape(shape), numpy.stack(losses, -1).reshape(
        shape
    )


def _distances(place: Any, other: Any) -> Any:
    squares = ((place[n] - other[n]).flatten(1).square().sum(1) for n in place)
    return numpy.sqrt(sum(each.numpy() for each in squares))


def _predicted(kind: ScheduleActsOn) -> Any:
    """Return step lengths after the drop over those before, if forces are all noise.

    x' = x + a·d − b·g with forces that know nothing of each other makes the mean
    square of a step a²·⟨d²⟩ + b²·⟨g²⟩; before the drop it rests.
    """

    def rule(step: int) -> Coefficients:
        return _rule(kind, _LR if step < 1 else _LR / 10)

    carried, pushed, _ = normal_form(lambda step: _rule(kind, _LR), 1)
    square, noise = 1.0, (1 - carried**2) / pushed**2
    line = [1.0]
    for step in range(1, _AFTER + 1):
        carried, pushed, _ = normal_form(rule, step)
        square = carried**2 * square + pushed**2 * noise
        line.append(square**0.5)
    return numpy.array(line)


def _speeds(told: Any, mean: Any, error: Any) -> tuple[Comparison, ...]:
    return tuple(
        Comparison(
            f"step {after} after the drop over those before, on the {kind}",
            told[kind][after],
            mean[row, _BEFORE - 1 + after],
            4.5 * error[row, _BEFORE - 1 + after] + slack * told[kind][after],
            f"4.5 standard errors; forces are not all noise, {slack:.0%}",
            uncertainty=error[row, _BEFORE - 1 + after],
        )
        for row, kind in enumerate(_KINDS)
        for after, slack in ((1, 0.08), (5, 0.2))
    )


def _rises(jump: Any, doubt: Any) -> tuple[Comparison, ...]:
    mass, force = _KINDS.index("mass"), _KINDS.index("force")
    four = 4.5 * float(numpy.hypot(doubt[mass], doubt[force]))
    return (
        Comparison(
            "loss 5 steps after the drop less that before: force less mass",
            0.0, jump[force] - jump[mass], 0.0, "the old velocity coasts on", ">",
            four / 4.5,
        ),
        Comparison(
            "loss 5 steps after the drop less that before, on the mass",
            0.0, jump[mass], 0.0, "the ball is slow at once, and settles", "<",
            doubt[mass],
        ),
    )  # fmt: skip


def _draw_n3(figure: Any, told: Any, mean: Any, error: Any, losses: Any) -> None:
    top, low = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    after = numpy.arange(_AFTER)
    labels = {"mass": "mass (PyTorch)", "force": "force (Keras)", "clock": "clock"}
    for row, kind in enumerate(_KINDS):
        colour, shown = mark(_COLOURS[kind]), slice(_BEFORE, _BEFORE + _AFTER - 1, 2)
        top.plot(after[:-1] + 1, told[kind][1:-1], color=colour, lw=1.4)
        top.errorbar(
            after[:-1:2] + 1, mean[row, shown], error[row, shown], fmt="o", ms=3.5,
            lw=1, color=colour,
        )  # fmt: skip
        low.plot(after - 4, losses[row].mean(0)[_BEFORE - 5 : _BEFORE + _AFTER - 5],
                 color=colour, lw=1.4)  # fmt: skip
    for kind, place in (
        ("force", (6, 0.62)),
        ("clock", (0.6, 0.37)),
        ("mass", (1.5, 0.065)),
    ):
        top.text(*place, labels[kind], color=mark(_COLOURS[kind]))
    top.set(ylabel="step (before: 1)", yscale="log", ylim=(0.05, 1.2))
    top.set_yticks([0.1, 0.3, 1], ["0.1", "0.3", "1"])
    top.minorticks_off()
    low.set(xlabel="steps after the drop", ylabel="loss (nats)", xlim=(-4, 36))


STATEMENTS = (
    Statement(
        "N3",
        "When the learning rate drops, the old momentum goes on for about 1/(1 − μ) "
        "steps and spoils the drop.",
        "true only if",
        "the schedule acts on the force, as Keras's does: the loss then rises first. "
        "PyTorch's acts on the mass: the next step is ten times as short, and the loss "
        "falls at once. On the clock it is in between.",
        "⟨d²⟩ after a step = a²·⟨d²⟩ + b²·⟨g²⟩, with a and b of the normal form (T15)",
        n3_lr_drop,
        topic="On networks",
    ),
)
