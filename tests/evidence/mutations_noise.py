"""Wrong libraries that the experiments on noise and batch size must notice."""

from __future__ import annotations

from typing import Any

import numpy
import pytest
from mutating import Mutation, replace_everywhere

from inertial.analysis import noise, scaling, simulation
from inertial.physics import adaptive, energy, integrator


def _variance_without_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    right = noise._covariance

    def wrong(one: Any, other: Any, coefficients: Any, curvature: Any) -> Any:
        share = 1 - numpy.asarray(coefficients.decay)
        return right(one, other, coefficients, curvature) * share

    monkeypatch.setattr(noise, "_covariance", wrong)


def _old_momentum_drifts(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(
        coefficients: Any, kinetic: Any, place: Any, push: Any, force: Any, memory: Any
    ) -> Any:
        place = place + coefficients.drift * kinetic.velocity(push, memory)
        return place, coefficients.decay * push + coefficients.kick * force, memory

    monkeypatch.setattr(simulation, "take_step", wrong)


def _energy_upside_down(monkeypatch: pytest.MonkeyPatch) -> None:
    right = energy.energy_scale

    def wrong(coefficients: Any) -> Any:
        return 1 / right(coefficients)

    replace_everywhere(monkeypatch, right, wrong)


def _looks_from_where_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = integrator.SYMPLECTIC_EULER
    replace_everywhere(monkeypatch, integrator.NESTEROV, wrong)


def _base_point_is_the_look_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    replace_everywhere(monkeypatch, noise.base_variance, noise.position_variance)


def _buffer_of_amplitudes(monkeypatch: pytest.MonkeyPatch) -> None:
    right = noise.buffer_variance

    def wrong(coefficients: Any, spread: Any = 1.0) -> Any:
        return right(coefficients, spread) * (1 + numpy.asarray(coefficients.decay))

    replace_everywhere(monkeypatch, right, wrong)


def _multiplicative_limit_of_descent(monkeypatch: pytest.MonkeyPatch) -> None:
    right = noise.largest_stable_lr_multiplicative

    def wrong(coefficients: Any, curvature: Any, spread: float) -> Any:
        descent = coefficients._replace(decay=0.0)
        return right(descent, curvature, spread) * (1 - coefficients.decay)

    replace_everywhere(monkeypatch, right, wrong)


def _temperature_of_the_whole_variance(monkeypatch: pytest.MonkeyPatch) -> None:
    right = noise.temperature

    def wrong(coefficients: Any, spread: Any) -> Any:
        return 2 * right(coefficients, spread)

    replace_everywhere(monkeypatch, right, wrong)


def _rescale(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    right = scaling.scale

    def wrong(lr: float, momentum: float, factor: float, rule: Any = "physical") -> Any:
        return change(right(lr, momentum, factor, rule), factor, rule)

    replace_everywhere(monkeypatch, right, wrong)


def _time_step_squared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def change(scaled: Any, factor: float, rule: str) -> Any:
        physical = rule == "physical"
        return scaled._replace(lr=scaled.lr / factor) if physical else scaled

    _rescale(monkeypatch, change)


def _friction_forgotten_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def change(scaled: Any, factor: float, rule: str) -> Any:
        exact = rule == "exact"
        momentum = scaled.momentum ** ((factor - 1) / factor)
        return scaled._replace(momentum=momentum) if exact else scaled

    _rescale(monkeypatch, change)


def _square_root_is_linear(monkeypatch: pytest.MonkeyPatch) -> None:
    def change(scaled: Any, factor: float, rule: str) -> Any:
        root = rule == "sqrt"
        return scaled._replace(lr=scaled.lr * factor**0.5) if root else scaled

    _rescale(monkeypatch, change)


def _mass_is_the_mean_square(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*args: Any, **words: Any) -> Any:
        right = adaptive(*args, **words)
        velocity = right.velocity
        return right._replace(
            velocity=lambda push, memory: (
                velocity(push, memory) * abs(velocity(push, memory))
            )
        )

    replace_everywhere(monkeypatch, adaptive, wrong)


MUTATIONS = (
    Mutation("T32", "the variance lacks the memory 1/(1-mu)", _variance_without_memory),
    Mutation("T32", "a step drifts with the old momentum", _old_momentum_drifts),
    Mutation("T33", "kinetic energy is K·kick/drift", _energy_upside_down),
    Mutation(
        "T34", "Nesterov feels the force where it is", _looks_from_where_it_stands
    ),
    Mutation("T34", "the base point is the look ahead", _base_point_is_the_look_ahead),
    Mutation("T35", "the buffer's variance is over 1-mu", _buffer_of_amplitudes),
    Mutation("T35", "the variance lacks the memory 1/(1-mu)", _variance_without_memory),
    Mutation(
        "T36", "the limit is descent's times 1-mu", _multiplicative_limit_of_descent
    ),
    Mutation("T37", "the temperature is twice", _temperature_of_the_whole_variance),
    Mutation("T44", "lr times k, not k squared", _time_step_squared_once),
    Mutation("T44", "mu to the power k-1", _friction_forgotten_once),
    Mutation("T45", "lr times k, not k squared", _time_step_squared_once),
    Mutation("T45", "mu to the power k-1", _friction_forgotten_once),
    Mutation("T47", "lr times k, not its root", _square_root_is_linear),
    Mutation("T47", "Adam's velocity grows as m², not m", _mass_is_the_mean_square),
)
