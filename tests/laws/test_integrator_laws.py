"""What holds for every integrator."""

import math

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inertial.physics import (
    EXPLICIT_EULER,
    FRICTION_LAWS,
    INTEGRATORS,
    LEAPFROG,
    NESTEROV,
    RELATIVISTIC_LEAPFROG,
    SYMPLECTIC_EULER,
    SYMPLECTIC_EULER_ADJOINT,
    Integrator,
    Particle,
    adaptive,
    advance,
    coefficients,
    forces_per_step,
    huber,
    log_cosh,
    newtonian,
    relativistic,
    relativistic_leapfrog,
    step,
)

EVERY = INTEGRATORS | {
    "half": relativistic_leapfrog(0.5),
    "none": relativistic_leapfrog(0),
}
SMOOTH = [newtonian(), relativistic(2.0), relativistic(2.0, by="norm"), log_cosh()]


def exact(particle: Particle, curvature: float, time: float) -> tuple[float, float]:
    """Position and momentum at a time, from position 1 and momentum 0.5."""
    drag = particle.friction / particle.mass
    stiffness = particle.force_scale * curvature
    motion = numpy.array([[0.0, 1 / particle.mass], [-stiffness, -drag]])
    values, vectors = numpy.linalg.eig(motion)
    start = numpy.linalg.solve(vectors, numpy.array([1.0, 0.5]))
    return tuple((vectors @ (numpy.exp(values * time) * start)).real)


def run(integrator, particle, force, time_step, steps, kinetic=None, start=(1.0, 0.5)):
    state = start
    for _ in range(steps):
        state = advance(
            integrator, kinetic or newtonian(), force, particle, time_step, *state
        )
    return state


@pytest.mark.parametrize("law", FRICTION_LAWS)
@pytest.mark.parametrize("name", EVERY)
def test_the_measured_order_is_the_declared_one(name, law):
    integrator = EVERY[name]
    particle = Particle(mass=0.7, friction=0.4, force_scale=1.3, law=law)
    apart = any(verb == "drag" for verb, _ in integrator.stages)
    first = law in ("explicit", "implicit") and apart
    wanted = exact(particle, 2.0, 3.0)
    errors = []
    for steps in (300, 600):
        end = run(integrator, particle, lambda x: -2.0 * x, 3.0 / steps, steps)
        errors.append(numpy.linalg.norm(numpy.subtract(end, wanted)))
    order = math.log2(errors[0] / errors[1])
    # the next term of the error is a hundredth of the first at these steps
    assert order == pytest.approx(1 if first else integrator.order, abs=0.1)


@pytest.mark.parametrize("kinetic", SMOOTH, ids=lambda k: f"{k.name}, {k.scope}")
def test_the_leapfrogs_keep_their_order_with_any_energy(kinetic):
    # no closed answer: halved steps against a much finer one
    particle = Particle(friction=0.4)
    start = (numpy.array([1.0, -0.3]), numpy.array([0.5, 0.2]))

    def force(x):
        return -numpy.array([2.0, 0.5]) * x - 0.3 * numpy.sin(x)

    for integrator in (LEAPFROG, RELATIVISTIC_LEAPFROG):
        ends = [
            run(integrator, particle, force, 3.0 / steps, steps, kinetic, start)[0]
            for steps in (60, 120, 240)
        ]
        order = math.log2(
            numpy.linalg.norm(ends[0] - ends[1]) / numpy.linalg.norm(ends[1] - ends[2])
        )
        assert order == pytest.approx(2, abs=0.1)  # as above


@pytest.mark.parametrize(
    "kinetic", [*SMOOTH, huber(0.3)], ids=lambda k: k.name + k.scope
)
@pytest.mark.parametrize("integrator", [LEAPFROG, RELATIVISTIC_LEAPFROG])
def test_without_friction_a_leapfrog_runs_back_to_its_start(integrator, kinetic, rng):
    start = rng.normal(size=5), rng.normal(size=5)
    particle = Particle(mass=0.7)
    there = run(integrator, particle, lambda x: -numpy.sin(x), 0.1, 50, kinetic, start)
    back = run(
        integrator,
        particle,
        lambda x: -numpy.sin(x),
        0.1,
        50,
        kinetic,
        (there[0], -there[1]),
    )
    # a hundred steps of rounding, hardly amplified by so soft a potential
    numpy.testing.assert_allclose(back[0], start[0], atol=1e-12)
    numpy.testing.assert_allclose(back[1], -start[1], atol=1e-12)


def test_without_friction_the_adjoint_undoes_symplectic_euler(rng):
    start = rng.normal(size=5), rng.normal(size=5)
    particle = Particle(mass=0.7)
    there = run(SYMPLECTIC_EULER, particle, numpy.cos, 0.1, 1, start=start)
    back = run(
        SYMPLECTIC_EULER_ADJOINT,
        particle,
        numpy.cos,
        0.1,
        1,
        start=(there[0], -there[1]),
    )
    numpy.testing.assert_allclose(back[0], start[0], atol=1e-15)  # one rounding each
    numpy.testing.assert_allclose(-back[1], start[1], atol=1e-15)


def test_symplectic_euler_conserves_its_own_energy_exactly():
    # T04: v²/2 + ω²x²/2 − (dt/2)ω²xv, with x and v as left by a step
    time_step, square = 0.3, 1.7
    state, books = (1.0, 0.5), []
    for _ in range(1000):
        state = run(
            SYMPLECTIC_EULER,
            Particle(),
            lambda x: -square * x,
            time_step,
            1,
            start=state,
        )
        x, v = state
        books.append(v * v / 2 + square * x * x / 2 - time_step / 2 * square * x * v)
    # a thousand roundings of 1e-16, taken at random
    numpy.testing.assert_allclose(books, books[0], rtol=1e-13)


def test_explicit_euler_gains_energy_at_every_step():
    # T04: growth by √(1 + (ω dt)²) a step
    x, v = run(EXPLICIT_EULER, Particle(), lambda x: -x, 0.1, 1000, start=(1.0, 0.0))
    assert math.hypot(x, v) == pytest.approx(math.sqrt(1.01) ** 1000, rel=1e-12)


@pytest.mark.parametrize("law", FRICTION_LAWS)
@pytest.mark.parametrize("integrator", [LEAPFROG, SYMPLECTIC_EULER])
def test_friction_alone_slows_by_the_law(integrator, law):
    particle = Particle(mass=0.7, friction=0.4, law=law)
    _, p = run(integrator, particle, lambda x: 0.0 * x, 0.1, 1, start=(1.0, 2.0))
    assert p == pytest.approx(2.0 * particle.coefficients(0.1).decay, rel=1e-15)


# ------------------------------------------------------- one force a step


def seen(integrator: Integrator, particle: Particle, time_step: float, force, start):
    """The places of a run that `coefficients` promises, and the momentum to begin."""
    c = coefficients(integrator, particle, time_step)
    x, p = start
    if integrator.name == "symplectic_euler_adjoint":
        return x + c.drift * p, p
    if integrator.name == "nesterov":
        return x + c.drift * c.decay * p, p
    if integrator.name == "leapfrog":  # the first half kick was joined by another half
        return x, (p - c.kick / 2 * force(x)) / c.decay
    if integrator.name == "relativistic_leapfrog":
        half = particle.coefficients(time_step / 2)
        return x + half.drift * half.decay * p, p / half.decay
    return x, p


@pytest.mark.parametrize("law", FRICTION_LAWS)
@pytest.mark.parametrize("name", INTEGRATORS)
def test_the_six_numbers_walk_the_same_path(name, law, rng):
    integrator = INTEGRATORS[name]
    particle = Particle(mass=0.7, friction=0.9, force_scale=1.3, law=law)
    time_step = 0.2
    c = coefficients(integrator, particle, time_step)
    state = rng.normal(size=4), rng.normal(size=4)

    def force(x):
        return -2.0 * x - numpy.sin(3 * x)

    walked, momentum = seen(integrator, particle, time_step, force, state)
    for _ in range(30):
        assert walked == pytest.approx(
            seen(integrator, particle, time_step, force, state)[0], rel=1e-12, abs=1e-12
        )  # thirty steps of rounding
        walked, momentum, _ = step(c, newtonian(), walked, momentum, force(walked))
        state = advance(integrator, newtonian(), force, particle, time_step, *state)


@pytest.mark.parametrize("integrator", [EXPLICIT_EULER, SYMPLECTIC_EULER])
def test_an_euler_step_is_its_six_numbers_for_any_energy(integrator, rng):
    particle, kinetic = Particle(mass=0.7, friction=0.9), relativistic(0.5)
    x, p = rng.normal(size=4), rng.normal(size=4)
    ours = advance(integrator, kinetic, numpy.cos, particle, 0.2, x, p)
    c = coefficients(integrator, particle, 0.2)
    theirs = step(c, kinetic, x, p, numpy.cos(x))
    numpy.testing.assert_allclose(theirs[0], ours[0], atol=1e-15)  # one rounding
    numpy.testing.assert_array_equal(theirs[1], ours[1])


@given(st.floats(0.05, 0.99), st.floats(0.001, 0.5))
def test_leapfrog_is_the_heavy_ball_with_a_smaller_learning_rate(momentum, lr):
    particle = Particle.from_coefficients(
        coefficients(SYMPLECTIC_EULER, Particle(), 1.0)._replace(
            decay=momentum, drift=lr
        )
    )
    c = coefficients(LEAPFROG, particle, 1.0)
    # rounding of exp(−x) at x up to 3
    assert c.decay == pytest.approx(momentum, rel=1e-14)
    assert c.kick * c.drift == pytest.approx(lr * (1 + momentum) / 2, rel=1e-14)


# ------------------------------------------------------- Franca et al. (T20)


def published_rgd(x, force, steps, lr, mu, alpha, delta):
    """relativistic2 of the authors' code, written out by hand."""
    v, places, kicks = 0 * x, [], []
    for _ in range(steps):
        half = x + mu**0.5 * v / numpy.sqrt(1 + delta * mu * (v @ v))
        kicked = mu**0.5 * v + lr * force(half)
        x = (
            alpha * half
            + (1 - alpha) * x
            + kicked / numpy.sqrt(1 + delta * kicked @ kicked)
        )
        v = mu**0.5 * kicked
        places.append(x)
        kicks.append(half)
    return numpy.array(places), numpy.array(kicks)


@pytest.fixture
def rugged(rng):
    root = rng.normal(size=(4, 4))
    return lambda x: -(root @ root.T @ x + 0.2 * numpy.sin(x))


@pytest.mark.parametrize("delta", [0.0, 7.0])
@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_the_relativistic_leapfrog_is_the_published_one(alpha, delta, rng, rugged):
    mass, friction, time_step = 0.5, 0.8, 0.1
    share = 1 / (1 + alpha)
    lr = share * time_step**2 / mass
    decay = math.exp(-friction * time_step)  # friction per unit mass: the mass is in K
    if delta:
        speed = 1 / (share * time_step * math.sqrt(delta))
        kinetic, particle = (
            relativistic(speed, mass, by="norm"),
            Particle(friction=friction),
        )
    else:
        kinetic, particle = newtonian(), Particle(mass, friction * mass)
    start = rng.normal(size=4)
    wanted, _ = published_rgd(start, rugged, 200, lr, decay, alpha, delta)
    state, places = (start, 0 * start), []
    for _ in range(200):
        state = advance(
            relativistic_leapfrog(alpha), kinetic, rugged, particle, time_step, *state
        )
        places.append(state[0])
    # two hundred steps of rounding
    numpy.testing.assert_allclose(places, wanted, atol=1e-12)


def test_its_first_limit_is_nesterov(rng, rugged):
    particle, start = (
        Particle(mass=0.5, friction=0.4),
        (rng.normal(size=4), numpy.zeros(4)),
    )
    ours = theirs = start
    for _ in range(100):
        ours = advance(
            relativistic_leapfrog(0.0), newtonian(), rugged, particle, 0.1, *ours
        )
        theirs = advance(NESTEROV, newtonian(), rugged, particle, 0.1, *theirs)
        # the drag stands half before, half after, so only the positions agree
        numpy.testing.assert_allclose(ours[0], theirs[0], atol=1e-12)


def test_its_speed_limit_bounds_every_step(rng, rugged):
    kinetic, particle = relativistic(2.0, by="norm"), Particle(friction=0.1)
    state = rng.normal(size=4), 100 * rng.normal(size=4)
    for _ in range(50):
        moved = advance(RELATIVISTIC_LEAPFROG, kinetic, rugged, particle, 0.1, *state)
        assert numpy.linalg.norm(moved[0] - state[0]) <= 2.0 * 0.1
        state = moved


# ------------------------------------------------------- what is refused


TWICE = Integrator(
    "leapfrog_twice",
    (("kick", 0.25), ("drift", 0.5), ("kick", 0.5), ("drift", 0.5), ("kick", 0.25)),
    order=2,
    source="two leapfrogs of half the step",
)


def test_forces_are_counted():
    assert forces_per_step(TWICE) == 2
    assert {forces_per_step(integrator) for integrator in INTEGRATORS.values()} == {1}


def test_two_forces_a_step_are_no_training_step():
    with pytest.raises(
        ValueError, match=r"asks for the force 2 times a step.*Use one of"
    ):
        coefficients(TWICE, Particle(), 0.1)


def test_one_force_may_still_have_no_six_numbers():
    with pytest.raises(ValueError, match="has no six numbers that walk its path"):
        coefficients(relativistic_leapfrog(0.5), Particle(), 0.1)


def test_explicit_euler_needs_some_momentum_left():
    with pytest.raises(ValueError, match="decay of 0 leaves nothing"):
        coefficients(EXPLICIT_EULER, Particle(friction=1.0, law="explicit"), 1.0)


def test_a_remembering_mass_is_not_integrated():
    with pytest.raises(ValueError, match="remembers past forces"):
        advance(LEAPFROG, adaptive(), numpy.cos, Particle(), 0.1, numpy.ones(1), 0.0)


def test_an_unknown_verb_is_refused():
    jump = Integrator("jump", (("jump", 1.0),), 1, "none")
    with pytest.raises(ValueError, match="`verb` must be one of"):
        advance(jump, newtonian(), numpy.cos, Particle(), 0.1, 1.0, 0.0)


@pytest.mark.parametrize("symmetry", [-0.1, 1.1])
def test_symmetry_is_a_share(symmetry):
    with pytest.raises(ValueError, match="`symmetry` must be at least 0 and at most 1"):
        relativistic_leapfrog(symmetry)
