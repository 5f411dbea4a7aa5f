"""Time the step on a GPU beside torch.optim.SGD(fused=True), interleaved, in one run.

    python benchmarks/gpu.py [--rounds 40] [--out docs/benchmarks/gpu.json]
    TRITON_INTERPRET=1 python benchmarks/gpu.py --device cpu --tiny

Per shape of model: the time of a whole `optimizer.step()` and of its kernels alone (a
captured graph), as a share of PyTorch's, and the memory traffic as a share of what a
plain copy reaches here. Medians, with the range of the middle half of the rounds. Two
checks come first: the same step twice gives the same bits, and a captured step follows
a schedule. The second line only runs the code, in Triton's interpreter.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import time
from pathlib import Path

import torch

from inertial.torch import Inertial

TRANSFORMER = [(4096, 4096)] * 4 + [(4096, 11008)] * 3 + [(4096,)] * 2  # a block of 7B
RESNET = {(3, 64, 7): 1} | {  # (in, out, kernel) -> how many, of ResNet-50
    (64, 64, 1): 1, (64, 64, 3): 3, (64, 256, 1): 4, (256, 64, 1): 2,
    (256, 128, 1): 1, (128, 128, 3): 4, (128, 512, 1): 4, (256, 512, 1): 1,
    (512, 128, 1): 3, (512, 256, 1): 1, (256, 256, 3): 6, (256, 1024, 1): 6,
    (512, 1024, 1): 1, (1024, 256, 1): 5, (1024, 512, 1): 1, (512, 512, 3): 3,
    (512, 2048, 1): 3, (1024, 2048, 1): 1, (2048, 512, 1): 2,
}  # fmt: skip
BYTES_MOVED = 5  # numbers: position, gradient and momentum in, two of them out
SPARE = 0.8  # of the free memory that one model may take


def resnet_shapes():
    shapes = []
    for (inside, outside, kernel), count in RESNET.items():
        one = [(outside, inside, kernel, kernel), (outside,), (outside,)]
        shapes += one * count
    return [*shapes, (1000, 2048), (1000,)]


def models(room, *, tiny):
    """Return shapes by name; `room` is how many numbers a model may have."""
    if tiny:
        return {"1 tensor of 5000": [(5000,)], "5 tensors of 64": [(64,)] * 5}
    block = sum(math.prod(shape) for shape in TRANSFORMER)
    blocks = min(32, max(1, room // 2 // block))
    return {
        "1 tensor": [(min(10**9, room // 2),)],
        f"{blocks} blocks of a 7B transformer": TRANSFORMER * blocks,
        "ResNet-50, 161 tensors": resnet_shapes(),
        "1000 tensors of 64": [(64,)] * 1000,
    }


class Clock:
    """Milliseconds on the device, or of the host where there is none."""

    def __init__(self, device):
        self.cuda = device == "cuda"

    def time(self, work):
        if not self.cuda:
            start = time.perf_counter()
            work()
            return 1e3 * (time.perf_counter() - start)
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda.synchronize()
        begin.record()
        work()
        end.record()
        end.synchronize()
        return begin.elapsed_time(end)


def parameters(shapes, device):
    torch.manual_seed(0)
    made = [torch.nn.Parameter(torch.randn(shape, device=device)) for shape in shapes]
    for parameter in made:
        parameter.grad = torch.randn_like(parameter)
    return made


def ours(shapes, device, *, sums=False, lr=1e-3):
    optimizer = Inertial(
        parameters(shapes, device), lr=lr, momentum=0.9, kernel="triton"
    )
    if sums:
        optimizer.observe(lambda reading: None)
    return optimizer


def theirs(shapes, device):
    fused = device == "cuda" or None
    return torch.optim.SGD(
        parameters(shapes, device), lr=1e-3, momentum=0.9, fused=fused
    )


def captured(optimizer):
    """Return what replays one step of an optimizer, from a graph."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            optimizer.step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        optimizer.step()
    return graph


def quartiles(values):
    low, middle, high = statistics.quantiles(values, n=4)
    return {"median": middle, "low": low, "high": high}


def compare(one, other, clock, rounds):
    """Return the share of two works' times, each round in both orders."""
    for work in (one, other) * 3:
        work()
    shares, times = [], []
    for _ in range(rounds):
        a, b = clock.time(one), clock.time(other)
        d, c = clock.time(other), clock.time(one)
        shares += [a / b, c / d]
        times += [a, c]
    return quartiles(shares) | {"milliseconds": statistics.median(times)}


def copy_speed(device, numbers, clock, rounds):
    """Return bytes per millisecond of a plain copy, read and written."""
    source = torch.randn(numbers, device=device)
    target = torch.empty_like(source)
    for _ in range(3):
        target.copy_(source)
    times = [clock.time(lambda: target.copy_(source)) for _ in range(rounds)]
    return 2 * source.nbytes / statistics.median(times)


def measure(shapes, device, clock, rounds, speed):
    numbers = sum(math.prod(shape) for shape in shapes)
    found = {"numbers": numbers, "tensors": len(shapes)}
    against = theirs(shapes, device)
    for name, sums in (("step", False), ("step with sums read", True)):
        mine = ours(shapes, device, sums=sums)
        found[name] = compare(mine.step, against.step, clock, rounds)
        del mine
    if clock.cuda:
        mine, graph = ours(shapes, device), None
        graph, other = captured(mine), captured(against)
        found["kernels"] = compare(graph.replay, other.replay, clock, rounds)
    fastest = found.get("kernels", found["step"])["milliseconds"]
    found["share of copy"] = 4 * BYTES_MOVED * numbers / fastest / speed
    return found


def repeats(device):
    """Return whether two equal steps give equal bits, sums included."""
    runs = []
    for _ in range(2):
        readings = []
        optimizer = ours([(5000,), (64, 3)], device)
        optimizer.observe(readings.append)
        for _ in range(3):
            optimizer.step()
        moved = [p.detach() for p in optimizer.param_groups[0]["params"]]
        runs.append((moved, str(readings)))
    (first, said), (second, again) = runs
    return said == again and all(map(torch.equal, first, second))


def follows_schedule(device):
    """Return whether a captured step follows the learning rate in its tensor."""
    lr = torch.tensor(1e-3, device=device)
    optimizer, plain = ours([(5000,)], device, lr=lr), ours([(5000,)], device)
    graph = captured(optimizer)
    for _ in range(3):
        plain.step()
    for step in range(3):
        lr.fill_(1e-3 / (1 + step))
        plain.param_groups[0]["lr"] = 1e-3 / (1 + step)
        graph.replay()
        plain.step()
    a, b = (o.param_groups[0]["params"][0] for o in (optimizer, plain))
    return torch.allclose(a, b, rtol=1e-6, atol=1e-7)  # lr is float32 in its tensor


def refusal(device):
    """Return why nothing can be measured, or ""."""
    if device == "cuda" and not torch.cuda.is_available():
        return (
            "There is no GPU here, so there is nothing to measure. To see the code run "
            "in Triton's interpreter: TRITON_INTERPRET=1 python benchmarks/gpu.py "
            "--device cpu --tiny"
        )
    why = Inertial.kernels()["triton"]
    return f"The Triton kernel is not available: {why}." if why else ""


def show(results):
    header = f"{'model':32} {'what':20} {'ours / torch fused':>22} {'ms':>9}"
    print(header, f"{'of copy':>8}")
    for model, found in results["models"].items():
        for what in ("step", "step with sums read", "kernels"):
            if what in found:
                row = found[what]
                share = "{median:.3f} [{low:.3f}, {high:.3f}]".format(**row)
                print(f"{model:32} {what:20} {share:>22}", end=" ")
                last = f"{found['share of copy']:.2f}" if what == "kernels" else ""
                print(f"{row['milliseconds']:9.3f} {last:>8}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--tiny", action="store_true", help="only run the code")
    parser.add_argument("--out", type=Path, help="where the numbers go, as JSON")
    told = parser.parse_args()
    if reason := refusal(told.device):
        sys.exit(reason)
    rounds = 2 if told.tiny else told.rounds
    clock = Clock(told.device)
    cuda = clock.cuda
    free = torch.cuda.mem_get_info()[0] if cuda else 1 << 20
    room = int(SPARE * free / 4 / 3)  # position, gradient, momentum in float32
    results = {
        "device": torch.cuda.get_device_name() if cuda else "Triton's interpreter",
        "torch": torch.__version__,
        "repeats": repeats(told.device),
        "captured step follows a schedule": follows_schedule("cuda") if cuda else None,
        "models": {},
    }
    size = 10_000 if told.tiny else min(2**28, room)
    speed = copy_speed(told.device, size, clock, rounds)
    results["copy, GB/s"] = speed / 1e6
    for key in ("device", "torch", "repeats", "captured step follows a schedule"):
        print(f"{key}: {results[key]}")
    print(f"copy: {speed / 1e6:.0f} GB/s")
    for name, shapes in models(room, tiny=told.tiny).items():
        results["models"][name] = measure(shapes, told.device, clock, rounds, speed)
        if cuda:
            torch.cuda.empty_cache()
    show(results)
    if told.out:
        told.out.parent.mkdir(parents=True, exist_ok=True)
        told.out.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
