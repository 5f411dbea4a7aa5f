"""What the tests of conventions share: a driver, a schedule, and words for each row."""

import math

import numpy
from hypothesis import strategies

from inertial.physics.force import force
from inertial.physics.step import step

STEPS = 60
START = numpy.array([1.0, -0.7, 0.4, 2.0])
_ROOT = numpy.array(
    [
        [1.1, 0.2, 0.0, -0.3],
        [0.0, 0.9, 0.4, 0.1],
        [0.2, 0.0, 0.6, 0.0],
        [0.1, -0.2, 0.0, 0.3],
    ]
)
STIFFNESS = _ROOT.T @ _ROOT


def gradient(x):
    """Of x'Ax/2 - sum cos x: not linear, so that no two different methods agree."""
    return STIFFNESS @ x + numpy.sin(x)


def schedule(t, peak=0.05):
    """Waves, stands still at 20 and 21, and drops tenfold at 40."""
    if t in (20, 21):
        return 0.0
    return peak * (1 + 0.5 * math.cos(t / 3)) * (1.0 if t < 40 else 0.1)


def run(method, gradient=gradient, start=START, steps=STEPS):
    """Return the positions of a run from rest.

    `method` is one Method, or a function of the step where words change.
    """
    at = method if callable(method) else lambda _: method
    position, momentum, memory = start, 0.0 * start, at(0).kinetic.start(start)
    positions = [position]
    for t in range(steps):
        now = at(t)
        pull = force(gradient(position), position, now.weight_decay, now.maximize)
        position, momentum, memory = step(
            now.coefficients(t), now.kinetic, position, momentum, pull, memory
        )
        positions.append(position)
    return numpy.array(positions)


def apart(run, other):
    """Return the largest difference, in units of the larger run."""
    return numpy.abs(run - other).max() / numpy.abs(other).max()


# Words of every convention, drawn at random. Bounds of the draws: at a learning rate
# of 0 nothing moves, so nothing else can be read back; 1 - 0.999 has lost three digits.
rates = strategies.floats(1e-4, 0.2)
shares = strategies.floats(0.01, 0.999)
whether = strategies.booleans()
decays = strategies.sampled_from([0.0, 0.01, 0.3])


def _words(**kinds):
    return strategies.fixed_dictionaries(kinds)


_plain = _words(
    lr=rates,
    momentum=shares,
    dampening=strategies.floats(0.0, 1.0),
    weight_decay=decays,
    nesterov=strategies.just(False),
    maximize=whether,
)
_torch_nesterov = _words(
    lr=rates,
    momentum=shares,
    dampening=strategies.just(0.0),
    weight_decay=decays,
    nesterov=strategies.just(True),
    maximize=whether,
)
_adam = _words(
    lr=rates,
    betas=strategies.tuples(shares, shares),
    eps=strategies.floats(1e-8, 1e-3),
    weight_decay=decays,
    maximize=whether,
)
WORDS = {
    "torch.SGD": strategies.one_of(_plain, _torch_nesterov),
    "keras.SGD": _words(
        learning_rate=rates,
        momentum=shares,
        nesterov=whether,
        weight_decay=strategies.sampled_from([None, 0.01, 0.3]),
    ),
    "optax.sgd": _words(learning_rate=rates, momentum=shares, nesterov=whether),
    "ema": _words(learning_rate=rates, beta=shares, debias=whether),
    "polyak": _words(alpha=rates, beta=shares),
    "sutskever": _words(learning_rate=rates, momentum=shares),
    "qhm": _words(
        lr=rates,
        momentum=shares,
        nu=strategies.floats(0.01, 1.0),
        weight_decay=decays,
        maximize=whether,
    ),
    "signum": _words(lr=rates, momentum=shares, weight_decay=decays, maximize=whether),
    "lion": _words(
        lr=rates,
        betas=strategies.tuples(shares, shares),
        weight_decay=decays,
        maximize=whether,
    ),
    "torch.Adam": _adam,
    "torch.AdamW": _adam,
    "rmsprop": _words(
        lr=rates,
        alpha=shares,
        eps=strategies.floats(1e-8, 1e-3),
        weight_decay=decays,
        maximize=whether,
    ),
    "torch.Muon": _words(
        lr=rates,
        weight_decay=decays,
        momentum=shares,
        nesterov=whether,
        ns_coefficients=strategies.just((3.4445, -4.7750, 2.0315)),
        eps=strategies.just(1e-7),
        ns_steps=strategies.integers(1, 6),
        adjust_lr_fn=strategies.sampled_from(["original", "match_rms_adamw"]),
        maximize=whether,
        dtype=strategies.just(None),
    ),
    # The gauge in which `particle_words` answers.
    "particle": _words(
        mass=strategies.floats(1.0, 1e3),
        friction=strategies.floats(1e-3, 3.0),
        force_scale=strategies.just(1.0),
        time_step=strategies.just(1.0),
        law=strategies.just("exact"),
    ),
}

# One plain setting of each, for runs.
EXAMPLES = {
    "torch.SGD": {"lr": 0.05, "momentum": 0.9},
    "keras.SGD": {"learning_rate": 0.05, "momentum": 0.8, "nesterov": True},
    "optax.sgd": {"learning_rate": 0.05, "momentum": 0.7},
    "ema": {"learning_rate": 0.3, "beta": 0.9},
    "polyak": {"alpha": 0.05, "beta": 0.6},
    "sutskever": {"learning_rate": 0.05, "momentum": 0.9},
    "qhm": {"lr": 0.3, "momentum": 0.9, "nu": 0.7},
    "signum": {"lr": 0.01, "momentum": 0.9},
    "lion": {"lr": 0.01, "betas": (0.9, 0.99), "weight_decay": 0.1},
    "torch.Adam": {"lr": 0.02},
    "torch.AdamW": {"lr": 0.02, "weight_decay": 0.1},
    "rmsprop": {"lr": 0.02, "alpha": 0.9},
    "torch.Muon": {"lr": 0.02, "dtype": None},
    "particle": {"mass": 20.0, "friction": 2.0},
}
