"""Numbers on the wire: a short header in JSON, then arrays as they lie in memory."""

from __future__ import annotations

import base64
import json
import math
import struct
from typing import Any

import numpy

_LARGEST = float(numpy.finfo(numpy.float32).max)


def plain(value: Any) -> Any:
    """Return a value that JSON can hold: numbers that are none become null.

    Args:
        value: Numbers, texts, arrays, and tables and lists of them.

    Returns:
        The same in Python's own types.

    Example:
        >>> plain({"period": math.inf, "at": numpy.float64(0.5)})
        {'period': None, 'at': 0.5}
    """
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, numpy.ndarray | numpy.generic):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def to_json(value: Any) -> bytes:
    """Return a value as JSON, in the shortest strict form."""
    said = json.dumps(
        plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
    return said.encode()


def single(values: Any) -> Any:
    """Return numbers in single precision; what is too large is the largest there is.

    Args:
        values: Shape: any.

    Returns:
        The numbers, little end first. nan stays. Shape: as given.

    Example:
        >>> single(numpy.array([1e300]))[0] < numpy.inf
        np.True_
    """
    return numpy.clip(values, -_LARGEST, _LARGEST).astype("<f4")


def to_base64(values: Any) -> str:
    """Return an array's bytes as text, row after row."""
    return base64.b64encode(numpy.ascontiguousarray(values).tobytes()).decode()


def packed(header: dict[str, Any], values: Any) -> bytes:
    """Return a header and an array as one message.

    Args:
        header: What the array is.
        values: The array; its item size decides where it starts.

    Returns:
        Four bytes with the length of the header, the header in JSON, padded with
        spaces so that the numbers start where a typed array can take them, and these.

    Example:
        >>> message = packed({"shape": [1]}, numpy.zeros(1, "<f8"))
        >>> len(message) % 8
        0
    """
    said = to_json(header)
    size = values.dtype.itemsize
    said += b" " * (-(len(said) + 4) % size)
    return (
        struct.pack("<I", len(said)) + said + numpy.ascontiguousarray(values).tobytes()
    )


def unpacked(message: bytes, dtype: str = "<f4") -> tuple[dict[str, Any], Any]:
    """Return the header and the numbers of a message, as the page reads them.

    Args:
        message: From `packed`.
        dtype: Of the numbers.

    Returns:
        The header, and the array in the header's `shape`.

    Example:
        >>> unpacked(packed({"shape": [2]}, numpy.ones(2, "<f4")))[1].tolist()
        [1.0, 1.0]
    """
    (length,) = struct.unpack("<I", message[:4])
    header = json.loads(message[4 : 4 + length])
    values = numpy.frombuffer(message, dtype, offset=4 + length)
    return header, values.reshape(header["shape"])
