"""Kinetic energies one by one, against the updates that the world knows them by."""

import numpy
import pytest
import torch

from inertial.physics import (
    KINETICS,
    Coefficients,
    adaptive,
    check_shape,
    huber,
    kinetic,
    log_cosh,
    newtonian,
    norm,
    relativistic,
    sign,
    spectral,
    step,
)


def test_a_particle_obeys_its_speed_limit(rng):
    fast = rng.normal(size=100) * 1e3
    for limited in (relativistic(2.0), log_cosh(2.0), huber(2.0)):
        assert abs(limited.velocity(fast, None)).max() <= 2.0
    for limited in (relativistic(2.0, by="norm"), huber(2.0, by="norm")):
        # the norm of a hundred quotients is off by a rounding
        assert numpy.linalg.norm(limited.velocity(fast, None)) <= 2.0 * (1 + 1e-15)


def test_slow_relativity_is_newton_and_keeps_its_digits():
    slow = numpy.array([1e-9])
    energy = relativistic(speed_limit=3.0, mass=2.0).energy(slow, None)
    # p²/2m, with a relative correction of p²; the textbook difference of roots gives 0
    assert energy == pytest.approx(1e-18 / 4, rel=1e-15, abs=0)


def test_adam_with_a_frozen_mass_is_the_heavy_ball_with_that_mass(rng):
    # T41
    frozen = adaptive(decay=0.0, epsilon=0.5, debias=False)
    memory = frozen.remember(numpy.array([3.0, -4.0]), frozen.start(numpy.zeros(2)))
    p = rng.normal(size=2)
    numpy.testing.assert_allclose(
        frozen.velocity(p, memory), p / numpy.array([3.5, 4.5]), rtol=1e-15
    )


@pytest.mark.parametrize("debias", [True, False])
def test_adaptive_is_torch_adam_and_rmsprop(debias):
    torch.manual_seed(3)
    start = torch.randn(7, dtype=torch.float64)
    parameter = torch.nn.Parameter(start.clone())
    if debias:
        theirs = torch.optim.Adam([parameter], lr=0.02, betas=(0.9, 0.99), eps=1e-6)
    else:
        theirs = torch.optim.RMSprop([parameter], lr=0.02, alpha=0.99, eps=1e-6)
    ours = adaptive(decay=0.99, epsilon=1e-6, debias=debias)
    x, p, memory = start, torch.zeros_like(start), ours.start(start)
    for count in range(1, 40):
        gradient = torch.randn(7, dtype=torch.float64)
        parameter.grad = gradient
        theirs.step()
        c = Coefficients(decay=0.0, drift=0.02)
        if debias:
            c = Coefficients(0.9, 1 - 0.9, 1 / (1 - 0.9**count), 0.0, 0.02)
        x, p, memory = step(c, ours, x, p, -gradient, memory)
        # the same operations, but for the order of a few products
        torch.testing.assert_close(x, parameter.detach(), rtol=0, atol=1e-14)


def test_names_find_their_energy():
    for name in KINETICS:
        assert kinetic(name).name == name
    own = huber(2.0)
    assert kinetic(own) is own
    assert dict(kinetic("huber", limit=2.0).words) == {"limit": 2.0, "by": "element"}


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: kinetic("newton"), ValueError, 'must be one of "newtonian", "relat'),
        (lambda: kinetic(3), TypeError, "must be a name or a Kinetic, but is 3"),
        (lambda: kinetic(sign(), by="norm"), TypeError, "is already made"),
        (
            lambda: kinetic("sign", limit=1.0),
            TypeError,
            "takes no word `limit`. It take",
        ),
        (lambda: kinetic("huber", top=1.0), TypeError, "It takes: limit, by"),
        (lambda: relativistic(0.0), ValueError, "`speed_limit` must be above 0"),
        (lambda: relativistic(mass=-1.0), ValueError, "`mass` must be above 0"),
        (
            lambda: relativistic(by="tensor"),
            ValueError,
            '`by` must be one of "element"',
        ),
        (lambda: log_cosh(-1.0), ValueError, "`speed_limit` must be above 0"),
        (lambda: huber(0.0), ValueError, "`limit` must be above 0"),
        (lambda: huber(by="all"), ValueError, '`by` must be one of "element", "norm"'),
        (
            lambda: adaptive(decay=1.0),
            ValueError,
            "`decay` must be at least 0 and below",
        ),
        (lambda: adaptive(epsilon=-1.0), ValueError, "`epsilon` must be at least 0"),
        (lambda: adaptive(epsilon="no"), TypeError, "`epsilon` must be a number"),
    ],
)
def test_bad_words_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_only_matrices_have_an_orthogonal_factor():
    check_shape(spectral(), (3, 4), "parameter 0")
    check_shape(norm(), (3,), "parameter 0")
    with pytest.raises(
        TypeError,
        match=r'"spectral" needs matrices, but parameter 3 \("head.bias"\) has shape '
        r"\(10,\). Give vectors their own group: `Inertial",
    ):
        check_shape(spectral(), (10,), 'parameter 3 ("head.bias")')


def test_momentum_that_underflows_is_at_rest():
    tiny = numpy.array([1e-200, 0.0])
    assert not norm().energy(tiny, None)
    numpy.testing.assert_array_equal(newtonian().velocity(tiny, None), tiny)
