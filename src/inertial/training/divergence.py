"""Say why a loss stopped being a number, as far as physics can."""

from __future__ import annotations

import math

from inertial.training.setting import limit_rule, short, stability_limit, stable_lr


def explain_divergence(
    step: int,
    lr: float,
    momentum: float,
    nesterov: bool,
    curvature: float | None,
    loss: float,
    *,
    kinetic: str = "newtonian",
) -> str:
    """Say why a loss stopped being a number, as far as the physics can say it.

    Args:
        step: Where it happened.
        lr: Learning rate there. Unit: X²/L.
        momentum: Share of the momentum that survives a step. Unit: 1.
        nesterov: Whether Nesterov's form was used.
        curvature: Largest curvature probed last before; None if never. Unit: L/X².
        loss: What the loss became.
        kinetic: The name of the kinetic energy; only Newton's has the limit.

    Returns:
        Two to four sentences: what happened, what the limit says, what to do.

    Source: docs/theory.md, T10 and T21, the stability limit.

    Example:
        >>> print(explain_divergence(412, 0.1, 0.9, False, 51.0, float("nan")))
        At step 412 the loss became nan. lr·curvature was 5.1, above the limit
        2(1+momentum) = 3.8: the sharpest direction swings wider at each step. Use lr
        below 0.0745, or reach it slowly with a warm-up, during which the curvature
        often falls.
    """
    what = f"At step {step:,} the loss became {loss:g}."
    if kinetic != "newtonian":
        return (
            f"{what} With the {kinetic} kinetic energy no limit on lr·curvature holds, "
            "so the physics cannot name the cause. Try a lower lr or a warm-up, and "
            "look for a division by 0 or the logarithm of 0 in the loss."
        )
    limit, rule = stability_limit(momentum, nesterov), limit_rule(nesterov)
    if curvature is None or not math.isfinite(curvature) or curvature <= 0:
        edge = f", which is {short(limit / lr)} here" if lr > 0 else ""
        return (
            f"{what} No curvature was measured before, so the cause is open. A step is "
            f"stable only where the curvature is below {rule}/lr{edge}. Try half the "
            "lr, or a warm-up; if that changes nothing, look at the data and the loss."
        )
    met = lr * curvature
    if met <= limit:
        return (
            f"{what} lr·curvature was {short(met)} at the last probe, inside the "
            f"limit {rule} = {short(limit)}, so the sharpest direction alone does not "
            "explain it. Look for a division by 0 or the logarithm of 0 in the loss, "
            "an outlier in the data, or a curvature that rose after the probe."
        )
    way_out = (
        "or reach it slowly with a warm-up, during which the curvature often falls"
    )
    plain_limit = stability_limit(momentum, False)
    if nesterov and met < plain_limit:
        way_out = f"or switch Nesterov off: then the limit is {short(plain_limit)}"
    below = short(stable_lr(momentum, nesterov, curvature))
    return (
        f"{what} lr·curvature was {short(met)}, above the limit {rule} = "
        f"{short(limit)}: the sharpest direction swings wider at each step. Use lr "
        f"below {below}, {way_out}."
    )
