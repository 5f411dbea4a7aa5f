"""The orthogonal factor of a matrix, and the kinetic energy whose slope it is."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from inertial.arrays import Array, cast, namespace, product_sum, svd, total, where
from inertial.bounds import POSITIVE, Bound, check, check_choice
from inertial.physics.kinetic_data import Kinetic

MUON_COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # Jordan 2024, Muon post; torch/_muon.py
MUON_STEPS = 5  # the same
MUON_EPSILON = 1e-7  # the same


def newton_schulz(
    matrix: Array,
    coefficients: tuple[float, float, float] = MUON_COEFFICIENTS,
    steps: int = MUON_STEPS,
    epsilon: float = MUON_EPSILON,
    dtype: str | None = None,
) -> Array:
    """Return nearly the orthogonal factor, by the quintic iteration of Muon.

    Each step sends a singular value s to a·s + b·s³ + c·s⁵ and leaves the singular
    vectors. With the default coefficients the values do not converge to 1: they land in
    [0.68, 1.13] if they began above 0.02 of the Frobenius norm, lower if they began
    lower. So this is not the slope of any kinetic energy; `polar_factor` is.

    Args:
        matrix: Any matrix. Shape: (rows, columns). Unit: any.
        coefficients: a, b, c. Unit: 1.
        steps: How often the map is applied.
        epsilon: Smallest Frobenius norm that is divided by, so that zero stays zero.
            Unit: as `matrix`.
        dtype: Number type of the iteration by name, such as "bfloat16" for the very
            numbers of torch.optim.Muon; None keeps the matrix's own.

    Returns:
        U s' Vᵀ with every s' near 1, in the type of `matrix`. Shape: (rows, columns).
        Unit: 1.

    Source: Jordan (2024), "Muon: an optimizer for hidden layers", NewtonSchulz5; the
    order of operations is that of torch.optim.Muon. docs/theory.md, T40.

    Example:
        >>> import numpy
        >>> newton_schulz(numpy.diag([3.0, -2.0])).round(2) + 0.0
        array([[ 1.12,  0.  ],
               [ 0.  , -0.68]])
    """
    a, b, c = coefficients
    factor = matrix if dtype is None else cast(matrix, dtype)
    tall = factor.shape[0] > factor.shape[1]  # the small Gram matrix is the cheap one
    factor = factor.T if tall else factor
    # The framework's own norm: in half precision it sums in single, as Muon does.
    size = namespace(factor).linalg.vector_norm(factor)
    factor = factor / where(size > epsilon, size, epsilon)
    for _ in range(steps):
        gram = factor @ factor.T
        gram = product_sum(gram, gram, gram, b, c)
        factor = product_sum(factor, gram, factor, a, 1.0)
    factor = factor.T if tall else factor
    return factor if dtype is None else cast(factor, matrix.dtype)


def polar_factor(matrix: Array) -> Array:
    """Return the orthogonal factor U Vᵀ: every singular value becomes 1.

    A singular value that is zero to rounding stays zero: there the nuclear norm has a
    kink, and of all its slopes this is the shortest.

    Args:
        matrix: Any matrix. Shape: (rows, columns). Unit: any.

    Returns:
        The slope of the nuclear norm at `matrix`. Shape: (rows, columns). Unit: 1.

    Source: docs/theory.md, T40, d‖P‖_* = U Vᵀ; Watson (1992), "Characterization of the
    subdifferential of some matrix norms", for zero singular values.

    Example:
        >>> import numpy
        >>> polar_factor(numpy.diag([3.0, -2.0])) + 0.0
        array([[ 1.,  0.],
               [ 0., -1.]])
    """
    left, values, right = svd(matrix)
    rounding = namespace(matrix).finfo(matrix.dtype).eps * max(matrix.shape)
    kept = where(values > rounding * values.max(), 1.0 + 0.0 * values, 0.0 * values)
    return (left * kept) @ right


def nuclear_norm(matrix: Array) -> Array:
    """Return the sum of the singular values. Shape: (). Unit: as `matrix`.

    Example:
        >>> import numpy
        >>> float(nuclear_norm(numpy.diag([3.0, -2.0])))
        5.0
    """
    return total(svd(matrix)[1])


_SCALES: dict[str, Callable[[int, int], float]] = {
    "none": lambda rows, columns: 1.0,
    # Both from torch.optim.Muon's `adjust_lr_fn`
    "original": lambda rows, columns: math.sqrt(max(1.0, rows / columns)),
    "match_rms_adamw": lambda rows, columns: 0.2 * math.sqrt(max(rows, columns)),
}


def spectral(
    method: str = "newton_schulz",
    scale: str = "none",
    steps: int = MUON_STEPS,
    coefficients: tuple[float, float, float] = MUON_COEFFICIENTS,
    epsilon: float = MUON_EPSILON,
    dtype: str | None = None,
) -> Kinetic:
    """Return K(P) = scale · nuclear norm of P: all directions at one speed, as in Muon.

    Args:
        method: "exact" takes the slope of K by a singular value decomposition;
            "newton_schulz" comes near it by matrix products (off by about a fifth) and
            is what Muon ships. The energy is that of the exact slope.
        scale: Factor by the shape of the matrix, as `adjust_lr_fn` of torch.optim.Muon:
            "original" √max(1, rows/columns), "match_rms_adamw" 0.2 √max(rows, columns),
            or "none".
        steps: Newton-Schulz steps.
        coefficients: Newton-Schulz coefficients. Unit: 1.
        epsilon: Smallest Frobenius norm that is divided by.
        dtype: Number type of the iteration: "bfloat16" for the numbers of
            torch.optim.Muon (PyTorch and JAX), None for the momentum's own.

    Returns:
        The kinetic energy, of scope "matrix".

    Raises:
        ValueError: If there are not three coefficients, or the exact method is given a
            dtype.

    Source: Jordan (2024), "Muon"; Liu et al. (2025), arXiv 2502.16982, section 2.2, for
    the second scale; docs/theory.md, T40.

    Example:
        >>> import numpy
        >>> spectral(method="exact").velocity(numpy.diag([3.0, 0.1]), None)
        array([[1., 0.],
               [0., 1.]])
    """
    check_choice("method", method, ("newton_schulz", "exact"))
    check_choice("scale", scale, tuple(_SCALES))
    check("steps", steps, Bound(1, 99))
    check("epsilon", epsilon, POSITIVE)
    if len(coefficients) != 3:
        raise ValueError(
            f"`coefficients` must be three numbers, but is {coefficients!r}: those of "
            "a·s + b·s³ + c·s⁵. Leave them out for Muon's."
        )
    if method == "exact" and dtype is not None:
        raise ValueError(
            f'`dtype` is for method "newton_schulz", but is {dtype!r} with method '
            '"exact", which works in the momentum\'s own type. Leave it out.'
        )

    def size(p: Array) -> float:
        return _SCALES[scale](*p.shape)

    def velocity(p: Array, _: Any) -> Array:
        if method == "exact":
            return size(p) * polar_factor(p)
        return size(p) * newton_schulz(p, coefficients, steps, epsilon, dtype)

    words = ("method", method), ("scale", scale), ("steps", steps)
    more = ("coefficients", tuple(coefficients)), ("epsilon", epsilon), ("dtype", dtype)
    return Kinetic(
        "spectral",
        "matrix",
        lambda p, _: size(p) * nuclear_norm(p),
        velocity,
        words=words + more,
    )
