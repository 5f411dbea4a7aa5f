"""Where a particle comes to rest when weight decay pulls against the loss."""

from __future__ import annotations

from inertial.analysis.stability import effective_lr
from inertial.arrays import Array
from inertial.physics.coefficients import Coefficients


def resting_place(
    coefficients: Coefficients,
    curvature: Array,
    minimum: Array,
    weight_decay: Array = 0.0,
) -> Array:
    """Return where a particle rests between the minimum of its loss and the origin.

    The loss is curvature·(x − minimum)²/2. At rest what the force moves in the end,
    `effective_lr` times the force, is what decoupled decay takes, (1 − keep)·x.

    Args:
        coefficients: The six numbers of a step; `keep` holds the decoupled decay.
        curvature: Hessian eigenvalue. Shape: any. Unit: L/X².
        minimum: Lowest place of the loss. Shape: any. Unit: X.
        weight_decay: Coupled weight decay. Unit: L/X².

    Returns:
        The place. Shape: of the arguments together. Unit: X.

    Source: docs/theory.md, T22: λc/(λ + w) if coupled, λc/(λ + (1 − μ)w) if decoupled.

    Example:
        >>> decoupled = Coefficients(decay=0.5, drift=0.5, keep=0.5)
        >>> resting_place(decoupled, curvature=1.0, minimum=3.0)
        2.0
    """
    pull = (1.0 - coefficients.keep) / effective_lr(coefficients) + weight_decay
    return curvature * minimum / (curvature + pull)
