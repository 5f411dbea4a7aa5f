"""What a changing learning rate does: to the mass, to the force, or to the clock."""

import math

import jax
import numpy
import pytest
import torch

from cases_conventions import START, STEPS, apart, gradient, run, schedule
from inertial.conventions import keras_sgd, torch_sgd
from inertial.physics.coefficients import Coefficients
from inertial.physics.particle import Particle

PLACES = ["mass", "force", "clock"]
REFERENCE = 0.05


def scheduled(place, nesterov=False, **words):
    def at(t):
        return torch_sgd(
            schedule(t),
            0.9,
            nesterov=nesterov,
            schedule_acts_on=place,
            reference_lr=REFERENCE,
            **words,
        )

    return at


def displacements(positions):
    return numpy.diff(positions, axis=0)


def two_step(carried, pushed):
    """Run d' = carried(t)*d - pushed(t)*g, x' = x + d'; the theory's a_t and b_t."""
    x, d = START, 0.0 * START
    positions = [x]
    for t in range(STEPS):
        d = carried(t) * d - pushed(t) * gradient(x)
        x = x + d
        positions.append(x)
    return numpy.array(positions)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("dampening", [0.0, 0.3])
@pytest.mark.parametrize("place", PLACES)
def test_at_the_reference_all_three_agree(place, dampening, nesterov):
    if nesterov:
        dampening = 0.0
    words = {"dampening": dampening, "nesterov": nesterov}
    method = torch_sgd(
        REFERENCE, 0.9, schedule_acts_on=place, reference_lr=REFERENCE, **words
    )
    for t in (0, 1, 2):
        expected = torch_sgd(REFERENCE, 0.9, **words).coefficients(t)
        assert method.coefficients(t) == expected
        alone = torch_sgd(REFERENCE, 0.9, schedule_acts_on=place, **words)
        assert alone.coefficients(t) == expected


def test_on_the_mass_the_numbers_are_the_words_themselves():
    """To the last bit, so that the optimizer can be PyTorch's to the last bit."""
    c = torch_sgd(0.1, 0.7, dampening=0.3).coefficients(1)
    assert (c.decay, c.kick, c.drift) == (0.7, 1 - 0.3, 0.1)
    assert (c.blend_momentum, c.blend_force, c.keep) == (1.0, 0.0, 1.0)
    assert torch_sgd(0.1, 0.7, dampening=0.3).coefficients(0) == c._replace(kick=1.0)


@pytest.mark.parametrize("nesterov", [False, True])
def test_on_the_force_it_is_keras_and_the_velocity_is_the_buffer(nesterov):
    """v = -reference_lr * b, with one factor for the whole run."""
    ours = run(scheduled("force", nesterov))
    assert apart(ours, run(lambda t: keras_sgd(schedule(t), 0.9, nesterov))) < 1e-14
    assert scheduled("force")(7).coefficients(7).drift == REFERENCE


def test_on_the_clock_mass_and_friction_stay():
    """The particle of mass 1 at time steps sqrt(lr_t), standing still where lr is 0."""
    friction = -math.log(0.9) / math.sqrt(REFERENCE)
    particle = Particle(mass=1.0, friction=friction, law="exact")
    position, momentum = START, 0.0 * START
    positions = [position]
    for t in range(STEPS):
        if schedule(t) > 0:
            c = particle.coefficients(math.sqrt(schedule(t)))
            momentum = c.decay * momentum - c.kick * gradient(position)
            position = position + c.drift * momentum
        positions.append(position)
    # 60 steps of rounding.
    assert apart(run(scheduled("clock")), numpy.array(positions)) < 1e-13


def test_on_the_clock_it_is_the_row_of_the_theory():
    """a_t = exp(-eps dt_t/m) dt_t/dt_(t-1), b_t = lr_t; a rest between keeps dt."""
    friction = -math.log(0.9) / math.sqrt(REFERENCE)
    clock = [math.sqrt(schedule(t)) for t in range(20)]

    def carried(t):
        return math.exp(-friction * clock[t]) * clock[t] / clock[t - 1] if t else 0.0

    expected = two_step(
        lambda t: carried(t) if t < 20 else 0.0,
        lambda t: schedule(t) if t < 20 else 0.0,
    )[:21]
    assert apart(run(scheduled("clock"), steps=20), expected) < 1e-13


def test_on_the_clock_nesterov_looks_ahead_by_what_survives():
    """x' = x + d' + decay*d'... with each part at its own time step."""
    decay = [0.9 ** math.sqrt(schedule(t) / REFERENCE) for t in range(STEPS)]
    x, p = START, 0.0 * START
    positions = [x]
    for t in range(STEPS):
        dt, force = math.sqrt(schedule(t)), -gradient(x)
        p = decay[t] * p + dt * force
        x = x + dt * (decay[t] * p + dt * force)
        positions.append(x)
    assert apart(run(scheduled("clock", True)), numpy.array(positions)) < 1e-13


@pytest.mark.parametrize("place", PLACES)
def test_decoupled_decay_shrinks_by_the_learning_rate_everywhere(place):
    at = scheduled(place, weight_decay=0.1, decoupled_weight_decay=True)
    keeps = scheduled(place)(3).coefficients(3)._replace(keep=1.0 - schedule(3) * 0.1)
    assert at(3).coefficients(3) == keeps
    assert not at(3).weight_decay


def test_a_step_of_learning_rate_zero():
    """The mass is infinite, or the force is off, or the clock stands."""
    still = {p: displacements(run(scheduled(p)))[20:22] for p in PLACES}
    assert not still["mass"].any()
    assert not still["clock"].any()
    before, first, second = displacements(run(scheduled("force")))[19:22]
    numpy.testing.assert_allclose(first, 0.9 * before, rtol=1e-12)
    numpy.testing.assert_allclose(second, 0.9 * first, rtol=1e-12)
    # Standing still, the mass picture goes on adding forces; the clock picture waits.
    waits = Coefficients(decay=1.0, kick=0.0, drift=0.0)
    assert scheduled("clock")(20).coefficients(20) == waits
    adds = Coefficients(decay=0.9, kick=1.0, drift=0.0)
    assert scheduled("mass")(20).coefficients(20) == adds


def test_the_clock_without_momentum_waits_too():
    """0**0 is 1 here: no time has passed, in which friction could act."""
    method = torch_sgd(0.0, 0.0, schedule_acts_on="clock", reference_lr=0.05)
    assert method.coefficients(1) == Coefficients(decay=1.0, kick=0.0, drift=0.0)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "made",
    [numpy.float64, torch.tensor, jax.numpy.asarray],
    ids=["numpy", "torch", "jax"],
)
@pytest.mark.parametrize("nesterov", [False, True])
def test_lr_may_be_a_zero_dimensional_array(made, place, nesterov):
    words = {"schedule_acts_on": place, "reference_lr": 0.2, "nesterov": nesterov}
    plain = torch_sgd(0.1, 0.9, **words).coefficients(3)
    array = torch_sgd(made(0.1), 0.9, **words).coefficients(3)
    # Half a unit in the last place of float32, torch's default, and a square root.
    numpy.testing.assert_allclose([float(n) for n in array], plain, rtol=2e-7)


@pytest.mark.parametrize("place", PLACES)
def test_lr_and_step_may_be_traced(place):
    def positions(lr, step):
        method = torch_sgd(
            lr,
            0.9,
            dampening=0.5,
            schedule_acts_on=place,
            reference_lr=0.2,
            checked=True,
        )
        return jax.numpy.stack([*map(jax.numpy.asarray, method.coefficients(step))])

    for step in (0, 1):
        expected = torch_sgd(
            0.1, 0.9, dampening=0.5, schedule_acts_on=place, reference_lr=0.2
        ).coefficients(step)
        traced = jax.jit(positions)(0.1, step)
        numpy.testing.assert_allclose(traced, expected, rtol=2e-7)


def test_checked_words_never_raise():
    """A scheduler may pass through a momentum that no constructor would take."""
    for place in PLACES:
        words = {"schedule_acts_on": place, "reference_lr": 0.1, "checked": True}
        gaining = Coefficients(decay=1.02, kick=1.0, drift=0.1)
        assert torch_sgd(0.1, 1.02, **words).coefficients(1) == gaining
    standing = Coefficients(0.0, 1.0, blend_momentum=0.0, blend_force=1.0, drift=0.1)
    assert torch_sgd(0.1, 0.0, nesterov=True, checked=True).coefficients(1) == standing
