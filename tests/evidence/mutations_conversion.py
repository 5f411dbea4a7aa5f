"""Wrong libraries that the experiments on conversions and filters must notice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from mutating import Mutation, replace_everywhere

from inertial import analysis, physics
from inertial.analysis import scaling, stability
from inertial.conventions import average_form, normal_form, sum_form, velocity_form
from inertial.physics import Coefficients, Particle, integrator

Apply = Callable[[pytest.MonkeyPatch], None]


def _changed(right: Callable[..., Any], change: Callable[[Any], Any]) -> Apply:
    """Change what a function returns."""

    def wrong(*words: Any, **more: Any) -> Any:
        return change(right(*words, **more))

    return lambda monkeypatch: replace_everywhere(monkeypatch, right, wrong)


def _instead(right: Any, wrong: Any) -> Apply:
    return lambda monkeypatch: replace_everywhere(monkeypatch, right, wrong)


def _forgetful_form(rule: Any, step: int) -> Any:
    """Carry the decay itself, whatever the learning rate did."""
    now = rule(step)
    pushed = now.drift * now.blend_momentum * now.kick
    return normal_form.NormalForm(now.decay if step else 0.0, pushed, 0.0)


def _units_reversed(rule: Any, step: int) -> dict[str, Any]:
    now, before = rule(step), rule(max(step - 1, 0))
    ratio = now.kick / before.kick if before.kick else 1.0
    return {
        "lr": now.drift * now.blend_momentum * now.kick,
        "momentum": now.decay * ratio,
        "dampening": 0.0,
    }


def _damped_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    right = sum_form.torch_sgd

    def wrong(*words: Any, **more: Any) -> Any:
        method = right(*words, **more)
        return method._replace(coefficients=lambda t: method.coefficients(t + 1))

    replace_everywhere(monkeypatch, right, wrong)


def _correction_one_step_late(monkeypatch: pytest.MonkeyPatch) -> None:
    right = average_form.averaged

    def wrong(step: int, *words: Any, **more: Any) -> Coefficients:
        return right(step + 1, *words, **more)

    replace_everywhere(monkeypatch, right, wrong)


def _particle(**changes: Callable[[Coefficients, Any], Any]) -> Apply:
    """Change the six numbers of every particle."""

    def apply(monkeypatch: pytest.MonkeyPatch) -> None:
        right = Particle.coefficients

        def wrong(self: Particle, time_step: Any) -> Coefficients:
            six = right(self, time_step)
            made = {name: change(six, self) for name, change in changes.items()}
            return six._replace(**made)

        monkeypatch.setattr(Particle, "coefficients", wrong)

    return apply


def _mass_without_the_square(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Particle.from_coefficients.__func__

    def wrong(cls: type, six: Any, *, time_step: Any = 1.0, **more: Any) -> Particle:
        found = right(cls, six, time_step=time_step, **more)
        return Particle(
            found.mass / time_step, found.friction, found.force_scale, found.law
        )

    monkeypatch.setattr(Particle, "from_coefficients", classmethod(wrong))


def _always_the_mass(lr: Any, momentum: Any, acts_on: Any, reference_lr: Any) -> Any:
    return sum_form._Placed(force=1.0, decay=momentum, drift=lr)


def _stages(right: Any, *stages: Any) -> Apply:
    return _instead(right, right._replace(stages=stages))


def _no_lookahead(step: Any, carried: Any, nesterov: bool, keep: Any) -> Any:
    six = Coefficients(decay=carried, kick=step, drift=1.0, keep=keep)
    return velocity_form.Method(lambda _: six)


def _never_refuses(rule: Any, step: int) -> Any:
    return normal_form.NormalForm(rule(step).decay, rule(step).kick, 0.0)


def _determinant_without_force(coefficients: Any, curvature: Any, *more: Any) -> Any:
    trace, determinant = _RIGHT_TRACE(coefficients, curvature, *more)
    return trace, 0.0 * determinant + coefficients.decay


_RIGHT_TRACE = stability.trace_and_determinant


def _always_whole(symmetry: float = 1.0) -> Any:
    return physics.RELATIVISTIC_LEAPFROG


def _implicit_averages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(scaling._LAWS, "exact", "implicit")


def _gain_of_the_other_end(coefficients: Any, frequency: Any) -> Any:
    return _RIGHT_GAIN(coefficients._replace(decay=-coefficients.decay), frequency)


_RIGHT_GAIN = analysis.buffer_gain

MUTATIONS = [
    Mutation(
        "T11",
        "the momentum in Keras's words forgets that lr changed",
        _instead(normal_form.normal_form, _forgetful_form),
    ),
    Mutation("T11", "dampening acts on the first step too", _damped_at_once),
    Mutation(
        "T12",
        "PyTorch's momentum of an average has its two shares swapped",
        _instead(normal_form.scheduled_torch_words, _units_reversed),
    ),
    Mutation(
        "T12",
        "an average takes in the whole gradient, not its share 1 - beta",
        _changed(average_form.averaged, lambda six: six._replace(kick=1.0)),
    ),
    Mutation("T13", "dampening acts on the first step too", _damped_at_once),
    Mutation(
        "T13", "the correction counts one step too many", _correction_one_step_late
    ),
    Mutation(
        "T14",
        "a particle moves by its momentum, not divided by its mass",
        _particle(drift=lambda six, body: six.drift * body.mass),
    ),
    Mutation(
        "T14",
        "friction takes twice what it should",
        _particle(decay=lambda six, body: six.decay**2),
    ),
    Mutation(
        "T14",
        "the share of the last displacement forgets the clock",
        _instead(normal_form.normal_form, _forgetful_form),
    ),
    Mutation(
        "T15",
        "a mass is the force scale times the time step, not its square, over lr",
        _mass_without_the_square,
    ),
    Mutation(
        "T15",
        "every schedule acts on the mass",
        _instead(sum_form._place, _always_the_mass),
    ),
    Mutation(
        "T16",
        "Nesterov's method takes the force where it is, not ahead",
        _stages(physics.NESTEROV, ("push", 1.0), ("drift", 1.0)),
    ),
    Mutation(
        "T16",
        "Keras's nesterov is ignored",
        _instead(velocity_form._velocity_form, _no_lookahead),
    ),
    Mutation(
        "T17",
        "QHM's average takes in the whole gradient, not its share",
        _changed(average_form.averaged, lambda six: six._replace(kick=1.0)),
    ),
    Mutation(
        "T18",
        "a pause of the learning rate is spelled as if nothing were carried over it",
        _instead(normal_form.normal_form, _never_refuses),
    ),
    Mutation(
        "T18",
        "coasting is spelled without keeping the force out",
        _changed(
            normal_form.scheduled_torch_words, lambda words: {**words, "dampening": 0.0}
        ),
    ),
    Mutation(
        "T19",
        "the determinant of a mode forgets the force ahead",
        _instead(stability.trace_and_determinant, _determinant_without_force),
    ),
    Mutation(
        "T20",
        "every relativistic leapfrog is the whole one",
        _instead(integrator.relativistic_leapfrog, _always_whole),
    ),
    Mutation(
        "T20",
        "the relativistic particle has no speed limit",
        _instead(physics.relativistic, lambda *words, **more: physics.newtonian()),
    ),
    Mutation(
        "T22",
        "the effective learning rate lacks its 1/(1 - momentum)",
        _instead(stability.effective_lr, stability.equivalent_lr),
    ),
    Mutation(
        "T46", "friction is implicit where it should be exact", _implicit_averages
    ),
    Mutation(
        "T60",
        "the gain has the sign of the momentum turned",
        _instead(analysis.buffer_gain, _gain_of_the_other_end),
    ),
]
