"""The phase portrait of a run: position and momentum along its sharpest directions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from inertial.torch.curvature import leading_curvatures

COUNT = 2  # directions: what a portrait can show
PRODUCTS = 40  # with the Hessian, at most, in one probe: some hundred gradients
LARGEST = 20_000_000  # parameters; beyond, two more directions would cost too much
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)  # of the run, at which the curvature is probed

Row = tuple[int, int, int, float, float]


class Portrait:
    """Coordinates along the directions that the last probe found sharpest.

    Args:
        params: The trainable parameters.
    """

    def __init__(self, params: list[Tensor]) -> None:
        self.params = params
        self.probe_step = 0
        self.directions: Tensor | None = None
        self.origin: Tensor | None = None

    @property
    def possible(self) -> bool:
        """Whether the model is small enough."""
        return sum(p.numel() for p in self.params) <= LARGEST

    def probe(
        self, step: int, loss: Callable[[], Tensor]
    ) -> list[tuple[int, int, float, float]]:
        """Measure the curvature here, and draw along its directions from now on.

        Args:
            step: How many steps were taken.
            loss: The loss on the probe batch.

        Returns:
            Rows of the table "probes".
        """
        start = None
        if self.directions is not None:
            sizes = [p.numel() for p in self.params]
            start = [
                [
                    part.view_as(p)
                    for part, p in zip(d.split(sizes), self.params, strict=True)
                ]
                for d in self.directions
            ]
        found = leading_curvatures(
            loss, self.params, COUNT, start=start, max_products=PRODUCTS
        )
        self.directions = torch.stack([_flat(d) for d in found.directions])
        self.origin = _flat(self.params)
        self.probe_step = step
        return [
            (step, rank, value, residual)
            for rank, (value, residual) in enumerate(
                zip(found.values, found.residuals, strict=True), start=1
            )
        ]

    def rows(self, step: int, optimizer: torch.optim.Optimizer) -> Iterator[Row]:
        """Yield the rows of the table "portrait" for the state as it is.

        The momentum has the physical sign: a positive one moves up the axis.

        Args:
            step: How many steps were taken.
            optimizer: Whose momentum is read.
        """
        if self.directions is None or self.origin is None:
            return
        buffers = [
            optimizer.state.get(p, {}).get("momentum_buffer") for p in self.params
        ]
        if all(buffer is None for buffer in buffers):
            momenta = [float("nan")] * len(self.directions)
        else:
            filled = [
                torch.zeros_like(p) if buffer is None else buffer.to(p)
                for p, buffer in zip(self.params, buffers, strict=True)
            ]
            momenta = (-(self.directions @ _flat(filled))).tolist()
        positions = (self.directions @ (_flat(self.params) - self.origin)).tolist()
        for rank, (position, momentum) in enumerate(
            zip(positions, momenta, strict=True), start=1
        ):
            yield step, self.probe_step, rank, position, momentum

    def state(self) -> dict[str, Any]:
        """Return what a resumed run needs to go on drawing."""
        return {
            "probe_step": self.probe_step,
            "directions": self.directions,
            "origin": self.origin,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        self.probe_step = state["probe_step"]
        if state["directions"] is not None:
            device = self.params[0].device
            self.directions = state["directions"].to(device)
            self.origin = state["origin"].to(device)


def _flat(tensors: list[Tensor]) -> Tensor:
    return torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
