"""Optimal settings against the modes they promise, and against blind search."""

import math

import numpy
import pytest
from scipy.optimize import minimize, minimize_scalar

from cases_coefficients import SPELLINGS, walk
from inertial.analysis import modes as md
from inertial.analysis import stability as sb
from inertial.analysis import tuning
from inertial.analysis.tuning import Tuned
from inertial.physics.coefficients import Coefficients

TUNERS = {
    "gradient descent": tuning.gradient_descent,
    "heavy ball of .9": lambda low, high: tuning.heavy_ball(low, high, 0.9),
    "polyak": tuning.polyak,
    "nesterov standard": tuning.nesterov_standard,
    "nesterov best": tuning.nesterov_best,
}
CONDITIONS = (1.0, 10.0, 100.0, 1000.0)


def coefficients(setting: Tuned) -> Coefficients:
    spelling = SPELLINGS["nesterov" if setting.nesterov else "heavy ball"]
    return spelling(setting.lr, setting.momentum)


def worst_rate(c: Coefficients, low: float, high: float) -> float:
    return float(md.rate(c, numpy.geomspace(low, high, 401)).max())


@pytest.mark.parametrize("tuner", TUNERS)
@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("soft", [0.2, 1.0, 50.0])
def test_promised_rate_is_the_worst_mode(tuner, condition, soft) -> None:
    setting = TUNERS[tuner](soft, condition * soft)
    worst = worst_rate(coefficients(setting), soft, condition * soft)
    # Two settings sit at double roots, which are known to sqrt(eps) = 1.5e-8 only.
    assert setting.rate == pytest.approx(worst, abs=1e-7)


@pytest.mark.parametrize(
    ("condition", "descent", "heavy", "standard", "best"),
    [
        (10.0, 9 / 11, 0.51949, 0.68377, 0.64079),
        (100.0, 99 / 101, 0.81818, 0.90000, 0.88472),
        (1000.0, 999 / 1001, 0.93869, 0.96838, 0.96349),
    ],
)
def test_numbers_of_the_rates(condition, descent, heavy, standard, best) -> None:
    # T24, T25: five digits are printed.
    assert tuning.gradient_descent(1.0, condition).rate == pytest.approx(descent)
    assert tuning.polyak(1.0, condition).rate == pytest.approx(heavy, abs=5e-6)
    assert tuning.nesterov_standard(1.0, condition).rate == pytest.approx(
        standard, abs=5e-6
    )
    assert tuning.nesterov_best(1.0, condition).rate == pytest.approx(best, abs=5e-6)


@pytest.mark.parametrize("condition", [10.0, 100.0])
@pytest.mark.parametrize(
    ("spelling", "tuner"),
    [("heavy ball", tuning.polyak), ("nesterov", tuning.nesterov_best)],
)
def test_blind_search_finds_no_better_setting(spelling, tuner, condition) -> None:
    grid = numpy.geomspace(1.0, condition, 25)

    def worst(words: numpy.ndarray) -> float:
        lr, momentum = math.exp(words[0]), 1 / (1 + math.exp(-words[1]))
        return float(md.rate(SPELLINGS[spelling](lr, momentum), grid).max())

    starts = ([math.log(a / condition), b] for a in (0.5, 1.5, 3.0) for b in (0.5, 2.0))
    found = min(
        (
            minimize(
                worst,
                start,
                method="Nelder-Mead",
                options={"xatol": 1e-8, "fatol": 1e-11, "maxiter": 600},
            )
            for start in starts
        ),
        key=lambda result: result.fun,
    )
    setting = tuner(1.0, condition)
    # A grid may miss the worst curvature, never overstate it; the valley is a kink, in
    # which the simplex stops early.
    assert setting.rate - 1e-6 < found.fun < setting.rate + 2e-3
    assert math.exp(found.x[0]) == pytest.approx(setting.lr, rel=0.02)
    momentum = 1 / (1 + math.exp(-found.x[1]))
    assert momentum == pytest.approx(setting.momentum, rel=0.03)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("condition", [3.0, 30.0, 3000.0])
def test_no_learning_rate_beats_the_heavy_balls(momentum, condition) -> None:
    setting = tuning.heavy_ball(1.0, condition, momentum)

    def worst(lr: float) -> float:
        ends = numpy.array([1.0, condition])
        return float(md.rate(Coefficients(momentum, drift=lr), ends).max())

    found = minimize_scalar(
        worst, bounds=(0, 4 / condition), method="bounded", options={"xatol": 1e-12}
    )
    assert setting.rate <= found.fun + 1e-9  # rounding of a nearly double root


def test_polyak_is_the_heavy_ball_of_its_own_momentum() -> None:
    best = tuning.polyak(1.0, 64.0)
    same = tuning.heavy_ball(1.0, 64.0, best.momentum)
    assert same.lr == pytest.approx(best.lr, rel=1e-14)
    assert same.rate == pytest.approx(best.rate, abs=1e-7)  # a double root
    low, high = sb.critical_curvatures(coefficients(best))
    assert (low, high) == pytest.approx((1.0, 64.0), rel=1e-12)


def test_the_root_of_polyaks_momentum_takes_twice_the_steps() -> None:  # T27
    condition = 1e4
    misprint = math.sqrt(tuning.polyak(1.0, condition).momentum)
    slow = tuning.heavy_ball(1.0, condition, misprint).rate
    fast = tuning.polyak(1.0, condition).rate
    assert math.log(fast) / math.log(slow) == pytest.approx(2.0, abs=1e-6)


@pytest.mark.parametrize("condition", [100.0, 1e4, 1e6])
def test_speed_up_tends_to_the_root_of_the_condition_number(condition) -> None:  # T26
    fast, slow = (
        tuner(1.0, condition).rate for tuner in (tuning.polyak, tuning.gradient_descent)
    )
    # Both logarithms are odd series: the ratio is sqrt(k) (1 + 1/(3k) + ...).
    expected = math.sqrt(condition)
    assert math.log(fast) / math.log(slow) == pytest.approx(expected, rel=1 / condition)


def test_polyak_first_makes_the_stiffest_mode_worse() -> None:  # T31
    condition = 1e4
    path = abs(walk(coefficients(tuning.polyak(1.0, condition)), condition, 300))
    # The double root gives t rho^t, with corrections of order 1/sqrt(k).
    assert path.max() == pytest.approx(math.sqrt(condition) / math.e, rel=0.01)
    assert path.argmax() == pytest.approx(math.sqrt(condition) / 2, rel=0.03)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("stiffness", [1e-4, 0.05, 0.3, 1.0])
def test_critical_momentum_is_critical_and_fastest(nesterov, stiffness) -> None:
    setting = tuning.critical(0.2, stiffness / 0.2, nesterov)
    c = coefficients(setting)
    curvature = stiffness / 0.2
    at_rest = stiffness >= 1
    assert md.regime(c, curvature) == ("dead-beat" if at_rest else "critical")
    assert md.rate(c, curvature) == pytest.approx(setting.rate, abs=1e-7)  # double
    if at_rest:
        return
    less, more = (
        coefficients(setting._replace(momentum=setting.momentum * factor))
        for factor in (0.99, 1.005)
    )
    assert md.regime(less, curvature) == "overdamped"
    assert md.regime(more, curvature) == "underdamped"
    assert md.rate(c, curvature) < min(
        md.rate(less, curvature), md.rate(more, curvature)
    )
    assert md.damping_ratio(c, curvature) == pytest.approx(1.0, abs=1e-7)  # double


def test_break_even_condition_number() -> None:  # T29
    assert tuning.break_even_condition_number(0.9) == pytest.approx(37.974, abs=5e-4)
    assert tuning.break_even_condition_number(0.99) == pytest.approx(398.0, abs=0.05)
    assert tuning.break_even_condition_number(0.0) == 1


@pytest.mark.parametrize("momentum", [0.3, 0.9, 0.99])
def test_momentum_helps_from_the_break_even_on(momentum) -> None:  # T29
    edge = tuning.break_even_condition_number(momentum)

    def gain(condition: float) -> float:
        heavy = tuning.heavy_ball(1.0, condition, momentum).rate
        return tuning.gradient_descent(1.0, condition).rate - heavy

    assert gain(edge * 0.999) < 0 < gain(edge * 1.001)


@pytest.mark.parametrize("tuner", TUNERS)
def test_bad_range_is_refused(tuner) -> None:
    for low in (0.0, -1.0, math.nan):
        with pytest.raises(ValueError, match="`curvature_min` must be above 0, but is"):
            TUNERS[tuner](low, 1.0)
    with pytest.raises(
        ValueError, match=r"at least 2, but is 1.0: .* smaller one first"
    ):
        TUNERS[tuner](2.0, 1.0)
    with pytest.raises(TypeError, match="`curvature_max` must be a number"):
        TUNERS[tuner](2.0, "stiff")


def test_bad_words_are_refused() -> None:
    for call in (
        lambda: tuning.heavy_ball(1.0, 2.0, momentum=1.02),
        lambda: tuning.break_even_condition_number(1.02),
    ):
        with pytest.raises(
            ValueError, match=r"`momentum` must be .* below 1, but is 1.02"
        ):
            call()
    with pytest.raises(ValueError, match="`lr` must be above 0"):
        tuning.critical(0.0, 1.0)
    with pytest.raises(ValueError, match="`curvature` must be above 0"):
        tuning.critical(1.0, -1.0)
    with pytest.raises(
        ValueError, match=r"at most 1, but is 2: .* `lr` of at most 0.25"
    ):
        tuning.critical(0.5, 4.0)


@pytest.mark.parametrize("condition", [1.0, 3.0, 50.0, 1e4])
def test_polyak_throws_the_stiffest_mode_out_as_far_as_told(condition) -> None:  # T31
    ball = coefficients(tuning.polyak(1 / condition, 1.0))
    path = [abs(row[-1]) for row in _path(ball, 4 * int(math.sqrt(condition)) + 4)]
    step, farthest = tuning.polyak_overshoot(condition)
    assert max(path) == pytest.approx(farthest, rel=1e-9)  # rounding of a double root
    assert path[step] == pytest.approx(farthest, rel=1e-9)


def test_the_overshoot_needs_a_condition_number() -> None:
    with pytest.raises(ValueError, match="`condition_number` must be at least 1"):
        tuning.polyak_overshoot(0.5)


def _path(ball: Coefficients, steps: int) -> list[tuple[float, float]]:
    rows, matrix = [numpy.array([0.0, 1.0])], md.mode_matrix(ball, 1.0)
    for _ in range(steps):
        rows.append(matrix @ rows[-1])
    return rows
