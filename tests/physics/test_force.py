"""Forces: PyTorch's order, and what clipping cuts."""

import math

import jax
import numpy
import pytest
import torch

from inertial.physics import clip_norm, clip_value, force


@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_the_force_is_what_torch_sgd_follows(maximize, weight_decay):
    torch.manual_seed(1)
    start, gradient = torch.randn(2, 5, dtype=torch.float64)
    parameter = torch.nn.Parameter(start.clone())
    parameter.grad = gradient.clone()
    torch.optim.SGD(
        [parameter], lr=1.0, weight_decay=weight_decay, maximize=maximize
    ).step()
    moved = start + force(gradient, start, weight_decay, maximize)
    torch.testing.assert_close(
        moved, parameter.detach(), rtol=0, atol=1e-15
    )  # rounding


def test_no_decay_is_no_pull_even_from_infinity():
    assert force(1.0, math.inf) == pytest.approx(-1.0)


def test_clipping_by_value():
    clipped = clip_value(numpy.array([-3.0, 0.5, 9.0]), 2.0)
    numpy.testing.assert_array_equal(clipped, [-2.0, 0.5, 2.0])


@pytest.mark.parametrize("wrap", [numpy.asarray, torch.as_tensor, jax.numpy.asarray])
def test_clipping_by_the_common_norm(wrap):
    forces = [wrap(numpy.array([3.0, 0.0])), wrap(numpy.array([[4.0]]))]
    cut = clip_norm(forces, 2.0)
    assert float(cut.norm) == pytest.approx(5.0)
    assert float(cut.cut) == pytest.approx(0.6)
    assert float(cut.forces[0][0]) == pytest.approx(1.2)
    assert float(cut.forces[1][0, 0]) == pytest.approx(1.6)
    free = clip_norm(forces, 6.0)
    assert not float(free.cut)
    assert [f.tolist() for f in free.forces] == [f.tolist() for f in forces]


def test_no_force_is_not_cut():
    none = clip_norm([numpy.zeros(2)], 1.0)
    assert not none.forces[0].any()
    assert not none.cut


def test_a_force_that_is_not_a_number_shows():
    broken = clip_norm([numpy.array([math.nan, 1.0])], 1.0)
    assert math.isnan(broken.norm)
    assert math.isnan(broken.forces[0][0])


def test_a_force_clipped_by_norm_has_a_curl():
    # T42: the Hessian diag(1, 10) at (1, .5), clipped at 1, turns
    def clipped(x, y):
        return clip_norm([-numpy.array([1.0, 10.0]) * numpy.array([x, y])], 1.0).forces[
            0
        ]

    nudge = 1e-6
    curl = (clipped(1 + nudge, 0.5)[1] - clipped(1 - nudge, 0.5)[1]) / (2 * nudge)
    curl -= (clipped(1, 0.5 + nudge)[0] - clipped(1, 0.5 - nudge)[0]) / (2 * nudge)
    assert abs(curl) == pytest.approx(0.3394, abs=1e-4)  # T42, four digits


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: clip_value(1.0, 0.0), "`limit` must be above 0"),
        (lambda: clip_norm([1.0], -1.0), "`limit` must be above 0"),
        (lambda: clip_norm([], 1.0), "`forces` must hold at least one array"),
    ],
)
def test_bad_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
