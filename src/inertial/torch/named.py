"""Find a method by its name: settings of one optimizer, in their frameworks' words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from torch import Tensor

from inertial.physics.particle import Particle
from inertial.torch.methods import METHODS


class NamedConstructors:
    """Constructors of `Inertial` that carry a method's name.

    Each takes its method's words and, by keyword, what every method shares: `maximize`,
    `state_dtype`, `foreach`, `kernel`, `differentiable`.
    """

    @classmethod
    def _named(
        cls, params: Iterable[Any], method: str, words: dict[str, Any], shared: Any
    ) -> Self:
        made = cls.__new__(cls)
        spoken = {**METHODS[method].defaults, **words}
        made._construct(params, method, spoken, **shared)  # type: ignore[attr-defined]
        return made

    @classmethod
    def nesterov(
        cls,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        **shared: Any,
    ) -> Self:
        """Return Nesterov's method, as `torch.optim.SGD(nesterov=True)`.

        Args:
            params: As for `Inertial`.
            lr: Learning rate. Unit: X²/L.
            momentum: Share of the momentum that survives, above 0. Unit: 1.
            weight_decay: Coupled. Unit: L/X².
            **shared: See `NamedConstructors`.

        Source: `inertial.conventions.torch_sgd`.
        """
        words = {
            "lr": lr,
            "momentum": momentum,
            "weight_decay": weight_decay,
            "nesterov": True,
        }
        return cls._named(params, "torch.SGD", words, shared)

    @classmethod
    def adamw(
        cls,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        **shared: Any,
    ) -> Self:
        """Return AdamW: a mass that remembers past forces, and decoupled decay.

        Args:
            params: As for `Inertial`.
            lr: Learning rate. Unit: X.
            betas: Shares of momentum and of squared force that survive. Unit: 1.
            eps: Added to the mass. Unit: L/X.
            weight_decay: Decoupled. Unit: 1/X.
            **shared: See `NamedConstructors`.

        Source: `inertial.conventions.torch_adamw`.
        """
        words = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        return cls._named(params, "torch.AdamW", words, shared)

    @classmethod
    def adam(
        cls,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        **shared: Any,
    ) -> Self:
        """Return Adam: a mass that remembers past forces; the decay joins the force.

        Args:
            params: As for `Inertial`.
            lr: Learning rate. Unit: X.
            betas: Shares of momentum and of squared force that survive. Unit: 1.
            eps: Added to the mass. Unit: L/X.
            weight_decay: Coupled. Unit: L/X².
            **shared: See `NamedConstructors`.

        Source: `inertial.conventions.torch_adam`.
        """
        words = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        return cls._named(params, "torch.Adam", words, shared)

    @classmethod
    def rmsprop(
        cls,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        **shared: Any,
    ) -> Self:
        """Return RMSprop: a mass that remembers past forces, and no momentum.

        Args:
            params: As for `Inertial`.
            lr: Learning rate. Unit: X.
            alpha: Share of the squared force that survives. Unit: 1.
            eps: Added to the mass. Unit: L/X.
            weight_decay: Coupled. Unit: L/X².
            **shared: See `NamedConstructors`.

        Source: `inertial.conventions.rmsprop`.
        """
        words = {"lr": lr, "alpha": alpha, "eps": eps, "weight_decay": weight_decay}
        return cls._named(params, "rmsprop", words, shared)

    @classmethod
    def lion(
        cls,
        params: Iterable[Any],
        lr: float | Tensor = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        **shared: Any,
    ) -> Self:
        """Return Lion: the sign of a blend of momentum and force, and decoupled decay.

        Args:
            params: As for `Inertial`.
            lr: Length of each element's step. Unit: X.
            betas: Blend of the velocity, and share of momentum that survives. Unit: 1.
            weight_decay: Decoupled. Unit: 1/X.
            **shared: See `NamedConstructors`.

        Source: `inertial.conventions.lion`.
        """
        words = {"lr": lr, "betas": betas, "weight_decay": weight_decay}
        return cls._named(params, "lion", words, shared)

    @classmethod
    def signum(
        cls,
        params: Iterable[Any],
        lr: float | Tensor = 1e-4,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        **shared: Any,
    ) -> Self:
        """Return Signum: every element moves by lr in the direction of its momentum.

        Args:
            params: As for `Inertial`.
            lr: Length of each element's step. Unit: X.
            momentum: Share of the momentum that survives. Unit: 1.
            weight_decay: As `inertial.conventions.signum` says.
            **shared: See `NamedConstructors`.

        Source: `inertial.conventions.signum`.
        """
        words = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}
        return cls._named(params, "signum", words, shared)

    @classmethod
    def qhm(
        cls,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        momentum: float = 0.999,
        nu: float = 0.7,
        weight_decay: float = 0.0,
        **shared: Any,
    ) -> Self:
        """Return QHM: the velocity is a share ν of momentum, and the rest of gradient.

        Args:
            params: As for `Inertial`.
            lr: Learning rate. Unit: X²/L.
            momentum: Share of the average that survives. Unit: 1.
            nu: Share of the average in the velocity. Unit: 1.
            weight_decay: Coupled. Unit: L/X².
            **shared: See `NamedConstructors`.

        Source: `inertial.conventions.qhm`.
        """
        words = {
            "lr": lr,
            "momentum": momentum,
            "nu": nu,
            "weight_decay": weight_decay,
        }
        return cls._named(params, "qhm", words, shared)

    @classmethod
    def muon(
        cls,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.7750, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
        **shared: Any,
    ) -> Self:
        """Return Muon: the velocity is the orthogonal factor of a matrix of momenta.

        `split_matrices` finds the matrices of a model.

        Args:
            params: Matrices; groups of other parameters name another "method".
            lr: Learning rate. Unit: X.
            weight_decay: Decoupled. Unit: 1/X.
            momentum: Share of the average that survives. Unit: 1.
            nesterov: Whether the force is blended in once more.
            ns_coefficients: Of the Newton–Schulz iteration.
            eps: Least norm by which the iteration divides. Unit: L/X.
            ns_steps: Rounds of the iteration.
            adjust_lr_fn: "original" or "match_rms_adamw"; None is "original".
            **shared: See `NamedConstructors`.

        Source: `inertial.conventions.torch_muon`.
        """
        words = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_coefficients": ns_coefficients,
            "eps": eps,
            "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }
        return cls._named(params, "torch.Muon", words, shared)

    @classmethod
    def from_particle(
        cls,
        params: Iterable[Any],
        particle: Particle,
        time_step: float,
        *,
        schedule_acts_on: str = "clock",
        **shared: Any,
    ) -> Self:
        """Make the optimizer that is a given particle.

        Args:
            params: As for `Inertial`.
            particle: Mass, friction, force scale and friction law.
            time_step: Time that one step takes, above 0. Unit: T.
            schedule_acts_on: What a schedule changes; here the clock by default, since
                the mass and the friction were named.
            **shared: See `NamedConstructors`, and `kinetic`.

        Returns:
            An optimizer with lr = kick·drift and momentum = decay of the particle.

        Example:
            >>> import torch
            >>> from inertial.torch import Inertial
            >>> rolling = Inertial.from_particle(
            ...     [torch.nn.Parameter(torch.zeros(1))],
            ...     Particle(mass=10.0, friction=1.0, law="explicit"),
            ...     time_step=1.0,
            ... )
            >>> rolling.defaults["lr"], rolling.defaults["momentum"]
            (0.1, 0.9)
        """
        c = particle.coefficients(time_step)
        return cls(
            params,
            lr=c.kick * c.drift,
            momentum=c.decay,
            schedule_acts_on=schedule_acts_on,
            **shared,
        )  # type: ignore[call-arg]
