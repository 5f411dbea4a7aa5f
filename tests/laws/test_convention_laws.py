"""What must hold for every convention."""

import inspect

import numpy
import pytest
from hypothesis import given, settings, strategies

from cases_conventions import EXAMPLES, START, WORDS, apart, gradient, run
from inertial.conventions import (
    CONVENTIONS,
    Method,
    difference,
    motion,
    torch_sgd,
    translate,
)
from inertial.physics.coefficients import Coefficients

NAMES = sorted(CONVENTIONS)


# Which conventions have words for the example of which.
PLAIN = {"torch.SGD", "keras.SGD", "optax.sgd", "ema", "polyak", "qhm", "particle"}
AHEAD = {"torch.SGD", "keras.SGD", "optax.sgd", "sutskever", "qhm"}
REACH = {
    "torch.SGD": PLAIN,
    "optax.sgd": PLAIN,
    "ema": PLAIN,
    "polyak": PLAIN,
    "particle": PLAIN,
    "keras.SGD": AHEAD,
    "sutskever": AHEAD,
    "qhm": {"qhm"},
    # PyTorch's words take any kinetic energy: in Inertial, not in PyTorch.
    "signum": {"signum", "lion", "torch.SGD"},
    # Lion mixes the force in more freely than torch's Nesterov.
    "lion": {"lion"},
    "torch.Adam": {"torch.Adam", "torch.AdamW"},
    "torch.AdamW": {"torch.AdamW"},
    "rmsprop": {"rmsprop", "torch.SGD"},
    "torch.Muon": {"torch.Muon", "torch.SGD"},
}


def spelled(name):
    return CONVENTIONS[name].method(**EXAMPLES[name])


def test_every_row_is_named_after_itself_and_has_words_here():
    assert {name: row.name for name, row in CONVENTIONS.items()} == {
        n: n for n in NAMES
    }
    assert sorted(WORDS) == sorted(EXAMPLES) == NAMES
    assert all(row.source for row in CONVENTIONS.values())


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40)
@given(data=strategies.data())
def test_words_read_and_said_again_are_the_same_words(name, data):
    words = data.draw(WORDS[name])
    row = CONVENTIONS[name]
    said = row.words(row.method(**words))
    for word, value in words.items():
        # 1e-9: (1 - keep)/lr has lost up to seven digits at lr*weight_decay = 1e-6.
        assert equal_words(said.get(word), value, 1e-9), word


def equal_words(said, value, tolerance):
    if value is None or isinstance(value, (str, bool)):
        return said == value
    return said == pytest.approx(value, rel=tolerance, abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_said_words_are_words_of_the_convention(name):
    taken = inspect.signature(CONVENTIONS[name].method).parameters
    assert set(CONVENTIONS[name].words(spelled(name))) <= set(taken)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=10)
@given(data=strategies.data())
def test_settled_coefficients_no_longer_change(name, data):
    method = CONVENTIONS[name].method(**data.draw(WORDS[name]))
    late = method.coefficients(100_000)
    if method.settles_at is None:
        assert method.coefficients(0) != late
    else:
        assert method.coefficients(method.settles_at) == late


@pytest.mark.parametrize("source", NAMES)
@pytest.mark.parametrize("to", NAMES)
def test_a_translation_moves_alike_or_is_refused(source, to):
    method = spelled(source)
    if to not in REACH[source]:
        with pytest.raises(ValueError, match=f"^{to} cannot spell this method: "):
            translate(method, to=to)
        return
    words = translate(method, to=to)
    start = numpy.outer(START, [1.0, -0.5, 0.3])
    again = run(CONVENTIONS[to].method(**words), start=start)
    # Rounding of 60 steps; no method here amplifies it by more than a hundred.
    assert apart(again, run(method, start=start)) < 1e-12


@given(
    momentum=strategies.floats(0.1, 0.99),
    scale=strategies.floats(0.01, 100.0),
    nesterov=strategies.booleans(),
)
def test_the_unit_of_momentum_moves_nothing(momentum, scale, nesterov):
    method = torch_sgd(0.05, momentum, nesterov=nesterov)
    c = method.coefficients(0)
    other = c._replace(kick=c.kick * scale, blend_momentum=c.blend_momentum / scale)
    rescaled = Method(lambda _: other)
    assert difference(method, rescaled) == ""
    # Rounding of 60 steps in other units.
    assert apart(run(rescaled), run(method)) < 1e-12


@given(
    field=strategies.sampled_from(Coefficients._fields),
    factor=strategies.floats(1e-6, 0.5),
)
def test_any_other_number_is_another_motion(field, factor):
    c = Coefficients(0.9, 0.3, 0.7, 0.2, 0.05, 0.99)
    other = c._replace(**{field: getattr(c, field) * (1.0 + factor)})
    assert difference(Method(lambda _: c), Method(lambda _: other))


@pytest.mark.parametrize("name", NAMES)
def test_motion_foretells_the_first_two_steps(name):
    """The six numbers, applied; the motion, applied by hand: the same two steps."""
    method = spelled(name)
    start = numpy.outer(START, [1.0, -0.5, 0.3])
    first, second = motion(method, 0), motion(method, 1)
    memory = method.kinetic.start(start)
    pull = -gradient(start) - method.weight_decay * start
    memory = method.kinetic.remember(pull, memory)
    at = first.size * (first.through + first.direct) * pull
    one = first.keep * start + first.drift * method.kinetic.velocity(at, memory)
    carried = first.carry * first.through * pull
    pull = -gradient(one) - method.weight_decay * one
    memory = method.kinetic.remember(pull, memory)
    at = second.size * (carried + (second.through + second.direct) * pull)
    two = second.keep * one + second.drift * method.kinetic.velocity(at, memory)
    # Two steps of rounding.
    assert (
        apart(numpy.array([start, one, two]), run(method, start=start, steps=2)) < 1e-14
    )
