"""The numbers of docs/theory.md, measured by the simulation."""

import math

import numpy
import pytest

from inertial.analysis.landscape import double_well, plateau, quadratic, saddle
from inertial.analysis.simulation import simulate
from inertial.conventions import torch_sgd
from inertial.physics.coefficients import Coefficients

OSCILLATOR = quadratic((1.0,))


def test_t04_explicit_euler_grows_and_symplectic_euler_does_not():
    time_step, steps = 0.1, 1000
    symplectic = Coefficients(kick=time_step, drift=time_step)
    # The velocity before the kick: the old one.
    explicit = symplectic._replace(blend_force=-time_step)
    run = simulate(explicit, OSCILLATOR, (1.0,), steps)
    grown = math.sqrt(2 * (run.losses[-1, 0] + run.kinetic[-1, 0]))
    # Rounding over 1000 steps.
    assert grown == pytest.approx((1 + time_step**2) ** (steps / 2), rel=1e-12)
    assert grown == pytest.approx(144.8, abs=0.05)

    run = simulate(symplectic, OSCILLATOR, (1.0,), steps)
    x, v = run.positions[1:, 0, 0], run.momenta[1:, 0, 0]
    modified = v * v / 2 + x * x / 2 - time_step / 2 * x * v
    assert numpy.ptp(modified) < 1e-13
    plain = (run.losses + run.kinetic)[1:]
    assert numpy.ptp(plain) / plain.mean() == pytest.approx(0.10, abs=0.005)


def test_t04_symplectic_euler_is_bounded_below_2():
    time_step = numpy.array([[1.99], [2.01]])
    rule = Coefficients(kick=time_step, drift=time_step)
    run = simulate(rule, OSCILLATOR, (1.0,), 2000)
    assert run.diverged_at[0] == -1
    assert abs(run.positions[:, 0]).max() == pytest.approx(10.0, abs=0.05)
    assert 0 < run.diverged_at[1] < 2000


def test_t05_a_light_particle_without_friction_explodes():
    time_step = 0.1
    threshold = time_step**2 / 4
    mass = threshold * numpy.array([[1.02], [0.98], [10.0]])
    rule = Coefficients(kick=time_step, drift=time_step / mass)
    run = simulate(rule, OSCILLATOR, (1.0,), 1000, limit=1e12)
    assert run.diverged_at[0] == run.diverged_at[2] == -1
    assert 0 < run.diverged_at[1] < 1000
    largest = abs(run.positions[..., 0]).max(axis=0)
    assert largest[0] == pytest.approx(7.1, abs=0.05)
    # It never comes to rest either, and every past force weighs the same.
    assert abs(run.positions[-50:, 2]).max() > 0.99
    impulse = -time_step * run.positions[:-1, 2].sum()
    assert run.momenta[-1, 2, 0] == pytest.approx(impulse, rel=1e-11)


def test_t07_a_heavy_particle_flies_straight():
    time_step, slope, steps = 0.1, 3.0, 50
    mass = numpy.array([[1e2], [1e4], [1e6]])
    rule = Coefficients(kick=time_step, drift=time_step / mass)
    one = plateau(slope=slope)
    momentum = numpy.concatenate([-mass, 0 * mass], axis=1)
    run = simulate(rule, one, (100.0, 0.0), steps, momentum=momentum)
    bent = 100.0 - steps * time_step - run.positions[-1, :, 0]
    predicted = slope * time_step**2 / mass[:, 0] * steps * (steps + 1) / 2
    # The bend is 4e-5 at the largest mass, of positions near 100: rounding 1e-12/4e-5.
    numpy.testing.assert_allclose(bent, predicted, rtol=1e-6)


def test_t48_distance_down_a_constant_slope():
    steps, momentum = 40, 0.9
    decay = numpy.array([[1.0], [momentum]])
    start = 1000.0
    run = simulate(Coefficients(decay=decay), plateau(), (start, 0.0), steps)
    straight = steps * (steps + 1) / 2
    capped = (
        steps / (1 - momentum) - momentum * (1 - momentum**steps) / (1 - momentum) ** 2
    )
    # Rounding of positions near 1000.
    assert start - run.positions[-1, :, 0] == pytest.approx(
        [straight, capped], abs=1e-10
    )
    assert capped == pytest.approx(311.33, abs=0.005)


def test_t50_a_particle_coasts_a_finite_way_over_the_flat():
    rule = Coefficients(decay=numpy.array([[0.9], [0.0]]), drift=0.1)
    run = simulate(rule, plateau(width=20.0), (3.0, 0.0), 400)
    x = run.positions[..., 0]
    entry = (x[:, 0] <= 0).argmax()
    last = x[entry - 1, 0] - x[entry, 0]
    coasted = x[entry, 0] - x[-1, 0]
    # 0.9^350 is 1e-16: only rounding is left.
    assert coasted == pytest.approx(last * 0.9 / 0.1, rel=1e-12)
    assert coasted == pytest.approx(5.51322, abs=5e-6)
    # Plain descent stops where the force does, one lr further at most.
    assert -0.1 <= x[-1, 1] <= 1e-12


def escapes(lr, momentum, steps):
    """The step at which a saddle of curvature −0.1 is left, from 1e-6 to 1."""
    run = simulate(
        Coefficients(decay=momentum, drift=lr),
        saddle(down=0.1),
        (0.0, 1e-6),
        steps,
        limit=1.0,
        keep_every=steps,
    )
    return run.diverged_at[0]


def test_t51_escape_from_a_saddle():
    assert escapes(0.01, 0.9, 1600) == 1511
    assert escapes(0.1, 0.0, 1600) == 1389


@pytest.mark.slow
def test_t51_plain_descent_takes_nine_times_as_long():
    assert escapes(0.01, 0.0, 14000) == 13823


def test_t51_no_method_leaves_along_the_stable_way():
    rule = torch_sgd(lr=0.1, momentum=0.9)
    run = simulate(rule, saddle(), (1.0, 0.0), 600, keep_every=600)
    assert (run.positions[-1, 0, 1] == 0).all()
    assert abs(run.positions[-1, 0, 0]) < 1e-12


def wells(starts, momenta, lr, steps):
    """Where particles end: G in the global, left well, w in the worse one."""
    rule = Coefficients(decay=numpy.array(momenta)[:, None], drift=lr)
    places = numpy.zeros((len(momenta), 2))
    places[:, 0] = starts
    run = simulate(rule, double_well(0.1), places, steps, keep_every=steps)
    top = 0.1010  # between the wells; the middle root of x³ − x + 0.1
    return "".join("G" if x < top else "w" for x in run.positions[-1, :, 0])


def test_t52_from_below_the_barrier_no_momentum_leaves_the_well():
    # The level of the barrier's top is met again at x = 1.3099.
    assert wells(1.29, (0.0, 0.5, 0.9, 0.99, 0.999), 1e-3, 1500) == "wwwww"


def test_t52_from_above_it_some_do():
    # A tenth of the long run's steps at a hundred times its lr: the same friction per
    # time, (1 − momentum)/√lr, where the time step is still short.
    slow = (0.0, 0.8, 0.9)
    assert wells(1.7, slow, 1e-2, 1000)[0] == "w"
    assert "G" in wells(1.7, (0.95, 0.97, 0.98, 0.985, 0.99), 1e-2, 1500)


@pytest.mark.slow
def test_t52_the_last_well_alternates_with_momentum():
    below, above = (0.9, 0.99, 0.999, 0.9999), (0.9, 0.98, 0.99, 0.995, 0.997)
    above += (0.998, 0.9985, 0.999, 0.9995)
    starts = [1.29] * 4 + [1.7] * 9 + [-1.9] * 9
    ends = wells(starts, below + above + above, 1e-4, 120_000)
    assert ends[:4] == "wwww"
    assert ends[4:13] == "wwwGGGwGw"
    assert ends[13:] == "GGGwwGGGG"
