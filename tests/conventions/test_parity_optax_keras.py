"""Our words against Optax and Keras themselves, under a changing learning rate."""

import jax
import jax.numpy
import keras
import numpy
import optax
import pytest

from cases_conventions import START, STEPS, apart, gradient, run, schedule
from inertial.conventions import (
    ema,
    keras_sgd,
    lion,
    optax_sgd,
    qhm,
    signum,
    torch_adam,
    torch_adamw,
    torch_sgd,
)

# Two roundings a step, in another order; no setting here amplifies them beyond 1e-13.
EXACT = 1e-12


@pytest.fixture(autouse=True)
def double_precision():
    """Both keep single precision by default, Keras even for its learning rate."""
    before = jax.config.jax_enable_x64, keras.config.floatx()
    jax.config.update("jax_enable_x64", True)
    keras.config.set_floatx("float64")
    yield
    jax.config.update("jax_enable_x64", before[0])
    keras.config.set_floatx(before[1])


def optax_run(transformation, peak=0.05):
    """Run `transformation(learning rate)`; its state does not hold the rate."""
    x = jax.numpy.asarray(START)
    state = transformation(peak).init(x)
    positions = [START]
    for t in range(STEPS):
        g = jax.numpy.asarray(gradient(numpy.asarray(x)))
        updates, state = transformation(schedule(t, peak)).update(g, state, x)
        x = x + updates
        positions.append(numpy.asarray(x))
    return numpy.array(positions)


def debiased(rate):
    return optax.chain(optax.ema(0.9), optax.scale_by_learning_rate(rate))


def biased(rate):
    return optax.chain(optax.ema(0.9, False), optax.scale_by_learning_rate(rate))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (optax_sgd, optax.sgd),
        (lambda lr: optax_sgd(lr, 0.9), lambda lr: optax.sgd(lr, 0.9)),
        (lambda lr: optax_sgd(lr, 0.9, True), lambda lr: optax.sgd(lr, 0.9, True)),
        (lambda lr: optax_sgd(lr, None, True), lambda lr: optax.sgd(lr, None, True)),
        (lambda lr: ema(lr, 0.9, debias=True), debiased),
        (lambda lr: ema(lr, 0.9), biased),
        (signum, optax.signum),
        (lambda lr: signum(lr, 0.0), optax.sign_sgd),
        (
            lambda lr: lion(lr, (0.9, 0.99), 0.1),
            lambda lr: optax.lion(lr, 0.9, 0.99, weight_decay=0.1),
        ),
        (
            lambda lr: lion(lr, (0.95, 0.5)),
            lambda lr: optax.lion(lr, 0.95, 0.5, weight_decay=0.0),
        ),
        (torch_adam, optax.adam),
        (
            lambda lr: torch_adam(lr, (0.5, 0.9), eps=1e-3),
            lambda lr: optax.adam(lr, 0.5, 0.9, eps=1e-3),
        ),
        (torch_adamw, lambda lr: optax.adamw(lr, weight_decay=1e-2)),
    ],
    ids=[
        "sgd",
        "sgd momentum",
        "sgd nesterov",
        "sgd nesterov without momentum",
        "ema debias",
        "ema",
        "signum",
        "sign_sgd",
        "lion",
        "lion with the larger blend",
        "adam",
        "adam short memory",
        "adamw",
    ],
)
def test_optax(ours, theirs):
    # A first lr of 0.05, not 0: the methods with a sign move by it whatever the force.
    assert apart(run(lambda t: ours(schedule(t))), optax_run(theirs)) < EXACT


def keras_run(words, peak=0.05):
    x = keras.Variable(START, dtype="float64")
    optimizer = keras.optimizers.SGD(peak, **words)
    optimizer.build([x])
    positions = [START]
    for t in range(STEPS):
        optimizer.learning_rate.assign(schedule(t, peak))
        here = plain(x.value)
        optimizer.apply([keras.ops.convert_to_tensor(gradient(here))])
        positions.append(plain(x.value).copy())
    return numpy.array(positions)


def plain(value):
    """Not Keras's own conversion, of which NumPy 2 warns on the torch backend."""
    return value.detach().numpy() if hasattr(value, "detach") else numpy.asarray(value)


KERAS = [
    {},
    {"momentum": 0.9},
    {"momentum": 0.9, "nesterov": True},
    {"nesterov": True},
    {"momentum": 0.9, "weight_decay": 0.1},
    {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
]


@pytest.mark.parametrize("words", KERAS, ids=str)
def test_keras(words):
    ours = run(lambda t: keras_sgd(schedule(t), **words))
    assert apart(ours, keras_run(words)) < EXACT


@pytest.mark.parametrize("reference_lr", [0.05, 0.3])
@pytest.mark.parametrize(
    "words", [w for w in KERAS if w != {"nesterov": True}], ids=str
)
def test_torch_words_acting_on_the_force_are_keras(words, reference_lr):
    """Through steps of learning rate 0 too, where Keras coasts and PyTorch waits."""
    ours = run(
        lambda t: torch_sgd(
            schedule(t),
            **words,
            decoupled_weight_decay="weight_decay" in words,
            schedule_acts_on="force",
            reference_lr=reference_lr,
        )
    )
    theirs = keras_run(words)
    assert apart(ours, theirs) < EXACT
    if "momentum" in words:
        assert numpy.abs(theirs[21] - theirs[20]).max() > 1e-3  # it did coast


def test_a_schedule_parts_torch_from_keras():
    """What `schedule_acts_on` is for: the same words, another run."""
    torch_like = run(lambda t: torch_sgd(schedule(t), 0.9))
    assert apart(torch_like, keras_run({"momentum": 0.9})) > 0.05


def test_qhm_by_its_formula():
    x, m, lr_of = START, 0.0 * START, lambda t: schedule(t, 0.3)
    positions = [x]
    for t in range(STEPS):
        g = gradient(x) + 0.1 * x
        m = 0.9 * m + (1 - 0.9) * g
        x = x - lr_of(t) * ((1 - 0.7) * g + 0.7 * m)
        positions.append(x)
    ours = run(lambda t: qhm(lr_of(t), 0.9, 0.7, weight_decay=0.1))
    assert apart(ours, numpy.array(positions)) < EXACT
