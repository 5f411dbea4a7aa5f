"""Strictness for every test: float64 where it can be, one seed, no network."""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy
import pytest
from hypothesis import settings

settings.register_profile("inertial", derandomize=True, deadline=None)
settings.load_profile("inertial")


@pytest.fixture
def rng() -> numpy.random.Generator:
    return numpy.random.default_rng(20261123)
