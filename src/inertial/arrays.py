"""The few verbs that operators lack, found from the array itself.

The physics is written once, with `+ - * / ** @ abs`, and runs on NumPy, PyTorch and JAX
arrays alike. What those operators cannot say stands here. No framework is imported: an
array brings its own.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any

Array = Any
"""An array of NumPy, PyTorch or JAX, or a Python float: anything with `+ - * / **`."""


def namespace(array: Array) -> Any:
    """Return the module of functions that belongs to an array.

    Args:
        array: A NumPy, PyTorch or JAX array, or a Python number. Shape: any.

    Returns:
        The array's own namespace; NumPy for Python numbers.

    Example:
        >>> import numpy
        >>> namespace(numpy.ones(2)) is numpy
        True
    """
    if hasattr(array, "__array_namespace__"):
        return array.__array_namespace__()
    module = type(array).__module__.partition(".")[0]
    if module == "torch" or "torch" in {
        base.__module__.partition(".")[0] for base in type(array).__mro__
    }:
        return sys.modules["torch"]
    return sys.modules["numpy"]


def sign(array: Array) -> Array:
    """Return −1, 0 or 1 by element.

    Example:
        >>> import numpy
        >>> sign(numpy.array([-2.0, 0.0]))
        array([-1.,  0.])
    """
    return namespace(array).sign(array)


def clip(array: Array, limit: float) -> Array:
    """Return the array with every element held within ±`limit`.

    Example:
        >>> import numpy
        >>> clip(numpy.array([-2.0, 0.5]), 1.0)
        array([-1. ,  0.5])
    """
    return namespace(array).clip(array, -limit, limit)


def minimum(array: Array, other: Array) -> Array:
    """Return the smaller of two arrays by element; `other` may be a number.

    Example:
        >>> import numpy
        >>> minimum(numpy.array([1.0, 3.0]), 2.0)
        array([1., 2.])
    """
    return where(array < other, array, other)


def where(condition: Array, array: Array, other: Array) -> Array:
    """Return by element one of two arrays or numbers, as the condition says.

    Example:
        >>> import numpy
        >>> where(numpy.array([True, False]), numpy.array([1.0, 2.0]), 0.0)
        array([1., 0.])
    """
    return namespace(condition).where(condition, array, other)


def norm(array: Array) -> Array:
    """Return the Euclidean norm of all elements together. Shape: ().

    Example:
        >>> import numpy
        >>> float(norm(numpy.array([[3.0], [4.0]])))
        5.0
    """
    return (array * array).sum() ** 0.5


def zeros_like(array: Array) -> Array:
    """Return zeros with the shape, type and device of an array.

    Example:
        >>> import numpy
        >>> zeros_like(numpy.ones(2))
        array([0., 0.])
    """
    return namespace(array).zeros_like(array)


def svd(matrix: Array) -> tuple[Array, Array, Array]:
    """Return the thin singular value decomposition U, S, Vᵀ of the last two axes.

    Example:
        >>> import numpy
        >>> svd(numpy.eye(2))[1]
        array([1., 1.])
    """
    left, values, right = namespace(matrix).linalg.svd(matrix, full_matrices=False)
    return left, values, right


def cos(array: Array) -> Array:
    """Return the cosine of every element, in radians.

    Example:
        >>> import numpy
        >>> cos(numpy.array([0.0]))
        array([1.])
    """
    return namespace(array).cos(array)


def sin(array: Array) -> Array:
    """Return the sine of every element, in radians.

    Example:
        >>> import numpy
        >>> sin(numpy.array([0.0]))
        array([0.])
    """
    return namespace(array).sin(array)


def stack(parts: Sequence[Array]) -> Array:
    """Return arrays of one shape side by side along a new last axis.

    Example:
        >>> import numpy
        >>> stack([numpy.zeros(3), numpy.ones(3)]).shape
        (3, 2)
    """
    return namespace(parts[0]).stack(tuple(parts), axis=-1)


def concatenate(parts: Sequence[Array]) -> Array:
    """Return arrays joined one after another along their last axis.

    Example:
        >>> import numpy
        >>> concatenate([numpy.zeros(1), numpy.ones(2)])
        array([0., 1., 1.])
    """
    return namespace(parts[0]).concatenate(tuple(parts), axis=-1)


def as_array(values: Any, like: Array) -> Array:
    """Return numbers as an array of the library, type and device of `like`.

    Example:
        >>> import numpy
        >>> as_array((1, 2), like=numpy.zeros(2))
        array([1., 2.])
    """
    home = namespace(like)
    if home.__name__ == "torch":
        return home.as_tensor(values, dtype=like.dtype, device=like.device)
    return home.asarray(values, dtype=like.dtype)


def total(array: Array) -> Array:
    """Return the sum of all elements. Shape: ().

    Example:
        >>> import numpy
        >>> float(total(numpy.ones(3)))
        3.0
    """
    return namespace(array).sum(array)


def exp(array: Array) -> Array:
    """Return e to the power of each element; a Python number gives a Python number.

    Example:
        >>> exp(0.0)
        1.0
    """
    return math.exp(array) if _plain(array) else namespace(array).exp(array)


def expm1(array: Array) -> Array:
    """Return exp(array) − 1 by element, without loss of digits near 0.

    Example:
        >>> expm1(1e-20)
        1e-20
    """
    return math.expm1(array) if _plain(array) else namespace(array).expm1(array)


def log(array: Array) -> Array:
    """Return the natural logarithm by element; a Python number gives a Python number.

    Example:
        >>> log(1.0)
        0.0
    """
    return math.log(array) if _plain(array) else namespace(array).log(array)


def log1p(array: Array) -> Array:
    """Return log(1 + array) by element, without loss of digits near 0.

    Example:
        >>> log1p(1e-20)
        1e-20
    """
    return math.log1p(array) if _plain(array) else namespace(array).log1p(array)


def tanh(array: Array) -> Array:
    """Return the hyperbolic tangent by element.

    Example:
        >>> tanh(0.0)
        0.0
    """
    return math.tanh(array) if _plain(array) else namespace(array).tanh(array)


def product_sum(
    array: Array, left: Array, right: Array, array_share: float, product_share: float
) -> Array:
    """Return array_share * array + product_share * (left @ right).

    Where the framework can fuse the two, it rounds once instead of three times, which
    is what its own optimizers do in half precision.

    Args:
        array: Matrix. Shape: (rows, columns).
        left: Matrix. Shape: (rows, inner).
        right: Matrix. Shape: (inner, columns).
        array_share: Factor of `array`.
        product_share: Factor of the product.

    Returns:
        The sum. Shape: (rows, columns).

    Example:
        >>> import numpy
        >>> one = numpy.eye(1)
        >>> float(product_sum(one, one, one, 2.0, 3.0)[0, 0])
        5.0
    """
    fused = getattr(namespace(array), "addmm", None)
    if fused is not None:
        return fused(array, left, right, beta=array_share, alpha=product_share)
    return array_share * array + product_share * (left @ right)


def cast(array: Array, dtype: Any) -> Array:
    """Return the array in another number type.

    Args:
        array: A NumPy, PyTorch or JAX array. Shape: any.
        dtype: The type itself, or its name in the array's own framework.

    Returns:
        The array, rounded. Shape: as `array`.

    Raises:
        TypeError: If the framework has no type of that name.

    Example:
        >>> import numpy
        >>> cast(numpy.ones(1), "float32").dtype
        dtype('float32')
    """
    if isinstance(dtype, str):
        name, dtype = dtype, getattr(namespace(array), dtype, None)
        if dtype is None:
            raise TypeError(
                f"`dtype` {name!r} does not exist in {namespace(array).__name__}. "
                "Use None to keep the array's own type."
            )
    return array.to(dtype) if hasattr(array, "to") else array.astype(dtype)


def _plain(array: Array) -> bool:
    """Return whether this is a Python number, which then stays one."""
    return isinstance(array, (int, float))
