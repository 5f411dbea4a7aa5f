"""The paper's tasks: sequences, networks, schedules, and what was printed."""

import pytest
import torch

from inertial.conventions import keras_sgd
from inertial.evidence.paper.networks import Recurrent, reservoir
from inertial.evidence.paper.published import CM, NAG, PUBLISHED, SGD, Setting
from inertial.evidence.paper.recipes import (
    recipe,
    symbol_surprise,
    wrong_numbers,
    wrong_symbols,
)
from inertial.evidence.paper.schedule import one_step, rising, settled
from inertial.evidence.paper.sequences import five_bits, marked_numbers, twenty_bits


def chance(seed=1):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("combine", [torch.add, torch.mul])
def test_the_target_is_made_of_the_two_marked_numbers(combine):
    inputs, targets = marked_numbers(combine, 80, 200, chance())
    assert inputs.shape == (80, 200, 2)
    assert targets.shape == (1, 200, 1)
    numbers, marks = inputs[:, :, 0] + 0.5, inputs[:, :, 1]
    assert ((numbers >= 0) & (numbers <= 1)).all()
    where = marks == 1
    assert (where.sum(0) == 2).all()
    first, second = (where.float().cumsum(0) == rank for rank in (1, 2))
    early, late = first.float().argmax(0), second.float().argmax(0)
    assert ((early >= 1) & (early < 8)).all()
    assert ((late >= 8) & (late < 40)).all()
    every = torch.arange(200)
    # the mean 1/2 is taken off and put back: one rounding of 6e-8 each
    torch.testing.assert_close(
        targets[0, :, 0], combine(numbers[early, every], numbers[late, every])
    )
    cues = (marks == -1).nonzero()[:, 0].unique().tolist()
    assert cues == [0, 76]


def test_sequences_come_from_the_seed_alone():
    torch.manual_seed(7)
    first = marked_numbers(torch.add, 80, 5, chance())[0]
    assert torch.equal(first, marked_numbers(torch.add, 80, 5, chance())[0])
    assert not torch.equal(first, marked_numbers(torch.add, 80, 5, chance(2))[0])


@pytest.mark.parametrize(
    ("draw", "length", "kinds", "kept"),
    [(five_bits, 200, 2, 5), (twenty_bits, 80, 5, 10)],
    ids=["mem5", "mem20"],
)
def test_what_was_shown_first_is_asked_for_last(draw, length, kinds, kept):
    inputs, shares = draw(length, 100, chance())
    assert inputs.shape[0] == length
    assert inputs.shape[2] == kinds + 2
    assert (inputs.sum(2) == 1).all()  # one thing is on at every step
    shown = inputs[:kept, :, :kinds].argmax(2)
    asked = shares.sum(2) > 0
    assert torch.equal(shares.argmax(2)[asked], shown[asked])
    assert (inputs[kept:, :, :kinds] == 0).all()  # nothing helps while it waits
    assert (inputs[:, :, -1].argmax(0) == length - kept - 1).all()
    assert inputs[:, :, -1].sum() == inputs.shape[1]
    # each answer's shares are a distribution over the batch: 100 roundings of 6e-8
    torch.testing.assert_close(shares.sum((1, 2)), torch.ones(kept))


def test_five_bits_weigh_as_often_as_they_were_drawn():
    _, shares = five_bits(200, 100, chance())
    drawn = torch.randint(32, (100,), generator=chance())
    logits = torch.randn(5, 32, 2, generator=chance(3))
    bits = torch.stack([drawn >> place & 1 for place in range(5)])
    long = torch.nn.functional.cross_entropy(
        logits[:, drawn].flatten(0, 1), bits.flatten(), reduction="sum"
    )
    # the same 500 terms in another order, in float32
    torch.testing.assert_close(symbol_surprise(logits, shares), long / 100)
    wrong = (logits[:, drawn].argmax(2) != bits).sum() / 100
    torch.testing.assert_close(wrong_symbols(logits, shares), wrong)


def test_a_number_is_right_within_the_tolerance():
    found = wrong_numbers(
        torch.tensor([1.0, 1.0, 1.0]), torch.tensor([1.039, 1.041, 0])
    )
    assert found.item() == pytest.approx(2 / 3)


@pytest.mark.parametrize("name", ["add", "mul", "mem5", "mem20"])
def test_biases_alone_do_as_chance_does(name):
    task = recipe(name)
    _, targets = task.draw(2000, chance())
    expected = {
        "add": 1 - (2 * 0.04 - 0.04**2),  # a sum of two is triangular about 1
        "mul": 0.889,  # density -ln(x) about 1/4, integrated over ±0.04
        "mem5": 2.5,
        "mem20": 8.0,
    }[name]
    # 2000 draws: a standard error of 0.007 for shares, 0.03 for counts; four of them
    slack = 0.03 if expected < 1 else 0.12
    error = task.error(task.blind(targets), targets).item()
    assert error == pytest.approx(expected, abs=slack)


def test_the_reservoir_is_sparse_and_has_its_radius():
    torch.manual_seed(0)
    weights = reservoir(100)
    assert ((weights != 0).sum(0) == 15).all()
    radius = torch.linalg.eigvals(weights).abs().max().item()
    assert radius == pytest.approx(1.1, rel=1e-4)  # float32 eigenvalues of 100 units


def test_the_recurrent_network_answers_its_bias_at_first_and_reads_the_last_steps():
    torch.manual_seed(0)
    network = Recurrent(2, 1, 0.001, 2, torch.ones(1))
    sequence = torch.zeros(7, 3, 2)
    assert (network(sequence) == 1).all()
    sequence[-1] = 1.0  # seen by the last answer alone
    answers = network(sequence)
    assert (answers[0] == 1).all()
    assert (answers[1] != 1).all()
    assert network.enter.weight.std().item() == pytest.approx(0.001, rel=0.3)


def test_the_recurrent_network_is_pytorch_s():
    torch.manual_seed(0)
    network = Recurrent(3, 2, 0.1, 4, torch.zeros(2)).double()
    peer = torch.nn.RNN(3, 100).double()
    with torch.no_grad():
        peer.weight_ih_l0.copy_(network.enter.weight)
        peer.weight_hh_l0.copy_(network.recur.T)
        peer.bias_ih_l0.zero_()
        peer.bias_hh_l0.zero_()
    sequence = torch.randn(9, 5, 3, dtype=torch.float64)
    expected = network.leave(peer(sequence)[0][-4:])
    # nine steps of sums of 100 terms in float64
    torch.testing.assert_close(network(sequence), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("update", "expected"),
    [(0, 0.5), (249, 0.5), (250, 0.75), (1000, 0.9), (124_749, 0.998998)],
)
def test_momentum_rises_as_printed(update, expected):
    assert rising(update, 750_000, 1.0) == pytest.approx(expected, abs=1e-6)


def test_momentum_reaches_its_ceiling_and_falls_at_the_end():
    late = [rising(t, 750_000, 0.999) for t in (124_750, 748_999, 749_000)]
    assert late == [0.999, 0.999, 0.9]
    assert not rising(749_000, 750_000, 0.0)
    assert [settled(t, 0.0) for t in (0, 999, 1000)] == [0.9, 0.9, 0.0]


def test_each_kind_is_its_convention():
    nag = one_step(Setting(NAG, 0.9), 0.1, 0.9, 0.9)
    cm = one_step(Setting(CM, 0.9), 0.1, 0.9, 0.9)
    assert nag == keras_sgd(0.1, 0.9, nesterov=True).coefficients(0)
    assert cm == keras_sgd(0.1, 0.9).coefficients(0)
    plain = one_step(Setting(SGD, 0.0), 0.1, 0.0, 0.0)
    assert (plain.decay, plain.drift * plain.kick) == (0.0, 0.1)


def test_every_row_is_complete():
    assert set(PUBLISHED) == {"curves", "add", "mul", "mem5", "mem20"}
    for name, table in PUBLISHED.items():
        momenta = (0.9, 0.99, 0.995, 0.999) if name == "curves" else (0.9, 0.98, 0.995)
        expected = [Setting(SGD, 0.0)]
        expected += [Setting(kind, m) for kind in (NAG, CM) for m in momenta]
        assert list(table.errors) == expected
        assert len(table.rates) == (6 if name == "curves" else 4)
    found = PUBLISHED["curves"].errors, PUBLISHED["mem20"].errors
    assert [found[0][Setting(CM, 0.9)], found[1][Setting(NAG, 0.995)]] == [0.15, 5e-5]
