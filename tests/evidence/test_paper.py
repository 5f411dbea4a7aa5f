"""The paper's table made again: members alone, order claims, and the command."""

import json
import math

import pytest
import torch

from inertial import cli
from inertial.evidence.paper import command
from inertial.evidence.paper import run as running
from inertial.evidence.paper.document import fill
from inertial.evidence.paper.order import (
    best_of,
    claims,
    compare,
    learnt,
    sentence,
)
from inertial.evidence.paper.prints import markdown, rows
from inertial.evidence.paper.published import CM, NAG, PUBLISHED, SGD, Setting
from inertial.evidence.paper.recipes import Recipe
from inertial.evidence.paper.run import Plan, judged, train
from inertial.evidence.paper.schedule import rising

UPDATES = 8


def _draw(count, chance):
    inputs = torch.randn(count, 3, generator=chance, dtype=torch.float64)
    return inputs, inputs.sum(1, keepdim=True)


def _tiny():
    return Recipe(
        lambda: torch.nn.Linear(3, 1).double(),
        _draw,
        torch.nn.functional.mse_loss,
        lambda output, targets: (output - targets).abs().mean(),
        lambda update, total, highest: rising(update * 200, total * 200, highest),
        16,
        torch.zeros_like,
    )


@pytest.fixture
def small(monkeypatch):
    """Replace every task by a line through three inputs, and eight updates."""
    monkeypatch.setattr(running, "recipe", lambda name: _tiny())
    row = PUBLISHED["add"]._replace(updates=UPDATES, rates=(0.02, 0.01, 1e200))
    monkeypatch.setitem(PUBLISHED, "add", row)


def literally(plan, member, task):
    """Train one member by the paper's own equations, in plain tensors."""
    torch.manual_seed(plan.seed)
    network = task.build()
    places = [p.detach().clone() for p in network.parameters()]
    velocities = [torch.zeros_like(place) for place in places]
    chance = torch.Generator().manual_seed(plan.seed)
    for update in range(plan.updates):
        mu = task.momentum(update, plan.updates, member.setting.momentum)
        look = mu if member.setting.kind == NAG else 0.0
        inputs, targets = task.draw(task.batch_size, chance)
        ahead = [
            (place + look * velocity).requires_grad_()
            for place, velocity in zip(places, velocities, strict=True)
        ]
        output = inputs @ ahead[0].T + ahead[1]
        slopes = torch.autograd.grad(task.loss(output, targets), ahead)
        velocities = [
            mu * velocity - member.rate * slope
            for velocity, slope in zip(velocities, slopes, strict=True)
        ]
        places = [p + v for p, v in zip(places, velocities, strict=True)]
    inputs, targets = _draw(
        running.JUDGED, torch.Generator().manual_seed(running.EXAM_SEED)
    )
    return task.error(inputs @ places[0].T + places[1], targets).item()


@pytest.mark.usefixtures("small")
def test_each_member_follows_the_paper_s_equations():
    plan = Plan("add", 1.0, seed=3)
    trained = train(plan)
    *_, last = trained.moments
    cells = judged(trained, last)["cells"]
    tried = list(zip(plan.members, cells, strict=True))
    assert len(tried) == 7 * 3
    for member, cell in tried:
        if member.rate < 1:
            # eight updates in float64: a few hundred roundings of 1e-16
            assert cell["error"] == pytest.approx(
                literally(plan, member, _tiny()), abs=1e-12
            )
        else:
            assert cell["error"] is None  # it diverged, and disturbed no other


@pytest.mark.usefixtures("small")
def test_groups_of_members_are_one_run(monkeypatch):
    found = []
    for size in (1, 50):
        monkeypatch.setattr(running, "ON_CPU", size)
        trained = train(Plan("add", 1.0))
        *_, last = trained.moments
        found.append([cell["error"] for cell in judged(trained, last)["cells"]])
    for one, all_at_once in zip(*found, strict=True):
        # the same products in another order, in float64
        assert one == pytest.approx(all_at_once, abs=1e-12)


@pytest.mark.usefixtures("small")
def test_a_seed_is_a_run_and_leaves_chance_alone():
    before = torch.get_rng_state()
    ends = []
    for seed in (1, 1, 2):
        trained = train(Plan("add", 1.0, seed))
        *_, last = trained.moments
        ends.append(judged(trained, last)["cells"][0]["error"])
    assert ends[0] == ends[1] != ends[2]
    assert torch.equal(before, torch.get_rng_state())


def table(**changed):
    row = {
        Setting(SGD, 0.0): 5.0,
        Setting(NAG, 0.9): 3.0,
        Setting(NAG, 0.99): 2.0,
        Setting(CM, 0.9): 2.5,
        Setting(CM, 0.99): 2.5,
    }
    return row | {Setting(*key.split("_")): value for key, value in changed.items()}


def told(ours):
    return {claim.about: (claim.ours, claim.verdict) for claim in claims(table(), ours)}


def test_the_same_table_has_the_same_order():
    found = claims(table(), table())
    assert [(c.about, c.paper) for c in found] == [
        ("SGD against the rest", "worse than all"),
        ("NAG against CM at .9", "worse"),
        ("NAG against CM at .99", "better"),
        ("NAG at .99 against NAG at .9", "better"),
        ("CM at .99 against CM at .9", "no different"),
    ]
    assert {c.verdict for c in found} == {"as in the paper"}
    assert sentence(found) == "5 of 5 claims about the order are as in the paper."


def test_a_changed_table_has_another_order():
    ours = table() | {Setting(NAG, 0.9): 2.0, Setting(SGD, 0.0): 2.4}
    found = told(ours)
    assert found["SGD against the rest"] == ("worse than some", "not as in the paper")
    assert found["NAG against CM at .9"] == ("better", "not as in the paper")
    assert found["NAG against CM at .99"] == ("better", "as in the paper")
    assert found["NAG at .99 against NAG at .9"][0] == "no different"
    assert "not as in the paper: SGD against the rest, NAG" in sentence(
        claims(table(), ours)
    )


def test_divergence_is_worse_than_anything_and_no_different_from_itself():
    assert compare(math.inf, 1e9) == "worse"
    assert compare(1e9, math.inf) == "better"
    assert compare(math.inf, math.inf) == "no different"
    lost = table() | {Setting(CM, 0.99): math.inf}
    assert told(lost)["CM at .99 against CM at .9"][0] == "worse"


def test_a_difference_within_the_margin_is_none():
    assert compare(1.00, 1.04) == "no different"
    assert compare(1.00, 1.06) == "better"


@pytest.mark.parametrize(
    ("name", "about", "expected"),
    [
        ("curves", "SGD against the rest", "worse than all"),
        ("curves", "NAG against CM at .9", "worse"),
        ("curves", "NAG against CM at .999", "better"),
        ("add", "SGD against the rest", "worse than some"),
        ("mul", "NAG against CM at .9", "worse"),
        ("mem5", "NAG against CM at .995", "better"),
        ("mem20", "CM at .995 against CM at .98", "worse"),
    ],
)
def test_the_paper_s_own_order_is_read_from_its_table(name, about, expected):
    row = PUBLISHED[name].errors
    found = {claim.about: claim.paper for claim in claims(row, row)}
    assert found[about] == expected


def result(name="add", seed=0, shift=0.0, **changed):
    table = PUBLISHED[name]
    cells = [
        {"kind": s.kind, "momentum": s.momentum, "rate": rate, "error": error}
        for s, printed in table.errors.items()
        for rate, error in ((0.1, None), (0.01, printed + shift), (0.001, 9.0))
    ]
    words = {"scale": 0.5, "done": 10, "updates": 10, "paper_updates": 20}
    place = {"seed": seed, "device": "cpu", "threads": 1, "torch": "2.13"}
    about = {"paper": name, "baseline": 0.92, "cells": cells, "seconds": 120.0}
    return {**about, **words, **place, **changed}


def test_the_best_rate_is_chosen_by_the_mean_over_seeds():
    cell = {"kind": CM, "momentum": 0.9}
    seeds = [{0.1: 1.0, 0.01: 2.0}, {0.1: 4.0, 0.01: 2.5}]
    results = [
        {"cells": [{**cell, "rate": r, "error": e} for r, e in errors.items()]}
        for errors in seeds
    ]
    best = best_of(results)[Setting(CM, 0.9)]
    assert (best.rate, best.error, best.seeds) == (0.01, 2.25, (2.0, 2.5))
    assert best.at_edge


def test_the_table_names_rate_spread_and_divergence():
    found = rows([result(), result(seed=1, shift=0.1)])
    assert found[0][:3] == ("biases alone", "0.82", "0.92")
    assert found[1] == (
        "SGD",
        "0.39",
        "0.44 (0.39 to 0.49)",
        "0.01",
        "1 rate diverged",
    )
    text = markdown([result(), result(seed=1, shift=0.1)])
    assert "| NAG .9 | 0.02 |" in text
    assert "10 of the paper's 20 updates; seeds 0, 1; CPU, 1 thread" in text


def test_all_rates_diverged_is_said():
    lost = result()
    for cell in lost["cells"]:
        if cell["kind"] == SGD:
            cell["error"] = None
    assert rows([lost])[1][2:] == ("diverged", "none", "all 3 rates diverged")


def test_results_of_different_runs_make_no_table():
    with pytest.raises(ValueError, match="`results` must agree in 'scale'"):
        rows([result(), result(scale=0.25)])


def test_nothing_learnt_is_said():
    row = PUBLISHED["add"].errors
    assert learnt(row, 0.9)
    assert not learnt(dict.fromkeys(row, 0.9), 0.92)
    assert "the order says nothing" in markdown([result(shift=0.9)])


def test_an_early_end_is_said():
    assert "Stopped before its end" in markdown([result(done=5)])


def test_a_document_is_filled_between_its_marks_again_and_again():
    text = (
        "a\n<!-- add -->\nold\n<!-- end of add -->\nb <!-- mul -->x<!-- end of mul -->"
    )
    once = fill(text, [result(seed=1), result(seed=0)])
    assert "old" not in once
    assert "seeds 0, 1" in once
    assert once.endswith("b <!-- mul -->x<!-- end of mul -->")
    assert fill(once, [result(seed=0), result(seed=1)]) == once


def test_a_document_without_marks_is_refused():
    with pytest.raises(ValueError, match="must hold the marks of 'add'"):
        fill("nothing", [result()])


@pytest.mark.usefixtures("small")
def test_the_command_prints_both_and_keeps_the_result(capsys, tmp_path):
    file = tmp_path / "add.json"
    assert (
        cli.run(["evidence", "--paper", "add", "--scale", "1", "--out", str(file)]) == 0
    )
    out, err = capsys.readouterr()
    assert "21 members, 8 updates each: about" in err
    assert "NAG .995" in out
    assert "0.00025" in out
    assert "claims about the order are as in the paper" in out
    kept = json.loads(file.read_text())
    assert (kept["done"], kept["seed"], len(kept["cells"])) == (8, 0, 21)
    assert "| SGD | 0.39 |" in markdown([kept])


@pytest.mark.usefixtures("small")
def test_other_rates_may_be_tried(capsys):
    words = ["--paper", "add", "--scale", "1", "--rates", "0.03,0.04"]
    assert cli.run(["evidence", *words]) == 0
    assert "14 members" in capsys.readouterr().err


@pytest.mark.usefixtures("small")
def test_an_interrupted_run_prints_what_it_has(capsys, tmp_path, monkeypatch):
    count = iter(range(100))

    def stop(count_, chance):
        if next(count) == 5:
            raise KeyboardInterrupt
        return _draw(count_, chance)

    monkeypatch.setattr(running, "recipe", lambda name: _tiny()._replace(draw=stop))
    file = tmp_path / "add.json"
    words = ["--paper", "add", "--scale", "1", "--out", str(file)]
    assert cli.run(["evidence", *words]) == command.INTERRUPTED
    out, err = capsys.readouterr()
    assert "Stopped after 5 of 8 updates" in err
    assert "Stopped before its end" in out
    assert json.loads(file.read_text())["done"] == 5


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--paper", "foo"], '`paper` must be one of "curves"'),
        (["--paper", "add", "--scale", "0"], "`scale` must be above 0 and at most 1"),
        (["--paper", "add", "--scale", "1.5"], "share of the paper's updates"),
        (["--paper", "add", "--scale", "nan"], "`scale` must be above 0"),
        (["--paper", "add", "--seed", "-1"], "`seed` must be at least 0"),
        (["--paper", "add", "--device", "tpu"], '`device` must be one of "cpu"'),
        (["--paper", "add", "--rates", "a,b"], "--rates must be numbers with commas"),
        (["--paper", "add", "--rates", "0.1,-1"], "`rates` must be above 0"),
        (["--paper", "add", "T01"], "but names was given too"),
        (["--paper", "add", "--html", "x"], "but --html was given too"),
        (["--scale", "0.5"], "--scale: only with --paper"),
        (["--paper", "add", "--out", "nowhere/x"], "there is no folder nowhere"),
        (["--paper", "add", "--out", "."], "--out . must be a file"),
    ],
)
def test_words_that_make_no_sense_are_refused(words, said, capsys):
    assert cli.run(["evidence", *words]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_missing_gpu_is_refused():
    with pytest.raises(ValueError, match=r"finds no GPU here\. Use 'cpu'"):
        running.check_plan(Plan("add", 0.1, device="cuda"))


@pytest.mark.slow
@pytest.mark.parametrize("name", PUBLISHED)
def test_every_task_runs_at_a_tiny_scale(name, capsys, tmp_path):
    scale = "1e-5" if name == "curves" else "1e-4"
    file = tmp_path / "result.json"
    words = ["--paper", name, "--scale", scale, "--out", str(file)]
    assert cli.run(["evidence", *words]) == 0
    kept = json.loads(file.read_text())
    count = len(PUBLISHED[name].errors) * len(PUBLISHED[name].rates)
    assert len(kept["cells"]) == count
    assert sum(cell["error"] is not None for cell in kept["cells"]) > count / 2
    assert PUBLISHED[name].place in " ".join(capsys.readouterr().out.split())
