"""The orthogonal factor, and Muon's way near it (T40)."""

import jax
import jax.numpy
import numpy
import pytest
import torch

from inertial.physics import (
    Coefficients,
    newton_schulz,
    newtonian,
    nuclear_norm,
    polar_factor,
    spectral,
    step,
)


def test_the_iteration_maps_singular_values_into_its_band():
    # T40: [.682, 1.134] from [.02, 1] of the Frobenius norm
    values = numpy.geomspace(0.02, 1.0, 400)
    ends = []
    for value in values:
        rest = numpy.sqrt(max(1.0 - value**2, 0.0))  # makes the Frobenius norm 1
        ends.append(newton_schulz(numpy.diag([value, rest]))[0, 0])
    assert 0.68 < min(ends) < 0.69
    assert 1.13 < max(ends) < 1.14


@pytest.mark.parametrize("shape", [(64, 48), (48, 64), (1, 5), (5, 1), (3, 3)])
def test_the_exact_factor_is_orthogonal_and_aligned(shape, rng):
    matrix = rng.normal(size=shape)
    factor = polar_factor(matrix)
    small = factor @ factor.T if shape[0] <= shape[1] else factor.T @ factor
    numpy.testing.assert_allclose(small, numpy.eye(min(shape)), atol=1e-13)  # rounding
    # the inner product with its own matrix is the norm whose slope it is
    assert (factor * matrix).sum() == pytest.approx(nuclear_norm(matrix), rel=1e-13)


def test_a_direction_without_momentum_gets_no_velocity(rng):
    thin = rng.normal(size=(6, 2))
    factor = polar_factor(thin @ rng.normal(size=(2, 5)))
    values = numpy.linalg.svd(factor, compute_uv=False)
    numpy.testing.assert_allclose(values, [1, 1, 0, 0, 0], atol=1e-13)  # rounding


def test_the_shipped_iteration_is_a_fifth_off_the_slope(rng):
    # T40: torch.optim.Muon's singular values in [.679, 1.132], relative distance .21
    matrix = rng.normal(size=(64, 48))
    exact, near = polar_factor(matrix), newton_schulz(matrix)
    distance = numpy.linalg.norm(near - exact) / numpy.linalg.norm(exact)
    assert 0.15 < distance < 0.25
    values = numpy.linalg.svd(near, compute_uv=False)
    assert values.min() > 0.65
    assert values.max() < 1.14


def test_converging_coefficients_reach_the_exact_factor(rng):
    matrix = rng.normal(size=(5, 3))
    # the classical quintic converges to 1, with order three: rounding is what is left
    near = newton_schulz(matrix, coefficients=(1.875, -1.25, 0.375), steps=30)
    numpy.testing.assert_allclose(near, polar_factor(matrix), atol=1e-13)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("scale", ["original", "match_rms_adamw"])
@pytest.mark.parametrize("shape", [(64, 48), (48, 64), (16, 16)])
def test_in_bfloat16_it_is_torch_muon(shape, scale, nesterov):
    torch.manual_seed(5)
    start = torch.randn(shape, dtype=torch.float64)
    parameter = torch.nn.Parameter(start.clone())
    muon = torch.optim.Muon(
        [parameter],
        lr=0.02,
        weight_decay=0.1,
        momentum=0.9,
        nesterov=nesterov,
        adjust_lr_fn=scale,
    )
    blend = (0.9, 0.1) if nesterov else (1.0, 0.0)
    c = Coefficients(0.9, 1 - 0.9, *blend, drift=0.02, keep=1 - 0.02 * 0.1)
    kinetic = spectral(scale=scale, dtype="bfloat16")
    x, p = start, torch.zeros_like(start)
    for _ in range(20):
        gradient = torch.randn(shape, dtype=torch.float64)
        parameter.grad = gradient
        muon.step()
        x, p, _ = step(c, kinetic, x, p, -gradient)
        # bfloat16 has eight bits: one other rounding would show as 1e-4
        torch.testing.assert_close(x, parameter.detach(), rtol=0, atol=1e-12)


def test_jax_has_bfloat16_too(rng):
    matrix = rng.normal(size=(8, 6))
    near = jax.jit(lambda m: newton_schulz(m, dtype="bfloat16"))(matrix)
    assert near.dtype == jax.numpy.float64
    # eight bits round at 0.004, and each step's slope near 0 enlarges that by 3.4
    numpy.testing.assert_allclose(near, newton_schulz(matrix), atol=0.1)


def test_numpy_has_no_bfloat16(rng):
    with pytest.raises(TypeError, match="`dtype` 'bfloat16' does not exist in numpy"):
        spectral(dtype="bfloat16").velocity(rng.normal(size=(2, 2)), None)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"method": "svd"}, '`method` must be one of "newton_schulz", "exact"'),
        ({"scale": "rms"}, '`scale` must be one of "none", "original"'),
        ({"steps": 0}, "`steps` must be at least 1"),
        ({"steps": 100}, "`steps` must be at least 1 and at most 99"),
        ({"epsilon": 0.0}, "`epsilon` must be above 0"),
        ({"coefficients": (1.0, 2.0)}, "`coefficients` must be three numbers"),
        ({"method": "exact", "dtype": "bfloat16"}, "`dtype` is for method"),
    ],
)
def test_bad_words_are_refused(words, message):
    with pytest.raises(ValueError, match=message):
        spectral(**words)


def test_the_scale_goes_by_the_shape(rng):
    tall, wide = rng.normal(size=(12, 3)), rng.normal(size=(3, 12))
    for matrix, factor in ((tall, 2.0), (wide, 1.0)):
        scaled = spectral("exact", "original").velocity(matrix, None)
        numpy.testing.assert_allclose(scaled, factor * polar_factor(matrix), rtol=1e-15)
    rms = spectral("exact", "match_rms_adamw").velocity(tall, None)
    numpy.testing.assert_allclose(rms, 0.2 * 12**0.5 * polar_factor(tall), rtol=1e-15)
    assert newtonian().scope == "element"
