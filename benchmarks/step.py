"""Time one optimizer step beside torch.optim.SGD's, interleaved, in one process.

    python benchmarks/step.py [--rounds 40]

Prints, per shape of model, the median time of a step as a share of torch.optim.SGD's
own (same kernel path), with the range of the middle half of the rounds. A share is
quoted, never a time: machines differ, and this one may be busy.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time

import torch

from inertial.torch import Inertial

MODELS = {
    "6 tensors, an MLP of 100k": [
        (784, 128),
        (128,),
        (128, 64),
        (64,),
        (64, 10),
        (10,),
    ],
    "1000 tensors of 64": [(64,)] * 1000,
    "150 tensors, 20M": [(512, 512), (512,)] * 75,
    "1 tensor of 16M": [(16_000_000,)],
}
SETTINGS = {
    "momentum": {"momentum": 0.9},
    "nesterov": {"momentum": 0.9, "nesterov": True},
    "momentum + weight decay": {"momentum": 0.9, "weight_decay": 1e-4},
}


def parameters(shapes):
    torch.manual_seed(0)
    made = [torch.nn.Parameter(torch.randn(shape)) for shape in shapes]
    for parameter in made:
        parameter.grad = torch.randn_like(parameter)
    return made


def seconds(step):
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def compare(shapes, words, foreach, rounds):
    ours = Inertial(parameters(shapes), lr=1e-3, foreach=foreach, **words)
    theirs = torch.optim.SGD(parameters(shapes), lr=1e-3, foreach=foreach, **words)
    for optimizer in (ours, theirs) * 3:
        optimizer.step()
    shares = []
    for _ in range(rounds):
        shares.append(seconds(ours.step) / seconds(theirs.step))
        shares.append(1 / (seconds(theirs.step) / seconds(ours.step)))
    return statistics.quantiles(shares, n=4)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads,", end=" ")
    print(
        f"{platform.machine()}; time of a step / torch.optim.SGD's: median [quartiles]"
    )
    for model, shapes in MODELS.items():
        for setting, words in SETTINGS.items():
            for foreach in (False, True):
                low, middle, high = compare(shapes, words, foreach, rounds)
                path = "foreach" if foreach else "loop"
                print(f"{model:26} {setting:24} {path:8}", end=" ")
                print(f"{middle:.2f} [{low:.2f}, {high:.2f}]", flush=True)


if __name__ == "__main__":
    main()
