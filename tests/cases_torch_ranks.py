"""What each of two processes does in the distributed tests; results go to a file."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch import nn
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_optimizer_state_dict,
    get_state_dict,
    set_optimizer_state_dict,
    set_state_dict,
)
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor
from torch.nn.parallel import DistributedDataParallel

from inertial.torch import Inertial, split_matrices

RANKS = 2
STEPS = 4
BUILDS: dict[str, Any] = {
    "sgd": lambda p, **k: Inertial(p, lr=0.05, momentum=0.9, dampening=0.2, **k),
    "nesterov": lambda p, **k: Inertial.nesterov(p, lr=0.05, weight_decay=0.1, **k),
    "force": lambda p, **k: Inertial(
        p, lr=0.05, momentum=0.9, schedule_acts_on="force", **k
    ),
    "clock": lambda p, **k: Inertial(
        p, lr=0.05, momentum=0.9, schedule_acts_on="clock", **k
    ),
    "adamw": lambda p, **k: Inertial.adamw(p, lr=0.01, **k),
    "lion": lambda p, **k: Inertial.lion(p, lr=0.01, **k),
    "norm": lambda p, **k: Inertial(p, lr=0.01, momentum=0.9, kinetic="norm", **k),
}


def network() -> nn.Sequential:
    """Return a small float64 network, the same in every process."""
    torch.manual_seed(0)
    layers = nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3), nn.Tanh(), nn.Linear(3, 1)
    return nn.Sequential(*layers).double()


def data(step: int) -> torch.Tensor:
    """Return one step's batch for all ranks together."""
    generator = torch.Generator().manual_seed(step)
    return torch.randn(8, 6, dtype=torch.float64, generator=generator)


def mine(batch: torch.Tensor, rank: int | None) -> torch.Tensor:
    """Return a rank's part of a batch; the whole of it for a single process."""
    return batch if rank is None else batch.chunk(RANKS)[rank]


def train(
    model: nn.Module, optimizer: Any, steps: range, rank: int | None = None
) -> None:
    """Take steps, the learning rate falling."""
    for step in steps:
        optimizer.zero_grad()
        model(mine(data(step), rank)).pow(2).mean().backward()
        optimizer.step()
        for group in optimizer.param_groups:
            group["lr"] *= 0.8


def places(model: nn.Module) -> list[torch.Tensor]:
    """Return whole parameters, gathered from all ranks."""
    held = [p.detach() for p in model.parameters()]
    return [p.full_tensor() if isinstance(p, DTensor) else p.clone() for p in held]


def sharded(mesh: Any, keep: set[nn.Parameter] | None = None) -> nn.Sequential:
    """Return the network under FSDP2, some parameters left whole if asked for."""
    model = network()
    ignored = {p for p in model[-1].parameters()} if keep is None else keep
    fully_shard(model, mesh=mesh, ignored_params=ignored)
    return model


def by_ddp(rank: int, build: Any, **words: Any) -> list[torch.Tensor]:
    """Train data-parallel."""
    model = network()
    wrapped = DistributedDataParallel(model)
    train(wrapped, build(model.parameters(), **words), range(STEPS), rank)
    return places(model)


def by_fsdp(mesh: Any, rank: int, build: Any, **words: Any) -> list[torch.Tensor]:
    """Train fully sharded."""
    model = sharded(mesh, keep=set())
    train(model, build(model.parameters(), **words), range(STEPS), rank)
    return places(model)


def mixed_lists(mesh: Any, rank: int, **words: Any) -> list[torch.Tensor]:
    """Train with sharded and whole parameters in one group.

    FSDP does not average the gradients of what it ignores: the test does.
    """
    model = sharded(mesh)
    optimizer = BUILDS["sgd"](model.parameters(), **words)
    kinds = {isinstance(p, DTensor) for p in model.parameters()}
    assert kinds == {True, False}
    for step in range(STEPS):
        optimizer.zero_grad()
        model(mine(data(step), rank)).pow(2).mean().backward()
        for p in model[-1].parameters():
            dist.all_reduce(p.grad)
            p.grad /= RANKS
        optimizer.step()
        for group in optimizer.param_groups:
            group["lr"] *= 0.8
    return places(model)


def row_of(reading: Any) -> torch.Tensor:
    """Return a reading as numbers that can be compared; nan becomes -1e9."""
    return torch.tensor(reading, dtype=torch.float64).nan_to_num(nan=-1e9)


def readings_of(
    model: nn.Module, optimizer: Inertial, rank: int | None = None
) -> list[torch.Tensor]:
    """Return every other reading of a run, each as a row of numbers."""
    rows: list[torch.Tensor] = []
    optimizer.observe(lambda reading: rows.append(row_of(reading)), every=2)
    train(model, optimizer, range(STEPS), rank)
    return rows


def readings(mesh: Any, rank: int, name: str) -> list[torch.Tensor]:
    """Read the energy of shards; one collective for each step that is read."""
    model = sharded(mesh, keep=set())
    with patch.object(dist, "all_reduce", wraps=dist.all_reduce) as reduce:
        rows = readings_of(model, BUILDS[name](model.parameters()), rank)
    assert reduce.call_count == len(rows) == STEPS // 2
    return rows


def mixed_readings(mesh: Any) -> list[torch.Tensor]:
    """Read sharded and whole parameters of one group together, after one step."""
    model = sharded(mesh)
    rows: list[torch.Tensor] = []
    optimizer = BUILDS["sgd"](model.parameters())
    optimizer.observe(lambda reading: rows.append(row_of(reading)))
    one_step(model, optimizer)
    return rows


def one_step(model: nn.Module, optimizer: Inertial) -> None:
    """Move once by gradients that are as the parameters themselves."""
    for p in model.parameters():
        p.grad = p.detach().clone()
    optimizer.step()


def in_backward(mesh: Any, rank: int) -> list[torch.Tensor]:
    """Train fully sharded, each shard moving as its gradient arrives."""
    model = sharded(mesh, keep=set())
    optimizer = BUILDS["sgd"](model.parameters())
    optimizer.step_in_backward()
    train(model, optimizer, range(STEPS), rank)
    assert all(p.grad is None for p in model.parameters())
    return places(model)


def muon(mesh: Any, rank: int) -> list[torch.Tensor]:
    """Train sharded matrices by Muon, the rest by AdamW."""
    model = sharded(mesh, keep=set())
    train(model, muon_of(model), range(STEPS), rank)
    return places(model)


def muon_of(model: nn.Module) -> Inertial:
    """Return Muon for a model's matrices and AdamW for the rest."""
    matrices, others = split_matrices(model)
    return Inertial.muon(
        [
            {"params": matrices, "lr": 0.02},
            {"params": others, "method": "torch.AdamW", "lr": 0.01},
        ]
    )


def through_checkpoint(
    mesh: Any, rank: int, folder: Path, name: str
) -> list[torch.Tensor]:
    """Save in the middle, load into fresh shards, go on."""
    build = BUILDS[name]
    model = sharded(mesh, keep=set())
    optimizer = build(model.parameters())
    train(model, optimizer, range(2), rank)
    states = get_state_dict(model, optimizer)
    dcp.save({"model": states[0], "optimizer": states[1]}, checkpoint_id=folder)
    fresh = sharded(mesh, keep=set())
    again = build(fresh.parameters())
    empty = get_state_dict(fresh, again)
    state = {"model": empty[0], "optimizer": empty[1]}
    dcp.load(state, checkpoint_id=folder)
    set_state_dict(
        fresh,
        again,
        model_state_dict=state["model"],
        optim_state_dict=state["optimizer"],
    )
    train(fresh, again, range(2, STEPS), rank)
    return places(fresh)


def full_state(mesh: Any, rank: int, flat: bool) -> list[torch.Tensor]:
    """Take the state out and put it back in the middle of a run.

    Nested it is gathered whole; flattened it stays in shards (PyTorch 2.13 cannot load
    what is both, of its own SGD either).
    """
    options = StateDictOptions(
        full_state_dict=not flat, flatten_optimizer_state_dict=flat
    )
    model = sharded(mesh, keep=set())
    optimizer = BUILDS["sgd"](model.parameters())
    train(model, optimizer, range(2), rank)
    state = copy.deepcopy(get_optimizer_state_dict(model, optimizer, options=options))
    optimizer.zero_grad()  # where gradients stand, PyTorch makes no state to load
    again = BUILDS["sgd"](model.parameters())
    set_optimizer_state_dict(model, again, state, options=options)
    train(model, again, range(2, STEPS), rank)
    return places(model)


def rounded_at_random(mesh: Any, rank: int) -> list[torch.Tensor]:
    """Gather a constant force in bfloat16 shards; return the whole buffer."""
    model = nn.Linear(64, 64, bias=False)
    fully_shard(model, mesh=mesh)
    optimizer = Inertial(
        model.parameters(), lr=0.0, momentum=0.99, state_dtype=torch.bfloat16
    )
    model.weight.grad = torch.ones_like(model.weight)
    for _ in range(60):
        optimizer.step()
    return [optimizer.state[model.weight]["momentum_buffer"].full_tensor().float()]


def work(rank: int, folder: str) -> None:
    """Run every scenario in one process group; rank 0 writes what came out."""
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=RANKS
    )
    mesh = init_device_mesh("cpu", (RANKS,))
    found: dict[str, Any] = {}
    jobs: dict[str, Any] = {
        f"{way} {name} {foreach}": lambda way=way, name=name, foreach=foreach: (
            by_ddp(rank, BUILDS[name], foreach=foreach)
            if way == "ddp"
            else by_fsdp(mesh, rank, BUILDS[name], foreach=foreach)
        )
        for way in ("ddp", "fsdp")
        for name in BUILDS
        for foreach in (False, True, None)
    }
    jobs |= {
        "mixed False": lambda: mixed_lists(mesh, rank, foreach=False),
        "mixed True": lambda: mixed_lists(mesh, rank, foreach=True),
        "mixed None": lambda: mixed_lists(mesh, rank, foreach=None),
        "mixed readings": lambda: mixed_readings(mesh),
        "in backward": lambda: in_backward(mesh, rank),
        "full": lambda: full_state(mesh, rank, flat=False),
        "full flat": lambda: full_state(mesh, rank, flat=True),
        "rounding": lambda: rounded_at_random(mesh, rank),
    }
    jobs |= {
        f"dcp {name}": lambda name=name: through_checkpoint(
            mesh, rank, Path(folder) / name, name
        )
        for name in ("sgd", "clock", "adamw")
    }
    jobs |= {
        f"readings {name}": lambda name=name: readings(mesh, rank, name)
        for name in ("sgd", "nesterov", "lion", "norm", "adamw")
    }
    jobs["muon"] = lambda: muon(mesh, rank)
    for name, job in jobs.items():
        try:
            found[name] = job()
        except Exception as error:
            # The ranks are out of step now: what comes after would hang or abort.
            found["failed"] = f"{name}: {type(error).__name__}: {error}"
            break
    torch.save(found, Path(folder) / f"rank{rank}.pt")
    dist.destroy_process_group()
