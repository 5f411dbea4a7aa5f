"""The Triton kernel where there is no GPU: interpreted, compiled, or missing."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from inertial.torch import Inertial, dispatch
from inertial.torch import triton as door
from inertial.torch.kernels import Batch

TESTS = Path(__file__).parents[1]
NEEDS_TRITON = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None,
    reason="the package `triton` is not installed (pip install triton; 280 MB)",
)


@pytest.fixture
def _asked_again():
    door.missing.cache_clear()
    yield
    door.missing.cache_clear()


def run(*command, **environment):
    return subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        cwd=TESTS.parent,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
        timeout=900,
        check=False,
    )


@pytest.mark.slow
@NEEDS_TRITON
def test_the_cases_hold_in_the_interpreter():
    options = ("-q", "-p", "no:cacheprovider", "-p", "no:randomly")
    ran = run("-m", "pytest", *options, "tests/cases_triton.py", TRITON_INTERPRET="1")
    assert ran.returncode == 0, ran.stdout[-8000:] + ran.stderr[-2000:]
    assert "skipped" not in ran.stdout


@pytest.mark.slow
@NEEDS_TRITON
def test_the_benchmark_runs_in_the_interpreter():
    words = ("benchmarks/gpu.py", "--device", "cpu", "--tiny")
    ran = run(*words, TRITON_INTERPRET="1")
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert "repeats: True" in ran.stdout


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU to measure")
@pytest.mark.slow
def test_the_benchmark_refuses_without_a_gpu():
    ran = run("benchmarks/gpu.py", TRITON_INTERPRET="0")
    assert ran.returncode == 1
    assert "There is no GPU here" in ran.stderr


COMPILE = """
import sys, torch, triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from inertial.torch.triton_kernel import TYPES, step

velocity, momentum, blends, joins, random = eval(sys.argv[1])
memory = torch.float32 if velocity == 4 else None
known = dict(
    X=TYPES[torch.float32], G=TYPES[torch.float32], B=TYPES[momentum], M=TYPES[memory],
    N=TYPES[torch.float32], VELOCITY=velocity, BLENDS=blends, JOINS=joins, SUMMED=True,
    RANDOM=random, ALIGNED=True,
)
words = {"rows": "*i64", "moving": "*i64", "owners": "*i32", "numbers": "*fp64"}
words |= {"slots": "*fp64", "tensors": "i32"} | dict.fromkeys(known, "constexpr")
places = {(list(words).index(name),): value for name, value in known.items()}
whole = {(i,): [["tt.divisibility", 16]] for i in range(5)}
source = ASTSource(fn=step, signature=words, constexprs=places, attrs=whole)
options = {"num_warps": 8, "enable_fp_fusion": False}
made = triton.compile(source, target=GPUTarget("cuda", 90, 32), options=options)
print(made.asm["ptx"])
"""


@pytest.mark.slow
@NEEDS_TRITON
@pytest.mark.parametrize(
    "words",
    [
        "(0, torch.float32, False, False, False)",
        "(0, torch.int8, True, True, True)",
        "(0, torch.bfloat16, False, True, True)",
        "(1, torch.float32, True, False, False)",
        "(4, torch.float32, False, True, False)",
    ],
)
def test_it_compiles_for_a_gpu_as_it_is_written(words, tmp_path):
    # A compiler of its own comes with Triton, so no GPU is needed for this.
    script = tmp_path / "compile.py"
    script.write_text(COMPILE)
    ran = run(str(script), words, TRITON_CACHE_DIR=str(tmp_path), TRITON_INTERPRET="0")
    assert ran.returncode == 0, ran.stderr[-4000:]
    text = ran.stdout
    # whole tiles: four numbers of 4 bytes in one load of position and of gradient
    assert len(re.findall(r"ld\.global\.v4\.b32", text)) >= 4
    assert "approx" not in text  # roots and quotients are rounded to nearest
    assert "div.full" not in text
    assert "atom" not in text  # sums repeat
    # fused where the text says so: per number 2, and 1 each that blends and joins; a
    # thread has 8 numbers, on the way with a mask and on the way without
    _, _, blends, joins, _ = eval(words)
    assert len(re.findall(r"fma\.rn\.f32", text)) == 2 * 8 * (2 + blends + joins)


@pytest.mark.usefixtures("_asked_again")
def test_it_says_why_it_is_missing(monkeypatch):
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "not installed" in door.missing()
    assert "not installed" in Inertial.kernels()["triton"]
    with pytest.raises(ValueError, match=r"kernel='triton'.* is not available"):
        Inertial([torch.nn.Parameter(torch.ones(1))], kernel="triton")


@pytest.mark.usefixtures("_asked_again")
@pytest.mark.parametrize(
    ("cuda", "compiler", "said"),
    [(False, "gcc", "no CUDA device"), (True, None, "C compiler"), (True, "gcc", "")],
)
def test_it_asks_for_a_device_and_a_compiler(monkeypatch, cuda, compiler, said):
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(door.shutil, "which", lambda name: compiler)
    assert said in door.missing()
    assert bool(door.missing()) is bool(said)


@pytest.mark.usefixtures("_asked_again")
def test_the_interpreter_stands_in_for_a_gpu(monkeypatch):
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert door.missing() == ""


class _Elsewhere:
    """A tensor as dispatch sees it, on a device that need not be here."""

    device = torch.device("cuda")


def test_no_gpu_takes_it_unasked_before_it_was_timed_on_one():
    batch = Batch([_Elsewhere()], [], [], [], [], [])
    group = {"kernel": "auto", "foreach": None}
    assert dispatch.choose_kernel(group, batch, None) == "foreach"


@pytest.mark.usefixtures("_asked_again")
def test_a_gpu_without_it_is_told_once(monkeypatch):
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setitem(dispatch.AUTOMATIC, "triton", dispatch.FUSED["triton"])
    dispatch._tell_missing.cache_clear()
    batch = Batch([_Elsewhere()], [], [], [], [], [])
    group = {"kernel": "auto", "foreach": None}
    with pytest.warns(UserWarning, match="triton kernel is missing: the package"):
        assert dispatch.choose_kernel(group, batch, None) == "foreach"
    assert dispatch.choose_kernel(group, batch, None) == "foreach"
    dispatch._tell_missing.cache_clear()


@pytest.mark.slow
def test_nothing_of_it_is_imported_before_it_is_used():
    code = (
        "import sys, inertial.torch; print([m for m in sys.modules if 'triton' in m])"
    )
    listed = run("-c", code).stdout
    assert "inertial.torch.triton_table" in listed
    assert "inertial.torch.triton_kernel" not in listed
    assert "inertial.torch.triton_numbers" not in listed
