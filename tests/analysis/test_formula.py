"""What people type as a formula: read exactly, or refused with one sentence."""

import inspect
import sys

import numpy
import pytest

from cases_formulas import HOSTILE
from inertial.analysis.landscape import LANDSCAPES
from inertial.analysis.landscape.formula import (
    FUNCTIONS,
    LONGEST,
    FormulaError,
    formula,
    parse,
)
from inertial.analysis.landscape.survey import (
    anchors,
    contour_levels,
    reference,
    resting_places,
)

GOOD = [
    "x**2/2 + 5*y**2",
    "(1 - x)**2 + 100*(y - x**2)**2",
    "x**4/4 - x**2/2 + 0.1*x + y**2/2",
    "-x + +y",
    "2**x + x**(y/3 + 2)",
    "1e-2*x*.5 + 3.*y/(x + 10)",
    "pi*x + e*y",
    "(x + 9)**-0.5 * y**0",
    *(f"{name}(x/3 + y/5 + 1.5) * y" for name in FUNCTIONS),
]


@pytest.mark.parametrize("text", GOOD)
def test_its_slope_is_exact(text, rng):
    land = formula(text)
    places = rng.uniform(0.2, 1.5, (40, 2))
    slope = land.gradient(places)
    reach = 1e-6
    for axis in (0, 1):
        shift = reach * numpy.eye(2)[axis]
        difference = land.value(places + shift) - land.value(places - shift)
        # central differences: reach² from the third derivative, eps/reach from rounding
        size = 1 + abs(land.value(places)).max() + abs(slope).max()
        apart = abs(slope[:, axis] - difference / (2 * reach)).max()
        assert apart < 1e-8 * size


def test_a_library_landscape_typed_in_is_the_same(rng):
    places = rng.uniform(-2, 2, (50, 2))
    typed = {
        "rosenbrock": "(1 - x)**2 + 100*(y - x**2)**2",
        "himmelblau": "(x**2 + y - 11)**2 + (x + y**2 - 7)**2",
        "double_well": "x**4/4 - x**2/2 + 0.1*x + y**2/2",
    }
    for name, text in typed.items():
        own, found = LANDSCAPES[name](), formula(text)
        # rounding of a dozen operations on numbers of this size
        for one, other in ((own.value, found.value), (own.gradient, found.gradient)):
            apart = abs(one(places) - other(places)).max()
            assert apart <= 1e-13 * abs(one(places)).max()


def test_a_power_of_zero_is_flat_everywhere():
    assert formula("x**0 + y").gradient(numpy.zeros(2)).tolist() == [0.0, 1.0]


def test_no_number_is_nan_and_not_a_warning():
    land = formula("log(x) + sqrt(y)")
    assert numpy.isnan(land.value(numpy.array([-1.0, 1.0])))
    assert numpy.isnan(land.gradient(numpy.array([1.0, -1.0])).sum())


def test_there_are_enough_hostile_texts():
    assert len(set(HOSTILE)) >= 400


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_text_gets_one_sentence(text):
    with pytest.raises(FormulaError, match=r"^[A-Z].*[.?]$") as caught:
        formula(text)
    said = str(caught.value)
    assert len(said) < 250
    assert said.isprintable()
    assert 0 <= caught.value.at <= max(len(text), LONGEST)


def test_a_tower_of_powers_ends_at_once():
    # each level once more for each level below would be 2**99 looks
    tower = "x**" * 99 + "2"
    assert len(tower) <= LONGEST
    assert formula(tower).dimension == 2


def test_the_tree_is_read_and_never_run():
    source = inspect.getsource(sys.modules[formula.__module__])
    for word in ("eval(", "exec(", "compile(", "getattr(", "__import__"):
        assert word not in source.replace("re.compile(", "")


def test_the_tree_is_shown_as_it_is_read():
    with pytest.raises(FormulaError, match=r"write \*\*") as caught:
        parse("x^2")
    assert caught.value.at == 1


@pytest.mark.parametrize("name", LANDSCAPES)
def test_known_minima_are_found(name):
    words = {"dimension": 2} if name == "nesterov_chain" else {}
    land = LANDSCAPES[name](**words)
    start = land.start
    found = reference(land, start)
    if name in ("saddle",):
        assert found.kind == "saddle"
    elif name in ("monkey_saddle", "ackley", "quartic"):  # no curvature, or a tip
        assert found.kind == "start"
    else:
        assert found.kind == "minimum"
        away = numpy.linalg.norm(land.minima - found.position, axis=-1)
        assert away.min() < 1e-12


def test_resting_places_of_a_formula_are_its_own():
    land = formula("sin(x)*cos(y)")
    for place in resting_places(land):
        assert abs(land.gradient(place)).max() < 1e-7
    best = anchors(land)
    assert numpy.allclose(land.value(best), -1, atol=1e-12, rtol=0)


def test_levels_stand_between_the_ends(rng):
    values = rng.standard_normal((30, 30))
    levels = contour_levels(values)
    assert values.min() < levels[0] < levels[-1] < values.max()
    assert (numpy.diff(levels, 2) > 0).all()  # closer together at the bottom
    assert contour_levels(numpy.ones((3, 3))).size == 0
