"""Two processes on gloo: data-parallel and fully sharded runs equal a single one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch

from cases_torch import KERNELS, assert_close, assert_equal
from cases_torch_ranks import (
    BUILDS,
    RANKS,
    STEPS,
    muon_of,
    network,
    one_step,
    places,
    readings_of,
    row_of,
    train,
    work,
)

# Gradients are averaged over ranks, not over the batch at once: float64 rounding of a
# few steps at order 1.
WITHIN = 1e-12
FOREACH = pytest.mark.parametrize("foreach", KERNELS.values(), ids=KERNELS)


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Run all scenarios once, in one pair of processes."""
    folder = tmp_path_factory.mktemp("ranks")
    before = os.environ.get("GLOO_SOCKET_IFNAME")
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    try:
        torch.multiprocessing.spawn(work, args=(str(folder),), nprocs=RANKS)
    finally:
        if before is None:
            del os.environ["GLOO_SOCKET_IFNAME"]
        else:
            os.environ["GLOO_SOCKET_IFNAME"] = before
    return [read(folder / f"rank{rank}.pt") for rank in range(RANKS)]


def read(path: Path) -> dict[str, Any]:
    return torch.load(path, weights_only=True)


def result(ranks: list[dict[str, Any]], name: str) -> list[torch.Tensor]:
    """Return a scenario's places after seeing that all ranks agree on them."""
    for rank in ranks:
        if name not in rank:
            pytest.fail(rank["failed"])
    assert_equal(ranks[0][name], ranks[1][name])
    return ranks[0][name]


def alone(build: Any, **words: Any) -> list[torch.Tensor]:
    model = network()
    train(model, build(model.parameters(), **words), range(STEPS))
    return places(model)


@FOREACH
@pytest.mark.parametrize("name", BUILDS)
@pytest.mark.parametrize("way", ["ddp", "fsdp"])
def test_equals_a_single_process(
    ranks: list[dict[str, Any]], way: str, name: str, foreach: bool
) -> None:
    found = result(ranks, f"{way} {name} {foreach}")
    assert_close(found, alone(BUILDS[name], foreach=foreach), WITHIN)


@FOREACH
def test_sharded_and_whole_parameters_in_one_list(
    ranks: list[dict[str, Any]], foreach: bool
) -> None:
    found = result(ranks, f"mixed {foreach}")
    assert_close(found, alone(BUILDS["sgd"], foreach=foreach), WITHIN)


@pytest.mark.parametrize("name", ["sgd", "nesterov", "lion", "norm", "adamw"])
def test_readings_of_shards_are_those_of_the_whole(
    ranks: list[dict[str, Any]], name: str
) -> None:
    model = network()
    expected = readings_of(model, BUILDS[name](model.parameters()))
    found = result(ranks, f"readings {name}")
    assert len(found) == len(expected)
    for row, whole in zip(found, expected, strict=True):
        torch.testing.assert_close(row, whole, rtol=WITHIN, atol=WITHIN)


def test_what_all_processes_hold_is_read_once(ranks: list[dict[str, Any]]) -> None:
    model, rows = network(), []
    optimizer = BUILDS["sgd"](model.parameters())
    optimizer.observe(lambda reading: rows.append(row_of(reading)))
    one_step(model, optimizer)
    (found,) = result(ranks, "mixed readings")
    torch.testing.assert_close(found, rows[0], rtol=WITHIN, atol=WITHIN)


def test_shards_that_move_as_their_gradients_arrive(
    ranks: list[dict[str, Any]],
) -> None:
    assert_equal(result(ranks, "in backward"), result(ranks, "fsdp sgd None"))


def test_sharded_matrices_by_muon(ranks: list[dict[str, Any]]) -> None:
    model = network()
    train(model, muon_of(model), range(STEPS))
    # The iteration runs in bfloat16: a last place that differs between a mean of means
    # and a mean may move one rounding, 2^-8 of steps of 0.02, four times.
    assert_close(result(ranks, "muon"), places(model), 4 * 0.02 * 2**-6)


@pytest.mark.parametrize("name", ["sgd", "adamw", "clock"])
def test_checkpoint_of_shards(ranks: list[dict[str, Any]], name: str) -> None:
    assert_equal(result(ranks, f"dcp {name}"), result(ranks, f"fsdp {name} False"))


@pytest.mark.parametrize("flat", ["", " flat"], ids=["gathered", "flattened"])
def test_state_taken_out_and_put_back(ranks: list[dict[str, Any]], flat: str) -> None:
    assert_equal(result(ranks, f"full{flat}"), result(ranks, "fsdp sgd False"))


def test_shards_are_rounded_each_with_its_own_noise(
    ranks: list[dict[str, Any]],
) -> None:
    (buffer,) = result(ranks, "rounding")
    upper, lower = buffer.chunk(RANKS)
    assert not torch.equal(upper, lower)
    # 100 (1 - 0.99^60) = 45.28; the mean of 4096 roundings of spacing 0.25.
    assert buffer.mean().item() == pytest.approx(45.28, rel=0.02)
