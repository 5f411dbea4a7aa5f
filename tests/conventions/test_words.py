"""Words: what is refused, and what one convention is in the words of another."""

import math

import numpy
import pytest
from hypothesis import given, strategies

from cases_conventions import START, STEPS, apart, gradient, run, schedule
from inertial.conventions import (
    CONVENTIONS,
    Method,
    check_torch_sgd,
    convention,
    difference,
    ema,
    keras_sgd,
    lion,
    optax_sgd,
    particle,
    polyak,
    qhm,
    rmsprop,
    signum,
    sutskever,
    torch_adam,
    torch_adamw,
    torch_muon,
    torch_sgd,
    translate,
)
from inertial.physics.coefficients import Coefficients
from inertial.physics.kinetic import relativistic, spectral

EXACT = 1e-12  # rounding of 60 steps


# --- what is refused ---


@pytest.mark.parametrize(
    ("spell", "words", "says"),
    [
        (torch_sgd, {"lr": -0.1}, "`lr` must be at least 0, but is -0.1"),
        (torch_sgd, {"lr": math.nan}, "`lr` must be at least 0, but is nan"),
        (torch_sgd, {"lr": numpy.array(-1.0)}, "`lr` must be at least 0"),
        (torch_sgd, {"momentum": 1.02}, "`momentum` must be .* below 1, but is 1.02"),
        (torch_sgd, {"momentum": -0.1}, "`momentum` must be at least 0"),
        (torch_sgd, {"dampening": 1.5}, "`dampening` must be .* at most 1"),
        (torch_sgd, {"weight_decay": -1.0}, "`weight_decay` must be at least 0"),
        (
            torch_sgd,
            {"nesterov": True},
            "^Nesterov momentum requires a momentum and zero damp.*nesterov=False",
        ),
        (
            torch_sgd,
            {"nesterov": True, "momentum": 0.9, "dampening": 0.1},
            "Nesterov momentum requires a momentum and zero dampening",
        ),
        (
            torch_sgd,
            {"schedule_acts_on": "time"},
            "`schedule_acts_on` must be .*'time'",
        ),
        (torch_sgd, {"reference_lr": 0.0}, "`reference_lr` must be above 0"),
        (optax_sgd, {"learning_rate": -0.1}, "`learning_rate` must be at least 0"),
        (optax_sgd, {"learning_rate": 0.1, "momentum": 1.0}, "`momentum` .* below 1"),
        (keras_sgd, {"learning_rate": -0.1}, "`learning_rate` must be at least 0"),
        (keras_sgd, {"momentum": 1.0}, "`momentum` must be .* below 1"),
        (keras_sgd, {"weight_decay": -0.1}, "`weight_decay` must be at least 0"),
        (polyak, {"alpha": -1.0, "beta": 0.5}, "`alpha` must be at least 0"),
        (polyak, {"alpha": 1.0, "beta": 1.5}, "`beta` must be .* below 1"),
        (sutskever, {"learning_rate": 0.1, "momentum": 1.0}, "`momentum` .* below 1"),
        (ema, {"learning_rate": -0.1, "beta": 0.5}, "`learning_rate` must be at least"),
        (ema, {"learning_rate": 0.1, "beta": 1.0}, "`beta` must be .* below 1"),
        (qhm, {"nu": 1.1}, "`nu` must be at least 0 and at most 1"),
        (qhm, {"weight_decay": -0.1}, "`weight_decay` must be at least 0"),
        (signum, {"lr": -0.1}, "`lr` must be at least 0"),
        (signum, {"momentum": 1.0}, "`momentum` must be .* below 1"),
        (lion, {"betas": (0.9, 0.0)}, r"`betas\[1\]` must be above 0 .*signum"),
        (lion, {"betas": (1.0, 0.9)}, r"`betas\[0\]` must be .* below 1"),
        (lion, {"betas": 0.9}, "`betas` must be two numbers, but is 0.9"),
        (torch_adam, {"betas": (0.9, 1.0)}, r"`betas\[1\]` must be .* below 1"),
        (torch_adam, {"betas": (0.9,)}, "`betas` must be two numbers"),
        (torch_adam, {"eps": -1e-8}, "`eps` must be at least 0"),
        (torch_adamw, {"weight_decay": -0.1}, "`weight_decay` must be at least 0"),
        (torch_adamw, {"lr": -0.1}, "`lr` must be at least 0"),
        (rmsprop, {"alpha": 1.0}, "`alpha` must be .* below 1"),
        (rmsprop, {"momentum": 0.9}, "`momentum` must be 0 .*kinetic=adaptive"),
        (rmsprop, {"centered": True}, "`centered` False"),
        (torch_muon, {"momentum": 1.0}, "`momentum` must be .* below 1"),
        (torch_muon, {"adjust_lr_fn": "none"}, '`adjust_lr_fn` must be "original"'),
        (particle, {"mass": 0.0}, "`mass` must be above 0"),
        (particle, {"time_step": -1.0}, "`time_step` must be "),
    ],
)
def test_a_bad_word_is_refused(spell, words, says):
    with pytest.raises(ValueError, match=says):
        spell(**words)


def test_a_word_that_is_no_number_is_refused():
    with pytest.raises(TypeError, match="`lr` must be a number, but is 'fast'"):
        torch_sgd("fast")


def test_a_whole_parameter_group_can_be_checked():
    group = {"lr": 0.1, "momentum": 0.9, "foreach": None, "maximize": True}
    check_torch_sgd(**group)
    with pytest.raises(ValueError, match="`lr` must be at least 0"):
        check_torch_sgd(**{**group, "lr": -1.0})


@pytest.mark.parametrize(
    "spell", [torch_adam, torch_adamw, rmsprop, lion, signum, qhm, torch_muon]
)
def test_checked_words_are_not_checked_again(spell):
    assert spell(lr=-0.1, checked=True).coefficients(0).drift < 0


def test_an_unknown_convention_is_refused():
    with pytest.raises(ValueError, match=r"'torch\.sgd' is unknown\. Use .*\"torch"):
        convention("torch.sgd")
    assert convention("qhm") is CONVENTIONS["qhm"]


SGD = torch_sgd(0.05, 0.9)


@pytest.mark.parametrize(
    ("method", "to", "says"),
    [
        (signum(), "keras.SGD", "its kinetic energy is 'newtonian', but .* 'sign'"),
        (
            torch_sgd(maximize=True),
            "keras.SGD",
            "no word for climbing. Negate the loss",
        ),
        (torch_sgd(weight_decay=0.1), "keras.SGD", "decay that joins the force. Add"),
        (keras_sgd(weight_decay=0.1), "optax.sgd", "shrinks the position. Multiply"),
        (torch_sgd(0.05, 0.9, 0.5), "qhm", "no word for dampening"),
        (ema(0.1, 0.9, debias=True), "torch.SGD", "no word for a bias correction"),
        (sutskever(0.1, 0.9), "polyak", "ahead of the momentum .* Spell it in qhm"),
        (qhm(0.1, 0.9, 0.5), "torch.SGD", "share of the force that .* at step 0: "),
        (SGD, "sutskever", "share of the force"),
        (SGD, "torch.Adam", "kinetic energy is 'adaptive'"),
        (rmsprop(), "torch.Adam", "kinetic energy: adaptive"),
        (torch_adam(), "rmsprop", "bias correction"),
        (torch_sgd(kinetic=spectral()), "torch.Muon", "always scales by the shape"),
        (torch_sgd(kinetic=spectral("exact", "original")), "torch.Muon", "Newton-Sch"),
    ],
)
def test_what_has_no_word_is_refused_with_the_reason(method, to, says):
    with pytest.raises(ValueError, match=f"^{to} cannot spell this method: .*{says}"):
        translate(method, to=to)


def test_torch_has_one_word_for_two_kinds_of_decay():
    both = torch_sgd(weight_decay=0.1)
    shrinking = Coefficients(drift=0.05, keep=0.99)
    with pytest.raises(ValueError, match="the method has both kinds"):
        translate(both._replace(coefficients=lambda _: shrinking), to="torch.SGD")


# --- what one is in the words of another ---


@pytest.mark.parametrize("lr", [lambda t: 0.05, schedule])
def test_torch_nesterov_is_qhm_with_nu_as_momentum(lr):
    """T17: at lr_qhm (1 - beta) = lr_torch and under any schedule."""
    torch_like = run(lambda t: torch_sgd(lr(t), 0.9, nesterov=True))
    quasi = run(lambda t: qhm(lr(t) / (1 - 0.9), momentum=0.9, nu=0.9))
    assert apart(quasi, torch_like) < EXACT


def test_qhm_lies_between_descent_and_the_average():
    """T17: nu = 0 is plain descent and nu = 1 the average."""
    assert difference(qhm(0.1, 0.9, nu=0.0), torch_sgd(0.1)) == ""
    assert difference(qhm(0.1, 0.9, nu=1.0), ema(0.1, 0.9)) == ""


def test_the_average_shares_its_schedules_with_torch():
    """T12: lr_t = beta_t (1 - alpha), the same momentum."""
    average = run(lambda t: ema(schedule(t) / (1 - 0.9), 0.9))
    assert apart(average, run(lambda t: torch_sgd(schedule(t), 0.9))) < EXACT


def test_a_bias_correction_is_a_schedule_for_torch():
    """T13: lr_t = beta (1 - a)/(1 - a^t)."""
    corrected = run(ema(0.05, 0.9, debias=True))
    scheduled = run(lambda t: torch_sgd(0.05 * (1 - 0.9) / (1 - 0.9 ** (t + 1)), 0.9))
    assert apart(corrected, scheduled) < EXACT


def test_torch_dampening_is_an_average_that_begins_with_the_first_gradient():
    """T13: dampening = momentum is the average started at e_0 = g_1."""
    x, e = START, gradient(START)
    positions = [x]
    for t in range(STEPS):
        e = 0.9 * e + (1 - 0.9) * gradient(x) if t else e
        x = x - 0.05 * e
        positions.append(x)
    damped = run(torch_sgd(0.05, 0.9, dampening=0.9))
    assert apart(damped, numpy.array(positions)) < EXACT


def test_polyak_by_his_formula():
    x = before = START
    positions = [x]
    for t in range(STEPS):
        x, before = x + 0.9 * (x - before) - schedule(t) * gradient(x), x
        positions.append(x)
    ours = run(lambda t: polyak(schedule(t), 0.9))
    assert apart(ours, numpy.array(positions)) < EXACT


def test_sutskever_by_his_formula_at_the_point_that_looks_ahead():
    x, v = START, 0.0 * START
    ahead = [x]
    for t in range(STEPS):
        v = 0.9 * v - schedule(t) * gradient(x + 0.9 * v)
        x = x + v
        ahead.append(x + 0.9 * v)
    ours = run(lambda t: sutskever(schedule(t), 0.9))
    assert apart(ours, numpy.array(ahead)) < EXACT


def test_lion_with_one_beta_is_signum():
    assert difference(lion(0.1, (0.9, 0.9)), signum(0.1, 0.9)) == ""


def test_the_scale_of_the_momentum_matters_to_a_particle_with_a_top_speed():
    """The same motion for Newton's kinetic energy, but not for Einstein's."""
    summed = torch_sgd(0.05, 0.9, kinetic=relativistic(1.0))
    averaged = ema(0.5, 0.9)._replace(kinetic=relativistic(1.0))
    assert "size of the force" in difference(summed, averaged)
    assert translate(summed, to="torch.SGD")["kinetic"] is summed.kinetic


@given(
    mass=strategies.floats(0.5, 100.0),
    friction=strategies.floats(0.01, 5.0),
    force_scale=strategies.floats(0.1, 10.0),
    time_step=strategies.floats(0.01, 2.0),
    law=strategies.sampled_from(["exact", "implicit", "exponential"]),
)
def test_a_particle_in_any_gauge_and_law_is_a_particle_of_one_tick(
    mass, friction, force_scale, time_step, law
):
    """T59: which clock and which unit of force, no run can tell."""
    method = particle(mass, friction, force_scale, time_step, law)
    again = particle(**translate(method, to="particle"))
    assert difference(method, again) == ""


def test_plain_descent_is_a_particle_with_explicit_friction():
    words = translate(torch_sgd(0.25), to="particle")
    assert words["law"] == "explicit"
    # At mass/friction = 1 tick: lr = force_scale * time_step / friction.
    assert (words["mass"], words["friction"]) == (4.0, 4.0)


def test_words_are_given_back_as_they_were_written():
    """Not 0.9000000000000002."""
    words = {"lr": 0.1, "betas": (0.9, 0.99), "eps": 1e-8, "weight_decay": 0.0}
    said = translate(torch_adam(**words), to="torch.AdamW")
    assert said == {**words, "maximize": False}
    said = translate(keras_sgd(0.1, 0.9), to="torch.SGD")
    assert (said["lr"], said["momentum"]) == (0.1, 0.9)


@pytest.mark.parametrize(
    "name", ["torch.SGD", "keras.SGD", "optax.sgd", "ema", "polyak"]
)
def test_a_learning_rate_of_zero_can_be_said(name):
    """Nothing moves, and nothing is divided by it."""
    row = CONVENTIONS[name]
    rate = {"torch.SGD": "lr", "polyak": "alpha"}.get(name, "learning_rate")
    carried = {"ema": "beta", "polyak": "beta"}.get(name, "momentum")
    words = row.words(row.method(**{rate: 0.0, carried: 0.9}))
    assert (words[rate], words[carried]) == (0.0, 0.9)


def test_two_methods_that_differ_in_a_flag_differ():
    climbing = torch_sgd(0.05, 0.9, maximize=True)
    assert difference(SGD, climbing) == "maximize: False against True"
    pulled = torch_sgd(0.05, 0.9, weight_decay=0.1)
    assert difference(SGD, pulled) == "weight decay: 0 against 0.1"
    assert difference(SGD, Method(SGD.coefficients, relativistic())).startswith(
        "kinetic"
    )


def test_methods_that_begin_alike_may_part_later():
    """Dampening shows at the second step, a late change at a late one."""
    assert "at step 1: 1 against 0.5" in difference(SGD, torch_sgd(0.05, 0.9, 0.5))
    plain, late = SGD.coefficients(0), torch_sgd(0.01, 0.9).coefficients(0)
    dropped = Method(lambda step: plain if step < 50 else late)
    assert difference(SGD, dropped).endswith("at step 100: 0.05 against 0.01")
