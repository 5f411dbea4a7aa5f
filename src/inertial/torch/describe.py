"""Say what a parameter group's words mean, as a particle and in steps."""

from __future__ import annotations

from typing import Any

from inertial.analysis.stability import (
    effective_lr,
    largest_stable_curvature,
    memory,
)
from inertial.physics.coefficients import Coefficients
from inertial.physics.particle import Particle
from inertial.torch.methods import Group, read, words_of


def steady(group: Group) -> Coefficients:
    """Return a group's coefficients once its first step is past, as plain numbers."""
    method = read(group, checked=True)
    late = 1 << 20 if method.settles_at is None else method.settles_at
    return Coefficients(*(float(value) for value in method.coefficients(late)))


def particle(group: Group) -> Particle:
    """Return the particle of a group, in the gauge of unit force and unit time.

    The friction law is PyTorch's own, 1 - friction/mass, except where a schedule acts
    on the clock: there it is exact. Nesterov's method is the same particle: its
    parameters are the point that lies one look ahead.

    Raises:
        ValueError: If the group's kinetic energy is not Newton's, or no particle has
            these coefficients.
    """
    kinetic = read(group, checked=True).kinetic
    if kinetic.name != "newtonian":
        raise ValueError(
            f"a mass and a friction describe Newton's kinetic energy; this group has "
            f'"{kinetic.name}". `describe()` says what can be said of it.'
        )
    law = "exact" if group.get("schedule_acts_on") == "clock" else "explicit"
    c = steady(group)
    if group.get("nesterov"):  # the same particle, seen one look ahead
        c = c._replace(blend_momentum=1.0, blend_force=0.0)
    if c.decay == 0:
        law = "explicit"  # an exact law forgets all only at infinite friction
    return Particle.from_coefficients(c, law=law)


def describe(groups: list[Group]) -> str:
    """Return a few lines on each group.

    Args:
        groups: An optimizer's parameter groups.

    Returns:
        Text without a final line break.
    """
    return "\n".join(_paragraph(i, group) for i, group in enumerate(groups))


def _paragraph(index: int, group: Group) -> str:
    c = steady(group)
    newtonian = read(group, checked=True).kinetic.name == "newtonian"
    lines = [f"group {index}: {_spelled(group)}, {_sizes(group)}", _mechanics(group)]
    if newtonian:
        lines.append(
            f"  effective lr {effective_lr(c):.4g}: the way that one gradient causes "
            "until all its momentum is spent"
        )
    lines.append(f"  memory {memory(c):.4g} steps")
    if newtonian and c.drift > 0:
        lines[-1] += (
            f"; stable up to curvature {largest_stable_curvature(c):.4g}"
            f"{_limit_rule(group)}"
        )
    lines.append(_schedule(group))
    return "\n".join(line for line in lines if line)


def _mechanics(group: Group) -> str:
    kinetic = read(group, checked=True).kinetic
    if kinetic.name != "newtonian":
        return (
            f'  kinetic energy "{kinetic.name}": the velocity is not proportional to '
            "the momentum, so no single mass describes it"
        )
    try:
        rolling = particle(group)
    except ValueError:
        return (
            "  a particle that also moves with the force itself, beside its momentum: "
            "no mass and friction alone describe it"
        )
    return (
        f"  a particle of mass {rolling.mass:.4g} and friction "
        f"{rolling.friction:.4g} (unit force, one step a unit of time)"
    )


def _limit_rule(group: Group) -> str:
    if group["method"] != "torch.SGD" or group["dampening"] or group["nesterov"]:
        return ""
    if group["decoupled_weight_decay"] and group["weight_decay"]:
        return ""
    return " = 2(1 + momentum)/lr"


def _schedule(group: Group) -> str:
    return {
        "mass": "  a schedule of lr changes the mass, as in PyTorch: momentum stays",
        "force": "  a schedule of lr scales the force, as in Keras: velocity stays",
        "clock": "  a schedule of lr changes the time step: mass and friction stay",
    }.get(group.get("schedule_acts_on", ""), "")


def _spelled(group: Group) -> str:
    row = words_of(group)
    said = [
        f"{name}={_number(group[name])}"
        for name, default in row.defaults.items()
        if name == "lr" or (group[name] != default and name != "reference_lr")
    ]
    if group["maximize"]:
        said.append("maximize=True")
    return f"{group['method']}({', '.join(said)})"


def _number(value: Any) -> str:
    if hasattr(value, "item") or isinstance(value, float):
        return f"{float(value):.6g}"
    return repr(value)


def _sizes(group: Group) -> str:
    tensors = len(group["params"])
    numbers = sum(param.numel() for param in group["params"])
    return (
        f"{tensors} tensor{'s' * (tensors != 1)}, "
        f"{numbers:,} number{'s' * (numbers != 1)}"
    )
