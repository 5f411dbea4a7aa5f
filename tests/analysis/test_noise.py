"""Stationary noise: printed formulas, Lyapunov's equation, moments and dice."""

import math

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases_coefficients import SPELLINGS
from inertial.analysis import modes as md
from inertial.analysis import noise as ns
from inertial.analysis import stability as sb
from inertial.physics.coefficients import Coefficients
from inertial.physics.kinetic import newtonian
from inertial.physics.step import step

SETTINGS = ((0.1, 0.0), (0.1, 0.9), (1.0, 0.5), (0.02, 0.99), (1.2, 0.5))
H, SIGMA = 0.9, 0.7

any_step = st.builds(
    Coefficients,
    decay=st.floats(0.0, 0.95),
    kick=st.floats(0.1, 3.0),
    blend_momentum=st.floats(0.1, 1.5),
    blend_force=st.floats(-0.1, 1.5),
    drift=st.floats(0.05, 3.0),
    keep=st.floats(0.8, 1.0),
).filter(lambda c: sb.equivalent_lr(c) > 0.01 * c.drift)  # else it climbs, or rests


def look_ahead(lr: float, mu: float) -> Coefficients:
    return SPELLINGS["nesterov"](lr, mu)


@given(any_step, st.floats(0.05, 0.95))
def test_closed_form_is_lyapunovs(c: Coefficients, share: float) -> None:
    curvature = share * sb.largest_stable_curvature(c)
    closed = ns.stationary_covariance(c, curvature, SIGMA)
    solved = ns.lyapunov_covariance(c, curvature, SIGMA)
    # The equation loses 1/(1 - rate^2) of its digits, twice at a double root.
    loss = 1 - md.rate(c, curvature) ** 2
    size = numpy.abs(solved).max()
    assert numpy.allclose(closed, solved, rtol=1e-9, atol=1e-13 * size / loss**2)
    assert ns.position_variance(c, curvature, SIGMA) == closed[1, 1]


@pytest.mark.parametrize(("lr", "mu"), [*SETTINGS, (3.0, 0.9)])
def test_heavy_balls_formulas(lr: float, mu: float) -> None:  # T32, T33
    edge = 2 * (1 + mu) - lr * H
    covariance = ns.stationary_covariance(Coefficients(mu, drift=lr), H, SIGMA)
    position = lr * SIGMA**2 * (1 + mu) / (H * (1 - mu) * edge)
    momentum = 2 * SIGMA**2 / ((1 - mu) * edge)
    # Closed forms of the same numbers: rounding only.
    assert covariance[1, 1] == pytest.approx(position, rel=1e-12)
    assert covariance[0, 0] == pytest.approx(momentum, rel=1e-12)
    # Position' = position + lr momentum': the printed Cov(x, x') gives the mixed term.
    after = (1 + mu - lr * H) / (1 + mu) * position
    matrix = md.mode_matrix(Coefficients(mu, drift=lr), H)
    assert (matrix @ covariance)[1, 1] == pytest.approx(after, rel=1e-11)
    # Equipartition, exact for every stable lr: m Var v / (h Var x) = 2/(1 + mu).
    shares = lr * covariance[0, 0] / (H * covariance[1, 1])
    assert shares == pytest.approx(2 / (1 + mu), rel=1e-12)


@pytest.mark.parametrize(("lr", "mu"), SETTINGS)
def test_nesterovs_formula(lr: float, mu: float) -> None:  # T34
    s = lr * H
    e = mu * (1 - s)
    printed = (
        lr * SIGMA**2 * (1 + e) / (H * (1 - e) * (2 * (1 + mu) - s * (1 + 2 * mu)))
    )
    for name in ("nesterov", "keras nesterov"):
        base = ns.base_variance(SPELLINGS[name](lr, mu), H, SIGMA)
        assert base == pytest.approx(printed, rel=1e-11), name


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_variance_is_the_fixed_point_of_the_moments(spelling: str) -> None:
    # Independent of any formula: propagate second moments, step by step.
    c = SPELLINGS[spelling](0.3, 0.8)
    matrix = md.mode_matrix(c, H)
    kick = c.drift * (c.blend_momentum * c.kick + c.blend_force)
    entry = SIGMA * numpy.array([c.kick, kick])
    moments = numpy.zeros((2, 2))
    for _ in range(1000):  # the rate is below .9: its square to the 1000 is nothing
        moments = matrix @ moments @ matrix.T + numpy.outer(entry, entry)
    closed = ns.stationary_covariance(c, H, SIGMA)
    assert numpy.allclose(closed, moments, rtol=1e-11)


@pytest.mark.parametrize("spelling", ["heavy ball", "nesterov", "average", "qhm"])
def test_dice_agree(spelling: str, rng: numpy.random.Generator) -> None:
    c = SPELLINGS[spelling](0.3, 0.8)
    particles, burn, steps = 4000, 150, 60
    position, momentum = numpy.zeros(particles), numpy.zeros(particles)
    second = numpy.zeros((2, 2))
    base = 0.0
    for index in range(burn + steps):
        force = -H * position - SIGMA * rng.standard_normal(particles)
        position, momentum, _ = step(c, newtonian(), position, momentum, force)
        if index >= burn:
            pair = numpy.stack([momentum, position])
            second += pair @ pair.T / (particles * steps)
            behind = position - c.drift * c.blend_momentum * momentum
            base += behind @ behind / (particles * steps)
    # 4000 runs of at least a few independent samples each: a variance is known to
    # sqrt(2/4000/3) = 1.3 %; four standard errors.
    closed = ns.stationary_covariance(c, H, SIGMA)
    scale = math.sqrt(closed[0, 0] * closed[1, 1])
    assert second[0, 0] == pytest.approx(closed[0, 0], rel=0.05)
    assert second[1, 1] == pytest.approx(closed[1, 1], rel=0.05)
    assert second[0, 1] == pytest.approx(closed[0, 1], abs=0.05 * scale)
    if spelling == "nesterov":
        assert base == pytest.approx(ns.base_variance(c, H, SIGMA), rel=0.05)


def test_sutskevers_two_lines_have_the_base_variance(rng) -> None:  # T34
    lr, mu, particles = 0.5, 0.5, 20000
    position, velocity = numpy.zeros(particles), numpy.zeros(particles)
    for _ in range(100):
        ahead = position + mu * velocity
        gradient = H * ahead + SIGMA * rng.standard_normal(particles)
        velocity = mu * velocity - lr * gradient
        position = position + velocity
    # sqrt(2/20000) = 1 %; four standard errors.
    expected = ns.base_variance(look_ahead(lr, mu), H, SIGMA)
    assert position.var() == pytest.approx(expected, rel=0.04)
    ahead = position + mu * velocity
    expected = ns.position_variance(look_ahead(lr, mu), H, SIGMA)
    assert ahead.var() == pytest.approx(expected, rel=0.04)


@pytest.mark.parametrize("decay", [0.5, 0.9, 0.99])
def test_an_average_smooths_the_buffer_not_the_position(decay: float) -> None:  # T35
    average = Coefficients(decay, 1 - decay, drift=0.1)
    smoothed = ns.buffer_variance(average, SIGMA)
    assert smoothed == pytest.approx(SIGMA**2 * (1 - decay) / (1 + decay), rel=1e-12)
    plain = ns.position_variance(Coefficients(0.0, drift=0.1), 1.0, SIGMA)
    same_effective = ns.position_variance(average, 1.0, SIGMA)
    factor = (2 - 0.1) / (2 - 0.1 * (1 - decay) / (1 + decay))
    assert same_effective / plain == pytest.approx(factor, rel=1e-12)


def test_numbers_of_the_average() -> None:  # T35: four digits are printed
    assert ns.buffer_variance(Coefficients(0.9, 0.1)) == pytest.approx(
        0.05263, abs=5e-6
    )
    heavy, same_lr, plain = (
        ns.position_variance(Coefficients(mu, drift=lr), 1.0)
        for lr, mu in ((0.01, 0.9), (0.01, 0.0), (0.1, 0.0))
    )
    assert heavy / plain == pytest.approx(0.9525, abs=5e-5)
    assert heavy / same_lr == pytest.approx(9.98, abs=5e-3)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_temperature_is_that_of_every_mode_at_small_steps(spelling: str) -> None:
    c = SPELLINGS[spelling](1e-5, 0.9)
    theta = ns.temperature(c, SIGMA)
    assert theta == pytest.approx(1e-4 * SIGMA**2 / 2, rel=1e-12)
    if c.keep != 1:
        return  # weight decay is a spring of its own: see the law of decoupled decay
    for curvature in (0.5, 5.0):
        # Corrections are of the order lr_eff * curvature = 5e-4.
        held = curvature * ns.position_variance(c, curvature, SIGMA)
        assert held == pytest.approx(theta, rel=1e-3)


def test_gain_of_the_buffer() -> None:  # T60
    c = Coefficients(0.9)
    gains = ns.buffer_gain(c, numpy.array([0.0, math.pi, math.acos(0.45)]))
    assert gains == pytest.approx([10.0, 1 / 1.9, 1.0], rel=1e-12)
    assert ns.buffer_gain(Coefficients(1.0), 0.0) == math.inf
    # White noise carries every frequency alike: the mean of gain^2 is the variance.
    turns = numpy.linspace(0, 2 * math.pi, 4096, endpoint=False)
    power = numpy.mean(ns.buffer_gain(c, turns) ** 2)
    assert power == pytest.approx(ns.buffer_variance(c), rel=1e-12)
    assert ns.buffer_variance(Coefficients(1.0)) == math.inf


def mean_square_rate(c: Coefficients, curvature: float, spread: float) -> float:
    """Return the spectral radius of the second moments' own map."""
    matrix = md.mode_matrix(c, curvature)
    kick = c.drift * (c.blend_momentum * c.kick + c.blend_force)
    dice = spread * numpy.array([[0.0, -c.kick], [0.0, -kick]])
    lifted = numpy.kron(matrix, matrix) + numpy.kron(dice, dice)
    return float(max(abs(numpy.linalg.eigvals(lifted))))


@pytest.mark.parametrize("mu", [0.0, 0.5, 0.9, 0.99])
def test_noisy_curvature_limits_the_heavy_ball(mu: float) -> None:  # T36
    h, spread = 1.0, 5.0
    limit = ns.largest_stable_lr_multiplicative(Coefficients(mu), h, spread)
    printed = 2 * h * (1 - mu**2) / (spread**2 * (1 + mu) + h**2 * (1 - mu))
    assert limit == pytest.approx(printed, rel=1e-12)
    shares = {0.0: 0.9615, 0.5: 0.9868, 0.9: 0.9979, 0.99: 0.9998}
    share = limit / (1 - mu) * spread**2 / (2 * h)
    assert share == pytest.approx(shares[mu], abs=5e-5)


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("mu", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("spread", [0.1, 1.0, 5.0])
def test_noisy_curvature_limits_every_method(spelling, mu, spread) -> None:
    h, make = 1.3, SPELLINGS[spelling]
    unit = make(0.01, mu)
    limit = ns.largest_stable_lr_multiplicative(unit, h, spread)
    own = 0.01 * limit / sb.equivalent_lr(unit)
    assert mean_square_rate(make(own * (1 - 1e-4), mu), h, spread) < 1
    assert mean_square_rate(make(own * (1 + 1e-4), mu), h, spread) > 1


@given(any_step, st.floats(0.1, 5.0))
def test_noisy_curvature_limits_any_step(c: Coefficients, spread: float) -> None:
    h = 1.3
    limit = ns.largest_stable_lr_multiplicative(c, h, spread)
    factor = limit / sb.equivalent_lr(c)

    def scaled(x: float) -> Coefficients:
        return c._replace(drift=c.drift * x, keep=1 - x * (1 - c.keep))

    assert mean_square_rate(scaled(factor * (1 - 1e-3)), h, spread) < 1
    assert mean_square_rate(scaled(factor * (1 + 1e-3)), h, spread) > 1
    # All smaller learning rates are stable as well: it is the first limit.
    for share in (0.01, 0.3, 0.7):
        assert mean_square_rate(scaled(factor * share), h, spread) < 1


def test_without_dice_the_noisy_limit_is_the_plain_one() -> None:
    for spelling in SPELLINGS.values():
        c = spelling(0.01, 0.9)
        noisy = ns.largest_stable_lr_multiplicative(c, 2.0, 0.0)
        assert noisy == pytest.approx(sb.largest_stable_lr(c, 2.0), rel=1e-12)
    assert ns.largest_stable_lr_multiplicative(Coefficients(0.9), -1.0, 1.0) == 0
    with pytest.raises(ValueError, match="`curvature_noise` must be at least 0"):
        ns.largest_stable_lr_multiplicative(Coefficients(0.9), 1.0, -1.0)


def test_what_does_not_settle_has_infinite_variance() -> None:
    for curvature in (-1.0, 0.0, 39.0):
        c = Coefficients(0.9, drift=0.1)
        assert ns.position_variance(c, curvature) == math.inf
        assert numpy.all(ns.stationary_covariance(c, curvature) == math.inf)
        with pytest.raises(ValueError, match=r"must decay .* at curvature .* rate is"):
            ns.lyapunov_covariance(c, curvature)


def test_arrays_broadcast_and_scalars_stay_scalars() -> None:
    momenta, curvatures = numpy.array([[0.0], [0.9]]), numpy.array([-1.0, 0.5, 2.0])
    c = Coefficients(momenta, drift=0.1)
    assert ns.stationary_covariance(c, curvatures).shape == (2, 3, 2, 2)
    for function in (ns.position_variance, ns.base_variance):
        table = function(c, curvatures, SIGMA)
        single = function(Coefficients(0.9, drift=0.1), 2.0, SIGMA)
        assert table.shape == (2, 3)
        assert type(single) is float
        assert table[1, 2] == pytest.approx(single, rel=1e-14)
    limits = ns.largest_stable_lr_multiplicative(c, curvatures, 1.0)
    assert limits.shape == (2, 3)
    assert type(ns.temperature(Coefficients(0.9), 1.0)) is float
