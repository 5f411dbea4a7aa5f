"""What holds for every kinetic energy."""

import jax
import numpy
import pytest
import torch

from cases_physics import (
    ALL,
    ROUND_AT_REST,
    SLOPES,
    memory_of,
    momentum,
)
from inertial.physics import KINETICS, Coefficients, account, step


@pytest.fixture
def forces(rng):
    return [rng.normal(size=(4, 3)) for _ in range(3)]


@pytest.mark.parametrize("name", SLOPES)
def test_the_velocity_is_the_slope_of_the_energy(name, rng, forces):
    kinetic, p = SLOPES[name], momentum(rng)
    memory = memory_of(kinetic, p, forces)
    nudge = 1e-6
    slope = numpy.zeros_like(p)
    for place in numpy.ndindex(*p.shape):
        shift = numpy.zeros_like(p)
        shift[place] = nudge
        rise = kinetic.energy(p + shift, memory) - kinetic.energy(p - shift, memory)
        slope[place] = rise / (2 * nudge)
    # rounding of K (about 10 · 1e-16) over the nudge is 1e-9; the cut series 1e-12
    numpy.testing.assert_allclose(kinetic.velocity(p, memory), slope, atol=2e-8)


@pytest.mark.parametrize("name", ALL)
def test_at_rest_there_is_no_energy_and_no_velocity(name, forces):
    kinetic, rest = ALL[name], numpy.zeros((4, 3))
    for memory in (memory_of(kinetic, rest, []), memory_of(kinetic, rest, forces)):
        assert not kinetic.energy(rest, memory)
        assert not kinetic.velocity(rest, memory).any()


@pytest.mark.parametrize("name", ALL)
def test_the_energy_is_even_and_the_velocity_odd(name, rng, forces):
    kinetic, p = ALL[name], momentum(rng)
    memory = memory_of(kinetic, p, forces)
    assert kinetic.energy(-p, memory) == pytest.approx(kinetic.energy(p, memory))
    # signs commute with every rounding but those inside a matrix decomposition
    numpy.testing.assert_allclose(
        kinetic.velocity(-p, memory), -kinetic.velocity(p, memory), atol=1e-14
    )


@pytest.mark.parametrize("name", SLOPES)
def test_the_energy_is_convex_along_every_line(name, rng, forces):
    kinetic = SLOPES[name]
    memory = memory_of(kinetic, forces[0], forces)
    for _ in range(40):
        a, b = rng.normal(size=(2, 4, 3)) * rng.choice(
            [0.01, 1.0, 30.0], size=(2, 1, 1)
        )
        share = rng.uniform()
        chord = share * kinetic.energy(a, memory) + (1 - share) * kinetic.energy(
            b, memory
        )
        arc = kinetic.energy(share * a + (1 - share) * b, memory)
        assert arc <= chord * (1 + 1e-13)  # rounding of twelve summands
        faster = kinetic.velocity(a, memory) - kinetic.velocity(b, memory)
        # a decomposition rounds each direction to about 1e-15 of the size, here 1e2
        assert (faster * (a - b)).sum() >= -1e-12


@pytest.mark.parametrize("name", ALL)
def test_drag_alone_never_raises_the_energy(name, rng, forces):
    kinetic, p = ALL[name], momentum(rng)
    memory = memory_of(kinetic, p, forces)
    energies = [kinetic.energy(decay * p, memory) for decay in numpy.linspace(0, 1, 21)]
    assert (numpy.diff(energies) > 0).all()


@pytest.mark.parametrize("name", ALL)
def test_energy_balances_to_the_last_digits(name, rng, forces):
    kinetic, p, force = ALL[name], momentum(rng), rng.normal(size=(4, 3))
    memory = memory_of(kinetic, p, forces)
    c = Coefficients(
        decay=0.8, kick=0.3, blend_momentum=0.9, blend_force=0.2, drift=0.1
    )
    book = account(c, kinetic, p, force, memory, scale_before=0.7)
    balance = book.kinetic_before + book.schedule_work - book.heat + book.work
    assert balance == pytest.approx(book.kinetic, rel=1e-14)  # four additions
    assert book.heat > 0
    assert book.schedule_work < 0  # the scale fell from 0.7 to 1/3


@pytest.mark.parametrize("name", ALL)
def test_every_array_library_gives_the_same_numbers(name, rng, forces):
    kinetic, p = ALL[name], momentum(rng)

    def read(p, forces):
        memory = memory_of(kinetic, p, forces)
        return kinetic.velocity(p, memory), kinetic.energy(p, memory)

    ours = read(p, forces)
    for wrap, run in ((torch.as_tensor, read), (jax.numpy.asarray, jax.jit(read))):
        # the last digits of sums and decompositions depend on the library; the
        # iteration and the division by small singular values lose up to two more
        for theirs, own in zip(
            run(wrap(p), list(map(wrap, forces))), ours, strict=True
        ):
            assert isinstance(theirs, type(wrap(p)))
            numpy.testing.assert_allclose(theirs, own, rtol=1e-12, atol=1e-13)


# one of each scope, and the one that remembers; the law above jits every energy
@pytest.mark.parametrize("name", ["newtonian", "norm", "adaptive", "spectral, exact"])
def test_a_step_traces_under_jit_with_its_coefficients_and_memory(name, rng, forces):
    kinetic, p = ALL[name], momentum(rng)
    c = Coefficients(decay=0.9, drift=0.1)

    def run(c, x, p, force, memory):
        return step(c, kinetic, x, p, force, memory)

    traced = jax.jit(run)
    plain = fused = (p, p, kinetic.start(p))
    for force in forces:
        plain = run(c, *plain[:2], force, plain[2])
        fused = traced(c, *fused[:2], force, fused[2])
    # fused arithmetic may round once where plain arithmetic rounds twice
    numpy.testing.assert_allclose(fused[0], plain[0], rtol=1e-12, atol=1e-13)


# sqrt has no slope at a memory of 0, so a decomposed or remembering energy is left out
@pytest.mark.parametrize("name", ROUND_AT_REST)
@pytest.mark.parametrize("at_rest", [False, True])
def test_autograd_finds_the_velocity_and_a_finite_change_of_it(
    name, at_rest, rng, forces
):
    kinetic = SLOPES[name]
    start = torch.zeros(4, 3, dtype=torch.float64) if at_rest else momentum(rng)
    p = torch.as_tensor(start).requires_grad_()
    memory = memory_of(kinetic, p.detach(), [torch.as_tensor(f) for f in forces])
    (slope,) = torch.autograd.grad(kinetic.energy(p, memory), p)
    velocity = kinetic.velocity(p, memory)
    torch.testing.assert_close(slope, velocity, rtol=1e-12, atol=1e-14)  # rounding
    (change,) = torch.autograd.grad(velocity.sum(), p)
    assert torch.isfinite(change).all()

    def differentiate(p):
        own = memory_of(kinetic, p, forces)
        change = jax.grad(lambda p: kinetic.velocity(p, own).sum())(p)
        return jax.grad(kinetic.energy)(p, own), change

    theirs, change = jax.jit(differentiate)(p.detach().numpy())
    numpy.testing.assert_allclose(theirs, slope, rtol=1e-12, atol=1e-14)  # rounding
    assert numpy.isfinite(change).all()


@pytest.mark.parametrize("name", ALL)
def test_the_words_rebuild_the_energy(name, rng, forces):
    kinetic, p = ALL[name], momentum(rng)
    twin = KINETICS[kinetic.name](**dict(kinetic.words))
    memory = memory_of(twin, p, forces)
    assert twin.words == kinetic.words
    assert twin.scope == kinetic.scope
    assert (twin.velocity(p, memory) == kinetic.velocity(p, memory)).all()
    assert twin.energy(p, memory) == kinetic.energy(p, memory)


@pytest.mark.parametrize("name", ALL)
def test_the_scope_says_how_far_one_element_reaches(name, rng, forces):
    kinetic, p = ALL[name], momentum(rng)
    memory = memory_of(kinetic, p, forces)
    nudged = p.copy()
    nudged[0, 0] *= 1.5
    moved = kinetic.velocity(nudged, memory) != kinetic.velocity(p, memory)
    inside = name == "huber, norm, inside"  # reaches far only when something is clipped
    assert (moved.sum() > 1) == (kinetic.scope != "element" and not inside)


@pytest.mark.parametrize("name", [n for n, k in ALL.items() if k.scope == "element"])
def test_elementwise_energies_take_plain_numbers(name):
    kinetic = ALL[name]
    memory = (1, 4.0) if kinetic.name == "adaptive" else None
    for number in (0.3, numpy.float64(0.3)):
        alone = kinetic.velocity(numpy.array([0.3]), memory)
        numpy.testing.assert_array_equal([kinetic.velocity(number, memory)], alone)
        assert float(kinetic.energy(number, memory)) > 0


@pytest.mark.parametrize("name", ALL)
def test_single_precision_stays_single(name, rng, forces):
    kinetic = ALL[name]

    def read(p, forces):
        memory = memory_of(kinetic, p, forces)
        return kinetic.velocity(p, memory), kinetic.energy(p, memory)

    p, forces = momentum(rng).astype("float32"), [f.astype("float32") for f in forces]
    assert all(result.dtype == p.dtype for result in read(p, forces))
    assert all(result.dtype == p.dtype for result in jax.eval_shape(read, p, forces))
    single = read(torch.as_tensor(p), list(map(torch.as_tensor, forces)))
    assert all(result.dtype == torch.float32 for result in single)
