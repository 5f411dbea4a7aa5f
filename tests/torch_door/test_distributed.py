"""Two processes on gloo: data-parallel and fully sharded runs equal a single one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch

from cases_torch import assert_close, assert_equal
from cases_torch_ranks import (
    BUILDS,
    RANKS,
    STEPS,
    muon_of,
    network,
    places,
    train,
    work,
)

# Gradients are averaged over ranks, not over the batch at once: float64 rounding of a
# few steps at order 1.
WITHIN = 1e-12
FOREACH = pytest.mark.parametrize("foreach", [False, True], ids=["single", "foreach"])


# One worker for all: the two ranks are started once.
pytestmark = pytest.mark.xdist_group("ranks")


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
