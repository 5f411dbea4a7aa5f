"""The optimizer: torch.optim.SGD's words, a damped particle's step."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from inertial.physics.particle import Particle
from inertial.torch import describe as words
from inertial.torch.adopt import load
from inertial.torch.dispatch import SPEED_WORDS, kernels, refuse_contradictions
from inertial.torch.methods import (
    Group,
    KineticWord,
    complete,
    read,
    storable,
    validate,
    with_reference,
    words_of,
)
from inertial.torch.named import NamedConstructors
from inertial.torch.observe import Observation, Reading
from inertial.torch.state import gather, refuse_shapes, state_dtype_word
from inertial.torch.stepping import Stepper


class Inertial(NamedConstructors, torch.optim.Optimizer):
    r"""Train as a rolling particle: a drop-in for `torch.optim.SGD`.

    With its defaults it gives the digits of `torch.optim.SGD`, under any scheduler, and
    exchanges state_dicts with it. Each step is

    .. math::
        b \leftarrow \mu b + (1 - \tau) g, \qquad
        x \leftarrow x - \mathrm{lr} \, \partial K/\partial p \, (b)

    which is a particle of mass 1/lr (with unit force and unit time) that keeps the
    share μ of its momentum against friction; the first gradient enters whole.

    Args:
        params: Tensors, named tensors, or groups of them, as for any PyTorch optimizer.
        lr: Learning rate; a number or a tensor of one element. Unit: X²/L.
        momentum: Share μ of the momentum that survives a step, in [0, 1). Unit: 1.
        dampening: Share τ of each gradient but the first that is left out. Unit: 1.
        weight_decay: Strength of the pull to the origin. Unit: L/X².
        nesterov: Whether the velocity is taken one look ahead.
        decoupled_weight_decay: Whether the decay shrinks the position by
            1 − lr·weight_decay instead of joining the force. With momentum its strength
            is then (1 − momentum)·weight_decay in coupled units.
        maximize: Whether the loss is climbed.
        kinetic: Kinetic energy, by name or as a `Kinetic`: "newtonian", "relativistic",
            "sign", "norm", "huber", "adaptive", "spectral" ...
        state_dtype: Type of the momentum buffer. Default: the parameter's, but float32
            for 16-bit parameters, whose own type would stall. `torch.bfloat16` and
            `torch.int8` (a scale for every 256 numbers) are rounded at random, so that
            they do not.
        schedule_acts_on: What a learning-rate schedule changes: "mass" (PyTorch's
            meaning), "force" (Keras's) or "clock" (mass and friction stay, the time
            step changes; `momentum` holds at the `lr` given here).
        foreach: Whether PyTorch's lists of tensors make the step, or its loop. Default:
            neither, where there is a fused kernel.
        kernel: "auto" takes the fastest of `Inertial.kernels()`, or one by name.
        differentiable: Whether gradients flow through the step.
        fused: True insists on a kernel of one pass, and is refused where there is none.

    Raises:
        ValueError: If a word is out of bounds, or two words contradict each other.
        TypeError: If a kinetic energy needs matrices and a parameter is none.

    Source: PyTorch's documentation of SGD; docs/theory.md, T62, for the particle.

    Example:
        >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
        >>> optimizer = Inertial([weight], lr=0.1, momentum=0.9)
        >>> for _ in range(3):
        ...     optimizer.zero_grad()
        ...     (weight**2).sum().backward()
        ...     optimizer.step()
        >>> weight
        Parameter containing:
        tensor([0.0620], requires_grad=True)
    """

    _step_supports_amp_scaling = (
        True  # PyTorch's word: a GradScaler leaves it to step()
    )

    _step_supports_amp_scaling = True  # GradScaler leaves its scale and skips to us

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float | Tensor = 0,
        nesterov: bool = False,
        *,
        decoupled_weight_decay: bool = False,
        maximize: bool = False,
        kinetic: KineticWord = "newtonian",
        state_dtype: torch.dtype | None = None,
        schedule_acts_on: str = "mass",
        foreach: bool | None = None,
        kernel: str = "auto",
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        spoken = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "decoupled_weight_decay": decoupled_weight_decay,
            "kinetic": storable(kinetic),
            "schedule_acts_on": schedule_acts_on,
            "reference_lr": None,
        }
        self._construct(
            params,
            "torch.SGD",
            spoken,
            maximize=maximize,
            state_dtype=state_dtype,
            foreach=foreach,
            kernel=kernel,
            differentiable=differentiable,
            fused=fused,
        )

    def _construct(
        self,
        params: Iterable[Any],
        method: str,
        spoken: Group,
        *,
        state_dtype: torch.dtype | None = None,
        maximize: bool = False,
        foreach: bool | None = None,
        kernel: str = "auto",
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        """Build an optimizer whose groups speak one method's words by default."""
        refuse_contradictions(foreach, kernel, differentiable, fused)
        self._stepper = Stepper()
        defaults = {
            "method": method,
            **spoken,
            "maximize": maximize,
            "state_dtype": state_dtype_word(state_dtype),
            "foreach": foreach,
            "kernel": kernel,
            "differentiable": differentiable,
            "fused": fused,
        }
        validate(with_reference(defaults))  # before anything reads the parameters
        super().__init__(params, defaults)

    def add_param_group(self, param_group: Group) -> None:
        """Add parameters with words of their own.

        Args:
            param_group: "params" and any words; what is missing comes from the
                optimizer's defaults, or from the defaults of the group's own "method".

        Raises:
            ValueError: If a word is out of bounds or belongs to another method.
            TypeError: If the kinetic energy needs matrices and a parameter is none.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}.")
        group = complete(dict(param_group), self.defaults["method"])
        if isinstance(group["params"], Iterable) and not isinstance(
            group["params"], Tensor | set
        ):
            group["params"] = list(group["params"])
        trial = with_reference({**self.defaults, **group})
        for word in ("kinetic", "reference_lr"):
            if word in words_of(trial).defaults:
                group[word] = trial[word]
        group["state_dtype"] = state_dtype_word(trial["state_dtype"])
        validate(trial)
        refuse_contradictions(*(trial[word] for word in SPEED_WORDS))
        if trial["differentiable"] != self.defaults["differentiable"]:
            raise ValueError(
                "`differentiable` holds for a whole optimizer, not for one group. "
                "Give it to the constructor."
            )
        refuse_shapes(read(trial).kinetic, group["params"])
        super().add_param_group(group)
        if self._stepper.arrivals:
            number = len(self.param_groups) - 1
            self._stepper.arrivals.watch(self.param_groups[-1], number)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore, and fill in the words that older or foreign groups lack."""
        super().__setstate__(state)
        self.__dict__.setdefault("_stepper", Stepper()).forget()
        for group in self.param_groups:
            for name, value in self.defaults.items():
                group.setdefault(name, value)

    def load_state_dict(
        self, state_dict: dict[str, Any], *, keep_hyperparameters: bool = False
    ) -> None:
        """Load a state from this optimizer or from PyTorch's SGD, Adam(W) or Muon.

        Args:
            state_dict: What `state_dict()` returned.
            keep_hyperparameters: Whether this optimizer keeps its own words (lr,
                momentum ...) and takes only the state. PyTorch always overwrites them.

        Raises:
            ValueError: If the groups differ in number or length.
        """
        load(self, state_dict, super().load_state_dict, keep_hyperparameters)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move every parameter by one step.

        Args:
            closure: Evaluates the loss again and returns it.

        Returns:
            The closure's loss, or None.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        self._stepper.step(self, self._init_group)
        return loss

    def _init_group(  # a name that PyTorch's compiler knows and runs eagerly
        self,
        group: Group,
        params: list[Tensor],
        grads: list[Tensor],
        buffers: list[Tensor | None],
        memories: list[Any],
        roundings: list[Any],
        copies: list[int],
        ages: list[int],
    ) -> None:
        """Collect what moves, for the compiler, which hands over no method."""
        method = read(group, checked=True)
        lists = (params, grads, buffers, memories, roundings, copies, ages)
        gather(self, group, method, *lists)

    def step_in_backward(self) -> Callable[[], None]:
        """Move each parameter as soon as its gradient is complete, and free that.

        The gradients of a network then never exist all at once. The loop stays as it
        is: `step()` finds nothing left to move, and hands over the readings. Every
        backward pass is a step, so that gradients cannot be accumulated over several,
        scaled by a `GradScaler` or limited by their common norm, and
        DistributedDataParallel, which averages them later, cannot be used. FSDP2 calls
        at the right time.

        Returns:
            A function that ends it.

        Raises:
            RuntimeError: If it is on already, or a limit on the norm is set.

        Example:
            >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
            >>> optimizer = Inertial([weight], lr=0.1)
            >>> end = optimizer.step_in_backward()
            >>> (weight**2).sum().backward()
            >>> print(weight.item(), weight.grad)
            0.800000011920929 None
        """
        return self._stepper.step_in_backward(self)

    @staticmethod
    def kernels() -> dict[str, str]:
        """Return every kernel's name, with "" if it is here or why it is not.

        Example:
            >>> Inertial.kernels()["foreach"]
            ''
        """
        return kernels()

    def observe(
        self, callback: Callable[[Reading], None], *, every: int = 1
    ) -> Callable[[], None]:
        """Report the energy of the steps to come.

        A reading costs a few sums over all parameters and one copy of them; where
        nothing is read, nothing is paid.

        Args:
            callback: Receives a `Reading` after each step that is read.
            every: Steps from one reading to the next.

        Returns:
            A function that ends the observation.

        Raises:
            ValueError: If `every` is below 1.

        Example:
            >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
            >>> optimizer = Inertial([weight], lr=0.5)
            >>> stop = optimizer.observe(lambda reading: print(reading.kinetic))
            >>> weight.grad = torch.tensor([2.0])
            >>> optimizer.step()
            1.0
        """
        observation = Observation(callback, every)
        self._stepper.observers.append(observation)
        return lambda: self._stepper.observers.remove(observation)

    def limit_norm(
        self, max_norm: float, *, norm_of: str = "this step"
    ) -> Callable[[], None]:
        """Limit the norm of all gradients together, without writing to any.

        Args:
            max_norm: Longest gradient. Unit: L/X.
            norm_of: "this step" reads all gradients once more; "last step" takes the
                norm that the last step found, so that a sudden spike passes once.

        Returns:
            A function that removes the limit.

        Raises:
            ValueError: If the norm is not positive or `norm_of` is neither.
            RuntimeError: If a limit is set already, or backward makes the steps.

        Example:
            >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
            >>> optimizer = Inertial([weight], lr=1.0)
            >>> remove = optimizer.limit_norm(0.5)
            >>> weight.grad = torch.tensor([100.0])
            >>> optimizer.step()
            >>> weight.item()
            0.5
        """
        return self._stepper.limit_norm(max_norm, norm_of)

    def particle(self, group: int | Group = 0) -> Particle:
        """Return the particle that a group's words describe, with unit force and time.

        Args:
            group: The group, or its number.

        Returns:
            Mass, friction and force scale in the gauge force_scale = time_step = 1.

        Raises:
            ValueError: If the words describe no particle of Newton's.

        Example:
            >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
            >>> Inertial([weight], lr=0.1, momentum=0.9).particle().mass
            10.0
        """
        chosen = self.param_groups[group] if isinstance(group, int) else group
        return words.particle(chosen)

    def describe(self) -> str:
        """Return in plain words what the settings of every group mean.

        Example:
            >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
            >>> print(Inertial([weight], lr=0.1, momentum=0.9).describe())
            group 0: torch.SGD(lr=0.1, momentum=0.9), 1 tensor, 1 number
            ...
        """
        return words.describe(self.param_groups)
