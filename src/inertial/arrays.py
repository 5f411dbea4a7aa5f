"""The few verbs that operators lack, found from the array itself.

The physics is written once, with `+ - * / ** @ abs`, and runs on NumPy, PyTorch and JAX
arrays alike. What those operators cannot say stands here. No framework is imported: an
array brings its own.
"""

from __future__ import annotations

import sys
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
    """Choose by element between two arrays or numbers.

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
