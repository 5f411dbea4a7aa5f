"""Every setting at every learning rate as the members of one run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from inertial.bounds import POSITIVE, Bound, check, check_choice
from inertial.evidence.paper.published import NAG, PUBLISHED, Setting
from inertial.evidence.paper.recipes import JUDGED, Recipe, recipe
from inertial.evidence.paper.schedule import one_step
from inertial.physics import Coefficients
from inertial.training import stacked
from inertial.training.chance import undisturbed
from inertial.training.stacked import Stack

ON_CPU = 6  # members that move at once: their temporaries then stay in the cache
EXAM_SEED = 1_000_003  # of the batch that judges, apart from all that train
SCALE = Bound(
    0.0,
    1.0,
    low_open=True,
    why="it is the share of the paper's updates that is run; 1 is all of them.",
)


class Member(NamedTuple):
    """One setting at one learning rate."""

    setting: Setting
    rate: float


class Plan(NamedTuple):
    """What is to be run.

    Attributes:
        name: Of the task.
        scale: Share of the paper's updates.
        seed: Of all chance.
        device: Where.
        rates: Learning rates to try; None for the paper's. Unit: X²/L.
    """

    name: str
    scale: float
    seed: int = 0
    device: str = "cpu"
    rates: tuple[float, ...] | None = None

    @property
    def updates(self) -> int:
        """How many updates are run."""
        return max(1, round(PUBLISHED[self.name].updates * self.scale))

    @property
    def members(self) -> list[Member]:
        """Every setting at every rate, in the paper's order."""
        row = PUBLISHED[self.name]
        rates = row.rates if self.rates is None else self.rates
        return [Member(setting, rate) for setting in row.errors for rate in rates]


class Moment(NamedTuple):
    """A run between two updates.

    Attributes:
        done: How many updates were made.
        groups: The members, a few in each stack.
    """

    done: int
    groups: list[Stack]


class Trained(NamedTuple):
    """A run in motion.

    Attributes:
        plan: What is run.
        task: Its recipe.
        network: One member's architecture.
        moments: Before the first update, and after each.
    """

    plan: Plan
    task: Recipe
    network: nn.Module
    moments: Iterator[Moment]


def check_plan(plan: Plan) -> None:
    """Refuse a plan that cannot be run.

    Args:
        plan: What to run.

    Raises:
        ValueError: If a word lies outside its bound.

    Example:
        >>> check_plan(Plan("add", 2.0))
        Traceback (most recent call last):
            ...
        ValueError: `scale` must be above 0 and at most 1, but is 2.0: it is the ...
    """
    check_choice("paper", plan.name, PUBLISHED)
    check("scale", plan.scale, SCALE)
    check("seed", plan.seed, Bound(0))
    for rate in plan.rates or ():
        check("rates", rate, POSITIVE)
    check_choice("device", plan.device, ("cpu", "cuda"))
    if plan.device == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            "`device` is 'cuda', but PyTorch finds no GPU here. Use 'cpu', and a "
            "smaller scale."
        )


def train(plan: Plan) -> Trained:
    """Begin to train all members of a plan.

    Args:
        plan: What to run.

    Returns:
        The run; nothing moves before its moments are asked for. All members begin at
        the same point and see the same batches, so that they differ by their settings
        alone.
    """
    check_plan(plan)
    task = recipe(plan.name)
    with undisturbed():
        torch.manual_seed(plan.seed)
        network = task.build().to(plan.device)
    return Trained(plan, task, network, _moments(plan, task, network))


def _moments(plan: Plan, task: Recipe, network: nn.Module) -> Iterator[Moment]:
    groups = _grouped(plan)
    stacks = [stacked.stack([network] * len(group)) for group in groups]
    like = next(network.parameters())
    find = stacked.slopes(network, task.loss)
    chance = torch.Generator().manual_seed(plan.seed)
    yield Moment(0, stacks)
    for update in range(plan.updates):
        drawn = task.draw(task.batch_size, chance)
        inputs, targets = (part.to(plan.device) for part in drawn)
        moved = []  # a list of its own: an interrupted update leaves the last one whole
        for group, members in zip(groups, stacks, strict=True):
            now = stacked.together(_numbers(plan, task, group, update), like)
            _, gradients = find(members.position, inputs, targets)
            moved.append(stacked.advance(members, now, gradients))
        stacks = moved
        yield Moment(update + 1, stacks)


def judged(trained: Trained, moment: Moment) -> dict[str, Any]:
    """Measure every member, in words that a JSON file can hold.

    Nesterov's map holds the point that looks ahead; what is judged is the paper's
    parameter, where it stands.

    Args:
        trained: The run.
        moment: When.

    Returns:
        "cells", one for each member, with "error" and "loss" (None once not finite),
        and the plan's words.
    """
    plan, task, network, _ = trained
    row = PUBLISHED[plan.name]
    exam = task.draw(JUDGED, torch.Generator().manual_seed(EXAM_SEED))
    inputs, targets = (part.to(plan.device) for part in exam)

    def both(output: Tensor, targets: Tensor) -> Tensor:
        return torch.stack([task.error(output, targets), task.loss(output, targets)])

    cells = []
    for group, members in zip(_grouped(plan), moment.groups, strict=True):
        ahead = _look_ahead(plan, task, group, moment.done).to(targets)
        place = {
            name: where - ahead.view(-1, *(1,) * (where.dim() - 1)) * momentum
            for (name, where), momentum in zip(
                members.position.items(), members.momentum.values(), strict=True
            )
        }
        found = stacked.judge(network, both, place, inputs, targets).tolist()
        for member, (error, loss) in zip(group, found, strict=True):
            finite = math.isfinite(loss) and math.isfinite(error)
            cells.append(
                {
                    "kind": member.setting.kind,
                    "momentum": member.setting.momentum,
                    "rate": member.rate,
                    "error": error if finite else None,
                    "loss": loss if finite else None,
                }
            )
    return {
        "paper": plan.name,
        "scale": plan.scale,
        "seed": plan.seed,
        "device": plan.device,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "updates": plan.updates,
        "done": moment.done,
        "paper_updates": row.updates,
        "baseline": task.error(task.blind(targets), targets).item(),
        "cells": cells,
    }


def _grouped(plan: Plan) -> list[list[Member]]:
    every = plan.members
    size = ON_CPU if plan.device == "cpu" else len(every)
    return [every[i : i + size] for i in range(0, len(every), size)]


def _momentum(plan: Plan, task: Recipe, member: Member, update: int) -> float:
    """Return the momentum of an update, at the same share of the paper's run."""
    total = PUBLISHED[plan.name].updates
    return task.momentum(update * total / plan.updates, total, member.setting.momentum)


def _numbers(
    plan: Plan, task: Recipe, group: list[Member], update: int
) -> list[Coefficients]:
    following = min(update + 1, plan.updates - 1)
    return [
        one_step(
            member.setting,
            member.rate,
            _momentum(plan, task, member, update),
            _momentum(plan, task, member, following),
        )
        for member in group
    ]


def _look_ahead(plan: Plan, task: Recipe, group: list[Member], done: int) -> Tensor:
    following = min(done, plan.updates - 1)
    shares = [
        _momentum(plan, task, member, following) if member.setting.kind == NAG else 0.0
        for member in group
    ]
    return torch.tensor(shares, dtype=torch.float64)
