"""Wrong libraries that the experiments on the derivation and its limits must notice."""

from __future__ import annotations

from typing import Any

import pytest
from mutating import Mutation, replace_everywhere

from inertial import analysis, conventions, physics
from inertial.analysis import stability
from inertial.conventions import average_form
from inertial.physics import Coefficients, Particle, friction, friction_law


def _law(monkeypatch: pytest.MonkeyPatch, name: str, **changes: Any) -> None:
    right = friction_law(name)
    replace_everywhere(monkeypatch, right, right._replace(**changes))


def _stages(
    monkeypatch: pytest.MonkeyPatch, right: physics.Integrator, *stages: Any
) -> None:
    replace_everywhere(monkeypatch, right, right._replace(stages=stages))


def _method(monkeypatch: pytest.MonkeyPatch, cls: type, name: str, wrong: Any) -> None:
    monkeypatch.setattr(cls, name, wrong)


def _friction_taken_for_what_survives(monkeypatch: pytest.MonkeyPatch) -> None:
    _law(monkeypatch, "explicit", decay=lambda drag: drag)


def _average_without_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    right = average_form.averaged

    def wrong(*words: Any, **more: Any) -> Coefficients:
        return right(*words, **more)._replace(kick=1.0)

    replace_everywhere(monkeypatch, right, wrong)


def _explicit_euler_with_the_new_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    _stages(monkeypatch, physics.EXPLICIT_EULER, ("drift", 1.0), ("push", 1.0))


def _old_velocity(monkeypatch: pytest.MonkeyPatch) -> None:
    right = physics.step

    def wrong(
        six: Coefficients, kinetic: Any, x: Any, p: Any, force: Any, memory: Any = None
    ) -> Any:
        _, momentum, memory = right(six, kinetic, x, p, force, memory)
        velocity = kinetic.velocity(six.blend_momentum * p, memory)
        return six.keep * x + six.drift * velocity, momentum, memory

    replace_everywhere(monkeypatch, right, wrong)


def _kick_with_the_square_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Particle.coefficients

    def wrong(self: Particle, time_step: Any) -> Coefficients:
        six = right(self, time_step)
        return six._replace(kick=six.kick * time_step)

    _method(monkeypatch, Particle, "coefficients", wrong)


def _whole_kick_against_friction(monkeypatch: pytest.MonkeyPatch) -> None:
    _law(monkeypatch, "exponential", kick_share=lambda drag: 1.0 + 0.0 * drag)


def _drift_without_mass(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Particle.coefficients

    def wrong(self: Particle, time_step: Any) -> Coefficients:
        return right(self, time_step)._replace(drift=time_step + 0.0 * self.mass)

    _method(monkeypatch, Particle, "coefficients", wrong)


def _leapfrog_with_a_whole_kick_first(monkeypatch: pytest.MonkeyPatch) -> None:
    _stages(
        monkeypatch,
        physics.LEAPFROG,
        ("kick", 1.0),
        ("drift", 0.5),
        ("drag", 1.0),
        ("drift", 0.5),
    )


def _friction_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    _law(monkeypatch, "exact", decay=lambda drag: friction.exp(-drag) * 0.999)


def _limit_without_momentum(monkeypatch: pytest.MonkeyPatch) -> None:
    right = analysis.largest_stable_lr

    def wrong(six: Coefficients, curvature: Any) -> Any:
        return right(six, curvature) / (1 + stability.response(six).decay)

    replace_everywhere(monkeypatch, right, wrong)


def _clock_without_its_square(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(self: Particle, factor: Any) -> Particle:
        return Particle(
            factor * self.mass, factor * self.friction, self.force_scale, self.law
        )

    _method(monkeypatch, Particle, "reclocked", wrong)


def _particle_of_half_the_friction(monkeypatch: pytest.MonkeyPatch) -> None:
    _law(monkeypatch, "explicit", inverse=lambda decay: (1.0 - decay) / 2)


def _determinant_with_the_force_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    right = stability.trace_and_determinant

    def wrong(six: Coefficients, curvature: Any) -> Any:
        decay, keep, lasting, passing = stability.response(six)
        trace, _ = right(six, curvature)
        return trace, decay * (keep - curvature * (lasting + passing))

    replace_everywhere(monkeypatch, right, wrong)


def _limit_by_the_root_of_curvature(monkeypatch: pytest.MonkeyPatch) -> None:
    right = analysis.largest_stable_lr
    replace_everywhere(
        monkeypatch, right, lambda six, curvature: right(six, abs(curvature) ** 0.5)
    )


def _time_constant_turned_over(monkeypatch: pytest.MonkeyPatch) -> None:
    upside_down = property(lambda self: self.friction / self.mass)
    _method(monkeypatch, Particle, "time_constant", upside_down)


def _keras_remembers_the_force(monkeypatch: pytest.MonkeyPatch) -> None:
    right = conventions.keras_sgd

    def wrong(learning_rate: Any, momentum: Any = 0.0, **words: Any) -> Any:
        return conventions.torch_sgd(lr=learning_rate, momentum=momentum, **words)

    replace_everywhere(monkeypatch, right, wrong)


MUTATIONS = [
    Mutation(
        "T01",
        "what friction takes is booked as what survives, the page's own slip",
        _friction_taken_for_what_survives,
    ),
    Mutation("T02", "the average adds g for (1 − α)g", _average_without_its_share),
    Mutation(
        "T03",
        "explicit Euler takes the gradient after the drift",
        _explicit_euler_with_the_new_gradient,
    ),
    Mutation("T04", "the map moves with the old velocity", _old_velocity),
    Mutation("T05", "the kick has Δt² for Δt", _kick_with_the_square_of_time),
    Mutation(
        "T06",
        "the exponential law lets the whole kick survive",
        _whole_kick_against_friction,
    ),
    Mutation("T07", "the drift forgets the mass", _drift_without_mass),
    Mutation(
        "T08",
        "the leapfrog kicks once, at the beginning",
        _leapfrog_with_a_whole_kick_first,
    ),
    Mutation("T09", "every particle loses a thousandth", _friction_for_all),
    Mutation("T10", "the limit is 2/λ for 2(1 + μ)/λ", _limit_without_momentum),
    Mutation("T55", "the average adds g for (1 − α)g", _average_without_its_share),
    Mutation("T59", "another clock changes m by s, not s²", _clock_without_its_square),
    Mutation(
        "Q1", "half of the friction is read off a decay", _particle_of_half_the_friction
    ),
    Mutation(
        "Q2",
        "the lasting force shrinks areas too",
        _determinant_with_the_force_twice,
    ),
    Mutation("Q3", "the limit is 2(1 + μ)/√λ", _limit_by_the_root_of_curvature),
    Mutation("Q4", "the time constant is ε/m", _time_constant_turned_over),
    Mutation("Q5", "Keras remembers a sum of forces", _keras_remembers_the_force),
]
