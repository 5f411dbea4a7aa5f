"""Closed forms of rolling, and promises, held to slopes and to stepping."""

import math

import numpy
import pytest

from inertial.analysis import simulate
from inertial.analysis.acceleration import (
    growing_distance,
    growing_nesterov,
    growing_path,
    nesterov_promise,
    safe_heavy_ball,
    worst_convex_loss,
)
from inertial.analysis.landscape.bends import bends
from inertial.analysis.rolling import coasting_distance, escape_share, slope_distance
from inertial.analysis.saturation import clipped_curl
from inertial.physics import clip_norm


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.99, 1.0])
def test_a_slope_is_summed_step_by_step(momentum):
    step = gone = 0.0
    for count in range(1, 30):
        step = momentum * step + 1.0
        gone += step
        # Rounding of (1 - 0.99**n)/0.01**2, which has lost four digits.
        assert slope_distance(momentum, count) == pytest.approx(gone, rel=1e-11)


def test_a_coast_is_a_geometric_sum():
    summed = sum(2.0 * 0.9**n for n in range(1, 500))
    assert coasting_distance(2.0, 0.9) == pytest.approx(summed, rel=1e-12)  # rounding


def test_escapes_of_little_and_of_much_friction():
    # Kramers: friction over frequency where it is small, all where it is large.
    assert escape_share(1e-6) == pytest.approx(2e-6, rel=1e-5)
    assert escape_share(1e3) == pytest.approx(1.0, abs=1e-6)
    assert escape_share(numpy.array([0.75, 0.0])).tolist() == [0.75, 0.0]


def test_the_growing_momentum_on_a_slope():
    """From far up Huber's side, where the slope is 1."""
    run = simulate(growing_nesterov(1.0), bends([(-1.0, 1.0)]), (1e4,), 30, limit=1e5)
    look = growing_nesterov(1.0)(29).blend_momentum
    x = run.positions[-1, 0, 0] - look * run.momenta[-1, 0, 0]
    assert 1e4 - x == pytest.approx(growing_distance(30), abs=1e-9)  # rounding of 1e4


def test_the_path_solves_its_equation():
    time, reach = numpy.linspace(0.5, 8.0, 20), 1e-3
    before, here, after = (growing_path(time + k * reach, 2.0) for k in (-1, 0, 1))
    speed = (after - before) / (2 * reach)
    pull = (after - 2 * here + before) / reach**2
    # Central differences leave the square of their reach.
    assert pull + 3 / time * speed + 2.0 * here == pytest.approx(0 * time, abs=1e-5)


def test_promises_scale_with_their_units():
    assert worst_convex_loss(4.0, 8.0, 0.5) == pytest.approx(2 * worst_convex_loss(4.0))
    assert nesterov_promise(1.0, 25.0, 1) == pytest.approx(0.8)
    tuned = safe_heavy_ball(1.0, 25.0, 0.02)
    assert tuned.momentum == pytest.approx(math.sqrt(0.98 * 0.5))
    assert tuned.rate**2 == pytest.approx(0.98)


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: slope_distance(1.1, 3), "`momentum` must be at least 0 and at most 1"),
        (
            lambda: coasting_distance(1.0, 1.0),
            "`momentum` must be at least 0 and below",
        ),
        (lambda: escape_share(-1.0), "`damping_ratio` must be at least 0"),
        (lambda: growing_path(1.0, 0.0), "`curvature` must be above 0"),
        (lambda: worst_convex_loss(1.0, -1.0), "`curvature_max` must be above 0"),
        (lambda: safe_heavy_ball(1.0, 25.0, 0.05), "`lr` must be above 0 and at most"),
        (lambda: bends([(0, 1)], soft=-1.0), "`soft` must be at least 0"),
        (lambda: bends([(0, 1)], soft=2.0), "`stiff` must be above 2"),
        (lambda: clipped_curl((1, 2), numpy.ones(2), 0.0), "`limit` must be above 0"),
    ],
)
def test_bad_words_are_refused(make, rule):
    with pytest.raises(ValueError, match=rule):
        make()


def test_the_slope_of_bends_is_that_of_their_height():
    ranges = numpy.array(
        [
            [[-3.0, -2.0], [-0.5, 0.7]],
            [[0.3, 0.6], [0.9, 2.0]],
            [[-9, -1], [-0.9, -0.1]],
        ]
    )
    for each in ranges:
        land, x = bends(each, 1.0, 25.0), numpy.linspace(-4, 4, 33)[:, None] + 0.01
        rise = (land.value(x + 1e-6) - land.value(x - 1e-6)) / 2e-6
        # Away from a bend a central difference is exact; rounding of 400/1e-6.
        assert land.gradient(x)[:, 0] == pytest.approx(rise, abs=1e-7)
        assert land.value(numpy.zeros(1)) == 0
    together = bends(ranges, 1.0, 25.0).gradient(numpy.ones((3, 1)))
    alone = [bends(each, 1.0, 25.0).gradient(numpy.ones(1)) for each in ranges]
    assert together == pytest.approx(numpy.array(alone))


def test_the_curl_is_that_of_the_clipped_force():
    hard, at, reach = numpy.array([1.0, 10.0]), numpy.array([0.8, 0.3]), 1e-5

    def force(x):
        return clip_norm([-hard * x], 1.0).forces[0]

    def slope(part, axis):
        shift = reach * numpy.eye(2)[axis]
        return (force(at + shift) - force(at - shift))[part] / (2 * reach)

    # A central difference leaves the square of its reach.
    assert clipped_curl(hard, at, 1.0) == pytest.approx(
        slope(1, 0) - slope(0, 1), abs=1e-8
    )
    assert clipped_curl(hard, 1e-3 * at, 1.0) == 0
