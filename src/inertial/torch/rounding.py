"""Keep a buffer in fewer bits, rounded at random so that small changes survive.

A bfloat16 buffer rounded to nearest stalls: once the increment is less than half its
spacing nothing enters any more (PyTorch's own buffer stops at 64 where the exact one
reaches 100). Rounded at random, up or down in proportion to the distance, its mean is
exact. The chance is a function of seed and place alone, so that every kernel makes the
same digits.

An 8-bit buffer keeps whole steps of 1/127 of the largest number of its block of 256.
One rounding is off by less than a step, |error| < largest/127, and by nothing on
average, but for float32's own roundings. A block whose largest number is below
127·2⁻¹²⁶ is kept as 0; one with an inf or nan is kept as nan.
"""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

import torch
from torch import Tensor

_LOW_BITS = 1 << 16  # bfloat16 is the upper half of float32's bits
_WORD = (1 << 32) - 1
_TABLE = 1024  # places that share no chance
STEPS = 127
"""Steps of an 8-bit buffer from 0 to the largest number of its block."""
BLOCK = 256
"""Numbers that share one scale in an 8-bit buffer."""


def noise(seed: int, count: int, device: torch.device | str = "cpu") -> Tensor:
    """Return random whole numbers below 2³², one for each place.

    Args:
        seed: Below 2³².
        count: How many.
        device: Where.

    Returns:
        The numbers. Shape: (count,). dtype: int64.

    Source: the place times the golden ratio, mixed by two rounds of multiply and shift
        (in 32 bits), as in the finalisers of Murmur hashes.

    Example:
        >>> noise(7, 3).tolist() == noise(7, 9)[:3].tolist()
        True
    """
    x = torch.arange(count, dtype=torch.int64, device=device)
    x = (x & _WORD) * 0x9E3779B1 & _WORD ^ seed
    x ^= x >> 16
    x = x * 0x7FEB352D & _WORD
    x ^= x >> 15
    x = x * 0x846CA68B & _WORD
    return x ^ x >> 16


def chances(seed: int, count: int, device: torch.device | str = "cpu") -> Tensor:
    """Return sixteen random bits for each place.

    One table serves every block of 1024 places, for noise is most of what a rounding
    costs; each block turns some of its bits over, so that any two chances are
    independent.

    Args:
        seed: Below 2³².
        count: How many.
        device: Where.

    Returns:
        Whole numbers below 2¹⁶. Shape: (count,). dtype: int64.

    Example:
        >>> drawn = chances(7, 100_000)
        >>> bool(abs(drawn.double().mean() / 2**16 - 0.5) < 0.005)
        True
    """
    halves = noise(seed, _TABLE // 2, device)
    table = torch.cat([halves & (_LOW_BITS - 1), halves >> 16])
    flips = noise(~seed & _WORD, -(-count // _TABLE), device) >> 16
    return (flips.unsqueeze(1) ^ table).view(-1)[:count]


class Rounding(NamedTuple):
    """A rounding that repeats: the same seed gives the same digits.

    Attributes:
        seed: What tells this tensor, step and process from every other.
        scales: Of an 8-bit buffer, one for every `BLOCK` numbers; written in place.
            None for bfloat16. Unit: that of the momentum.
    """

    seed: tuple[Any, ...]
    scales: Tensor | None = None

    @property
    def number(self) -> int:
        """The seed as one number below 2³²."""
        digest = hashlib.blake2b(repr(self.seed).encode(), digest_size=4).digest()
        return int.from_bytes(digest, "little")

    def open(self, buffer: Tensor) -> Tensor:
        """Return a buffer's numbers. Shape: as `buffer`. dtype: float32.

        Example:
            >>> packed = torch.tensor([127, -1], dtype=torch.int8)
            >>> Rounding((0,), torch.tensor([2.0])).open(packed)
            tensor([254.,  -2.])
        """
        if self.scales is None:
            return buffer.float()
        flat = in_memory_order(buffer).float()
        return as_stored(flat * self._spread(flat), buffer)

    def close(self, buffer: Tensor, exact: Tensor) -> None:
        """Write numbers into a buffer, rounded.

        Args:
            buffer: bfloat16, or int8 with scales. Shape: any.
            exact: What is to be kept, in memory as `buffer`. Shape: as `buffer`.
                dtype: float32.
        """
        if self.scales is None:
            buffer.copy_(self.round(exact))
            return
        flat = in_memory_order(exact)
        self._scale(flat)
        spread = self._spread(flat)
        share = chances(self.number, flat.numel(), flat.device) / _LOW_BITS
        inverse = torch.where(spread > 0, 1 / spread, 0.0)
        steps = (flat * inverse + share.float()).floor().clamp(-STEPS, STEPS)
        steps = torch.where(spread > 0, steps, 0.0)
        in_memory_order(buffer).copy_(steps)

    def _scale(self, flat: Tensor) -> None:
        """Measure each block: its largest number over `STEPS`; nan if one is wrong.

        A scale so small that its inverse is no number counts as 0.
        """
        padded = torch.nn.functional.pad(flat.abs(), (0, -len(flat) % BLOCK))
        rows = padded.view(-1, BLOCK)
        assert self.scales is not None
        largest = rows.amax(1) if len(rows) else rows.new_zeros(0)
        scales = largest / STEPS
        scales = scales.masked_fill(scales < torch.finfo(scales.dtype).tiny, 0.0)
        self.scales.copy_(scales + (rows - rows).sum(1))

    def _spread(self, flat: Tensor) -> Tensor:
        """Return each number's own scale."""
        assert self.scales is not None
        return self.scales.repeat_interleave(BLOCK)[: flat.numel()]

    def round(self, values: Tensor) -> Tensor:
        """Round float32 values to bfloat16, up or down at random without bias.

        Args:
            values: What is to be rounded. Shape: any. dtype: float32.

        Returns:
            Neighbouring bfloat16 values whose mean is `values`; inf and nan stay what
            they are. Shape: as `values`.

        Source: Gupta et al. 2015, "Deep Learning with Limited Numerical Precision",
            section 3.1, stochastic rounding.

        Example:
            >>> exact = torch.full((10_000,), 1.001)
            >>> abs(Rounding((0, 1)).round(exact).float().mean() - 1.001) < 1e-3
            tensor(True)
        """
        flat = in_memory_order(values)
        low = chances(self.number, flat.numel(), flat.device)
        bits = (flat.view(torch.int32) + low.to(torch.int32)) & -_LOW_BITS
        rounded = torch.where(flat.isfinite(), bits.view(torch.float32), flat)
        return as_stored(rounded, values).to(torch.bfloat16)


def in_memory_order(tensor: Tensor) -> Tensor:
    """Return a dense tensor's numbers as they lie in memory. Shape: (count,).

    A view, unless the tensor has gaps: then a copy in row order.

    Example:
        >>> in_memory_order(torch.tensor([[1, 2], [3, 4]]).T)
        tensor([1, 2, 3, 4])
    """
    order = _axes(tensor)
    if tensor.permute(order).is_contiguous():
        return tensor.permute(order).view(-1)
    return tensor.reshape(-1)


def as_stored(flat: Tensor, like: Tensor) -> Tensor:
    """Return what `in_memory_order` took from a tensor in that tensor's form."""
    order = _axes(like)
    if not like.permute(order).is_contiguous():
        return flat.view(like.shape)
    back = sorted(range(like.ndim), key=order.__getitem__)
    return flat.view([like.shape[axis] for axis in order]).permute(back)


def _axes(tensor: Tensor) -> list[int]:
    """Return the axes from the longest stride to the shortest, ties as they stand."""
    return sorted(range(tensor.ndim), key=tensor.stride().__getitem__, reverse=True)
