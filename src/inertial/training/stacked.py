"""Many members of one network, trained side by side as one program.

Each member has its own parameters, momentum and six coefficients: its learning rate,
its momentum, its convention. Their tensors lie one after another along a leading
dimension, so that a table of settings is one run. What happens to one member, even
nan, touches no other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value, stack_module_state, vmap

from inertial.physics.coefficients import Coefficients
from inertial.physics.kinetic import newtonian
from inertial.physics.step import step

Parameters = dict[str, Tensor]
"""Name -> every member's tensor of that name. Shape: (members, ...)."""

Slopes = Callable[[Parameters, Tensor, Tensor], tuple[Tensor, Parameters]]
"""Parameters, inputs, targets -> each member's loss, and its gradient."""


class Stack(NamedTuple):
    """Members of one network, in motion.

    Attributes:
        position: The parameters. Unit: X.
        momentum: Each member's momentum, in its own convention's unit.
    """

    position: Parameters
    momentum: Parameters


def stack(networks: Sequence[nn.Module]) -> Stack:
    """Lay networks of one architecture side by side, at rest.

    Args:
        networks: The members. Their parameters are copied.

    Returns:
        The stack.

    Raises:
        ValueError: If there is none, or if they keep buffers (batch statistics), which
            a step would have to carry along.

    Example:
        >>> stack([nn.Linear(3, 2), nn.Linear(3, 2)]).position["weight"].shape
        torch.Size([2, 2, 3])
    """
    if not networks:
        raise ValueError("`networks` must hold at least one network, but is empty.")
    kept = [name for name, _ in networks[0].named_buffers()]
    if kept:
        raise ValueError(
            f"`networks` must have no buffers, but have {kept[0]!r}. Use layers "
            "without running statistics, such as LayerNorm for BatchNorm."
        )
    parameters, _ = stack_module_state(list(networks))
    position = {name: value.detach() for name, value in parameters.items()}
    return Stack(position, {n: torch.zeros_like(x) for n, x in position.items()})


def together(members: Sequence[Coefficients], like: Tensor) -> Coefficients:
    """Join each member's six numbers into six tensors.

    Args:
        members: One step of each member, from any convention.
        like: A tensor whose type and device are taken.

    Returns:
        The six tensors. Shape: (members,) each. A number that all members share stays
        a number, which is quicker.

    Example:
        >>> slow, fast = Coefficients(drift=0.1), Coefficients(drift=0.2)
        >>> together([slow, fast], torch.zeros(1))
        Coefficients(decay=1.0, kick=1.0, blend_momentum=1.0, blend_force=0.0,
        drift=tensor([0.1000, 0.2000]), keep=1.0)
    """
    joined = [
        numbers[0]
        if len(set(numbers)) == 1
        else torch.tensor(numbers, dtype=like.dtype, device=like.device)
        for numbers in zip(*members, strict=True)
    ]
    return Coefficients(*joined)


def slopes(
    network: nn.Module,
    loss: Callable[[Any, Tensor], Tensor],
    *,
    own_batches: bool = False,
) -> Slopes:
    """Return the function that finds every member's loss and gradient at once.

    Args:
        network: Any member; only its architecture is used.
        loss: (output, targets) -> mean loss of the batch. Shape: ().
        own_batches: Whether each member has a batch of its own; inputs and targets
            then have a leading dimension too. False: one batch serves all.

    Returns:
        The function: parameters, inputs, targets -> losses of shape (members,), and
        gradients shaped as the parameters.

    Example:
        >>> members = stack([nn.Linear(1, 1, bias=False) for _ in range(3)])
        >>> find = slopes(nn.Linear(1, 1, bias=False), nn.functional.mse_loss)
        >>> one = torch.ones(4, 1)
        >>> losses, gradients = find(members.position, one, one)
        >>> losses.shape, gradients["weight"].shape
        (torch.Size([3]), torch.Size([3, 1, 1]))
    """

    def alone(
        parameters: Parameters, inputs: Tensor, targets: Tensor
    ) -> tuple[Parameters, Tensor]:
        def cost(parameters: Parameters) -> Tensor:
            return loss(functional_call(network, parameters, (inputs,)), targets)

        return grad_and_value(cost)(parameters)

    batch = 0 if own_batches else None
    every = vmap(alone, in_dims=(0, batch, batch), randomness="different")

    def find(
        parameters: Parameters, inputs: Tensor, targets: Tensor
    ) -> tuple[Tensor, Parameters]:
        gradients, losses = every(parameters, inputs, targets)
        return losses, gradients

    return find


def judge(
    network: nn.Module,
    metric: Callable[[Any, Tensor], Tensor],
    parameters: Parameters,
    inputs: Tensor,
    targets: Tensor,
) -> Tensor:
    """Return what a metric says of every member, on one batch.

    Args:
        network: Any member; only its architecture is used.
        metric: (output, targets) -> a number.
        parameters: The members'.
        inputs: One batch for all.
        targets: One batch for all.

    Returns:
        The metric. Shape: (members,).

    Example:
        >>> members = stack([nn.Linear(1, 1), nn.Linear(1, 1)])
        >>> one = torch.ones(5, 1)
        >>> judge(nn.Linear(1, 1), nn.functional.mse_loss, members.position, one, one)
        tensor([..., ...])
    """

    def alone(parameters: Parameters) -> Tensor:
        return metric(functional_call(network, parameters, (inputs,)), targets)

    with torch.no_grad():
        found: Tensor = vmap(alone, randomness="different")(parameters)
    return found


def advance(members: Stack, coefficients: Coefficients, gradients: Parameters) -> Stack:
    """Move every member by one step.

    Args:
        members: Before the step; not written to.
        coefficients: Six numbers, or tensors of shape (members,); see `together`.
        gradients: At `members.position`.

    Returns:
        The members after the step.

    Source: docs/theory.md, T61: `physics.step`, with coefficients that broadcast.

    Example:
        >>> members = Stack({"x": torch.ones(2, 1)}, {"x": torch.zeros(2, 1)})
        >>> halves = Coefficients(drift=torch.tensor([0.5, 0.25]))
        >>> advance(members, halves, {"x": torch.ones(2, 1)}).position["x"]
        tensor([[0.5000],
                [0.7500]])
    """
    position, momentum = {}, {}
    for name, where in members.position.items():
        spread = _spread(coefficients, where.dim())
        position[name], momentum[name], _ = step(
            spread, newtonian(), where, members.momentum[name], -gradients[name]
        )
    return Stack(position, momentum)


def member(parameters: Parameters, index: int) -> Parameters:
    """Return one member's parameters, for `load_state_dict`.

    Args:
        parameters: The members'.
        index: Which; the first is 0.

    Example:
        >>> member({"x": torch.tensor([[1.0], [2.0]])}, 1)
        {'x': tensor([2.])}
    """
    return {name: value[index] for name, value in parameters.items()}


def _spread(coefficients: Coefficients, dimensions: int) -> Coefficients:
    """Return coefficients shaped (members, 1, ...), so that they meet a parameter."""
    return Coefficients(
        *(
            number.view(-1, *(1,) * (dimensions - 1))
            if isinstance(number, Tensor)
            else number
            for number in coefficients
        )
    )
