"""Other units of loss, length and time carry every result along."""

import math

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inertial.physics import (
    FRICTION_LAWS,
    INTEGRATORS,
    Particle,
    account,
    advance,
    huber,
    log_cosh,
    newtonian,
    norm,
    relativistic,
    sign,
)

UNITS = st.floats(0.1, 10.0)
START = numpy.array([1.0, -0.4]), numpy.array([0.3, 0.2])


def gradient(x):
    """Of V = (x² + y² + x²y²)/2, in some units."""
    return x * (1 + x[::-1] ** 2)


@pytest.mark.parametrize("law", FRICTION_LAWS)
@settings(max_examples=20)  # each runs every integrator
@given(loss=UNITS, length=UNITS, time=UNITS)
def test_a_run_of_any_integrator(law, loss, length, time):
    mass, friction, time_step = 0.7, 0.9, 0.1
    mass_unit = loss * time**2 / length**2
    rescaled = Particle(mass * mass_unit, friction * mass_unit / time, law=law)
    plain = Particle(mass, friction, law=law)

    def force(x):
        return -gradient(x)

    def force_rescaled(x):
        return -loss / length * gradient(x / length)

    for integrator in INTEGRATORS.values():
        here, there = START, (START[0] * length, START[1] * loss * time / length)
        for _ in range(10):
            here = advance(integrator, newtonian(), force, plain, time_step, *here)
            there = advance(
                integrator,
                newtonian(),
                force_rescaled,
                rescaled,
                time_step * time,
                *there,
            )
        # ten steps of rounding
        numpy.testing.assert_allclose(there[0], here[0] * length, rtol=1e-11)
        numpy.testing.assert_allclose(
            there[1], here[1] * loss * time / length, rtol=1e-11, atol=1e-13 * mass_unit
        )


# At Particle(mass=1) these carry their own units: (kinetic in units of 1, kinetic in
# units of length, time and momentum).
OWN_UNITS = {
    "relativistic": lambda X, T, P: relativistic(2.0 * X / T, 0.7 * P * T / X),
    "relativistic, norm": lambda X, T, P: relativistic(
        2 * X / T, 0.7 * P * T / X, "norm"
    ),
}


@pytest.mark.parametrize("name", OWN_UNITS)
@given(loss=UNITS, length=UNITS, time=UNITS)
def test_the_relativistic_energies(name, loss, length, time):
    unit = loss * time / length
    plain, rescaled = OWN_UNITS[name](1, 1, 1), OWN_UNITS[name](length, time, unit)
    p = START[1]
    numpy.testing.assert_allclose(
        rescaled.velocity(unit * p, None),
        length / time * plain.velocity(p, None),
        rtol=1e-13,
    )  # rounding of one formula
    # K has the unit of p · velocity: the loss
    assert rescaled.energy(unit * p, None) == pytest.approx(
        loss * plain.energy(p, None), rel=1e-13
    )


@given(unit=UNITS)
def test_the_shapes_without_units(unit):
    p = START[1]
    for kinetic in (sign(), norm()):
        # direction only: no unit goes in
        numpy.testing.assert_allclose(
            kinetic.velocity(unit * p, None), kinetic.velocity(p, None), rtol=1e-14
        )
    # a limit has the unit of the momentum
    numpy.testing.assert_allclose(
        huber(0.25 * unit).velocity(unit * p, None),
        unit * huber(0.25).velocity(p, None),
        rtol=1e-14,
    )
    # a speed limit scales the speed
    numpy.testing.assert_allclose(
        log_cosh(unit).velocity(p, None),
        unit * log_cosh(1.0).velocity(p, None),
        rtol=1e-14,
    )


@given(loss=UNITS, length=UNITS, time=UNITS)
def test_the_energy_account_is_in_units_of_the_loss(loss, length, time):
    mass_unit = loss * time**2 / length**2
    force = numpy.array([-0.5, 2.0])
    here = account(Particle(0.7, 0.9).coefficients(0.1), newtonian(), START[1], force)
    there = account(
        Particle(0.7 * mass_unit, 0.9 * mass_unit / time).coefficients(0.1 * time),
        newtonian(),
        START[1] * loss * time / length,
        force * loss / length,
    )
    # differences of energies near each other lose a digit or two
    numpy.testing.assert_allclose(there, numpy.array(here) * loss, rtol=1e-12)


@given(loss=UNITS, length=UNITS, time=UNITS)
def test_the_numbers_of_a_particle(loss, length, time):
    mass_unit = loss * time**2 / length**2
    here, there = Particle(0.7, 0.9), Particle(0.7 * mass_unit, 0.9 * mass_unit / time)
    curvature = 2.0 * loss / length**2
    close = {"rel": 1e-13}  # rounding of one formula
    assert there.damping_ratio(curvature) == pytest.approx(
        here.damping_ratio(2.0), **close
    )
    assert there.frequency(curvature) == pytest.approx(
        here.frequency(2.0) / time, **close
    )
    assert there.time_constant == pytest.approx(here.time_constant * time, **close)
    assert there.mobility == pytest.approx(
        here.mobility * length**2 / (loss * time), **close
    )
    assert math.isinf(Particle().time_constant)
    assert math.isinf(Particle().mobility)
