"""Split a model into the matrices that a spectral method moves, and the rest."""

from __future__ import annotations

from torch import nn
from torch.nn import Parameter


def split_matrices(
    model: nn.Module, *, exclude: tuple[type[nn.Module], ...] = (nn.Embedding,)
) -> tuple[list[Parameter], list[Parameter]]:
    """Return a model's trainable matrices, and its other trainable parameters.

    Muon and other spectral methods move matrices. Embeddings are tables of vectors, not
    maps, and are left to the other list.

    Args:
        model: Whose parameters are split. Shared parameters are listed once.
        exclude: Modules whose matrices belong to the others.

    Returns:
        (matrices, others), each in the model's order.

    Example:
        >>> model = nn.Sequential(nn.Embedding(5, 4), nn.Linear(4, 3))
        >>> matrices, others = split_matrices(model)
        >>> [tuple(p.shape) for p in matrices], [tuple(p.shape) for p in others]
        ([(3, 4)], [(5, 4), (3,)])
        >>> from inertial.torch import Inertial
        >>> optimizer = Inertial.muon(
        ...     [{"params": matrices}, {"params": others, "method": "torch.AdamW"}]
        ... )
    """
    tables = {
        id(parameter)
        for module in model.modules()
        if isinstance(module, exclude)
        for parameter in module.parameters(recurse=False)
    }
    matrices: list[Parameter] = []
    others: list[Parameter] = []
    for parameter in model.parameters():
        if parameter.requires_grad:
            is_map = parameter.ndim == 2 and id(parameter) not in tables
            (matrices if is_map else others).append(parameter)
    return matrices, others
