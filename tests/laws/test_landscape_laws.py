"""What must hold for every landscape: its slope is its slope, its minima are minima."""

import jax.numpy
import numpy
import pytest
import torch

from inertial.analysis.landscape import (
    LANDSCAPES,
    curvatures,
    hessian,
    landscape,
    quadratic,
)

MEMBERS = {name: landscape(name) for name in LANDSCAPES} | {
    "quadratic, turned": quadratic((-1.0, 0.5, 3.0, 20.0), rotation_seed=3),
    "rastrigin, 5 dimensions": landscape("rastrigin", dimension=5),
    "styblinski_tang, 3 dimensions": landscape("styblinski_tang", dimension=3),
    "ackley, 3 dimensions": landscape("ackley", dimension=3),
    "quartic, 1 dimension": landscape("quartic", dimension=1),
    "nesterov_chain, 1 link": landscape("nesterov_chain", dimension=1),
    "nesterov_chain, convex": landscape("nesterov_chain", curvature_min=0.0),
    "double_well, tilted left": landscape("double_well", tilt=-0.3),
}
every_landscape = pytest.mark.parametrize("one", MEMBERS.values(), ids=MEMBERS)

# Exp, sin and cos may round differently in long rows, as matrix products do; the rest
# is + − × ÷, the same for one particle as for a crowd.
ROUNDED_BY_LENGTH = ("rastrigin", "ackley")


def places(one, rng, count=50):
    low, high = numpy.array(one.domain).T
    return rng.uniform(low, high, (count, one.dimension))


@every_landscape
def test_gradient_is_the_slope_of_the_value(one, rng):
    position = places(one, rng)
    reach = 1e-5
    for axis in range(one.dimension):
        shift = numpy.zeros(one.dimension)
        shift[axis] = reach
        rise = one.value(position + shift) - one.value(position - shift)
        measured = rise / (2 * reach)
        size = 1 + abs(one.value(position)) + abs(measured)
        # Two errors: reach² times a third derivative (at most 2e4 here, Beale's corners
        # in proportion to the value), and rounding of the value over the reach.
        error = abs(measured - one.gradient(position)[..., axis]) / size
        assert error.max() < 1e-6


@every_landscape
def test_shapes_follow_the_position(one, rng):
    position = places(one, rng, 6).reshape(2, 3, one.dimension)
    assert one.value(position).shape == (2, 3)
    assert one.gradient(position).shape == position.shape
    assert one.value(position[0, 0]).shape == ()
    assert one.start.shape == (one.dimension,)
    assert one.minima.shape[1:] == (one.dimension,)
    assert len(one.domain) == one.dimension


@every_landscape
def test_minima_are_level(one):
    steepest = max(1.0, *abs(one.gradient(numpy.array(one.domain).T).ravel()))
    # A minimum is known to 1 ulp of its place; the slope there is that times curvature.
    assert (abs(one.gradient(one.minima)) < 1e-14 * steepest).all()


@every_landscape
def test_minima_are_local_minima(one, rng):
    for minimum in one.minima:
        around = minimum + 1e-2 * rng.standard_normal((200, one.dimension))
        assert (one.value(around) > one.value(minimum)).all()


@every_landscape
def test_minima_lie_apart_and_in_the_drawn_box(one):
    low, high = numpy.array(one.domain).T
    assert ((one.minima >= low) & (one.minima <= high)).all()
    assert len(numpy.unique(one.minima.round(6), axis=0)) == len(one.minima)


@every_landscape
def test_start_lies_in_the_drawn_box_and_on_a_slope(one):
    low, high = numpy.array(one.domain).T
    assert ((one.start >= low) & (one.start <= high)).all()
    assert abs(one.gradient(one.start)).max() > 1e-4


@every_landscape
def test_value_never_lies_below_the_lowest_minimum(one, rng):
    if not len(one.minima):
        pytest.skip("falls without end")
    assert one.value(places(one, rng)).min() > one.value(one.minima).min()


def agrees(one, position, theirs):
    for function in (one.value, one.gradient):
        ours, answer = function(position), function(theirs)
        assert type(answer) is type(theirs)
        assert answer.dtype == theirs.dtype
        # A few roundings, in another order, of terms as large as the largest.
        tolerance = 1e-14 * max(1.0, abs(ours).max())
        assert abs(ours - numpy.asarray(answer)).max() < tolerance


@every_landscape
def test_torch_gives_the_same(one, rng):
    position = places(one, rng)
    agrees(one, position, torch.tensor(position))


@pytest.mark.parametrize("name", LANDSCAPES)
def test_jax_gives_the_same(name, rng):
    # One member each: JAX compiles every operation for every new shape.
    words = {"dimension": 2} if name == "nesterov_chain" else {}
    one = landscape(name, **words)
    position = places(one, rng)
    agrees(one, position, jax.numpy.array(position))


@every_landscape
def test_torch_derives_the_same_gradient(one, rng):
    position = torch.tensor(places(one, rng), requires_grad=True)
    (slope,) = torch.autograd.grad(one.value(position).sum(), position)
    ours = one.gradient(position.detach())
    # Both are analytical; they differ by a few roundings.
    assert abs(slope - ours).max() < 1e-13 * max(1.0, float(abs(ours).max()))


@every_landscape
def test_a_crowd_is_as_one_by_one(one, rng):
    position = places(one, rng)
    crowd = one.gradient(numpy.asfortranarray(position))
    alone = numpy.stack([one.gradient(place[None])[0] for place in position])
    if one.name in ROUNDED_BY_LENGTH or dict(one.words).get("rotation_seed"):
        # A few ulp of the largest term.
        numpy.testing.assert_allclose(crowd, alone, rtol=1e-12, atol=1e-12)
    else:
        assert (crowd == alone).all()


@every_landscape
def test_input_is_left_alone(one, rng):
    position = places(one, rng)
    before = position.copy()
    one.value(position)
    one.gradient(position)
    curvatures(one, position)
    assert (position == before).all()


@every_landscape
def test_hessian_is_symmetric_and_the_slope_of_the_gradient(one, rng):
    position = places(one, rng, 5)
    matrix = hessian(one, position)
    assert (matrix == numpy.swapaxes(matrix, -1, -2)).all()
    toward = rng.standard_normal(one.dimension)
    reach = 1e-6
    rise = one.gradient(position + reach * toward) - one.gradient(
        position - reach * toward
    )
    size = 1 + abs(matrix).max()
    # Central differences at a reach of 1e-6: rounding 1e-16/1e-6, and a margin.
    assert abs(rise / (2 * reach) - matrix @ toward).max() < 1e-7 * size


@every_landscape
def test_it_says_what_it_is_for_and_where_it_is_from(one):
    assert one.question.endswith("?")
    assert one.source
    assert "\n" not in one.question


@pytest.mark.parametrize("name", LANDSCAPES)
def test_words_rebuild_it(name):
    one = landscape(name)
    again = landscape(name, **dict(one.words))
    assert again.name == one.name == name
    assert again.words == one.words
    assert (again.minima == one.minima).all()
