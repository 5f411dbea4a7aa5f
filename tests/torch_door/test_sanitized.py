"""The native kernel under the address and undefined-behaviour sanitizers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = """
import importlib.util, itertools, sys, threading, warnings
import torch
name = "inertial.torch._native"
spec = importlib.util.spec_from_file_location(name, sys.argv[1])
sys.modules[name] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules[name])
import inertial.torch.native as native
from inertial.torch import Inertial
assert not native.missing() and native._native.__file__ == sys.argv[1]

def make(kind):
    torch.manual_seed(0)
    sizes = (0, 1, 255, 257, 1023, 1025, 16385, 40_000)
    plain = [torch.randn(n).to(kind) for n in sizes]
    odd = [torch.randn(()), torch.randn(9, 4)[:, ::2], torch.randn(5, 7).t(),
           torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
           torch.randn(3, 0, 2).mT, torch.randn(40)[3:30]]
    return [p.requires_grad_() for p in plain + [o.to(kind) for o in odd]]

BUILDS = [
    lambda p: Inertial(p, lr=0.1),
    lambda p: Inertial(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1),
    lambda p: Inertial(p, lr=0.1, momentum=0.9, state_dtype=torch.bfloat16),
    lambda p: Inertial(p, lr=0.1, momentum=0.9, state_dtype=torch.int8),
    lambda p: Inertial(p, lr=0.1, momentum=0.9, kinetic="relativistic"),
    lambda p: Inertial(p, lr=0.1, momentum=0.9, kinetic="huber", maximize=True),
    lambda p: Inertial.adamw(p, lr=0.01),
    lambda p: Inertial.lion(p, lr=0.01),
]
KINDS = [torch.float32, torch.float64, torch.bfloat16, torch.float16, torch.complex64]
SPECIAL = [0.0, 1.0, 1e-45, 1e-38, 3e38, float("inf"), float("nan")]
for instructions in native._native.runnable():
    native._native.use(instructions)
    for threads, kind, build in itertools.product((1, 3), KINDS, BUILDS):
        torch.set_num_threads(threads)
        params = make(kind)
        optimizer = build(params)
        optimizer.observe(lambda reading: None)
        for step, size in enumerate(SPECIAL):
            optimizer.step()
            for p in params:
                p.grad = torch.randn_like(p) * torch.tensor(size).to(kind)
    torch.set_num_threads(2)
    native.gradient_square([p.grad for p in params])
weights = [torch.ones(40_000, requires_grad=True) for _ in range(4)]
optimizer = Inertial(weights, lr=1e-6, momentum=0.9)

def work():
    for _ in range(20):
        for weight in weights:
            weight.grad = torch.ones_like(weight)
        optimizer.step()

threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("all moved")
"""


def library(name: str) -> str:
    """Return where the compiler keeps a sanitizer's library, or its bare name."""
    compiler = os.environ.get("CXX", "c++")
    asked = [compiler, f"-print-file-name={name}"]
    return subprocess.run(
        asked, capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.mark.slow
def test_nothing_is_read_or_written_beyond_its_end(tmp_path: Path) -> None:
    for tool in (os.environ.get("CXX", "c++"), "cmake", "ninja"):
        if shutil.which(tool) is None:
            pytest.skip(f"there is no {tool} here to build the kernel with")
    if not Path(library("libasan.so")).is_absolute():
        pytest.skip("the compiler has no address sanitizer that can be loaded first")
    options = ["-DSANITIZE=ON", f"-DPython_EXECUTABLE={sys.executable}"]
    build = ["cmake", "-G", "Ninja", *options, str(ROOT / "native")]
    for command in (build, ["ninja"]):
        made = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert made.returncode == 0, made.stdout + made.stderr
    module = next(tmp_path.glob("_native*.so"))
    watched = os.environ | {
        "LD_PRELOAD": f"{library('libasan.so')} {library('libubsan.so')}",
        # the interpreter and the framework leave memory at exit, which is theirs
        "ASAN_OPTIONS": "detect_leaks=0",
        "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    }
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, str(module)],
        cwd=ROOT,
        env=watched,
        capture_output=True,
        text=True,
    )
    told = ran.stdout + ran.stderr
    assert "runtime error" not in told, told
    assert "Sanitizer" not in told, told
    assert ran.returncode == 0, told
    assert "all moved" in ran.stdout
