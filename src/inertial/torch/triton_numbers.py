"""Numbers in a GPU's memory <-> numbers to calculate with, a tile at a time.

What native/numbers.h is to the native kernel; the digits of few bits are those of
inertial/torch/rounding.py.
"""
# mypy: ignore-errors
# ruff: file-ignore[if-else-block-instead-of-if-exp, yoda-conditions, docstring-missing-returns]
# It looks like Python, but Triton compiles it: an `if` about a word in capitals is
# decided then, and such words are no constants.

import torch
import triton
import triton.language as tl

from inertial.torch import rounding, triton_table

TILE = tl.constexpr(triton_table.TILE)
SCALED = tl.constexpr(rounding.BLOCK)
STEPS = tl.constexpr(float(rounding.STEPS))
TINY = tl.constexpr(torch.finfo(torch.float32).tiny)


@triton.jit
def pointers_to(address, begin, TYPE: tl.constexpr, ALIGNED: tl.constexpr):
    """Return pointers to the numbers of one tile."""
    # bfloat16 is taken as 16 bits: the same digits on every GPU, and without one
    STORED: tl.constexpr = tl.uint16 if TYPE == tl.bfloat16 else TYPE
    start = address.to(tl.pointer_type(STORED)) + begin
    pointers = start + tl.arange(0, TILE)
    if ALIGNED:
        pointers = tl.multiple_of(pointers, 16)
    return pointers


@triton.jit
def read(pointers, inside, TYPE: tl.constexpr, N: tl.constexpr, MASKED: tl.constexpr):
    """Return the numbers of one tile; 0 where there are none."""
    if MASKED:
        found = tl.load(pointers, mask=inside, other=0)
    else:
        found = tl.load(pointers)
    if TYPE == tl.bfloat16:
        found = (found.to(tl.uint32) << 16).to(tl.float32, bitcast=True)
    return found.to(N)


@triton.jit
def read_momenta(
    pointers,
    row,
    begin,
    inside,
    B: tl.constexpr,
    N: tl.constexpr,
    MASKED: tl.constexpr,
):
    """Return momenta, also those kept in 8 bits with a scale for each block."""
    if B == tl.int8:
        steps = read(pointers, inside, B, tl.float32, MASKED)
        scales = tl.load(row + 3).to(tl.pointer_type(tl.float32)) + begin // SCALED
        each = tl.load(scales + tl.arange(0, TILE) // SCALED, mask=inside, other=0.0)
        return (steps * each).to(N)
    else:
        return read(pointers, inside, B, N, MASKED)


@triton.jit
def write_momenta(
    pointers,
    values,
    row,
    begin,
    left,
    seed,
    inside,
    B: tl.constexpr,
    RANDOM: tl.constexpr,
    MASKED: tl.constexpr,
):
    """Write momenta, rounded at random where few bits keep them."""
    if B == tl.int8:
        _write_bytes(pointers, values, row, begin, left, seed, inside, MASKED)
    elif RANDOM and B == tl.bfloat16:
        _write_random(pointers, values, begin, seed, inside, MASKED)
    else:
        write(pointers, values, inside, B, MASKED)


@triton.jit
def _store(pointers, stored, inside, MASKED: tl.constexpr):
    if MASKED:
        tl.store(pointers, stored, mask=inside)
    else:
        tl.store(pointers, stored)


@triton.jit
def write(pointers, values, inside, TYPE: tl.constexpr, MASKED: tl.constexpr):
    """Write the numbers of one tile, rounded to nearest."""
    if TYPE == tl.bfloat16:
        stored = _to_bfloat(values.to(tl.float32))
    elif TYPE == tl.float16:
        stored = values.to(tl.float32).to(tl.float16)
    else:
        stored = values.to(TYPE)
    _store(pointers, stored, inside, MASKED)


@triton.jit
def _to_bfloat(values):
    bits = values.to(tl.uint32, bitcast=True)
    nearest = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    return tl.where(values == values, nearest, 0x7FC0).to(tl.uint16)


@triton.jit
def _noise(seed, places):
    """As `rounding.noise`."""
    x = places.to(tl.uint32) * tl.full((TILE,), 0x9E3779B1, tl.uint32) ^ seed
    x ^= x >> 16
    x *= tl.full((TILE,), 0x7FEB352D, tl.uint32)
    x ^= x >> 15
    x *= tl.full((TILE,), 0x846CA68B, tl.uint32)
    return x ^ (x >> 16)


@triton.jit
def _chances(seed, begin):
    """As `rounding.chances`, for the places of one tile."""
    places = begin + tl.arange(0, TILE)
    drawn = _noise(seed, places % 512)
    table = tl.where(places % 1024 < 512, drawn & 0xFFFF, drawn >> 16)
    return table ^ (_noise(~seed, places // 1024) >> 16)


@triton.jit
def _write_random(pointers, values, begin, seed, inside, MASKED: tl.constexpr):
    exact = values.to(tl.float32)
    bits = exact.to(tl.uint32, bitcast=True)
    drawn = ((bits + _chances(seed, begin)) >> 16).to(tl.uint16)
    finite = tl.abs(exact) < float("inf")
    _store(pointers, tl.where(finite, drawn, _to_bfloat(exact)), inside, MASKED)


@triton.jit
def _write_bytes(
    pointers, values, row, begin, left, seed, inside, MASKED: tl.constexpr
):
    PARTS: tl.constexpr = TILE // SCALED
    exact = values.to(tl.float32)
    if MASKED:
        exact = tl.where(inside, exact, 0.0)
    size = tl.reshape(tl.abs(exact), (PARTS, SCALED))
    finite = tl.max(tl.where(size < float("inf"), 0, 1), axis=1) == 0
    scale = quotient(tl.max(size, axis=1), tl.full((PARTS,), STEPS, tl.float32))
    scale = tl.where(scale < TINY, 0.0, scale)  # whose inverse is no number
    scale = tl.where(finite, scale, float("nan"))
    scales = tl.load(row + 3).to(tl.pointer_type(tl.float32)) + begin // SCALED
    part = tl.arange(0, PARTS)
    tl.store(scales + part, scale, mask=part * SCALED < left)
    known = tl.where(scale > 0, scale, 1.0)
    inverse = tl.where(
        scale > 0, quotient(tl.full((PARTS,), 1.0, tl.float32), known), 0.0
    )
    share = _chances(seed, begin).to(tl.float32) * 1.52587890625e-05  # 2**-16
    rows = tl.reshape(exact, (PARTS, SCALED)) * inverse[:, None]
    steps = tl.floor(rows + tl.reshape(share, (PARTS, SCALED)))
    steps = tl.where(steps > STEPS, STEPS, steps)
    steps = tl.where(steps < -STEPS, -STEPS, steps)
    steps = tl.where(scale[:, None] > 0, steps, 0.0)
    stored = tl.reshape(steps, (TILE,)).to(tl.int32).to(tl.int8)
    _store(pointers, stored, inside, MASKED)


@triton.jit
def quotient(numerator, denominator):
    """Divide, rounded to nearest: float32's own `/` is an approximation."""
    if numerator.dtype == tl.float64:
        return numerator / denominator
    else:
        return tl.div_rn(numerator, denominator)


@triton.jit
def root(square):
    """Return the root, rounded to nearest."""
    if square.dtype == tl.float64:
        return tl.sqrt(square)
    else:
        return tl.sqrt_rn(square)
