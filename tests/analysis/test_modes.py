"""Modes and limits against docs/theory.md, against simulation, and themselves."""

import math

import numpy
import pytest

from cases_coefficients import SPELLINGS, explicit_euler, walk
from inertial.analysis import modes as md
from inertial.analysis import stability as sb
from inertial.physics.coefficients import Coefficients

MOMENTA = (0.0, 0.5, 0.9, 0.99)
HEAVY = Coefficients(decay=0.9, drift=0.05)


def divergence_point(make, low: float = 0.0, high: float = 1e4) -> float:
    """Find by bisection where the spectral radius of NumPy's eigenvalues passes 1."""
    for _ in range(100):
        middle = (low + high) / 2
        matrix = md.mode_matrix(*make(middle))
        grows = max(abs(numpy.linalg.eigvals(matrix))) > 1
        low, high = (low, middle) if grows else (middle, high)
    return low


# Steps near the edge of stability have a rate of 1 within rounding over a share of
# sqrt(eps) of the curvature, if roots meet there: 1e-6 is generous, as in T21.
BISECTED = {"rel": 1e-6}


@pytest.mark.parametrize("mu", MOMENTA)
def test_stability_limits_of_the_table(mu: float) -> None:  # T10, T21
    lr, wd = 0.05, 0.8
    omega = lr * wd
    table = {
        "heavy ball": (Coefficients(mu, drift=lr), 2 * (1 + mu)),
        "nesterov": (
            Coefficients(mu, 1.0, mu, 1.0, lr),
            2 * (1 + mu) / (1 + 2 * mu),
        ),
        "average": (Coefficients(mu, 1 - mu, drift=lr), 2 * (1 + mu) / (1 - mu)),
        "decoupled": (
            Coefficients(mu, drift=lr, keep=1 - omega),
            (2 - omega) * (1 + mu),
        ),
    }
    if mu:
        table["explicit Euler"] = explicit_euler(lr, mu), 1 - mu
    for name, (c, limit) in table.items():
        found = divergence_point(lambda h, c=c: (c, h))
        assert lr * found == pytest.approx(limit, **BISECTED), name
        # Closed forms differ by rounding only.
        edge = sb.largest_stable_curvature(c)
        assert lr * edge == pytest.approx(limit, rel=1e-13), name


@pytest.mark.parametrize("mu", MOMENTA)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_largest_stable_lr_by_bisection(spelling: str, mu: float) -> None:
    make, curvature = SPELLINGS[spelling], 1.7
    found = divergence_point(lambda lr: (make(lr, mu), curvature), 1e-9, 50.0)
    closed = sb.largest_stable_lr(make(0.01, mu), curvature)
    # QHM and decoupled decay are no heavy ball: their own lr is scaled, not looked up.
    own = closed * 0.01 / sb.equivalent_lr(make(0.01, mu))
    assert own == pytest.approx(found, **BISECTED)


def test_largest_stable_lr_names_each_method() -> None:
    h, wd = 4.0, 0.5
    assert sb.largest_stable_lr(HEAVY, h) == pytest.approx(3.8 / h, rel=1e-13)
    nesterov = Coefficients(0.9, 1.0, 0.9, 1.0, 0.01)
    assert sb.largest_stable_lr(nesterov, h) == pytest.approx(3.8 / 2.8 / h, rel=1e-13)
    # Moving with the old velocity swells long before it flips: lr h < 1 - mu (T03).
    old = explicit_euler(0.01, 0.9)
    assert sb.largest_stable_lr(old, h) == pytest.approx(0.1 / h, rel=1e-12)
    # Coupled weight decay is more curvature; decoupled: lr h < (2 - lr wd)(1 + mu).
    decoupled = Coefficients(0.9, drift=0.05, keep=1 - 0.05 * wd)
    expected = 3.8 / (h + 1.9 * wd)
    assert sb.largest_stable_lr(decoupled, h) == pytest.approx(expected, rel=1e-13)


def test_limits_where_nothing_or_all_is_stable() -> None:
    assert sb.largest_stable_curvature(Coefficients(decay=1.1)) == 0
    assert all(math.isnan(x) for x in sb.stable_curvatures(Coefficients(decay=1.1)))
    assert sb.largest_stable_curvature(Coefficients(0.9, drift=0.0)) == math.inf
    assert sb.largest_stable_lr(HEAVY, -1.0) == 0
    assert sb.largest_stable_lr(HEAVY, 0.0) == math.inf


def test_a_particle_without_friction_is_bounded_to_its_limit() -> None:  # T04
    c = Coefficients(decay=1.0, drift=0.25)
    edge = sb.largest_stable_curvature(c)
    assert edge == 16
    assert abs(walk(c, 0.99 * edge, 5000)).max() < 11  # 1/sqrt(1 - .99) = 10, the crest
    assert abs(walk(c, 1.01 * edge, 500)).max() > 1e20
    assert md.regime(c, 0.5 * edge) == "marginal"
    assert sb.memory(c) == math.inf
    assert sb.effective_lr(c) == math.inf


@pytest.mark.parametrize("blend", [(1.0, 0.0), (0.9, 1.0)])
def test_decoupled_decay_holds_a_gentle_saddle(blend: tuple[float, float]) -> None:
    c = Coefficients(0.9, 1.0, *blend, drift=0.1, keep=1 - 0.1 * 0.5)
    low, _ = sb.stable_curvatures(c)
    # T22: it pulls as an L2 term of strength (1 - momentum) * weight_decay.
    assert low == pytest.approx(-(1 - 0.9) * 0.5, rel=1e-12)
    assert md.rate(c, 0.99 * low) < 1 < md.rate(c, 1.01 * low)


def test_decoupled_decay_is_a_friction_and_a_spring() -> None:
    # Small steps follow x'' + (friction + leak) x' + (stiffness + friction leak) x = 0.
    friction, leak, stiffness = 2e-3, 3e-3, 4e-5
    c = Coefficients(1 - friction, keep=1 - leak)
    expected = (friction + leak) / (2 * math.sqrt(stiffness + friction * leak))
    assert md.continuous_damping_ratio(c, stiffness) == pytest.approx(expected)
    # Corrections are of the order of the swing in one step, sqrt(stiffness) = 6e-3.
    assert md.damping_ratio(c, stiffness) == pytest.approx(expected, rel=1e-2)


def test_numbers_of_the_regimes() -> None:  # T23: momentum .9, lr h = .05
    assert md.period(HEAVY, 1.0) == pytest.approx(28.0606, abs=5e-5)
    assert md.half_life(HEAVY, 1.0) == pytest.approx(13.1576, abs=5e-5)
    assert md.damping_ratio(HEAVY, 1.0) == pytest.approx(0.2290, abs=5e-5)
    assert md.continuous_damping_ratio(HEAVY, 1.0) == pytest.approx(0.2236, abs=5e-5)
    low, high = sb.critical_curvatures(HEAVY)
    assert 0.05 * low == pytest.approx(0.002633, abs=5e-7)
    assert 0.05 * high == pytest.approx((1 + math.sqrt(0.9)) ** 2, rel=1e-13)
    # The differential equation is critical elsewhere, at lr h = (1 - momentum)^2 / 4.
    assert md.continuous_damping_ratio(HEAVY, 0.0025 / 0.05) == pytest.approx(1.0)


def test_period_and_half_life_are_seen_in_the_steps() -> None:  # T23
    path = walk(HEAVY, 1.0, 400)
    turns = numpy.flatnonzero(path[:-1] * path[1:] < 0)
    crossings = turns - path[turns] / (path[turns + 1] - path[turns])
    period = 2 * numpy.mean(numpy.diff(crossings[2:20]))
    # Crossings are interpolated on straight lines: an error below 2e-3 of a period.
    assert period == pytest.approx(md.period(HEAVY, 1.0), rel=2e-3)
    now, then = path[:-1], path[1:]
    # The exact decaying invariant of the heavy ball; its square root is the amplitude.
    crest = numpy.sqrt(0.9 * now**2 - 1.85 * now * then + then**2)
    slope = numpy.polyfit(numpy.arange(60), numpy.log(crest[:60]), 1)[0]
    assert math.log(0.5) / slope == pytest.approx(md.half_life(HEAVY, 1.0), rel=1e-9)


@pytest.mark.parametrize("mu", [0.25, 0.9, 0.9999, 1 - 1e-9])
def test_edges_of_the_oscillating_band(mu: float) -> None:
    lr, root = 0.1, math.sqrt(mu)
    low, high = sb.critical_curvatures(Coefficients(mu, drift=lr))
    # (1 - root)^2 loses digits for a long memory; (1 - mu)^2/(1 + root)^2 does not.
    assert lr * low == pytest.approx((1 - mu) ** 2 / (1 + root) ** 2, rel=1e-12)
    assert lr * high == pytest.approx((1 + root) ** 2, rel=1e-12)
    low, high = sb.critical_curvatures(Coefficients(mu, 1.0, mu, 1.0, lr))
    assert lr * low == pytest.approx(((1 - mu) / (1 + mu)) ** 2, rel=1e-12)
    assert lr * high == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("mu", [0.5, 0.9, 0.999])
def test_band_is_where_roots_are_complex(spelling: str, mu: float) -> None:
    c = SPELLINGS[spelling](0.1, mu)
    low, high = sb.critical_curvatures(c)

    def complex_at(h: float) -> bool:
        roots = numpy.linalg.eigvals(md.mode_matrix(c, h))
        return bool(abs(roots.imag).max() > 0)

    assert not complex_at(low * (1 - 1e-3))
    assert complex_at(low * (1 + 1e-3))
    assert complex_at(high * (1 - 1e-3))
    assert not complex_at(high * (1 + 1e-3))
    assert md.regime(c, low) == "critical"


def test_no_band_without_momentum_or_with_explicit_nonsense() -> None:
    low, high = sb.critical_curvatures(Coefficients(0.0, drift=0.5))
    assert low == high == 2
    lost = Coefficients(0.5, 1.0, -1.0, 1.0, 0.5)  # the momentum pushes backwards
    assert all(math.isnan(x) for x in sb.critical_curvatures(lost))


REGIMES = [
    (Coefficients(0.9, drift=0.1), -1.0, "diverging"),
    (Coefficients(0.9, drift=0.1), 0.0, "marginal"),
    (Coefficients(0.9, drift=0.1), 0.02, "overdamped"),
    (Coefficients(0.25, drift=0.1), 2.5, "critical"),
    (Coefficients(0.9, drift=0.1), 1.0, "underdamped"),
    (Coefficients(0.25, drift=0.1), 22.5, "critical, flipping sign"),
    (Coefficients(0.9, drift=0.1), 37.99, "overdamped, flipping sign"),
    (Coefficients(0.9, drift=0.1), 39.0, "diverging"),
    (Coefficients(0.9, 1.0, 0.9, 1.0, 0.1), 10.0, "dead-beat"),
    (Coefficients(0.0, drift=0.1), 5.0, "overdamped"),
    (Coefficients(0.0, drift=0.1), 10.0, "dead-beat"),
    (Coefficients(0.0, drift=0.1), 15.0, "overdamped, flipping sign"),
]


@pytest.mark.parametrize(("c", "curvature", "expected"), REGIMES)
def test_regimes(c: Coefficients, curvature: float, expected: str) -> None:
    assert md.regime(c, curvature) == expected
    path = walk(c, curvature, 400)
    changes = int(numpy.sum(path[:-1] * path[1:] < 0))
    if "flipping" in expected:
        assert changes > 300  # but for a first glide where the fast root is as strong
    elif expected in ("overdamped", "critical", "marginal"):
        assert changes == 0
    elif expected == "dead-beat":
        assert numpy.all(abs(path[2:]) < 1e-15)
    elif expected == "underdamped":
        assert 400 / changes * 2 == pytest.approx(md.period(c, curvature), rel=0.05)


def test_momentum_makes_oscillation_where_descent_has_none() -> None:  # T28
    assert md.regime(Coefficients(0.0, drift=0.5), 1.0) == "overdamped"
    assert md.regime(Coefficients(0.9, drift=0.5), 1.0) == "underdamped"
    assert md.regime(Coefficients(0.9, drift=0.002), 1.0) == "overdamped"
    assert md.rate(Coefficients(0.0, drift=1.95), 1.0) == pytest.approx(0.95)
    assert md.rate(Coefficients(0.5, drift=1.95), 1.0) == pytest.approx(math.sqrt(0.5))


def test_classical_and_nesterov_momentum_on_one_stiff_mode() -> None:  # T57
    heavy, look = Coefficients(0.9), Coefficients(0.9, 1.0, 0.9, 1.0)
    assert md.rate(heavy, 0.9) == pytest.approx(0.9487, abs=5e-5)
    assert md.rate(look, 0.9) == pytest.approx(0.3, rel=1e-12)
    # T19: on one curvature Nesterov is a heavy ball of momentum mu (1 - lr h) = .09.
    same = Coefficients(0.9 * (1 - 0.9))
    assert md.multipliers(look, 0.9) == pytest.approx(md.multipliers(same, 0.9))
    assert md.rate(heavy, 0.001) == pytest.approx(md.rate(look, 0.001), abs=2e-4)


@pytest.mark.parametrize("mu", [0.3, 0.9, 0.999])
def test_damping_ratio_follows_the_differential_equation_at_small_steps(mu) -> None:
    # Both are one ODE up to terms of first order in 1 - mu, at every zeta.
    for zeta in (0.05, 0.5, 2.0, 20.0):
        curvature = ((1 - mu) / (2 * zeta)) ** 2
        c = Coefficients(mu)
        assert md.continuous_damping_ratio(c, curvature) == pytest.approx(zeta)
        if mu > 0.99:
            assert md.damping_ratio(c, curvature) == pytest.approx(zeta, rel=1e-3)


def test_damping_ratio_of_an_exact_oscillator() -> None:
    # Multipliers exp(T*pole) of a continuous oscillator give back its zeta exactly.
    for zeta, swing in ((0.1, 0.5), (0.7, 1.0), (1.5, 0.3), (4.0, 0.2)):
        poles = numpy.roots([1.0, 2 * zeta * swing, swing**2])
        first, second = numpy.exp(poles)
        decay = (first * second).real
        c = Coefficients(decay, drift=(1 + decay - (first + second).real))
        assert md.damping_ratio(c, 1.0) == pytest.approx(zeta, rel=1e-12)


def test_damping_ratio_where_a_root_is_not_positive() -> None:
    descent = Coefficients(0.0)
    assert md.damping_ratio(descent, 0.5) == math.inf
    assert md.damping_ratio(descent, 1.0) == 1
    flipping = md.damping_ratio(descent, 1.5)
    fall = math.log(2)
    assert flipping == pytest.approx(fall / math.hypot(fall, math.pi))
    assert md.damping_ratio(descent, 2.5) < 0
    assert md.damping_ratio(HEAVY, 0.0) == math.inf
    assert math.isnan(md.damping_ratio(HEAVY, -1.0))
    assert math.isnan(md.continuous_damping_ratio(HEAVY, -1.0))
    assert md.continuous_damping_ratio(HEAVY, 0.0) == math.inf
    assert md.damping_ratio(HEAVY, 80.0) < 0


def test_half_life_and_period_at_the_ends() -> None:
    descent = Coefficients(0.0)
    assert md.half_life(descent, 1.0) == 0
    assert md.half_life(descent, 0.5) == pytest.approx(1.0)
    assert md.half_life(descent, 2.0) == md.half_life(descent, 3.0) == math.inf
    assert md.period(descent, 0.5) == math.inf
    assert md.period(descent, 1.5) == 2


def test_rate_keeps_its_digits_where_memory_is_long() -> None:
    mu = 1 - 1e-8
    c = Coefficients(mu)
    low, _ = sb.critical_curvatures(c)
    # At a quarter of the critical curvature the roots are 1 - x for x of
    # x^2 - (1 - mu + s) x + s = 0; the plain discriminant would lose all digits here.
    s = low / 4
    b = 1 - mu + s
    slow = 2 * s / (b + math.sqrt(b * b - 4 * s))
    # A rate near 1 is itself known to 1e-16 only: 1e-16 / 1e-9 of its distance.
    assert 1 - md.rate(c, s) == pytest.approx(slow, rel=1e-6)


@pytest.mark.parametrize(
    "name",
    [
        "rate",
        "damping_ratio",
        "continuous_damping_ratio",
        "period",
        "half_life",
        "regime",
        "multipliers",
        "mode_matrix",
    ],
)
def test_arrays_broadcast_and_scalars_stay_scalars(name: str) -> None:
    function = getattr(md, name)
    curvatures = numpy.array([-1.0, 0.0, 0.01, 1.0, 10.0, 40.0])
    momenta = numpy.array([[0.0], [0.5], [0.9]])
    table = function(Coefficients(momenta, drift=0.1), curvatures)
    assert table.shape[:2] == (3, 6)
    for i, momentum in enumerate(momenta[:, 0]):
        for j, curvature in enumerate(curvatures):
            single = function(Coefficients(float(momentum), drift=0.1), curvature)
            if name == "regime":
                assert table[i, j] == single
            else:  # NumPy's loops over arrays and scalars differ in the last digit
                numpy.testing.assert_allclose(table[i, j], single, rtol=1e-14)
    if name not in ("multipliers", "mode_matrix"):
        assert type(single) in (float, str)


def test_limits_broadcast() -> None:
    lr = numpy.array([0.1, 0.2])
    for spelling in SPELLINGS.values():
        together = spelling(lr, 0.9)
        for function in (
            sb.largest_stable_curvature,
            sb.equivalent_lr,
            sb.effective_lr,
            sb.critical_curvatures,
            sb.stable_curvatures,
        ):
            alone = [function(spelling(float(each), 0.9)) for each in lr]
            got = numpy.asarray(function(together))
            numpy.testing.assert_allclose(got.T, alone, rtol=1e-15)


def test_equivalent_lr_is_the_lr_of_every_spelling() -> None:
    for name, spelling in SPELLINGS.items():
        assert sb.equivalent_lr(spelling(0.03, 0.9)) == pytest.approx(0.03), name
        assert sb.effective_lr(spelling(0.03, 0.9)) == pytest.approx(0.3), name
    assert sb.equivalent_lr(explicit_euler(0.03, 0.9)) == pytest.approx(0.03)
    assert sb.memory(HEAVY) == pytest.approx(10.0)


def test_effective_lr_is_the_terminal_step_on_a_slope() -> None:  # T10
    from inertial.physics.kinetic import newtonian
    from inertial.physics.step import step

    for name in ("heavy ball", "nesterov", "average", "qhm", "keras nesterov"):
        c = SPELLINGS[name](0.03, 0.9)
        position = momentum = before = 0.0
        for _ in range(400):  # 0.9**400 is 1e-18: it has forgotten its start
            before = position
            position, momentum, _ = step(c, newtonian(), position, momentum, -2.0)
        assert before - position == pytest.approx(2.0 * sb.effective_lr(c), rel=1e-12)


def test_modes_lists_what_the_functions_say() -> None:
    listed = md.list_modes(HEAVY, [0.01, 1.0])
    assert [mode.curvature for mode in listed] == [0.01, 1.0]
    assert listed[1].rate == md.rate(HEAVY, 1.0)
    assert listed[1].regime == "underdamped"
    assert listed[1].multipliers[0] == listed[1].multipliers[1].conjugate()
    assert listed[1].damping_ratio == md.damping_ratio(HEAVY, 1.0)
    assert listed[1].period == md.period(HEAVY, 1.0)
    assert listed[1].half_life == md.half_life(HEAVY, 1.0)
