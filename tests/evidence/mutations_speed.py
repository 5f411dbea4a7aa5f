"""One wrong library for each statement on stability and on speed."""

from mutating import Mutation, replace_everywhere

from inertial.analysis import (
    break_even_condition_number,
    gradient_descent,
    heavy_ball,
    tuning,
)
from inertial.analysis.landscape import nesterov_chain
from inertial.conventions import ema, polyak, sutskever, torch_sgd
from inertial.physics import step

# Names bound here stay right: only modules of the library are made wrong.
BEST_POLYAK = tuning.polyak


def _instead(original, wrong):
    return lambda monkeypatch: replace_everywhere(monkeypatch, original, wrong)


def _friction_on_the_fresh_force(c, kinetic, position, momentum, force, memory=None):
    kick = c.kick * c.decay
    return step(c._replace(kick=kick), kinetic, position, momentum, force, memory)


def _no_look_ahead(c, kinetic, position, momentum, force, memory=None):
    plain = c._replace(blend_force=0.0 * c.blend_force)
    return step(plain, kinetic, position, momentum, force, memory)


def _averaged_polyak(alpha, beta):
    return polyak((1 - beta) * alpha, beta)


def _polyak_of_the_root(low, high):
    right = BEST_POLYAK(low, high)
    return right._replace(momentum=right.rate)


def _polyak_of_half_the_lr(low, high):
    right = BEST_POLYAK(low, high)
    return right._replace(lr=right.lr / 2)


def _descent_of_half_the_lr(low, high):
    right = gradient_descent(low, high)
    return right._replace(lr=right.lr / 2)


def _ball_of_rate_momentum(low, high, momentum):
    right = heavy_ball(low, high, momentum)
    return right._replace(rate=right.rate**2)


MUTATIONS = (
    Mutation(
        "T21",
        "an average adds whole gradients, without 1 - beta",
        _instead(ema, lambda lr, beta: torch_sgd(lr, beta)),
    ),
    Mutation(
        "T23",
        "friction takes its share of the fresh force too",
        _instead(step, _friction_on_the_fresh_force),
    ),
    Mutation(
        "T24",
        "Polyak's momentum is not squared",
        _instead(BEST_POLYAK, _polyak_of_the_root),
    ),
    Mutation(
        "T25",
        "Nesterov's step leaves the fresh force out of its velocity",
        _instead(step, _no_look_ahead),
    ),
    Mutation(
        "T26",
        "plain descent is given half of its best learning rate",
        _instead(gradient_descent, _descent_of_half_the_lr),
    ),
    Mutation(
        "T27",
        "a heavy ball is said to shrink by its momentum, not by its root",
        _instead(heavy_ball, _ball_of_rate_momentum),
    ),
    Mutation(
        "T28",
        "the heavy ball's force is weighed by 1 - momentum",
        _instead(polyak, _averaged_polyak),
    ),
    Mutation(
        "T29",
        "momentum breaks even at (1 + m)/(1 - m), without the root",
        _instead(
            break_even_condition_number,
            lambda momentum: (1 + momentum) / (1 - momentum),
        ),
    ),
    Mutation(
        "T30",
        "Polyak's learning rate lacks its factor 2",
        _instead(BEST_POLYAK, _polyak_of_half_the_lr),
    ),
    Mutation(
        "T31",
        "friction takes its share of the fresh force too",
        _instead(step, _friction_on_the_fresh_force),
    ),
    Mutation(
        "T57",
        "Sutskever's method does not look ahead",
        _instead(sutskever, lambda lr, momentum: polyak(lr, momentum)),
    ),
    Mutation(
        "T58",
        "the springs of Nesterov's chain are twice as stiff",
        _instead(
            nesterov_chain,
            lambda links, low, high: nesterov_chain(links, low, 2 * high - low),
        ),
    ),
)
