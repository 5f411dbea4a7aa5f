"""The step on a GPU, tile by tile: the text of native/move.cpp in Triton's language.

It is imported when the first step is made with it, and compiled for each mixture of
types then. Order of operations and names are those of native/move.cpp, and the digits
of few bits those of inertial/torch/rounding.py. Products and sums are fused where the
text says `fma` and nowhere else: it is launched with `enable_fp_fusion=False`.
"""
# mypy: ignore-errors
# ruff: file-ignore[docstring-missing-returns]
# It looks like Python, but Triton compiles it: an `if` about a word in capitals is
# decided then, and such words are no constants.

import torch
import triton
import triton.language as tl

from inertial.torch import triton_table
from inertial.torch.triton_numbers import (
    TILE,
    pointers_to,
    quotient,
    read,
    read_momenta,
    root,
    write,
    write_momenta,
)

TYPES = {
    None: None,
    torch.float32: tl.float32,
    torch.float64: tl.float64,
    torch.bfloat16: tl.bfloat16,
    torch.float16: tl.float16,
    torch.int8: tl.int8,
}
ROW = tl.constexpr(triton_table.ROW)
NEWTONIAN, RELATIVISTIC, SIGN, HUBER, ADAPTIVE = (tl.constexpr(i) for i in range(5))


@triton.jit(do_not_specialize=["tensors"])
def step(
    rows,
    moving,
    owners,
    numbers,
    slots,
    tensors,
    X: tl.constexpr,
    G: tl.constexpr,
    B: tl.constexpr,
    M: tl.constexpr,
    N: tl.constexpr,
    VELOCITY: tl.constexpr,
    BLENDS: tl.constexpr,
    JOINS: tl.constexpr,
    SUMMED: tl.constexpr,
    RANDOM: tl.constexpr,
    ALIGNED: tl.constexpr,
):
    """Move one tile of one tensor.

    Args:
        rows: Of each tensor: position, momentum, memory, scales (addresses), how many
            numbers, its first program. Shape: (tensors, ROW). dtype: int64.
        moving: Addresses of the gradients, then the seeds of the roundings. Shape:
            (2, tensors). dtype: int64.
        owners: The tensor of each program. Shape: (programs,). dtype: int32.
        numbers: The first twelve numbers of `native.setting`. dtype: float64.
        slots: Receives the sums. Shape: (12, programs). dtype: float64.
        tensors: How many.
        X: Type of the positions.
        G: Type of the gradients.
        B: Type of the momenta; None where nothing of the past survives.
        M: Type of the memories; None where nothing is remembered.
        N: Type to calculate with.
        VELOCITY: Place of the kinetic energy in `native._VELOCITIES`.
        BLENDS: Whether the force has a share of the velocity.
        JOINS: Whether anything joins the gradient.
        SUMMED: Whether the sums are wanted.
        RANDOM: Whether a 16-bit buffer is rounded at random.
        ALIGNED: Whether all addresses are multiples of 16.
    """
    program = tl.program_id(0)
    tensor = tl.load(owners + program).to(tl.int64)
    row = rows + tensor * ROW
    begin = (program - tl.load(row + 5)) * TILE
    left = tl.load(row + 4) - begin
    gradient = tl.load(moving + tensor)
    seed = tl.load(moving + tensors + tensor).to(tl.uint32)
    # A whole tile needs no mask, and without one its loads are as wide as they can be.
    if left >= TILE:
        _tile(
            row, gradient, seed, begin, left, numbers, slots,
            X, G, B, M, N, VELOCITY, BLENDS, JOINS, SUMMED, RANDOM, ALIGNED, False,
        )  # fmt: skip
    else:
        _tile(
            row, gradient, seed, begin, left, numbers, slots,
            X, G, B, M, N, VELOCITY, BLENDS, JOINS, SUMMED, RANDOM, ALIGNED, True,
        )  # fmt: skip


@triton.jit
def _tile(
    row,
    gradient,
    seed,
    begin,
    left,
    numbers,
    slots,
    X: tl.constexpr,
    G: tl.constexpr,
    B: tl.constexpr,
    M: tl.constexpr,
    N: tl.constexpr,
    VELOCITY: tl.constexpr,
    BLENDS: tl.constexpr,
    JOINS: tl.constexpr,
    SUMMED: tl.constexpr,
    RANDOM: tl.constexpr,
    ALIGNED: tl.constexpr,
    MASKED: tl.constexpr,
):
    inside = tl.arange(0, TILE) < left
    a = tl.load(numbers + 8).to(N)
    b = tl.load(numbers + 9).to(N)
    positions = pointers_to(tl.load(row), begin, X, ALIGNED)
    at = read(positions, inside, X, N, MASKED)
    gradients = pointers_to(gradient, begin, G, ALIGNED)
    gradient = read(gradients, inside, G, N, MASKED)
    momenta = positions  # of no use where there are none
    old = tl.zeros((TILE,), N)
    if B is not None:
        momenta = pointers_to(tl.load(row + 1), begin, B, ALIGNED)
        old = read_momenta(momenta, row, begin, inside, B, N, MASKED)

    force = gradient
    if JOINS:
        gradient = gradient * tl.load(numbers + 7).to(N)
        force = tl.fma(at, tl.load(numbers + 6).to(N), gradient)
    survived = tl.load(numbers).to(N) * old
    momentum = tl.fma(force, tl.load(numbers + 1).to(N), survived)
    mass = momentum  # of no use to the others
    if VELOCITY == ADAPTIVE:
        memories = pointers_to(tl.load(row + 2), begin, M, ALIGNED)
        mass = _mass(memories, force, numbers, inside, M, N, MASKED)
    share = tl.load(numbers + 2).to(N)
    if BLENDS:
        blended = tl.fma(momentum, share, force * tl.load(numbers + 3).to(N))
    else:
        blended = share * momentum
    drift = -tl.load(numbers + 4).to(N)
    velocity = _slope(blended, mass, a, b, VELOCITY)
    moved = tl.fma(velocity, drift, tl.load(numbers + 5).to(N) * at)

    if B is not None:
        write_momenta(
            momenta, momentum, row, begin, left, seed, inside, B, RANDOM, MASKED
        )
    write(positions, moved, inside, X, MASKED)

    if SUMMED:
        way = moved - at
        speed = _slope(tl.load(numbers + 11).to(N) * old, mass, a, b, VELOCITY)
        way = tl.where(inside, way, 0)
        speed = tl.where(inside, speed, 0)  # where there is nothing it may be 0/0
        _put(slots, 0, gradient * gradient)
        _put(slots, 1, force * force)
        _put(slots, 2, force * old)
        _put(slots, 3, old * old)
        _put(slots, 4, way * way)
        _put(slots, 5, gradient * way)
        _put(slots, 6, gradient * at)
        _put(slots, 7, gradient * speed)
        if VELOCITY != NEWTONIAN:
            _put_energy(slots, 8, share * old, mass, a, b, inside, VELOCITY)
            _put_energy(slots, 9, share * survived, mass, a, b, inside, VELOCITY)
            _put_energy(slots, 10, share * momentum, mass, a, b, inside, VELOCITY)
        _put(slots, 11, tl.where(tl.abs(gradient) < float("inf"), 0.0, 1.0))


@triton.jit
def _mass(
    pointers,
    force,
    numbers,
    inside,
    M: tl.constexpr,
    N: tl.constexpr,
    MASKED: tl.constexpr,
):
    """Let a force into the memory of an adaptive mass, and return the mass."""
    square = read(pointers, inside, M, N, MASKED)
    stays = tl.load(numbers + 8)
    enters = (1 - stays).to(N)  # rounded once: it is small
    square = stays.to(N) * square + enters * force * force
    write(pointers, square, inside, M, MASKED)
    return quotient(root(square), tl.load(numbers + 10).to(N)) + tl.load(
        numbers + 9
    ).to(N)


@triton.jit
def _slope(p, mass, a, b, VELOCITY: tl.constexpr):
    """dK/dp. relativistic: a speed limit, b (rest mass * limit)^2. huber: a limit."""
    if VELOCITY == RELATIVISTIC:
        return quotient(a * p, root(p * p + b))
    elif VELOCITY == SIGN:
        return (p > 0).to(p.dtype) - (p < 0).to(p.dtype)
    elif VELOCITY == HUBER:
        return tl.where(p > a, a, tl.where(p < -a, -a, p))
    elif VELOCITY == ADAPTIVE:
        return quotient(p, mass)
    else:
        return p


@triton.jit
def _energy(p, mass, a, b, VELOCITY: tl.constexpr):
    """K, for the energies other than Newton's."""
    if VELOCITY == RELATIVISTIC:
        return quotient(a * p * p, root(p * p + b) + root(b))
    elif VELOCITY == SIGN:
        return tl.abs(p)
    elif VELOCITY == HUBER:
        clipped = _slope(p, mass, a, b, VELOCITY)
        return clipped * (p - clipped * 0.5)
    else:
        return quotient(p * p, mass) * 0.5


@triton.jit
def _put(slots, which: tl.constexpr, values):
    """Write a tile's sum into its own slot: no atomics, so that it repeats."""
    slot = slots + which * tl.num_programs(0).to(tl.int64) + tl.program_id(0)
    tl.store(slot, tl.sum(values, axis=0).to(tl.float64))


@triton.jit
def _put_energy(
    slots, which: tl.constexpr, p, mass, a, b, inside, VELOCITY: tl.constexpr
):
    energy = _energy(p, mass, a, b, VELOCITY)
    _put(slots, which, tl.where(inside, energy, 0))  # where nothing is it may be 0/0
