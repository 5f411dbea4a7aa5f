"""What pytest collects only where an optional package is installed."""

import importlib.util

# Triton is heavy and of use to a GPU only; its kernels are tested where it is.
collect_ignore = (
    []
    if importlib.util.find_spec("triton")
    else [
        "src/inertial/torch/triton_kernel.py",
        "src/inertial/torch/triton_numbers.py",
    ]
)
