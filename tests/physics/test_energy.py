"""The energy account of a step."""

from itertools import pairwise

import jax
import numpy
import pytest
import torch

from inertial.physics import (
    Account,
    Coefficients,
    Particle,
    account,
    adaptive,
    energy_scale,
    log_cosh,
    newtonian,
    relativistic,
    residual,
    step,
)

STIFFNESS = numpy.array([2.0, 0.3, 1.1])


def potential(x):
    return (STIFFNESS * x * x).sum() / 2 + (1 - numpy.cos(x)).sum()


def force_at(x):
    return -STIFFNESS * x - numpy.sin(x)


def books_of(settings, kinetic, steps, chained=True):
    """Run a particle and keep its accounts and changes of potential."""
    x, p = numpy.array([1.0, -2.0, 0.5]), numpy.zeros(3)
    memory, books, changes, end = kinetic.start(x), [], [], None
    for c in settings[:steps]:
        force, old = force_at(x), p
        moved, p, memory = step(c, kinetic, x, p, force, memory)
        book = account(c, kinetic, old, force, memory, kinetic_before=end)
        books.append(book)
        changes.append(potential(moved) - potential(x))
        x, end = moved, book.kinetic if chained else None
    return books, changes


def spellings(lrs, mu):
    """One heavy ball under a changing lr in four conventions, matched by T11 to T13."""
    before = [lrs[0], *lrs[:-1]]
    return {
        "torch": [Coefficients(mu, drift=lr) for lr in lrs],
        "average": [Coefficients(mu, 1 - mu, drift=lr / (1 - mu)) for lr in lrs],
        "scaled": [Coefficients(mu, 1 - mu, 1 / (1 - mu), 0.0, lr) for lr in lrs],
        "velocity": [
            Coefficients(mu * lr / old, lr) for lr, old in zip(lrs, before, strict=True)
        ],
    }


def test_the_account_does_not_depend_on_the_spelling():
    books = {
        name: books_of(settings, newtonian(), 30)[0]
        for name, settings in spellings([0.05] * 30, 0.8).items()
    }
    for name, own in books.items():
        # thirty steps of rounding
        numpy.testing.assert_allclose(own, books["torch"], atol=1e-13, err_msg=name)


def test_under_a_schedule_only_the_name_of_the_loss_depends_on_the_spelling():
    # T15: a falling lr makes PyTorch's particle heavier at the same momentum. The same
    # run spelled as velocity has a weaker force, so that the loss counts for less, and
    # more friction.
    lrs = [0.1 * 0.8**step for step in range(20)]
    books = {
        name: books_of(settings, newtonian(), 20)[0]
        for name, settings in spellings(lrs, 0.9).items()
    }
    assert all(book.schedule_work < 0 for book in books["torch"][1:])
    assert all(book.schedule_work > 0 for book in books["velocity"][1:])
    for name, own in books.items():
        for book, wanted in zip(own, books["torch"], strict=True):
            assert book.kinetic == pytest.approx(wanted.kinetic, abs=1e-13), name
            assert book.work == pytest.approx(wanted.work, abs=1e-13)
            assert book.schedule_work - book.heat == pytest.approx(
                wanted.schedule_work - wanted.heat, abs=1e-13
            )  # rounding of twenty steps, as above


@pytest.mark.parametrize("kinetic", [newtonian(), log_cosh(2.0), relativistic(1.5)])
def test_what_the_account_leaves_out_falls_with_the_square_of_the_step(kinetic):
    particle = Particle(friction=0.4)
    left = []
    for steps in (200, 400):
        settings = [particle.coefficients(2.0 / steps)] * steps
        books, changes = books_of(settings, kinetic, steps)
        pairs = zip(books, changes, strict=True)
        left.append(max(abs(residual(book, change)) for book, change in pairs))
    # halved steps: a quarter, up to the next order (a step of 1/100)
    assert left[0] / left[1] == pytest.approx(4.0, rel=0.05)


@pytest.mark.parametrize("kinetic", [newtonian(), log_cosh(2.0), relativistic(1.5)])
def test_all_energy_ends_as_heat(kinetic):
    particle = Particle(friction=0.7)
    books, changes = books_of([particle.coefficients(0.01)] * 2500, kinetic, 2500)
    heat = sum(book.heat for book in books)
    # the run is at rest, and each step's residual is of second order
    assert books[-1].kinetic < 1e-4
    assert heat == pytest.approx(-sum(changes), rel=0.02)


def test_without_friction_there_is_no_heat():
    books, _ = books_of([Particle().coefficients(0.05)] * 50, newtonian(), 50)
    assert not any(book.heat for book in books)


def test_the_work_of_a_moving_mass_is_booked_where_accounts_are_chained():
    c = [Coefficients(0.9, 0.1, 1 / (1 - 0.9 ** (t + 1)), 0.0, 0.01) for t in range(30)]
    books, _ = books_of(c, adaptive(decay=0.9), 30)
    for before, after in pairwise(books):
        assert after.kinetic_before == before.kinetic
    # the mass and the bias correction move at every step
    assert all(book.schedule_work for book in books[1:])
    loose, _ = books_of(c, adaptive(decay=0.9), 30, chained=False)
    assert not any(book.schedule_work for book in loose)


def test_a_changed_scale_is_the_work_of_the_schedule():
    c, p, force = Coefficients(0.9, drift=0.1), numpy.array([2.0]), numpy.array([1.0])
    book = account(c, newtonian(), p, force, scale_before=0.4)
    assert book.kinetic_before == pytest.approx(0.4 * 2.0)
    assert book.schedule_work == pytest.approx((0.1 - 0.4) * 2.0)
    assert book.heat == pytest.approx(0.1 * (2.0 - 0.81 * 2.0))
    assert book.work == pytest.approx(0.1 * (2.8**2 - 1.8**2) / 2)


def test_the_force_of_nesterov_moves_the_position_past_the_account():
    # drift·blend_force·force² leaves the loss and enters no momentum
    plain = Coefficients(0.9, drift=1e-4)
    blended = plain._replace(blend_momentum=0.9, blend_force=1.0)
    x, p = numpy.array([1.0, -2.0, 0.5]), numpy.array([0.2, 0.1, -0.3])
    force = force_at(x)
    missing = []
    for c in (plain, blended):
        moved, _, _ = step(c, newtonian(), x, p, force)
        book = account(c, newtonian(), p, force)
        missing.append(residual(book, potential(moved) - potential(x)))
    drift, square = 1e-4, (force * force).sum()
    # −kick·force²/2 of the push itself, times the blend; curvature enters at 1e-8
    assert missing[0] == pytest.approx(-drift * square / 2, abs=1e-6)
    assert missing[1] == pytest.approx(-drift * (0.9 / 2 + 1.0) * square, abs=1e-6)


def test_momentum_that_moves_nothing_has_no_energy():
    # Nesterov at momentum 0: the velocity is the force alone
    c = Coefficients(0.0, 1.0, 0.0, 1.0, 0.1)
    book = account(c, newtonian(), numpy.ones(2), numpy.ones(2))
    assert book == Account(0.0, 0.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize("wrap", [torch.as_tensor, jax.numpy.asarray])
def test_the_account_of_any_array_library(wrap):
    c = Coefficients(0.9, 0.5, drift=0.1)
    p, force = numpy.array([2.0, -1.0]), numpy.array([1.0, 3.0])
    theirs = account(c, log_cosh(), wrap(p), wrap(force))
    numpy.testing.assert_allclose(
        theirs, account(c, log_cosh(), p, force), rtol=1e-14
    )  # rounding


def test_without_a_kick_there_is_no_scale():
    with pytest.raises(ValueError, match="`kick` must not be 0 for an energy account"):
        energy_scale(Coefficients(kick=0.0))
