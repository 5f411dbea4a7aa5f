"""How sharply a loss bends: leading Hessian eigenvalues, without a Hessian.

One forward pass builds the gradient's graph; each product of the Hessian with a vector
is one more backward pass through it (Pearlmutter 1994). SciPy's Lanczos does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy
import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.modules.module import register_module_forward_pre_hook

from inertial.bounds import POSITIVE, Bound, check

Direction = list[Tensor]
DENSE_SIZE = 16  # below this many parameters Lanczos has no room; a dense one is exact
_FLAT = (
    "`loss` must be twice differentiable, but its gradient does not depend on the "
    "parameters: it is linear in them, or an operation has no second derivative."
)
FIRST_ROUND = 20  # Lanczos vectors; ARPACK's own default, enough where a gap exists


class Curvatures(NamedTuple):
    """The sharpest directions of a loss.

    Attributes:
        values: Hessian eigenvalues, largest first. Unit: L/X².
        directions: Unit eigenvectors; each a list of tensors shaped as the parameters.
        residuals: |H·direction − value·direction| / |largest value|, for each value. An
            eigenvalue of H lies within residual · |largest value| of the value.
            Unit: 1.
        products: How many Hessian-vector products were spent.
    """

    values: list[float]
    directions: list[Direction]
    residuals: list[float]
    products: int


def leading_curvatures(
    loss: Callable[[], Tensor],
    params: Iterable[Tensor],
    count: int = 2,
    *,
    start: Sequence[Direction] | None = None,
    tolerance: float = 1e-2,
    seed: int = 0,
    max_products: int = 60,
) -> Curvatures:
    """Find the largest curvatures of a loss, and their directions.

    "Largest" is algebraic: at a saddle the negative curvatures come last. The loss is
    evaluated once, as the model stands: dropout draws one mask and BatchNorm uses its
    batch where the model is in training mode. `.grad`, the random state and the buffers
    of the modules called are as before afterwards. In float32 a product carries
    rounding noise of about 1e-6 of the largest curvature: smaller values mean nothing.

    Args:
        loss: Returns the loss; must not call `backward`. Unit: L.
        params: The parameters; those without `requires_grad` are left out of the
            Hessian, and their part of a direction is zero.
        count: How many curvatures; fewer come back where there are fewer parameters.
        start: Directions of an earlier probe; saves products when little has changed.
        tolerance: Residual below which a value is good enough. Unit: 1.
        seed: Of the random start direction, where `start` is None.
        max_products: Most products to spend; then the best so far comes back, with its
            residual. One product costs about two to three gradients.

    Returns:
        The curvatures, with their residuals: read those before you trust a value.

    Raises:
        ValueError: If there is nothing to differentiate, or the loss is not a finite,
            twice differentiable number.

    Source: Pearlmutter (1994), Fast exact multiplication by the Hessian, eq. 6;
        Lehoucq, Sorensen & Yang (1998), ARPACK users' guide, algorithm 4.2.

    Example:
        >>> x = torch.zeros(3, requires_grad=True)
        >>> bend = torch.tensor([1.0, 5.0, 3.0])
        >>> leading_curvatures(lambda: (bend * x * x).sum() / 2, [x]).values
        [5.0, 3.0]
    """
    everything = list(params)
    free = [p for p in everything if p.requires_grad]
    check("count", count, Bound(1))
    check("tolerance", tolerance, POSITIVE)
    check("max_products", max_products, Bound(3 * count + 2))
    if not free:
        raise ValueError(
            "`params` must hold a parameter that requires a gradient, but "
            f"{len(everything)} were given and none does. Pass `model.parameters()`."
        )
    with _undisturbed(free[0].device), torch.enable_grad():
        product = _Product(loss, free)
        first = _first(start, everything, product.size, seed)
        values, vectors, residuals = _solve(
            product, first, count, tolerance, max_products
        )
    directions = [_shaped(vector, everything) for vector in vectors.T]
    return Curvatures(values.tolist(), directions, residuals.tolist(), product.spent)


def project(tensors: Iterable[Tensor], direction: Iterable[Tensor]) -> float:
    """Return the coordinate of a position, momentum or gradient along a direction.

    Args:
        tensors: One tensor for each parameter. Unit: any.
        direction: A direction of `leading_curvatures`; its length is 1.

    Returns:
        The inner product. Unit: that of `tensors`.

    Raises:
        ValueError: If the two differ in number or shape.

    Example:
        >>> project([torch.tensor([3.0, 4.0])], [torch.tensor([0.0, 1.0])])
        4.0
    """
    pairs = list(zip(tensors, direction, strict=True))
    for tensor, along in pairs:
        if tensor.shape != along.shape:
            raise ValueError(
                f"`direction` must be shaped as `tensors`, but {tuple(along.shape)} "
                f"meets {tuple(tensor.shape)}. Was it found for other parameters?"
            )
    return float(sum((t.detach().double() * d).sum().item() for t, d in pairs))


class _Product:
    """The Hessian of a loss as a function of a flat vector, counting its calls."""

    def __init__(self, loss: Callable[[], Tensor], params: list[Tensor]) -> None:
        self.params = params
        self.size = sum(p.numel() for p in params)
        self.spent = 0
        value = loss()
        _check_loss(value)
        try:
            gradient = torch.autograd.grad(
                value, params, create_graph=True, materialize_grads=True
            )
        except RuntimeError as error:
            raise ValueError(
                "`loss` must leave its graph, but the gradient could not be taken "
                f"({_first_line(error)}). If it calls `backward()`, leave that out."
            ) from error
        self.used = [g.requires_grad for g in gradient]
        self.gradient = [g for g in gradient if g.requires_grad]
        if not self.gradient or _is_cut(self.gradient):
            raise ValueError(_FLAT)

    def __call__(self, vector: Any) -> Any:
        self.spent += 1
        parts = _split(vector, self.params)
        along = [v for v, used in zip(parts, self.used, strict=True) if used]
        try:
            bent = torch.autograd.grad(
                self.gradient,
                self.params,
                along,
                retain_graph=True,
                materialize_grads=True,
            )
        except RuntimeError as error:
            raise ValueError(
                "`loss` must be twice differentiable, but an operation in it is not "
                f"({_first_line(error)}). On a GPU, recurrent layers need "
                "`torch.backends.cudnn.flags(enabled=False)`."
            ) from error
        result = torch.cat([b.detach().reshape(-1) for b in bent]).cpu()
        if not torch.isfinite(result).all():
            raise ValueError(
                "`loss` must have a finite curvature, but a Hessian-vector product is "
                "not finite. A root or a norm at 0 does this; add a small number."
            )
        return result.to(_precision(self.params)).numpy()


def _is_cut(gradient: list[Tensor]) -> bool:
    """Return whether a `once_differentiable` part would silently count as 0."""
    waiting, seen = [g.grad_fn for g in gradient], set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        if node.name() == "torch::autograd::Error":
            return True
        seen.add(node)
        waiting.extend(after for after, _ in node.next_functions)
    return False


def _check_loss(value: Any) -> None:
    if not isinstance(value, Tensor) or value.numel() != 1:
        given = (
            tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        )
        raise ValueError(
            f"`loss` must return one number as a tensor, but gave {given}."
        )
    if not value.requires_grad:
        raise ValueError(
            "`loss` must depend on `params`, but its value requires no gradient. "
            "Is it computed under `torch.no_grad()`, or detached?"
        )
    if not torch.isfinite(value).all():
        raise ValueError(
            f"`loss` must be finite, but is {value.item()}: the run has diverged here, "
            "and no curvature exists. Probe an earlier checkpoint."
        )


def _solve(
    product: _Product, first: Any, count: int, tolerance: float, budget: int
) -> tuple[Any, Any, Any]:
    """Return eigenvalues, vectors as columns, and residuals, within the budget."""
    count = min(count, product.size)
    if product.size <= DENSE_SIZE:
        columns = numpy.stack([product(e) for e in numpy.eye(product.size)])
        values, vectors = numpy.linalg.eigh((columns + columns.T) / 2)
        return (*_largest(values, vectors, count), numpy.zeros(count))
    for width in (FIRST_ROUND, budget):  # the second round takes what the first left
        # ARPACK spends one product more than its width, the residuals `count`.
        width = min(width, product.size, budget - product.spent - count - 1)
        if width <= 2 * count:
            break
        values, vectors = _lanczos(product, first, count, width)
        residuals = _residuals(product, values, vectors)
        if residuals.max() <= tolerance:
            break
        first = vectors.sum(axis=1)
    return values, vectors, residuals


def _lanczos(product: _Product, first: Any, count: int, width: int) -> tuple[Any, Any]:
    from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

    shape = (product.size, product.size)
    hessian = LinearOperator(shape, matvec=product, dtype=first.dtype)
    # A huge tolerance makes ARPACK hand back its Ritz pairs after one round instead of
    # an error without them; _residuals then measures what they are worth.
    try:
        values, vectors = eigsh(
            hessian, k=count, which="LA", v0=first, ncv=width, maxiter=1, tol=1e30
        )
    except ArpackError as error:  # its first product was zero
        raise ValueError(_FLAT) from error
    return _largest(values, vectors, count)


def _largest(values: Any, vectors: Any, count: int) -> tuple[Any, Any]:
    order = numpy.argsort(values)[::-1][:count]
    return values[order], vectors[:, order]


def _residuals(product: _Product, values: Any, vectors: Any) -> Any:
    bent = numpy.stack([product(v) for v in vectors.T], axis=1)
    scale = max(float(numpy.abs(values).max()), float(numpy.finfo(bent.dtype).tiny))
    return numpy.linalg.norm(bent - values * vectors, axis=0) / scale


def _first(
    start: Sequence[Direction] | None, params: list[Tensor], size: int, seed: int
) -> Any:
    """Choose Lanczos's first vector.

    Returns:
        The sum of known directions, or a random vector. Shape: (size,).

    Raises:
        ValueError: If `start` does not fit the parameters.
    """
    free = [p.requires_grad for p in params]
    dtype = torch.empty(0, dtype=_precision(params)).numpy().dtype
    if start is None:
        return numpy.random.default_rng(seed).standard_normal(size).astype(dtype)
    total = numpy.zeros(size, dtype)
    for direction in start:
        parts = [d for d, f in zip(direction, free, strict=True) if f]
        flat = torch.cat([d.detach().reshape(-1) for d in parts]).cpu().numpy()
        if flat.size != size:
            raise ValueError(
                f"`start` must have {size} numbers, as `params`, but has {flat.size}."
            )
        total += flat
    return total


def _precision(params: Iterable[Tensor]) -> torch.dtype:
    double = any(p.dtype == torch.float64 for p in params)
    return torch.float64 if double else torch.float32


def _split(vector: Any, params: Iterable[Tensor]) -> list[Tensor]:
    flat = torch.from_numpy(numpy.ascontiguousarray(vector))
    parts, at = [], 0
    for p in params:
        parts.append(flat[at : at + p.numel()].reshape(p.shape).to(p))
        at += p.numel()
    return parts


def _shaped(vector: Any, params: list[Tensor]) -> Direction:
    parts = iter(_split(vector, [p for p in params if p.requires_grad]))
    return [next(parts) if p.requires_grad else torch.zeros_like(p) for p in params]


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".")


@contextmanager
def _undisturbed(device: torch.device) -> Generator[None]:
    """Put back the random state and every buffer of the modules that are called."""
    kept: dict[int, tuple[Tensor, Tensor]] = {}

    def keep(module: torch.nn.Module, _: Any) -> None:
        for buffer in module.buffers(recurse=False):
            kept.setdefault(id(buffer), (buffer, buffer.detach().clone()))

    hook = register_module_forward_pre_hook(keep)
    devices = [] if device.type == "cpu" else [device]
    kind = "cuda" if device.type == "cpu" else device.type
    try:
        # The fused attention kernels have no second derivative; the plain one has.
        with (
            torch.random.fork_rng(devices, device_type=kind),
            sdpa_kernel(SDPBackend.MATH),
        ):
            yield
    finally:
        hook.remove()
        with torch.no_grad():
            for buffer, before in kept.values():
                buffer.copy_(before)
