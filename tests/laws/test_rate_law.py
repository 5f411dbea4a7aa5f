"""The rate that modes predict is the rate of the steps, for every spelling and more."""

import math

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases_coefficients import SPELLINGS, walk
from inertial.analysis import modes as md
from inertial.analysis import stability as sb
from inertial.physics.coefficients import Coefficients
from inertial.physics.kinetic import newtonian
from inertial.physics.step import step

MOMENTA = (0.0, 0.5, 0.9, 0.99)

settings_of_a_step = st.builds(
    Coefficients,
    decay=st.floats(0.0, 0.99),
    kick=st.floats(0.05, 3.0),
    blend_momentum=st.floats(0.0, 1.5),
    blend_force=st.floats(0.0, 1.5),
    drift=st.floats(0.01, 3.0),
    keep=st.floats(0.8, 1.0),
).filter(lambda c: c.blend_momentum + c.blend_force > 0.05)


def simulated_map(c: Coefficients, curvature: float, steps: int) -> numpy.ndarray:
    """Return what `steps` steps make of a unit momentum and of a unit position."""
    momentum, position = numpy.array([1.0, 0.0]), numpy.array([0.0, 1.0])
    for _ in range(steps):
        force = -curvature * position
        position, momentum, _ = step(c, newtonian(), position, momentum, force)
    return numpy.stack([momentum, position])


@given(settings_of_a_step, st.floats(0.001, 3.0))
def test_predicted_rate_is_simulated_rate(c: Coefficients, share: float) -> None:
    curvature = share * sb.largest_stable_curvature(c)
    predicted = md.rate(c, curvature)
    many = simulated_map(c, curvature, 8)
    simulated = max(abs(numpy.linalg.eigvals(many))) ** (1 / 8)
    # The map of 8 steps has entries up to size**8; an error of 1e-16 of these enters a
    # double root as its square root and is then spread over 8 steps.
    size = max(1.0, numpy.abs(simulated_map(c, curvature, 1)).max())
    assert abs(predicted**8 - simulated**8) < 1e-6 * (2 * size) ** 8


@given(settings_of_a_step)
def test_largest_stable_curvature_is_where_decay_ends(c: Coefficients) -> None:
    edge = sb.largest_stable_curvature(c)
    # The rate passes 1 with a slope that is never below 1e-2 here.
    assert md.rate(c, edge * (1 - 1e-3)) < 1 < md.rate(c, edge * (1 + 1e-3))


@given(settings_of_a_step, st.floats(0.1, 10.0))
def test_largest_stable_lr_is_where_decay_ends(c: Coefficients, curvature: float):
    factor = sb.largest_stable_lr(c, curvature) / sb.equivalent_lr(c)

    def scaled(x: float) -> Coefficients:
        return c._replace(drift=c.drift * x, keep=1 - x * (1 - c.keep))

    assert md.rate(scaled(factor * (1 - 1e-3)), curvature) < 1
    assert md.rate(scaled(factor * (1 + 1e-3)), curvature) > 1


@given(settings_of_a_step, st.floats(-2.0, 2.0))
def test_multipliers_are_the_eigenvalues_of_the_map(
    c: Coefficients, share: float
) -> None:
    curvature = share * sb.largest_stable_curvature(c)
    first, second = md.multipliers(c, curvature)
    matrix = simulated_map(c, curvature, 1)
    assert numpy.allclose(md.mode_matrix(c, curvature), matrix, rtol=1e-14, atol=1e-15)
    size = 1 + numpy.abs(matrix).max()  # rounding of the entries, a few times 1e-16
    assert abs(first + second - numpy.trace(matrix)) < 1e-14 * size
    assert abs(first * second - numpy.linalg.det(matrix)) < 1e-14 * size**2
    assert abs(first) >= abs(second) * (1 - 1e-14)


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("momentum", MOMENTA)
@pytest.mark.parametrize("share", [0.3, 0.9, 0.999, 1.01])
def test_long_run_shrinks_at_the_rate(
    spelling: str, momentum: float, share: float
) -> None:
    c = SPELLINGS[spelling](0.05, momentum)
    curvature = share * sb.largest_stable_curvature(c)
    rate = md.rate(c, curvature)
    steps = min(2000, int(400 / abs(math.log(rate))))  # well inside float64's range
    path = abs(walk(c, curvature, steps))
    # A window of a quarter of the run sees the swing's crest; what is left of the
    # amplitude's constant is spread over half of the run.
    quarter = steps // 4
    early, late = path[quarter : 2 * quarter].max(), path[3 * quarter :].max()
    measured = (late / early) ** (1 / (2 * quarter))
    assert abs(math.log(measured) - math.log(rate)) < 4 / quarter


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_rescaling_units_changes_no_rate(spelling: str) -> None:
    c, curvature = SPELLINGS[spelling](0.1, 0.9), 3.0
    # Loss in units 7 times larger: curvature /7, lr *7, in the drift or in the kick.
    for scaled in (
        c._replace(drift=7 * c.drift),
        c._replace(kick=7 * c.kick, blend_force=7 * c.blend_force),
    ):
        assert math.isclose(
            md.rate(scaled, curvature / 7), md.rate(c, curvature), rel_tol=1e-12
        )
        for function in (sb.equivalent_lr, sb.effective_lr):
            assert math.isclose(function(scaled), 7 * function(c), rel_tol=1e-12)
        assert math.isclose(
            7 * sb.largest_stable_curvature(scaled),
            sb.largest_stable_curvature(c),
            rel_tol=1e-12,
        )
