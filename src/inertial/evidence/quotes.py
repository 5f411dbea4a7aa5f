"""What the question's page says, sentence by sentence, and what became of it."""

from __future__ import annotations

from typing import NamedTuple

from inertial.evidence.statement import Verdict


class Quote(NamedTuple):
    """A sentence or a comment of the page.

    Attributes:
        said: What is said there, in few words.
        verdict: What the experiments show of it, taken together.
        answer: In a sentence.
        names: The statements that show it.
    """

    said: str
    verdict: Verdict
    answer: str
    names: tuple[str, ...]


SENTENCES: dict[str, Quote] = {
    "C1": Quote(
        "Gradient flow is ẋ = −∇L; gradient descent is its first-order discretisation.",
        "true",
        "The global error falls with the first power of the step.",
        ("T08",),
    ),
    "C2": Quote(
        "If you are interested in ẍ = −∇L, look for the heavy ball.",
        "true only if",
        "there is friction: without it the energy stays and the loss never settles.",
        ("T09",),
    ),
    "C3": Quote(
        "Mass is irrelevant, assume unit mass; the step size is what matters.",
        "true only if",
        "friction and clock are changed with it, as a change of units. Changed alone, "
        "the mass changes both the learning rate and the momentum.",
        ("T59",),
    ),
    "C4": Quote(
        "Momentum keeps an optimizer from getting stuck: it powers through flat areas, "
        "local minima and saddle points.",
        "true only if",
        "the flat is short and the barrier lower than the start. It coasts a finite "
        "way, leaves saddles sooner only at an equal lr, and climbs no higher than its "
        "energy.",
        ("T50", "T51", "T52", "T53"),
    ),
    "C5": Quote(
        "What we calculate is a force, the time derivative of momentum.",
        "true only if",
        "the force is the total one: the push −φ∇L and the drag −εv together.",
        ("Q3",),
    ),
    "C6": Quote(
        "The force says how the learning rate must be updated, so that divergence does "
        "not happen.",
        "false",
        "The limit is 2(1 + μ)/λ: it knows the curvature λ and the friction, and "
        "no force. Noise in the curvature adds a limit of its own.",
        ("T10", "T21", "T36"),
    ),
    "C7": Quote(
        "Momentum speeds up training.",
        "true only if",
        "the problem is ill-conditioned and the noise low: up to √κ times without "
        "noise, nothing where noise rules, a loss where the problem is easy.",
        ("T26", "T29", "T37"),
    ),
    "C8": Quote(
        "It sets a better learning rate: faster in homogeneous areas, slower in rough "
        "ones.",
        "true",
        "The buffer is a low-pass filter: gain 1/(1 − μ) for gradients that agree, "
        "1/(1 + μ) for those that alternate.",
        ("T60",),
    ),
    "C9": Quote(
        "It helps to avoid oscillations.",
        "false",
        "Where descent does not swing (lr·λ < 1), momentum makes it swing. It calms "
        "only the zig-zag of a learning rate that is nearly too large.",
        ("T28",),
    ),
    "C10": Quote(
        "It regularises the stochasticity, keeping information of past batches.",
        "false",
        "It smooths the buffer, not the position: at an equal lr the weights scatter "
        "more, at an equal lr/(1 − μ) as much as without.",
        ("T35",),
    ),
    "C11": Quote(
        "In SGD the gradient is the velocity, and η is essentially Δt.",
        "true only if",
        "the sign is turned, v = −∇L, and the particle is all friction: then "
        "η = φΔt/ε.",
        ("Q5", "T06"),
    ),
    "C12": Quote(
        "α is the mass: 1 is all momentum, 0 follows the force.",
        "true only if",
        "one speaks of the limits. α is the share of the velocity that survives a "
        "step; it tends to 1 for a heavy mass, weak friction and a short step alike.",
        ("T55", "Q4"),
    ),
    "C13": Quote(
        "As m → 0 momentum does not matter (said without friction).",
        "false",
        "Without friction nothing is ever forgotten, whatever the mass; a small mass "
        "only makes the step explode. With friction it is true.",
        ("T05", "T06"),
    ),
    "C14": Quote(
        "As m → ∞ the velocity stays constant.",
        "true",
        "The path bends away from a straight line by φΔt²gN(N + 1)/(2m).",
        ("T07",),
    ),
    "C15": Quote(
        "α = ηε/m, β = η/m, γ = 1/η − ε/m, and this is identical to the first form.",
        "false",
        "α is 1 − ηε/m, γ is not positive, and the first form takes the gradient one "
        "step too early. As printed, the particle climbs.",
        ("T01", "T02", "T03"),
    ),
    "C16": Quote(
        "Nesterov proved it: 1 + 2 + … + N, so momentum guarantees a quadratic "
        "speed-up.",
        "true only if",
        "the momentum grows by Nesterov's schedule, the loss is convex and nothing is "
        "noisy. The sum holds for a straight slope without friction.",
        ("T48", "T49", "T30", "T54", "T37"),
    ),
}

COMMENTS: dict[str, Quote] = {
    "A1": Quote(
        "What is γ? Is it −1?",
        "true only if",
        "the gradient is counted as a force of equal size (φ = 1): γ = −φ is the force "
        "per gradient. It is never positive.",
        ("Q1", "T01", "T02"),
    ),
    "A2": Quote(
        "Why is the position updated with the updated velocity?",
        "true",
        "With the old one the step is explicit Euler: it gains energy from nothing, "
        "and with friction is stable only up to lr·λ = 1 − μ.",
        ("Q2", "T03", "T04"),
    ),
    "A3": Quote(
        "Does the force say how the learning rate must be updated?",
        "false",
        "Curvature and friction do. A force of any size, if constant, ends in a "
        "constant speed.",
        ("Q3", "T10"),
    ),
    "A4": Quote(
        "I am missing the mass factor, and what it tells us.",
        "true",
        "The mass is φΔt²/lr: how slowly a force turns into motion. Only beside a "
        "choice of units for force and time is it a number.",
        ("Q4", "T59"),
    ),
    "A5": Quote(
        "What is the velocity? Is it −∇L?",
        "true only if",
        "there is no momentum. Otherwise velocity is the step per unit of time, an "
        "average of all past forces; −∇L is a force.",
        ("Q5", "T55"),
    ),
}
