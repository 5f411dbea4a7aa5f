"""Round to 16 bits at random, so that small changes survive on average.

A bfloat16 buffer rounded to nearest stalls: once the increment is less than half its
spacing nothing enters any more (PyTorch's own buffer stops at 64 or 75 where the exact
one reaches 100). Rounded at random, up or down in proportion to the distance, its mean
is exact.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import torch
from torch import Tensor

_LOW_BITS = 1 << 16  # bfloat16 is the upper half of float32's bits


class Rounding(NamedTuple):
    """A rounding that repeats: the same seed gives the same digits.

    Attributes:
        seed: What tells this tensor, step and process from every other.
    """

    seed: tuple[int, ...]

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
        digest = hashlib.blake2b(repr(self.seed).encode(), digest_size=7).digest()
        generator = torch.Generator(values.device)
        generator.manual_seed(int.from_bytes(digest, "little"))
        noise = torch.randint(
            _LOW_BITS,
            values.shape,
            dtype=torch.int32,
            device=values.device,
            generator=generator,
        )
        bits = (values.contiguous().view(torch.int32) + noise) & -_LOW_BITS
        rounded = bits.view(torch.float32)
        return torch.where(values.isfinite(), rounded, values).to(torch.bfloat16)
