"""Statements on networks: the table, the teams; and, slowly, that each one holds."""

from typing import get_args

import numpy
import pytest
import small_statements as small
import torch
from network_mutations import MUTATIONS

from inertial import cli
from inertial.conventions import torch_sgd
from inertial.evidence import command
from inertial.evidence.networks import table, team
from inertial.evidence.networks.table import NETWORK_STATEMENTS
from inertial.evidence.page import page
from inertial.evidence.run import Result
from inertial.evidence.statement import Verdict
from inertial.evidence.table import STATEMENTS, find
from inertial.torch import Inertial

ALL = list(NETWORK_STATEMENTS.values())


@pytest.fixture
def one_thread():
    """Many small networks are quickest on one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_names_are_stable_and_apart_from_the_others():
    assert list(NETWORK_STATEMENTS) == [f"N{number}" for number in range(1, 7)]
    assert len(table.ROOMS) == len(set(table.ROOMS))
    assert not set(NETWORK_STATEMENTS) & set(STATEMENTS)
    assert {mutation.name for mutation in MUTATIONS} == set(NETWORK_STATEMENTS)


@pytest.mark.parametrize("statement", ALL, ids=lambda statement: statement.name)
def test_a_row_is_complete(statement):
    assert statement.verdict in get_args(Verdict)
    assert statement.sentence.endswith(".")
    assert statement.because.endswith(".")
    assert not statement.because.lower().startswith("only if"), "the words before it"
    assert statement.prediction
    assert statement.topic == "On networks"
    assert statement.experiment.__doc__


@pytest.mark.parametrize(
    ("words", "names"),
    [([], "N1 N2 N3 N4 N5 N6"), (["n2", "N5"], "N2 N5"), (["keras"], "N3")],
)
def test_words_find_statements(words, names):
    assert [s.name for s in find(words, NETWORK_STATEMENTS)] == names.split()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["N1"], "takes minutes. If that is meant: inertial evidence --networks N1"),
        (["--networks", "N9"], "there is no statement N9; there are N1 to N6."),
        (["--networks", "T24"], "there is no statement T24; there are N1 to N6."),
        (["--networks", "zebra"], "no statement speaks of 'zebra'"),
        (["--networks", "--seed", "-1"], "--seed must be 0 or more, but is -1"),
        (["--networks", "--paper", "add"], "but --networks was given too"),
    ],
)
def test_bad_input_is_one_line(words, told, capsys, monkeypatch):
    monkeypatch.setattr(command, "run", lambda *_, **__: pytest.fail("nothing runs"))
    assert cli.run(["evidence", *words]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_the_command_says_beforehand_that_it_takes_long(capsys, monkeypatch):
    statement = small.statement("N1", small.agree)
    result = Result("N1", small.agree(0).comparisons)
    monkeypatch.setattr(command, "_trained", lambda words: [statement])
    monkeypatch.setattr(command, "_watched", lambda *_, **__: {"N1": result})
    assert cli.run(["evidence", "--networks", "N1"]) == 0
    told = capsys.readouterr()
    assert told.err.startswith("This trains networks: minutes")
    assert "✓ true" in told.out


def test_the_page_has_them_under_their_own_heading():
    results = {s.name: Result(s.name, small.agree(0).comparisons) for s in ALL}
    text = page(ALL, results, 3)
    assert "<h2>On networks</h2>" in text
    assert "inertial evidence --networks N4 --seed 3" in text
    assert "inertial evidence --networks --html evidence.html" in text


@pytest.mark.parametrize("batch", [0, 150])
def test_a_team_walks_as_each_of_its_members_alone(batch, one_thread):
    tumours = team.problem("breast-cancer", 400, model="logistic")
    settings = [{"lr": 0.1, "momentum": 0.9}, {"lr": 0.3}]
    six = [torch_sgd(**words).coefficients(1) for words in settings]
    film = team.films(tumours, six, [4, 5], 5, batch=batch)
    for row, words in enumerate(settings):
        for column, seed in enumerate((4, 5)):
            losses = alone(tumours, seed, words, 5, batch)
            # Six steps in float32, summed in another order.
            assert film[row, column] == pytest.approx(losses, rel=1e-5)


def alone(tumours, seed, words, steps, batch):
    network = tumours.network(seed)
    optimizer = Inertial(network.parameters(), **words)
    orders = [torch.randperm(400, generator=team._generator(seed, e)) for e in range(3)]
    parts = [part for order in orders for part in order[:300].split(150)]
    losses = []
    for step in range(steps + 1):
        with torch.no_grad():
            whole = tumours.price(network(tumours.inputs), tumours.targets)
        losses.append(whole.item())
        chosen = parts[step] if batch else slice(None)
        optimizer.zero_grad()
        tumours.price(
            network(tumours.inputs[chosen]), tumours.targets[chosen]
        ).backward()
        optimizer.step()
    return losses


def test_a_level_is_reached_between_two_looks():
    film = numpy.array([[4.0, 2.0, 3.0, 1.0], [1.0, 1.0, 1.0, 1.0], [9.0] * 4])
    assert team.reached(film, 3.0, every=4).tolist() == [2.0, 0.0, numpy.inf]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("statement", ALL, ids=lambda statement: statement.name)
def test_a_statement_holds(statement, seed, one_thread):
    finding = statement.experiment(seed)
    assert not [c for c in finding.comparisons if not c.holds]
    assert finding.holds
    assert len(finding.seen) > 20
    assert all(c.what and c.why for c in finding.comparisons)


@pytest.mark.slow
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: f"{m.name}: {m.wrong}")
# A wrong library may overflow or divide by nothing: that, too, is being noticed.
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_an_experiment_notices_a_wrong_library(mutation, monkeypatch, one_thread):
    experiment = NETWORK_STATEMENTS[mutation.name].experiment
    mutation.apply(monkeypatch)
    try:
        holds = experiment(0).holds
    except Exception:
        holds = False
    assert not holds, f"{mutation.name} holds although {mutation.wrong}"
