"""The PyTorch door: an optimizer that is a damped particle."""

from inertial.torch.groups import split_matrices
from inertial.torch.observe import Reading
from inertial.torch.optimizer import Inertial

__all__ = ["Inertial", "Reading", "split_matrices"]
