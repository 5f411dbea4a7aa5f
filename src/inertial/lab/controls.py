"""What can be set in the lab, within which limits, and in which words: plain data."""

from __future__ import annotations

from typing import NamedTuple


class Control(NamedTuple):
    """A number that a person sets.

    Attributes:
        name: Its key.
        title: What people read.
        symbol: Its letter.
        unit: Its unit, in words.
        low: Smallest value.
        high: Largest value.
        slider: (low, high) over which a slider runs; a number box takes the rest.
        scale: How the slider runs: "linear", "log", or "cubic" (the value is high·t³
            for a way t from 0 to 1, so that it begins at 0 and is fine there).
        step: Of the slider: of the value where `scale` is "linear", of its logarithm
            to base 10 where it is "log", of t where it is "cubic".
        default: At first.
        hint: What it does, in one sentence.
    """

    name: str
    title: str
    symbol: str
    unit: str
    low: float
    high: float
    slider: tuple[float, float]
    scale: str
    step: float
    default: float
    hint: str


CONTROLS: dict[str, Control] = {
    control.name: control
    for control in (
        Control(
            "mass",
            "Mass",
            "m",
            "loss · time² / length²",
            1e-4,
            1e5,
            (0.01, 100.0),
            "log",
            0.01,
            1.0,
            "A heavier particle answers the same push more slowly: lr = Δt²/m.",
        ),
        Control(
            "friction",
            "Friction",
            "γ",
            "loss · time / length²",
            0.0,
            1e4,
            (0.0, 20.0),
            "cubic",
            0.005,
            0.2,
            "Drag that grows with the speed: a step keeps 1 − γΔt/m of the momentum.",
        ),
        Control(
            "time_step",
            "Time step",
            "Δt",
            "time",
            0.001,
            10.0,
            (0.01, 4.0),
            "log",
            0.01,
            0.5,
            "How long a push and a motion last before the force is looked at again.",
        ),
        Control(
            "noise",
            "Gradient noise",
            "σ",
            "loss / length",
            0.0,
            10.0,
            (0.0, 4.0),
            "cubic",
            0.005,
            0.0,
            "Standard deviation of chance added to each coordinate of each gradient, "
            "as a minibatch adds it.",
        ),
        Control(
            "seed",
            "Seed",
            "",
            "",
            0.0,
            1e6,
            (0.0, 100.0),
            "linear",
            1.0,
            0.0,
            "Which chance: the same seed makes the same noise again.",
        ),
        Control(
            "steps",
            "Steps",
            "N",
            "steps",
            1.0,
            5000.0,
            (10.0, 2000.0),
            "log",
            0.01,
            200.0,
            "How many steps are taken, one gradient each.",
        ),
    )
}
"""name -> control, in the order of the rail."""

FRAMEWORK: dict[str, Control] = {
    control.name: control
    for control in (
        Control(
            "lr",
            "Learning rate",
            "lr",
            "length² / loss",
            1e-9,
            1e6,
            (1e-5, 10.0),
            "log",
            0.01,
            0.25,
            "The same setting in the words of PyTorch: Δt²/m.",
        ),
        Control(
            "momentum",
            "Momentum",
            "μ",
            "",
            0.0,
            1.0,
            (0.0, 1.0),
            "linear",
            0.001,
            0.9,
            "The share of the momentum that survives a step: 1 − γΔt/m.",
        ),
    )
}
"""The same setting in a framework's words."""

PARTICLES = 8  # more paths than that nobody tells apart
WORK = 16_000  # particles times steps in one request: half a second at the most
LAW = "explicit"  # of friction: the one whose momentum is 1 - friction·dt/m
TABS = ("explore", "learn", "evidence", "runs")
REACH = 1e6  # a particle beyond ± this has diverged
BOX_REACH = 1e4  # how far the window of a formula may reach


def clamped(control: Control, value: float) -> tuple[float, str]:
    """Return a number within a control's limits, and what to say if it was not.

    Args:
        control: The control.
        value: A finite number.

    Returns:
        The number, and a sentence or "".

    Example:
        >>> clamped(CONTROLS["noise"], 20.0)[0]
        10.0
    """
    inside = min(max(value, control.low), control.high)
    if inside == value:
        return value, ""
    return inside, (
        f"{control.title} {value:g} is outside {control.low:g} to {control.high:g} "
        f"and was taken as {inside:g}."
    )
