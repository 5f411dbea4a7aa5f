"""Say in plain words what a run did and what the physics makes of it."""

from __future__ import annotations

import math
from pathlib import Path

import numpy

from inertial.training.divergence import explain_divergence
from inertial.training.history import Column, History, read_history
from inertial.training.setting import Setting, read_setting, short

__all__ = ["explain_divergence", "final_loss", "read_run", "sentences"]

NEAR_EDGE = 0.8  # share of the stability limit that leaves little room
NOISE_SHARE = 3.0  # work over loss drop, in the last half, from which noise rules
FALLING = 0.05  # share of its value that a loss still falls in the last fifth
BARELY = 0.1  # share of its value below which a loss has hardly moved
TURNED = 1.1  # a test loss this far above its lowest has turned
ROOM = 0.05  # share of the stability limit that leaves a factor of ten unused


def final_loss(history: History) -> float:
    """Return the training loss at the end, seen through the noise of the batches.

    Args:
        history: A run.

    Returns:
        The mean over its last twentieth; the last loss where that is no number.
        Unit: L.
    """
    if history.diverged:
        return history.last_loss
    return float(_smooth(history.steps["loss"])[-1])


class _Energy:
    """Where the energy of a run went, and how much of it was noise."""

    def __init__(self, history: History) -> None:
        steps, half = history.steps, len(history.steps["step"]) // 2
        smooth = _smooth(steps["loss"])
        self.first = history.first_loss
        self.last = final_loss(history)
        self.drop = self.first - self.last
        self.work = float(steps["work"][-1])
        self.heat = float(steps["heat"][-1])
        self.kinetic = float(steps["kinetic"][-1])
        self.late_work = self.work - float(steps["work"][half])
        self.late_drop = float(smooth[half] - smooth[-1])
        fifth = smooth[-max(1, len(smooth) // 5)]
        self.still_falls = float((fifth - self.last) / abs(fifth)) if fifth else 0.0
        self.enough = len(smooth) >= 20  # fewer points say nothing about a half

    @property
    def noisy(self) -> bool:
        """Whether the forces of the last half pushed far more than the loss fell."""
        spent = self.late_work > NOISE_SHARE * max(self.late_drop, 0.0)
        return self.enough and self.late_work > 0 and spent


def read_run(folder: str | Path) -> str:
    """Read a finished run aloud: five to nine sentences with its own numbers.

    Args:
        folder: A run folder.

    Returns:
        The sentences, as one paragraph.
        Refuses what is no run folder, or has no step yet.

    Example:
        >>> read_run("runs/none")
        Traceback (most recent call last):
            ...
        ValueError: `folder` must be a run folder with config.json and run.sqlite, ...
    """
    history = read_history(folder)
    return " ".join(sentences(history))


def sentences(history: History) -> list[str]:
    """List the sentences of a reading.

    Args:
        history: A run.

    Returns:
        One sentence each, in reading order.
    """
    setting = read_setting(history)
    if history.diverged:
        return [_divergence(history, setting), *_setting(history, setting)]
    energy = _Energy(history)
    said = [
        *_loss(history, energy),
        *_setting(history, setting),
        *_energy(setting, energy),
        *_damping(setting),
        _advice(history, setting, energy),
    ]
    return [sentence for sentence in said if sentence]


def _divergence(history: History, setting: Setting) -> str:
    told = [note.text for note in history.notes if note.kind.startswith("diverge")]
    if told:
        return told[-1]
    return explain_divergence(
        int(history.steps["step"][-1]),
        setting.lr,
        setting.momentum,
        setting.nesterov,
        setting.curvature,
        history.last_loss,
        kinetic=setting.kinetic,
    )


def _loss(history: History, energy: _Energy) -> list[str]:
    epochs = float(history.steps["epoch"][-1])
    seen = f"{history.recorded:,} steps"
    if epochs > 1:
        seen += f", {short(epochs)} epochs"
    said = f"The loss stayed near {short(energy.last)} for {seen}"
    if abs(energy.drop) > 0.01 * abs(energy.first):
        verb = "fell" if energy.drop > 0 else "rose"
        ends = f"from {short(energy.first)} to {short(energy.last)}"
        said = f"The loss {verb} {ends} in {seen}"
    evaluations = [
        f"{name.replace('_', ' ')} ended at {short(values[-1])}"
        for name, (_, values) in history.evaluations.items()
        if math.isfinite(values[-1])
    ]
    return ["; ".join([said, *evaluations[:2]]) + "."]


def _setting(history: History, setting: Setting) -> list[str]:
    said = [_particle(setting)]
    first, peak, last = map(short, (setting.lr_first, setting.lr_peak, setting.lr))
    if not first == peak == last and setting.newtonian:
        means = {
            "force": "at the end the same gradient pushes less or more than at first",
            "clock": "mass and friction stayed and the time step changed",
        }.get(setting.acts_on, "the mass followed as 1/lr while the momentum was kept")
        said.append(
            f"The learning rate started at {first}, was at most {peak} and ended at "
            f"{last}: {means}."
        )
    return said


def _particle(setting: Setting) -> str:
    """Return the sentence about the particle at the largest lr of its schedule."""
    lr, momentum = short(setting.lr_peak), short(setting.momentum)
    memory = 1 / (1 - setting.momentum)
    if setting.kinetic == "adaptive":
        return (
            f"With lr {lr} each parameter is its own particle, whose mass follows the "
            "size of its past gradients; so no single mass, friction or damping ratio "
            "can be given."
        )
    if not setting.newtonian:
        return (
            f"With lr {lr} and the {setting.kinetic} kinetic energy the speed is not "
            "momentum over mass, so no mass or damping ratio can be given; the "
            f"momentum remembers about {short(memory)} steps."
        )
    if setting.momentum == 0:
        return (
            f"Without momentum the particle forgets its motion at every step (mass "
            f"{short(setting.mass)}, friction {short(setting.friction)}, in units of "
            f"one step): it slides, it does not roll, with lr {lr}."
        )
    return (
        f"With lr {lr} and momentum {momentum} the parameters are a particle of mass "
        f"{short(setting.mass)} under friction {short(setting.friction)}, in units of "
        f"one step: it remembers about {short(memory)} steps and goes "
        f"{short(setting.effective_lr)} times the gradient for each (its effective "
        "learning rate)."
    )


def _energy(setting: Setting, energy: _Energy) -> list[str]:
    if not setting.newtonian or not energy.work > 0:
        return []
    if setting.momentum == 0:
        return [
            f"The forces put {short(energy.work)} of energy into motion, and friction "
            "took it all before the next step."
        ]
    still = energy.kinetic > 1e-4 * energy.work
    left = short(energy.kinetic) if still else "almost nothing"
    said = [
        f"The forces put {short(energy.work)} of energy into motion; friction turned "
        f"{_percent(energy.heat / energy.work)} of it into heat, and {left} is still "
        "kinetic."
    ]
    if energy.drop > 0:
        ratio = energy.work / energy.drop
        tail = (
            "the surplus is minibatch noise, the finite step, or both"
            if ratio > 1.1
            else "the rest is the finite step, which moves with its newest velocity"
            if ratio < 0.9
            else "the two agree, so little was noise"
        )
        said.append(
            f"The loss itself gave up {short(energy.drop)}, so the forces did "
            f"{short(ratio)} times that work: {tail}."
        )
    return said


def _damping(setting: Setting) -> list[str]:
    if not setting.newtonian or not math.isfinite(setting.curvature):
        return []
    if setting.curvature <= 0:
        return ["The last probe found no direction that curves upwards."]
    said = []
    ratio = setting.damping_ratio
    if math.isfinite(ratio) and setting.momentum > 0:
        how = (
            "it swings and overshoots"
            if ratio < 0.7
            else "close to critical, the quickest way to rest"
            if ratio < 1.5
            else "it creeps without overshoot"
        )
        said.append(
            f"The sharpest direction, of curvature {short(setting.curvature)}, has "
            f"damping ratio {short(ratio)}: {how}."
        )
    met = setting.lr * setting.curvature
    rule = f"{setting.rule} = " if setting.rule else ""
    said.append(
        f"There lr·curvature is {short(met)}; the step becomes unstable at "
        f"{rule}{short(setting.limit)}, so the run ended at "
        f"{_percent(met / setting.limit)} of the limit"
        + (
            f" (at most {_percent(setting.edge)} on its way)."
            if setting.edge > 1.1 * met / setting.limit
            else "."
        )
    )
    return said


def _advice(history: History, setting: Setting, energy: _Energy) -> str:
    """Return the first advice that the numbers support, or that they support none."""
    return (
        (_edge_advice(setting, energy) if setting.newtonian else "")
        or (_noise_advice(setting, energy) if setting.newtonian else "")
        or _overfits(history)
        or _pace_advice(setting, energy)
        or "These numbers support no advice."
    )


def _edge_advice(setting: Setting, energy: _Energy) -> str:
    if setting.edge > 1:
        return (
            "Advice: on its way the sharpest direction went beyond the limit of "
            "stability; use a smaller lr."
        )
    if setting.edge > NEAR_EDGE:
        return (
            "Advice: it came close to the edge of stability; a larger lr is likely to "
            "diverge, and a smaller one would ring less."
        )
    if 0 < setting.edge < ROOM and 0 <= energy.drop < BARELY * abs(energy.first):
        return (
            f"Advice: the loss barely moved and no probe met more than {ROOM:.0%} of "
            "the limit: a larger lr, say ten times, is worth a try."
        )
    return ""


def _overfits(history: History) -> str:
    """Return that a test loss has turned, if it has: its lowest value is long past."""
    for name, (steps, values) in history.evaluations.items():
        known = numpy.where(numpy.isfinite(values), values, numpy.inf)
        best = int(numpy.argmin(known))
        turned = known[-1] > TURNED * known[best] and best < 0.8 * (len(known) - 1)
        if "loss" in name and len(known) >= 5 and known[best] > 0 and turned:
            return (
                f"Advice: the {name.replace('_', ' ')} was lowest at step "
                f"{int(steps[best]):,} ({short(float(known[best]))}) and has risen "
                "since: stop there, or regularise."
            )
    return ""


def _noise_advice(setting: Setting, energy: _Energy) -> str:
    if not energy.noisy:
        return ""
    down = energy.late_drop > 0
    fell = f"fell {short(energy.late_drop)}" if down else "did not fall"
    rules = (
        "In the last half minibatch noise ruled: the forces put in "
        f"{short(energy.late_work)} while the loss {fell}"
    )
    if setting.lr < 0.5 * setting.lr_peak:
        return rules + ", though lr had already been lowered."
    return rules + ". Advice: lower lr towards the end, or use larger batches."


def _pace_advice(setting: Setting, energy: _Energy) -> str:
    if not (energy.enough and energy.still_falls > FALLING):
        return ""
    falls = f"the loss still fell {energy.still_falls:.0%} over the last fifth"
    if setting.newtonian and 0 < setting.edge < ROOM:
        return (
            f"Advice: {falls} and no probe met more than {ROOM:.0%} of the limit: "
            "a larger lr, say three times, is worth a try."
        )
    return f"Advice: {falls} of the run: train longer."


def _smooth(loss: Column) -> Column:
    """Return the mean over the last twentieth, to see through a batch's noise."""
    width = max(1, len(loss) // 20)
    padded = numpy.concatenate([numpy.full(width - 1, loss[0]), loss])
    return numpy.convolve(padded, numpy.ones(width) / width, mode="valid")


def _percent(share: float) -> str:
    return "less than 1%" if 0 < share < 0.01 else f"{share:.0%}"
