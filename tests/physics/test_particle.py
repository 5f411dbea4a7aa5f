"""Particles and the six numbers they mean (T14, T59)."""

import math

import jax
import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from inertial.physics import (
    FRICTION_LAWS,
    Coefficients,
    Particle,
    friction_law,
    newtonian,
    step,
)

MASS, FRICTION, SCALE = 0.7, 0.9, 1.3


def decay_of(law: str, dt: float) -> float:
    return {
        "explicit": 1 - FRICTION * dt / MASS,
        "exact": math.exp(-FRICTION * dt / MASS),
        "implicit": 1 / (1 + FRICTION * dt / MASS),
        "exponential": math.exp(-FRICTION * dt / MASS),
    }[law]


def push_of(law: str, dt: float) -> float:
    """b_t of T14."""
    return {
        "explicit": SCALE * dt**2 / MASS,
        "exact": SCALE * dt**2 / MASS,
        "implicit": SCALE * dt**2 / (MASS + FRICTION * dt),
        "exponential": SCALE * dt * (1 - decay_of("exact", dt)) / FRICTION,
    }[law]


@pytest.mark.parametrize("law", FRICTION_LAWS)
def test_any_clock_gives_the_normal_form(law, rng):
    # T14: x_{t+1} − x_t = a_t (x_t − x_{t−1}) − b_t g_t
    particle = Particle(MASS, FRICTION, SCALE, law)
    clock = 0.08 * numpy.exp(0.5 * rng.normal(size=200))
    gradients = rng.normal(size=(200, 5))
    x, p = rng.normal(size=5), numpy.zeros(5)
    moved, before = numpy.zeros(5), clock[0]
    for dt, gradient in zip(clock, gradients, strict=True):
        after, p, _ = step(particle.coefficients(dt), newtonian(), x, p, -gradient)
        moved = decay_of(law, dt) * dt / before * moved - push_of(law, dt) * gradient
        # rounding of x, relative to steps a hundredth of its size
        numpy.testing.assert_allclose(after - x, moved, atol=1e-13)
        x, before = after, dt


@pytest.mark.parametrize("law", FRICTION_LAWS)
@given(
    mass=st.floats(0.01, 100.0),
    drag=st.floats(0.0, 0.99),
    scale=st.floats(0.1, 10.0),
    dt=st.floats(0.01, 10.0),
)
def test_a_particle_comes_back_from_its_coefficients(law, mass, drag, scale, dt):
    particle = Particle(mass, drag * mass / dt, scale, law)
    back = Particle.from_coefficients(
        particle.coefficients(dt), force_scale=scale, time_step=dt, law=law
    )
    assert back.mass == pytest.approx(particle.mass, rel=1e-12)
    # near no friction the decay rounds at 1e-16 of 1, and the friction with it
    assert back.friction == pytest.approx(
        particle.friction, rel=1e-9, abs=1e-14 * mass / dt
    )
    assert (back.force_scale, back.law) == (scale, law)


@given(
    momentum=st.floats(0.01, 1.0),
    lr=st.floats(1e-4, 10.0),
    kick=st.floats(0.1, 10.0),
    scale=st.floats(0.1, 10.0),
    dt=st.floats(0.01, 10.0),
)
@pytest.mark.parametrize("law", FRICTION_LAWS)
def test_any_gauge_makes_the_same_positions(law, momentum, lr, kick, scale, dt):
    sgd = Coefficients(decay=momentum, kick=kick, drift=lr / kick)
    particle = Particle.from_coefficients(sgd, force_scale=scale, time_step=dt, law=law)
    c = particle.coefficients(dt)
    assert c.decay == pytest.approx(momentum, rel=1e-13)  # rounding of exp and log
    assert c.kick * c.drift == pytest.approx(lr, rel=1e-12)


@pytest.mark.parametrize("law", FRICTION_LAWS)
def test_the_two_gauges_leave_every_position(law, rng):
    # T59
    particle, dt = Particle(MASS, FRICTION, SCALE, law), 0.3
    runs = [
        (particle, dt, 1.0),
        (particle.rescaled(3.0), dt, 3.0),
        (particle.reclocked(0.2), 0.2 * dt, 0.2),
    ]
    start, gradients = rng.normal(size=4), rng.normal(size=(100, 4))
    ends = []
    for case, time_step, unit in runs:
        x, p = start, unit * numpy.ones(4)
        for gradient in gradients:
            x, p, _ = step(case.coefficients(time_step), newtonian(), x, p, -gradient)
        ends.append(x)
    numpy.testing.assert_allclose(ends[1], ends[0], rtol=1e-12)  # a hundred roundings
    numpy.testing.assert_allclose(ends[2], ends[0], rtol=1e-12)


def test_another_mass_alone_is_another_run():
    # T59: lr = φ dt²/m and momentum = 1 − friction dt/m both move
    one, two = (
        Particle(1.0, 0.1).coefficients(1.0),
        Particle(2.0, 0.1).coefficients(1.0),
    )
    assert two.kick * two.drift == pytest.approx(0.5 * one.kick * one.drift)
    assert two.decay == pytest.approx(one.decay**0.5)


def test_the_master_dictionary():
    # lr = φ dt²/m, momentum = 1 − friction dt/m, lr_eff = φ dt/friction
    particle = Particle(mass=2.0, friction=0.5, force_scale=3.0, law="explicit")
    c = particle.coefficients(0.4)
    assert c.kick * c.drift == pytest.approx(3.0 * 0.4**2 / 2.0)
    assert c.decay == pytest.approx(1 - 0.5 * 0.4 / 2.0)
    assert c.kick * c.drift / (1 - c.decay) == pytest.approx(particle.mobility * 0.4)
    assert particle.time_constant == pytest.approx(4.0)
    # ζ = friction/(2√(mφh)); critical at lr·h = (1 − momentum)²/4
    h = (1 - c.decay) ** 2 / 4 / (c.kick * c.drift)
    assert particle.damping_ratio(h) == pytest.approx(1.0)


def test_a_stopped_clock_moves_nothing():
    for law in FRICTION_LAWS:
        stopped = Particle(MASS, FRICTION, SCALE, law).coefficients(0.0)
        assert stopped == Coefficients(1.0, 0.0, 1.0, 0.0, 0.0, 1.0)


def test_arrays_of_settings_are_a_sweep():
    masses, frictions = numpy.array([[1.0], [2.0]]), numpy.array([0.0, 0.1, 0.2])
    for law in FRICTION_LAWS:
        sweep = Particle(masses, frictions, law=law).coefficients(0.5)
        for place in numpy.ndindex(2, 3):
            alone = Particle(masses[place[0], 0], frictions[place[1]], law=law)
            for many, one in zip(sweep, alone.coefficients(0.5), strict=True):
                every = numpy.broadcast_to(many, (2, 3))
                assert every[place] == pytest.approx(one, rel=1e-15)
        back = Particle.from_coefficients(sweep, time_step=0.5, law=law)
        # friction from a decay near 1: one digit in ten is left to lose
        numpy.testing.assert_allclose(back.friction, frictions + 0 * masses, atol=1e-14)
    with pytest.raises(ValueError, match="`mass` must be above 0"):
        Particle(mass=numpy.array([1.0, -1.0]))


@pytest.mark.parametrize("law", FRICTION_LAWS)
def test_coefficients_may_live_on_the_device(law):
    plain = Particle(MASS, FRICTION, SCALE, law).coefficients(0.3)
    tensor = torch.tensor(0.3, dtype=torch.float64)
    on_torch = Particle(MASS, FRICTION, SCALE, law).coefficients(tensor)
    assert [float(c) for c in on_torch] == pytest.approx(list(plain), rel=1e-15)

    drag = FRICTION * 0.3 / MASS
    found = friction_law(law)
    traced = jax.jit(lambda d: (found.decay(d), found.kick_share(d)))(drag)
    assert float(traced[0]) == pytest.approx(found.decay(drag), rel=1e-15)
    assert float(traced[1]) == pytest.approx(found.kick_share(drag), rel=1e-15)


# ------------------------------------------------------- friction laws


@pytest.mark.parametrize("law", FRICTION_LAWS.values(), ids=FRICTION_LAWS)
@given(drag=st.floats(0.0, 0.95))
def test_a_law_has_its_inverse(law, drag):
    # the decay rounds at 1e-16 of 1 and so does the drag
    assert law.inverse(law.decay(drag)) == pytest.approx(drag, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("law", FRICTION_LAWS.values(), ids=FRICTION_LAWS)
def test_laws_agree_where_friction_is_soft(law):
    for drag in (1e-3, 1e-4):
        # all laws are exp(−drag) to first order, and let in the whole force
        assert law.decay(drag) == pytest.approx(math.exp(-drag), abs=drag**2)
        assert law.kick_share(drag) == pytest.approx(1.0, abs=1.01 * drag)


@given(drag=st.floats(0.0, 20.0), more=st.floats(0.0, 20.0))
def test_exact_friction_does_not_feel_how_time_is_cut(drag, more):
    law = FRICTION_LAWS["exact"]
    assert law.decay(drag) * law.decay(more) == pytest.approx(
        law.decay(drag + more), rel=1e-14
    )


@given(drag=st.floats(1e-12, 5.0))
def test_the_exponential_law_is_exact_for_a_constant_force(drag):
    # p' = p e^−drag + F·dt (1 − e^−drag)/drag: two halves are one whole
    law, half = FRICTION_LAWS["exponential"], drag / 2
    once = law.decay(drag) * 2.0 + law.kick_share(drag)
    twice = 2.0
    for _ in range(2):
        twice = law.decay(half) * twice + law.kick_share(half) / 2
    assert twice == pytest.approx(once, rel=1e-14)


def test_a_light_particle_becomes_gradient_descent():
    # T06: with exact friction of the force too, m → 0 leaves lr = φ dt/friction
    light = Particle(mass=1e-6, friction=1.0, law="exponential").coefficients(0.1)
    assert light.decay < 1e-300
    assert light.kick * light.drift == pytest.approx(0.1)


# ------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"mass": 0.0}, "`mass` must be above 0"),
        ({"mass": math.nan}, "`mass` must be above 0"),
        ({"friction": -0.1}, "`friction` must be at least 0"),
        ({"force_scale": 0.0}, "`force_scale` must be above 0"),
        (
            {"law": "euler"},
            '`law` must be one of "explicit", "exact", "implicit", "expo',
        ),
    ],
)
def test_no_such_particle(words, message):
    with pytest.raises(ValueError, match=message):
        Particle(**words)


@pytest.mark.parametrize(
    ("changes", "words", "message"),
    [
        ({"decay": 0.0}, {}, r"infinite friction. Use law=.explicit."),
        ({"decay": 0.0}, {"law": "implicit"}, "`decay` must be above 0"),
        ({"decay": 1.1}, {}, "`decay` must be above 0 and at most 1, but is 1.1"),
        (
            {"decay": -1.0},
            {"law": "explicit"},
            "`decay` must be above -1 and at most 1",
        ),
        ({"drift": 0.0}, {}, "`kick . drift` must be above 0, but is 0.0"),
        ({"kick": -1.0}, {}, "`kick . drift` must be above 0"),
        ({"blend_force": 1.0}, {}, "`blend_force` must be 0 for a particle"),
        ({"keep": 0.9}, {}, "`keep` must be 1 for a particle"),
        ({}, {"time_step": 0.0}, "`time_step` must be above 0"),
        ({}, {"force_scale": -1.0}, "`force_scale` must be above 0"),
    ],
)
def test_coefficients_of_no_particle(changes, words, message):
    c = Coefficients(decay=0.9, drift=0.1)._replace(**changes)
    with pytest.raises(ValueError, match=message):
        Particle.from_coefficients(c, **words)


def test_plain_gradient_descent_is_a_particle_of_the_explicit_law_only():
    particle = Particle.from_coefficients(
        Coefficients(decay=0.0, drift=0.1), law="explicit"
    )
    assert particle.friction == pytest.approx(particle.mass)  # dt = m/friction


def test_a_scaled_velocity_joins_the_learning_rate():
    # a constant bias correction moves the position as a longer drift would
    scaled = Coefficients(decay=0.9, blend_momentum=2.0, drift=0.1)
    plain = Coefficients(decay=0.9, drift=0.2)
    assert Particle.from_coefficients(scaled) == Particle.from_coefficients(plain)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: p.coefficients(-0.1), "`time_step` must be at least 0"),
        (lambda p: p.rescaled(0.0), "`factor` must be above 0"),
        (lambda p: p.reclocked(-1.0), "`factor` must be above 0"),
        (lambda p: p.frequency(-1.0), "`curvature` must be at least 0"),
        (lambda p: p.damping_ratio(0.0), "`curvature` must be above 0"),
    ],
)
def test_bad_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(Particle())
