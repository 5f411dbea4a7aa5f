"""Measure the peak memory of training: the usual loop beside steps in backward.

    python benchmarks/memory.py [--width 2048] [--layers 8] [--json FILE]
                                [--markdown FILE]

Each variant trains a network of square layers for a few steps in a process of its own.
Its peak is the most memory that the process ever held, less what it held after PyTorch
was imported: parameters, momentum, gradients and activations. Linux and macOS only:
elsewhere the system does not tell.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import torch

from inertial.torch import Inertial

SGD = {"lr": 1e-3, "momentum": 0.9, "weight_decay": 1e-4}
BATCH, STEPS = 32, 4

Network = torch.nn.Module
End = Callable[[], None]


def usual(network: Network) -> End:
    return Inertial(network.parameters(), **SGD).step


def in_backward(network: Network) -> End:
    optimizer = Inertial(network.parameters(), **SGD)
    optimizer.step_in_backward()
    return optimizer.step


def in_backward_with_sums(network: Network) -> End:
    optimizer = Inertial(network.parameters(), **SGD)
    optimizer.step_in_backward()
    optimizer.observe(lambda reading: None)
    return optimizer.step


def torch_usual(network: Network) -> End:
    return torch.optim.SGD(network.parameters(), **SGD, fused=True).step


def torch_recipe(network: Network) -> End:
    """An optimizer for each parameter, called by its hook (PyTorch's tutorial)."""
    for param in network.parameters():
        own = torch.optim.SGD([param], **SGD, fused=True)

        def arrived(param, own=own):
            own.step()
            own.zero_grad()

        param.register_post_accumulate_grad_hook(arrived)
    return lambda: None


VARIANTS = {
    "Inertial, usual loop": usual,
    "Inertial, step in backward": in_backward,
    "Inertial, step in backward, sums": in_backward_with_sums,
    "torch SGD fused, usual loop": torch_usual,
    "torch SGD fused, an optimizer for each parameter": torch_recipe,
}


def peak() -> int:
    """Return the most bytes that this process ever held."""
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held if sys.platform == "darwin" else held * 1024


def trained(variant: str, width: int, layers: int) -> int:
    """Train, and return the bytes that it took at its peak."""
    torch.manual_seed(0)
    before = peak()
    network = torch.nn.Sequential(
        *(
            torch.nn.Sequential(torch.nn.Linear(width, width), torch.nn.ReLU())
            for _ in range(layers)
        )
    )
    end = VARIANTS[variant](network)
    inputs = torch.randn(BATCH, width)
    for _ in range(STEPS):
        network(inputs).square().mean().backward()
        end()
        network.zero_grad()
    return peak() - before


def in_own_process(variant: str, width: int, layers: int) -> int:
    command = [sys.executable, __file__, "--variant", variant]
    command += ["--width", str(width), "--layers", str(layers)]
    # glibc then gives freed tensors back at once: the peak is of memory in use, and
    # does not depend on what the allocator happens to keep
    settings = os.environ | {"MALLOC_MMAP_THRESHOLD_": "262144"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=settings
    )
    return int(done.stdout)


def table(peaks: dict[str, int], numbers: int) -> str:
    """Return the peaks as Markdown; `numbers` is how many the network has."""
    unit = 4 * numbers
    base = peaks["Inertial, usual loop"]
    lines = [
        f"{numbers / 1e6:.1f}M numbers in float32 take {unit / 1e6:.0f} MB.",
        "",
        "| variant | peak, MB | in parameters | of the usual loop |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| {name} | {held / 1e6:.0f} | {held / unit:.2f} | {held / base:.2f} |"
        for name, held in peaks.items()
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=2048)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--variant", choices=VARIANTS, help="only this one, in here")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    told = parser.parse_args()
    if told.variant:
        print(trained(told.variant, told.width, told.layers))
        return
    peaks = {name: in_own_process(name, told.width, told.layers) for name in VARIANTS}
    text = table(peaks, told.layers * (told.width**2 + told.width))
    print(text)
    if told.markdown:
        told.markdown.write_text(text)
    if told.json:
        told.json.write_text(json.dumps(peaks, indent=2) + "\n")


if __name__ == "__main__":
    main()
