"""The short way of `simulate` makes the numbers of the long one, to the last bit."""

import numpy
import pytest

from inertial.analysis import LANDSCAPES, landscape, simulate
from inertial.analysis.film import velocities, work
from inertial.physics import INTEGRATORS, KINETICS, Particle, coefficients

FORGETFUL = ("newtonian", "relativistic", "log_cosh", "sign", "norm", "huber")
PLANE = {"nesterov_chain": {"dimension": 2}}


def both_ways(name, six, **words):
    """Return a run by the short way, and by the long one, step by step."""
    land = landscape(name, **PLANE.get(name, {}))
    rng = numpy.random.default_rng(3)
    starts = land.start + rng.uniform(-0.3, 0.3, (3, 2))
    short = simulate(six, land, starts, 60, **words)
    # a rule, not coefficients: nobody knows that it is constant
    return short, simulate(lambda _: six, land, starts, 60, **words)


def same(short, long):
    for name, one, other in zip(short._fields, short, long, strict=True):
        assert numpy.array_equal(one, other), name


@pytest.mark.parametrize("name", LANDSCAPES)
def test_every_landscape(name):
    mass = numpy.array([[1.0], [30.0], [2000.0]])  # some of them fly off
    six = Particle(mass, 0.2, law="explicit").coefficients(0.5)
    same(*both_ways(name, six, noise=0.1, seed=4, limit=1e6))


@pytest.mark.parametrize("kinetic", FORGETFUL)
@pytest.mark.parametrize("integrator", INTEGRATORS)
def test_every_kinetic_energy_and_integrator(kinetic, integrator):
    particle = Particle(numpy.array([[1.0], [2.0], [0.1]]), 0.1, law="explicit")
    six = coefficients(INTEGRATORS[integrator], particle, 0.5)
    same(*both_ways("rosenbrock", six, kinetic=KINETICS[kinetic](), limit=1e6))


def test_a_landscape_without_numbers():
    hole = landscape("ravine")._replace(
        value=lambda place: numpy.log(place[..., 0] + 8.9),
        gradient=lambda place: numpy.stack([1 / (place[..., 0] + 8.9)] * 2, -1),
    )
    six = Particle(1.0, 0.1, law="explicit").coefficients(0.5)
    with numpy.errstate(all="ignore"):
        short = simulate(six, hole, (0.0, 0.0), 400, limit=1e3)
        long = simulate(lambda _: six, hole, (0.0, 0.0), 400, limit=1e3)
    same(short, long)


def test_work_is_what_the_accounts_sum_to():
    six = Particle(1.0, 0.3, law="explicit").coefficients(0.5)
    run, _ = both_ways("ravine", six)
    forces = -landscape("ravine").gradient(run.positions[:-1])
    # K = p²/2 times drift/kick = 1: work = ((0.85p + f/2)² − (0.85p)²)/2, one by one
    slowed = 0.85 * run.momenta[:-1]
    done = ((slowed + 0.5 * forces) ** 2 - slowed**2).sum(-1) / 2
    # rounding of sums of 60 terms of size 10
    assert numpy.allclose(work(run)[1:], numpy.cumsum(done, 0), rtol=0, atol=1e-12)
    fast = velocities(run, 0.5)
    assert numpy.allclose(fast, run.momenta, rtol=0, atol=1e-13)  # mass 1
