"""Scaling by batch size: printed rules, laws of the rules, and where they end."""

import math

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inertial.analysis import scaling
from inertial.analysis.modes import continuous_damping_ratio, mode_matrix
from inertial.analysis.noise import temperature
from inertial.physics.coefficients import Coefficients

RULES: tuple[scaling.ScalingRule, ...] = ("physical", "exact", "linear", "sqrt")
KEEPING: tuple[scaling.ScalingRule, ...] = (
    "physical",
    "exact",
)  # the rules that keep the particle

momenta = st.floats(0.05, 0.99)
factors = st.floats(0.2, 8.0)


def ball(setting: scaling.Scaled) -> Coefficients:
    return Coefficients(decay=setting.momentum, drift=setting.lr)


@pytest.mark.parametrize("k", [0.5, 2.0, 8.0])
def test_rules_as_printed(k: float) -> None:  # theory sheet, section 6
    lr, mu = 0.01, 0.9
    printed: dict[scaling.ScalingRule, tuple[float, float]] = {
        "physical": (lr * k**2, 1 - k * (1 - mu)),
        "exact": (k * lr * (1 - mu**k) / (1 - mu), mu**k),
        "linear": (k * lr, mu),
        "sqrt": (math.sqrt(k) * lr, mu),
    }
    for rule, expected in printed.items():
        # A handful of roundings, and a logarithm undone.
        assert scaling.scale(lr, mu, k, rule) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("rule", RULES)
@given(momentum=momenta)
def test_the_same_batch_changes_nothing(
    rule: scaling.ScalingRule, momentum: float
) -> None:
    # 1 - (1 - momentum) and exp(log) lose the last digit at most.
    same = scaling.scale(0.3, momentum, 1.0, rule)
    assert same == pytest.approx((0.3, momentum), rel=1e-12)


@pytest.mark.parametrize("rule", RULES)
@given(momentum=st.floats(0.9, 0.99), one=st.floats(0.5, 3), two=st.floats(0.5, 3))
def test_two_scalings_are_one(
    rule: scaling.ScalingRule, momentum: float, one: float, two: float
) -> None:
    twice = scaling.scale(*scaling.scale(0.3, momentum, one, rule), two, rule)
    at_once = scaling.scale(0.3, momentum, one * two, rule)
    # Near the end of "physical" the momentum itself is a small difference.
    assert twice == pytest.approx(at_once, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("rule", [*KEEPING, "linear"])
@given(momentum=momenta, share=st.floats(0.05, 1.0))
def test_noise_floor_is_kept(
    rule: scaling.ScalingRule, momentum: float, share: float
) -> None:
    k = share / (1 - momentum)
    before = temperature(ball(scaling.Scaled(0.3, momentum)), 1.0)
    # The mean of k times as many samples has 1/k of the variance.
    after = temperature(ball(scaling.scale(0.3, momentum, k, rule)), k**-0.5)
    # Rounding, enlarged where 1 - momentum is a small difference.
    assert after == pytest.approx(before, rel=1e-9)


@given(momentum=momenta, share=st.floats(0.05, 1.0))
def test_damping_is_kept_by_the_physical_rule_only(
    momentum: float, share: float
) -> None:
    k = share / (1 - momentum)
    before = continuous_damping_ratio(Coefficients(momentum, drift=0.3), 1.0)
    kept = ball(scaling.scale(0.3, momentum, k, "physical"))
    heavier = ball(scaling.scale(0.3, momentum, k, "linear"))
    ratio = continuous_damping_ratio(kept, 1.0)
    assert ratio == pytest.approx(before, rel=1e-9)  # rounding
    ratio = continuous_damping_ratio(heavier, 1.0)
    assert ratio == pytest.approx(before / math.sqrt(k), rel=1e-9)  # rounding


@pytest.mark.parametrize("rule", KEEPING)
def test_one_long_step_is_many_short_ones_to_first_order(
    rule: scaling.ScalingRule,
) -> None:
    def gap(time_step: float) -> float:
        base = scaling.Scaled(time_step**2, 1 - 0.6 * time_step)
        short = numpy.linalg.matrix_power(mode_matrix(ball(base), 1.0), 4)
        long = mode_matrix(ball(scaling.scale(*base, 4.0, rule)), 1.0)
        # The position's own entry: free of the unit of momentum.
        return float(abs(short - long)[1, 1])

    # One step of a first-order method is wrong by time_step²: 4 for a half, up to the
    # next order, which is 1% here.
    assert gap(2e-3) / gap(1e-3) == pytest.approx(4.0, rel=0.02)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9, 0.99])
def test_physical_rule_ends_in_plain_descent(momentum: float) -> None:
    end = 1 / (1 - momentum)
    last = scaling.scale(0.3, momentum, end)
    assert 0.0 <= last.momentum < 1e-12  # rounding of 1 - k (1 - momentum)
    # lr becomes k times the effective learning rate.
    assert last.lr == pytest.approx(end * 0.3 / (1 - momentum), rel=1e-12)
    with pytest.raises(ValueError, match=r"at most .* rule=\"exact\", which has no"):
        scaling.scale(0.3, momentum, 1.01 * end)


def test_exact_rule_of_descent_is_the_limit() -> None:
    limit = scaling.scale(0.3, 1e-12, 4.0, "exact")
    # The momentum's own size is all that is left out.
    assert scaling.scale(0.3, 0.0, 4.0, "exact") == pytest.approx(limit, abs=1e-11)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"lr": 0.0}, "`lr` must be above 0, but is 0.0"),
        ({"momentum": 1.0}, "`momentum` must be at least 0 and below 1"),
        ({"batch_factor": 0.0}, "`batch_factor` must be above 0"),
        ({"batch_factor": math.inf}, "`batch_factor` must be above 0"),
        ({"rule": "square"}, '`rule` must be one of "physical", "exact", "linear"'),
    ],
)
def test_refusals(words: dict[str, object], message: str) -> None:
    asked = {"lr": 0.1, "momentum": 0.9, "batch_factor": 2.0} | words
    with pytest.raises(ValueError, match=message):
        scaling.scale(**asked)  # type: ignore[arg-type]


def test_the_physical_rule_reaches_its_very_end():
    # 1/(1 - 0.99) is 99.99999999999991 in float64; the rule ends at 100
    scaled = scaling.scale(0.01, 0.99, 100)
    assert scaled.lr == pytest.approx(100.0)
    assert scaled.momentum == pytest.approx(0.0, abs=1e-12)
