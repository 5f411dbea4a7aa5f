"""The recurrent network of Sutskever et al. (2013), and how it begins."""

from __future__ import annotations

from collections import deque

import torch
from torch import Tensor, nn

UNITS = 100
FAN_IN = 15
SPECTRAL_RADIUS = 1.1
OUTPUT_SCALE = 0.1


class Recurrent(nn.Module):
    """Tanh units that see their own last state, read out at the end.

    Args:
        inputs: Channels in.
        outputs: Channels out.
        input_scale: Standard deviation of the weights from the input.
        answers: How many steps at the end are read out.
        mean: What the outputs are before anything is learnt. Shape: (outputs,).

    Source: Sutskever et al. (2013), section 4 and table 4, from memory: 15 weights into
        each unit, spectral radius 1.1, input weights of 0.001 (addition,
        multiplication) or 0.1 (memory), output weights of 0.1, biases 0 but for the
        mean of the targets.

    Example:
        >>> Recurrent(2, 1, 0.001, 1, torch.zeros(1))(torch.zeros(80, 5, 2)).shape
        torch.Size([1, 5, 1])
    """

    def __init__(
        self, inputs: int, outputs: int, input_scale: float, answers: int, mean: Tensor
    ) -> None:
        super().__init__()
        self.answers = answers
        self.enter = nn.Linear(inputs, UNITS)
        self.recur = nn.Parameter(reservoir(UNITS))
        self.leave = nn.Linear(UNITS, outputs)
        with torch.no_grad():
            self.enter.weight.normal_(std=input_scale)
            self.enter.bias.zero_()
            self.leave.weight.normal_(std=OUTPUT_SCALE)
            self.leave.bias.copy_(mean)

    def forward(self, sequence: Tensor) -> Tensor:
        """Return the answers at the last steps.

        Args:
            sequence: Shape: (time, batch, inputs).

        Returns:
            Shape: (answers, batch, outputs).
        """
        states: deque[Tensor] = deque(maxlen=self.answers)  # no more is kept in memory
        for pushed in self.enter(sequence).unbind(0):
            felt = pushed + states[-1] @ self.recur if states else pushed
            states.append(torch.tanh(felt))
        return self.leave(torch.stack(tuple(states)))


def reservoir(units: int) -> Tensor:
    """Return a sparse random matrix with spectral radius 1.1.

    Args:
        units: How many.

    Returns:
        Weight from the row's unit into the column's; 15 in each column are not 0.
        Shape: (units, units).

    Source: Sutskever et al. (2013), section 4.1, after Jaeger's echo states.

    Example:
        >>> weights = reservoir(100)
        >>> round(torch.linalg.eigvals(weights).abs().max().item(), 4)
        1.1
    """
    count = min(FAN_IN, units)
    weights = torch.zeros(units, units)
    for unit in range(units):
        weights[torch.randperm(units)[:count], unit] = torch.randn(count)
    return weights * (SPECTRAL_RADIUS / torch.linalg.eigvals(weights).abs().max())
