"""Known numbers of single landscapes, and the errors of their settings."""

import math

import numpy
import pytest

from inertial.analysis.landscape import (
    beale,
    curvatures,
    double_well,
    hessian,
    himmelblau,
    landscape,
    monkey_saddle,
    nesterov_chain,
    plateau,
    quadratic,
    quartic,
    rastrigin,
    ravine,
    rosenbrock,
    saddle,
    styblinski_tang,
)


@pytest.mark.parametrize(
    ("one", "place", "value"),
    [
        (rosenbrock(), (-1.2, 1.0), 24.2),  # More et al. (1981), function 1
        (beale(), (1.0, 1.0), 14.203125),  # More et al. (1981), function 5
        (himmelblau(), (0.0, 0.0), 170.0),
        (rastrigin(2), (0.5, 0.0), 20.25),
        (styblinski_tang(2), (0.0, 1.0), -5.0),
        (monkey_saddle(), (2.0, 1.0), 2.0),
        (quartic(2), (2.0, 1.0), 4.25),
        (ravine(0.02, 1.0), (1.0, 1.0), 0.51),
        (saddle(1.0, 0.1), (1.0, 1.0), 0.45),
        (double_well(0.1), (1.0, 2.0), 1.85),
    ],
)
def test_published_values(one, place, value):
    # One or two roundings of numbers of this size.
    assert one.value(numpy.array(place)) == pytest.approx(value, rel=1e-14)


def test_styblinski_tang_is_as_deep_as_published():
    one = styblinski_tang(3)
    # The bounds that are printed with the function, for each coordinate.
    assert -39.16617 * 3 < one.value(one.minima).min() < -39.16616 * 3
    assert one.minima.shape == (8, 3)
    assert styblinski_tang(7).minima.shape == (1, 7)


def test_a_turned_quadratic_keeps_its_spectrum():
    spectrum = (-2.0, 0.5, 1.0, 30.0)
    one = quadratic(spectrum, rotation_seed=5)
    # Differences of a linear gradient: rounding over the reach 6e-6, times 30.
    found = curvatures(one, numpy.ones(4))
    numpy.testing.assert_allclose(found, spectrum, atol=1e-8)
    off_diagonal = hessian(one, numpy.zeros(4))[0, 1]
    assert abs(off_diagonal) > 0.1
    other = quadratic(spectrum, rotation_seed=6)
    assert one.value(numpy.ones(4)) != other.value(numpy.ones(4))


def test_curvature_of_rosenbrock_at_its_minimum():
    # Exact: the eigenvalues of [[802, -400], [-400, 200]]; condition about 2508.
    exact = (501 - math.sqrt(501**2 - 400), 501 + math.sqrt(501**2 - 400))
    found = curvatures(rosenbrock(), numpy.array([1.0, 1.0]))
    # The cubic term leaves reach² · 4·walls = 1.5e-8.
    numpy.testing.assert_allclose(found, exact, atol=1e-6)


def test_curvatures_of_many_places_in_one_call():
    found = curvatures(double_well(0.0), numpy.array([[0.0, 0.0], [1.0, 0.0]]))
    # 3x² − 1 along x and 1 across; differences leave 1e-10.
    numpy.testing.assert_allclose(found, [[-1.0, 1.0], [1.0, 2.0]], atol=1e-9)


def test_the_shelf_is_exactly_flat():
    shelf = numpy.stack([numpy.linspace(-4.0, 0.0, 9), numpy.zeros(9)], axis=-1)
    one = plateau(slope=2.0, width=4.0, curvature=0.5)
    assert (one.gradient(shelf) == 0).all()
    assert (one.value(shelf) == 0).all()
    assert one.gradient(numpy.array([1e-9, 0.0])).tolist() == [2.0, 0.0]
    assert one.minima.tolist() == [[-8.0, 0.0]]
    assert one.value(one.minima).tolist() == [-4.0]


def test_the_barrier_of_the_double_well_lies_between_its_wells():
    one = double_well(0.1)
    left, right = one.minima
    assert left[0] < 0 < right[0]
    assert one.value(left) < one.value(right) < one.value(numpy.zeros(2))


@pytest.mark.parametrize("curvature_min", [0.0, 0.01, 0.5])
def test_the_chain_has_its_spectrum_and_minimum(curvature_min):
    one = nesterov_chain(12, curvature_min, 1.0)
    found = curvatures(one, numpy.zeros(12))
    # Exact: λmin + (λmax − λmin)(1 − cos kπ/13)/2; differences leave 1e-10.
    k = numpy.arange(1, 13)
    exact = curvature_min + (1 - curvature_min) * (1 - numpy.cos(k * math.pi / 13)) / 2
    numpy.testing.assert_allclose(found, exact, atol=1e-9)
    solved = numpy.linalg.solve(
        hessian(one, numpy.zeros(12)), -one.gradient(numpy.zeros(12))
    )
    # The Hessian's 1e-10 times its condition, at most 70 here.
    numpy.testing.assert_allclose(one.minima[0], solved, atol=1e-7)


def test_a_long_chain_does_not_overflow():
    one = nesterov_chain(5000, 0.5, 1.0)
    assert numpy.isfinite(one.minima).all()
    assert abs(one.gradient(one.minima)).max() < 1e-15


def test_news_travels_one_link_a_step():
    one = nesterov_chain(10)
    position = numpy.zeros(10)
    for step in range(5):
        position = position - one.gradient(position)
        assert (position[step + 1 :] == 0).all()
        assert position[step] > 0


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: landscape("rosenbrok"), ValueError, "Did you mean 'rosenbrock'"),
        (lambda: landscape("zzz"), ValueError, "Choose one of ravine, saddle"),
        (
            lambda: landscape("saddle", left=1),
            TypeError,
            "no setting `left`. Its settings: `up`, `down`",
        ),
        (lambda: landscape("beale", left=1), TypeError, "Its settings: none"),
        (lambda: quadratic(()), ValueError, "at least one number"),
        (lambda: quadratic((math.nan,)), ValueError, "`curvatures` must be a finite"),
        (lambda: ravine(shallow=0.0), ValueError, "`shallow` must be above 0"),
        (lambda: ravine(steep=-1.0), ValueError, "`steep` must be above 0"),
        (lambda: saddle(up=0.0), ValueError, "`up` must be above 0"),
        (lambda: saddle(down=-0.1), ValueError, "`down` must be above 0"),
        (lambda: plateau(slope=0.0), ValueError, "`slope` must be above 0"),
        (lambda: plateau(width=0.0), ValueError, "`width` must be above 0"),
        (lambda: plateau(curvature=0.0), ValueError, "`curvature` must be above 0"),
        (lambda: double_well(tilt=0.4), ValueError, "the upper well is gone"),
        (lambda: double_well(curvature=0.0), ValueError, "`curvature` must be"),
        (lambda: rosenbrock(walls=0.0), ValueError, "`walls` must be above 0"),
        (lambda: rosenbrock(valley=math.inf), ValueError, "`valley` must be a finite"),
        (lambda: rastrigin(0), ValueError, "`dimension` must be at least 1"),
        (lambda: quartic(1.5), TypeError, "`dimension` must be a whole number"),
        (lambda: nesterov_chain(5, -0.1), ValueError, "`curvature_min` must be at"),
        (lambda: nesterov_chain(5, 1, 1), ValueError, "`curvature_max` must be above"),
    ],
)
def test_bad_settings_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
