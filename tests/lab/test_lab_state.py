"""A link opens what it was made from; whatever else a link holds does no harm."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inertial.lab import State, decode, encode, from_url, url
from inertial.lab.controls import CONTROLS, PARTICLES, TABS, WORK
from inertial.lab.state import KEYS, KINETIC_NAMES, LANDSCAPE_NAMES
from inertial.physics import INTEGRATORS


def numbers(name):
    return st.floats(CONTROLS[name].low, CONTROLS[name].high)


def texts(longest):
    return st.text(st.characters(exclude_categories=("Cs",)), max_size=longest)


REACHED = st.floats(-1e6, 1e6)


@st.composite
def states(draw):
    count = draw(st.integers(1, PARTICLES))
    one = st.tuples(numbers("mass"), numbers("friction"), numbers("time_step"))
    shared = draw(st.sampled_from((1, count)))
    steps = draw(st.integers(1, min(5000, WORK // count)))
    low, high = draw(st.floats(-1e4, 0)), draw(st.floats(1, 1e4))
    return State(
        landscape=draw(st.sampled_from(LANDSCAPE_NAMES)),
        formula=draw(texts(100)),
        box=(low, high, low / 2, high / 2),
        points=tuple(draw(st.tuples(REACHED, REACHED)) for _ in range(count)),
        settings=tuple(draw(one) for _ in range(shared)),
        integrator=draw(st.sampled_from(list(INTEGRATORS))),
        kinetic=draw(st.sampled_from(KINETIC_NAMES)),
        noise=draw(numbers("noise")),
        seed=draw(st.integers(0, 10**6)),
        steps=steps,
        step=draw(st.integers(0, steps)),
        tab=draw(st.sampled_from(TABS)),
        run=draw(texts(50)),
        x=draw(texts(20)),
        y=draw(texts(20)),
    )


@settings(max_examples=60)
@given(states())
def test_a_link_opens_what_it_was_made_from(state):
    assert from_url(url(state)) == (state, [])


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from([*KEYS, "v", "later"]), texts(60)))
def test_any_words_make_a_state_that_a_link_keeps(words):
    state, notices = decode(words)
    assert all(said[-1] in ".?!" for said in notices)
    assert from_url(url(state)) == (state, [])


def test_the_usual_state_needs_no_words():
    assert encode(State()) == {"v": "1"}
    assert decode({}) == (State(), [])
    assert decode({"future": "words", "v": "99"}) == (State(), [])


@pytest.mark.parametrize(
    ("words", "name", "value", "said"),
    [
        ({"n": "1e9"}, "noise", 10.0, "Gradient noise 1e+09 is outside 0 to 10"),
        ({"n": "nan"}, "noise", 0.0, "must be a finite number, but is 'nan'"),
        ({"n": "x"}, "noise", 0.0, "must be a number, but is 'x'"),
        ({"s": "-1"}, "seed", 0, "Seed -1 is outside 0 to 1e+06"),
        ({"steps": "9" * 30}, "steps", 5000, "Steps 1e+30 is outside 1 to 5000"),
        ({"l": "moon"}, "landscape", "ravine", "There is no landscape 'moon'"),
        ({"i": "rk4"}, "integrator", "symplectic_euler", "no integrator 'rk4'"),
        ({"kin": "spectral"}, "kinetic", "newtonian", "no kinetic energy 'spectral'"),
        ({"set": "0,0,1"}, "settings", ((1e-4, 0.0, 1.0),), "Mass 0 is outside"),
        ({"set": "1,2"}, "settings", State().settings, "must be 3 numbers"),
        ({"set": ";"}, "settings", State().settings, "must be mass, friction and"),
        ({"p": "1"}, "points", (), "must be 2 numbers"),
        ({"p": "1e9,0"}, "points", ((1e6, 0.0),), "moved to the edge"),
        ({"p": "0,0;" * 9}, "points", ((0.0, 0.0),) * 8, "8 particles at most"),
        ({"box": "1,0,0,1"}, "box", State().box, "reach from low to high"),
        ({"tab": "home"}, "tab", "explore", "no part of the page 'home'"),
        ({"run": "r" * 300}, "run", "", "may have 200 characters, but has 300"),
        ({"k": "999"}, "step", 200, ""),
        (
            {"steps": "5000", "p": "0,0;" * 8},
            "steps",
            2000,
            "more than the lab takes at once; 2000 were taken",
        ),
        (
            {"p": "0,0;1,1;2,2", "set": "1,0,1;2,0,1"},
            "settings",
            ((1.0, 0.0, 1.0), (2.0, 0.0, 1.0), (2.0, 0.0, 1.0)),
            "the last setting serves those that have none",
        ),
    ],
)
def test_what_is_out_of_range_is_moved_inside_and_told(words, name, value, said):
    state, notices = decode(words)
    assert getattr(state, name) == value
    assert said in " ".join(notices)
    assert bool(notices) == bool(said)


def test_numbers_may_come_as_numbers():
    assert decode({"n": 0.5, "steps": 10, "s": 3}) == (
        State(noise=0.5, steps=10, seed=3),
        [],
    )
