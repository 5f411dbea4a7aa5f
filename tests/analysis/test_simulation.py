"""Crowds of particles: alone as together, noise that can be repeated, never a nan."""

import math

import numpy
import pytest
import torch

from inertial.analysis.crowd import check_crowd
from inertial.analysis.landscape import (
    LANDSCAPES,
    double_well,
    himmelblau,
    landscape,
    nesterov_chain,
    quadratic,
    quartic,
    ravine,
    rosenbrock,
    saddle,
)
from inertial.analysis.simulation import simulate
from inertial.conventions import ema, torch_adam, torch_sgd
from inertial.physics.coefficients import Coefficients
from inertial.physics.energy import account
from inertial.physics.kinetic import KINETICS, Kinetic, newtonian, norm, spectral

VECTOR_KINETICS = [name for name in KINETICS if name != "spectral"]


def crowd_of(rng, one, particles=7):
    """Own starts, learning rates and decays, some of which diverge."""
    low, high = numpy.array(one.domain).T
    position = rng.uniform(low, high, (particles, one.dimension))
    drift = 10 ** rng.uniform(-4.0, -1.0, (particles, 1))
    decay = rng.uniform(0.0, 0.99, (particles, 1))
    return position, Coefficients(decay=decay, drift=drift)


def alone(coefficients, index):
    pick = {
        name: value[index, 0] if numpy.ndim(value) else value
        for name, value in coefficients._asdict().items()
    }
    return Coefficients(**pick)


@pytest.mark.parametrize(
    "name", [name for name in LANDSCAPES if name not in ("rastrigin", "ackley")]
)
def test_a_batch_is_its_particles_one_by_one(name, rng):
    one = landscape(name)
    position, coefficients = crowd_of(rng, one)
    batch = simulate(coefficients, one, position, 60)
    for index, place in enumerate(position):
        single = simulate(alone(coefficients, index), one, place, 60)
        assert (single.positions[:, 0] == batch.positions[:, index]).all()
        assert (single.momenta[:, 0] == batch.momenta[:, index]).all()
        assert single.diverged_at[0] == batch.diverged_at[index]
        for ours, theirs in zip(single[2:5], batch[2:5], strict=True):
            # Sums of more than two terms may round in another order.
            numpy.testing.assert_allclose(
                ours[:, 0], theirs[:, index], rtol=1e-12, atol=1e-12
            )


@pytest.mark.parametrize("name", VECTOR_KINETICS)
def test_every_kinetic_energy_keeps_particles_apart(name, rng):
    kinetic = KINETICS[name]()
    position, coefficients = crowd_of(rng, quartic(3), particles=4)
    words = {"kinetic": kinetic}
    batch = simulate(coefficients, quartic(3), position, 20, **words)
    for index, place in enumerate(position):
        single = simulate(alone(coefficients, index), quartic(3), place, 20, **words)
        for ours, theirs in zip(single[:5], batch[:5], strict=True):
            # Norms over three coordinates may round in another order.
            numpy.testing.assert_allclose(ours[:, 0], theirs[:, index], rtol=1e-12)


@pytest.mark.parametrize(
    "words",
    [
        {"momentum": 0.0},
        {"momentum": 0.9},
        {"momentum": 0.9, "nesterov": True},
        {"momentum": 0.9, "dampening": 0.5},
        {"momentum": 0.9, "weight_decay": 0.3},
        {"momentum": 0.5, "weight_decay": 3.0, "maximize": True, "lr": 1e-5},
    ],
    ids=str,
)
def test_a_method_moves_as_its_framework_does(words):
    words = {"lr": 1e-3} | words
    start = torch.tensor([-1.2, 1.0], dtype=torch.float64, requires_grad=True)
    theirs = torch.optim.SGD([start], **words)
    places = [start.detach().numpy().copy()]
    for _ in range(50):
        theirs.zero_grad()
        rosenbrock().value(start).backward()
        theirs.step()
        places.append(start.detach().numpy().copy())
    ours = simulate(torch_sgd(**words), rosenbrock(), (-1.2, 1.0), 50)
    # Rounding of the two ways to write the gradient, over 50 steps in a bent valley.
    numpy.testing.assert_allclose(ours.positions[:, 0], places, rtol=1e-10)


def test_adam_brings_its_own_kinetic_energy():
    start = torch.tensor([-1.2, 1.0], dtype=torch.float64, requires_grad=True)
    theirs = torch.optim.Adam([start], lr=0.01)
    for _ in range(50):
        theirs.zero_grad()
        rosenbrock().value(start).backward()
        theirs.step()
    ours = simulate(torch_adam(lr=0.01), rosenbrock(), (-1.2, 1.0), 50)
    # As above.
    place = start.detach().numpy()
    numpy.testing.assert_allclose(ours.positions[-1, 0], place, rtol=1e-10)


def test_a_function_of_the_step_is_a_schedule():
    def rule(step):
        return Coefficients(decay=0.0, drift=0.5 if step < 2 else 0.0)

    run = simulate(rule, quadratic((1.0,)), (1.0,), 4)
    assert run.positions[:, 0, 0].tolist() == [1.0, 0.5, 0.25, 0.25, 0.25]


def test_momentum_at_the_start_coasts():
    run = simulate(
        Coefficients(kick=0.0), quadratic((1.0, 1.0)), (0, 0), 3, momentum=(1.0, -2.0)
    )
    assert run.positions[:, 0].tolist() == [[0, 0], [1, -2], [2, -4], [3, -6]]
    # Without a kick nothing ties the momentum to the loss.
    assert (run.kinetic == 0).all()


# Energy


def test_energy_is_kept_to_first_order_in_the_time_step():
    def ripple(time_step):
        still = Coefficients(
            decay=math.exp(-0.1 * time_step), kick=time_step, drift=time_step
        )
        steps = round(5.0 / time_step)
        run = simulate(still, double_well(), (1.7, 0.5), steps)
        book = run.losses + run.kinetic + run.heat
        assert run.heat[-1, 0] > 0.1
        return abs(book - book[0]).max()

    # Symplectic Euler: order 1, so half the step leaves half the ripple.
    assert ripple(0.01) / ripple(0.005) == pytest.approx(2.0, rel=0.05)
    assert ripple(0.005) < 0.01


def test_heat_and_kinetic_energy_are_those_of_the_account():
    coefficients = torch_sgd(lr=0.1, momentum=0.8).coefficients(1)
    one = ravine()
    run = simulate(coefficients, one, one.start, 5)
    heat = 0.0
    for step in range(5):
        momentum = run.momenta[step, 0]
        push = -one.gradient(run.positions[step, 0])
        entry = account(coefficients, newtonian(), momentum, push)
        heat += entry.heat
        # The same operations on one particle; sums of two terms.
        assert run.heat[step + 1, 0] == pytest.approx(heat, rel=1e-14)
        assert run.kinetic[step + 1, 0] == pytest.approx(entry.kinetic, rel=1e-14)


def test_energy_does_not_depend_on_the_convention():
    sums = simulate(torch_sgd(lr=0.1, momentum=0.8), ravine(), (-5, 2), 30)
    averages = simulate(ema(learning_rate=0.5, beta=0.8), ravine(), (-5, 2), 30)
    # The same particle in other units: rounding only.
    for field in ("positions", "losses", "kinetic", "heat"):
        ours, theirs = getattr(sums, field), getattr(averages, field)
        numpy.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-13)


def test_without_friction_there_is_no_heat():
    run = simulate(Coefficients(kick=0.1, drift=0.1), himmelblau(), (0, 0), 100)
    assert (run.heat == 0).all()
    assert run.kinetic[50, 0] > 0


# Noise


def test_noise_can_be_repeated():
    def run(**words):
        calm = Coefficients(decay=0.9, drift=0.01)
        return simulate(calm, ravine(), numpy.ones((3, 2)), 20, **words).positions

    assert (run(noise=0.1, seed=4) == run(noise=0.1, seed=4)).all()
    assert (run(noise=0.1, seed=4)[1:] != run(noise=0.1, seed=5)[1:]).all()
    apart = run(noise=0.1, seed=4)
    assert (apart[1:, 0] != apart[1:, 1]).all()
    assert (apart[1:, :, 0] != apart[1:, :, 1]).any()


def test_every_particle_may_have_its_own_noise():
    spread = numpy.array([[0.0], [0.1], [10.0]])
    calm = Coefficients(decay=0.5, drift=0.1)
    run = simulate(calm, ravine(), (1.0, 1.0), 30, noise=spread, seed=1)
    quiet = simulate(calm, ravine(), (1.0, 1.0), 30)
    away = abs(run.positions - quiet.positions).max(axis=(0, 2))
    assert away[0] == 0
    assert 0 < 10 * away[1] < away[2]


@pytest.mark.parametrize("curvature", [0.5, 2.0])
def test_noise_floor_is_the_formulas(curvature):
    # T32, exact for every stable lr: Var x, Var b and the covariance of neighbours.
    count, noise, lr = 20_000, 0.7, 0.2
    for momentum in (0.0, 0.5, 0.9):
        run = simulate(
            torch_sgd(lr=lr, momentum=momentum),
            quadratic((curvature,)),
            numpy.zeros((count, 1)),
            150,  # memory decays at least as 0.949^t: what is left is 4e-4 of 1
            noise=noise,
            seed=8,
            keep_every=149,
        )
        stable = 2 * (1 + momentum) - lr * curvature
        position = lr * noise**2 * (1 + momentum)
        position /= curvature * (1 - momentum) * stable
        buffer = 2 * noise**2 / ((1 - momentum) * stable)
        neighbour = (1 + momentum - lr * curvature) / (1 + momentum) * position
        before, x = run.positions[-2:, :, 0]
        # The variance of `count` normal numbers has the relative error √(2/count), 1 %,
        # a covariance no larger one. Four of these.
        error = 4 * math.sqrt(2 / count)
        assert (x * x).mean() == pytest.approx(position, rel=error)
        assert (run.momenta[-1] ** 2).mean() == pytest.approx(buffer, rel=error)
        assert (before * x).mean() == pytest.approx(neighbour, abs=error * position)


# Divergence


def test_divergence_is_told_with_its_step():
    # lr·curvature = 3 without momentum: x doubles in size each step, exactly.
    lr = numpy.array([[3.0], [1.0], [3.0]])
    start = numpy.array([[1.0], [1.0], [0.25]])
    run = simulate(Coefficients(0.0, drift=lr), quadratic((1.0,)), start, 60, limit=1e9)
    # 2^29 < 1e9 < 2^30; two doublings later from a quarter.
    assert run.diverged_at.tolist() == [30, -1, 32]
    assert abs(run.positions[29:, 0]).tolist() == [[2.0**29]] * 32
    assert abs(run.positions[28, 0]).tolist() == [2.0**28]
    assert (run.momenta[29:, 0] == run.momenta[29, 0]).all()
    # A particle that stands rubs against nothing.
    assert run.heat[29, 0] > 0
    assert (run.heat[29:, 0] == run.heat[29, 0]).all()
    assert run.losses[29:, 0].tolist() == [2.0**57] * 32


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9, 0.99])
def test_the_limit_of_stability_is_2_times_1_plus_momentum(momentum):
    # T21: lr·curvature < 2(1 + momentum), for each particle of one batch.
    curvature = 2.5
    lr = 2 * (1 + momentum) / curvature * numpy.array([[0.98], [1.02]])
    rule = Coefficients(decay=momentum, drift=lr)
    run = simulate(rule, quadratic((curvature,)), (1.0,), 1500)
    assert run.diverged_at[0] == -1
    assert run.diverged_at[1] > 0


def test_limit_counts_each_coordinate_and_keeps_the_last_place_inside():
    run = simulate(Coefficients(drift=0.1), saddle(), (0.0, 1e-3), 500, limit=2.0)
    step = run.diverged_at[0]
    assert step > 0
    assert abs(run.positions[step - 1]).max() <= 2.0
    free = simulate(Coefficients(drift=0.1), saddle(), (0.0, 1e-3), step)
    assert abs(free.positions[step]).max() > 2.0
    assert (free.positions[:step] == run.positions[:step]).all()


@pytest.mark.parametrize("name", LANDSCAPES)
@pytest.mark.parametrize("kinetic", VECTOR_KINETICS)
def test_nothing_ever_turns_into_nan(name, kinetic, rng):
    one = landscape(name)
    position, _ = crowd_of(rng, one, particles=6)
    lr = numpy.array([[1e-2], [1.0], [1e3], [1e80], [1e200], [1e308]])
    wild = Coefficients(decay=0.9, drift=lr, blend_force=0.5)
    run = simulate(wild, one, position, 20, kinetic=KINETICS[kinetic](), limit=1e300)
    for values in run:
        assert numpy.isfinite(values).all()
    if kinetic == "newtonian":
        assert run.diverged_at[-1] > 0
    for particle, step in enumerate(run.diverged_at):
        stopped = run.positions[max(step - 1, 0) :, particle]
        assert step < 0 or (stopped == stopped[0]).all()


def test_a_force_that_is_nan_stops_the_particle_where_it_is():
    cliff = quadratic((1.0,))._replace(
        gradient=lambda position: numpy.where(position > 0.5, -1.0, numpy.nan)
    )
    run = simulate(Coefficients(drift=0.1), cliff, [[1.0], [0.2]], 5)
    assert run.diverged_at.tolist() == [-1, 1]
    assert run.positions[:, 1].tolist() == [[0.2]] * 6
    assert run.positions[-1, 0, 0] > 2.0


# Frames


def test_keep_every_keeps_the_frames_it_says():
    rule = torch_sgd(lr=0.1, momentum=0.9)
    every = simulate(rule, ravine(), (-5, 2), 25)
    some = simulate(rule, ravine(), (-5, 2), 25, keep_every=10)
    assert every.steps.tolist() == list(range(26))
    assert some.steps.tolist() == [0, 10, 20, 25]
    for all_frames, kept in zip(every[:5], some[:5], strict=True):
        assert (all_frames[some.steps] == kept).all()


def test_times_are_the_clocks():
    rule = torch_sgd(lr=0.1)
    run = simulate(rule, ravine(), (1, 1), 5, keep_every=2, clock=lambda t: t + 1.0)
    assert run.steps.tolist() == [0, 2, 4, 5]
    assert run.times.tolist() == [0.0, 3.0, 10.0, 15.0]
    assert simulate(rule, ravine(), (1, 1), 2).times.tolist() == [0.0, 1.0, 2.0]


def test_progress_is_told_at_each_kept_frame():
    told = []
    simulate(
        torch_sgd(lr=0.1),
        ravine(),
        (1, 1),
        7,
        keep_every=3,
        progress=lambda done, steps: told.append((done, steps)),
    )
    assert told == [(3, 7), (6, 7), (7, 7)]


def test_inputs_are_left_alone():
    position = numpy.ones((3, 2))
    momentum = numpy.ones(2)
    simulate(torch_sgd(lr=0.1), ravine(), position, 5, momentum=momentum)
    assert (position == 1).all()
    assert (momentum == 1).all()


def test_a_trajectory_too_large_is_refused_with_a_number_that_fits():
    words = {"memory_limit": 1e5}
    rule = torch_sgd(lr=0.1)
    with pytest.raises(ValueError, match="`keep_every=6`") as refusal:
        simulate(rule, ravine(), numpy.ones((10, 2)), 1000, **words)
    assert "above" not in str(refusal.value)
    assert "0.000561 GB" in str(refusal.value)
    run = simulate(rule, ravine(), numpy.ones((10, 2)), 1000, keep_every=6, **words)
    assert run.positions.nbytes < 1e5


# What a contributor's kinetic energy must be


def mixing() -> Kinetic:
    return Kinetic(
        "mixing",
        "tensor",
        lambda p, _: float(numpy.linalg.norm(numpy.asarray(p))),
        lambda p, _: p / numpy.linalg.norm(numpy.asarray(p)),
    )


def mixing_in_velocity_only() -> Kinetic:
    return norm()._replace(name="mixing", velocity=mixing().velocity)


def test_a_kinetic_energy_that_mixes_particles_is_refused():
    for kinetic in (mixing(), mixing_in_velocity_only()):
        with pytest.raises(TypeError, match='"mixing" mixes particles'):
            check_crowd(kinetic, 2)


def test_whatever_kinetic_energy_chooses_by_element_may_do_so_by_where():
    hinge = Kinetic(
        "hinge",
        "element",
        lambda p, _: numpy.where(p > 0, p, 0.0).sum(),
        lambda p, _: numpy.where(p > 0, 1.0, 0.0),
    )
    check_crowd(hinge, 3)


# Errors

SGD = torch_sgd(lr=0.1)
COLUMN = numpy.full((3, 1), 0.1)


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        ({"method": 3}, TypeError, "`method` must be Coefficients, a function"),
        ({"kinetic": norm()}, ValueError, 'the method brings its own \\("newtonian"'),
        (
            {"method": Coefficients(), "kinetic": spectral()},
            TypeError,
            "needs matrices, but the position of a particle is a vector",
        ),
        ({"noise": 0.1}, ValueError, "`seed` must be given where `noise` is above 0"),
        ({"noise": -0.1, "seed": 0}, ValueError, "`noise` must be at least 0"),
        ({"noise": math.nan, "seed": 0}, ValueError, "`noise` must be at least 0"),
        ({"noise": numpy.ones(2), "seed": 0}, ValueError, "`noise` must be a number"),
        ({"steps": 0}, ValueError, "`steps` must be at least 1, but is 0"),
        ({"steps": 2.5}, TypeError, "`steps` must be a whole number"),
        ({"keep_every": 0}, ValueError, "`keep_every` must be at least 1"),
        ({"limit": 0.0}, ValueError, "`limit` must be above 0"),
        ({"limit": 0.5}, ValueError, "must start within ±`limit` = 0.5, but reaches 1"),
        ({"position": 1.0}, ValueError, r"`position` must have the shape \(2,\) or"),
        ({"position": (1, 1, 1)}, ValueError, r"but has \(3,\)"),
        ({"position": numpy.ones((0, 2))}, ValueError, r"but has \(0, 2\)"),
        ({"position": (1, math.nan)}, ValueError, "`position` must be finite"),
        ({"momentum": (math.inf, 0)}, ValueError, "`momentum` must be finite"),
        ({"momentum": (1, 1, 1)}, ValueError, "`momentum` must have the shape"),
        (
            {"method": Coefficients(drift=numpy.full(2, 0.1))},
            ValueError,
            r"`drift` must be a number or .* in a column: `values\[:, None\]`",
        ),
        (
            {"method": Coefficients(drift=COLUMN), "position": numpy.ones((2, 2))},
            ValueError,
            "`position` is for 2 particles, but others are for 3",
        ),
        (
            {"method": Coefficients(drift=COLUMN), "noise": COLUMN[:2], "seed": 0},
            ValueError,
            "`noise` is for 2 particles, but others are for 3",
        ),
    ],
)
def test_bad_runs_are_refused(words, error, message):
    run = {"method": SGD, "position": (1.0, 1.0), "steps": 3} | words
    with pytest.raises(error, match=message):
        simulate(landscape=ravine(), **run)


def test_the_chain_bounds_every_method():
    # T58: from 0 no method comes nearer than rate^(step + 1), the tuned one as near.
    condition, links = 100.0, 300
    one = nesterov_chain(links, 1.0, condition)
    rate = (math.sqrt(condition) - 1) / (math.sqrt(condition) + 1)
    drift = 4 / (math.sqrt(condition) + 1) ** 2
    run = simulate(Coefficients(decay=rate**2, drift=drift), one, one.start, 100)
    away = abs(run.positions[:, 0] - one.minima).max(axis=1)
    # Exactly so for the endless chain; 300 links cut off rate^300 of it.
    assert (away >= 0.999 * rate ** (run.steps + 1)).all()
    slope = numpy.polyfit(run.steps[40:], numpy.log(away[40:]), 1)[0]
    # A double root still shows its transient, which is polynomial.
    assert math.exp(slope) == pytest.approx(rate, abs=0.02)
