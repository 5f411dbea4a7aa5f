"""The table of conventions: find one by its name, or say a method in its words.

A new convention is one pair of functions, words -> Method and back, and one row here;
the laws in tests/laws find it by its row.
"""

from __future__ import annotations

from typing import Any

from inertial.conventions import (
    adaptive_form,
    average_form,
    matrix_form,
    particle_form,
    sign_form,
    sum_form,
    velocity_form,
)
from inertial.conventions.method import Convention, Method

_ROWS = (
    Convention(
        "torch.SGD",
        sum_form.torch_sgd,
        sum_form.torch_sgd_words,
        "torch 2.13, torch/optim/sgd.py, _single_tensor_sgd",
    ),
    Convention(
        "keras.SGD",
        velocity_form.keras_sgd,
        velocity_form.keras_sgd_words,
        "Keras 3.15, keras/src/optimizers/sgd.py, update_step",
    ),
    Convention(
        "optax.sgd",
        sum_form.optax_sgd,
        sum_form.optax_sgd_words,
        "optax 0.2.8, optax/transforms/_accumulation.py, trace",
    ),
    Convention(
        "ema",
        average_form.ema,
        average_form.ema_words,
        "optax 0.2.8, optax/transforms/_accumulation.py, ema",
    ),
    Convention(
        "polyak",
        velocity_form.polyak,
        velocity_form.polyak_words,
        "Polyak 1964, the two-step method x' = x + beta*(x - x_before) - alpha*g",
    ),
    Convention(
        "sutskever",
        velocity_form.sutskever,
        velocity_form.sutskever_words,
        "Sutskever et al. 2013, eqs. 3 and 4",
    ),
    Convention(
        "qhm",
        average_form.qhm,
        average_form.qhm_words,
        "Ma & Yarats 2019, eqs. 3 and 4",
    ),
    Convention(
        "signum",
        sign_form.signum,
        sign_form.signum_words,
        "Bernstein et al. 2018, algorithm 2",
    ),
    Convention(
        "lion",
        sign_form.lion,
        sign_form.lion_words,
        "Chen et al. 2023, algorithm 2",
    ),
    Convention(
        "torch.Adam",
        adaptive_form.torch_adam,
        adaptive_form.torch_adam_words,
        "Kingma & Ba 2015, algorithm 1; torch 2.13, torch/optim/adam.py",
    ),
    Convention(
        "torch.AdamW",
        adaptive_form.torch_adamw,
        adaptive_form.torch_adamw_words,
        "Loshchilov & Hutter 2019, algorithm 2; torch 2.13, torch/optim/adamw.py",
    ),
    Convention(
        "rmsprop",
        adaptive_form.rmsprop,
        adaptive_form.rmsprop_words,
        "torch 2.13, torch/optim/rmsprop.py, _single_tensor_rmsprop",
    ),
    Convention(
        "torch.Muon",
        matrix_form.torch_muon,
        matrix_form.torch_muon_words,
        "Jordan 2024; torch 2.13, torch/optim/_muon.py, _single_tensor_muon",
    ),
    Convention(
        "particle",
        particle_form.particle,
        particle_form.particle_words,
        "Symplectic Euler; docs/theory.md, T62, the dictionary",
    ),
)

CONVENTIONS: dict[str, Convention] = {row.name: row for row in _ROWS}
"""Every convention, by its name."""


def convention(name: str) -> Convention:
    """Return the convention of that name.

    Args:
        name: A key of `CONVENTIONS`, such as "torch.SGD".

    Returns:
        Its row.

    Raises:
        ValueError: If there is none of that name.

    Example:
        >>> convention("keras.SGD").method(0.1, momentum=0.9).coefficients(0).kick
        0.1
    """
    if name not in CONVENTIONS:
        known = ", ".join(f'"{known}"' for known in CONVENTIONS)
        raise ValueError(f"convention {name!r} is unknown. Use one of: {known}.")
    return CONVENTIONS[name]


def translate(method: Method, to: str) -> dict[str, Any]:
    """Say a method in the words of a convention: the same positions at every step.

    The words hold while they are constant. Under a schedule the conventions part:
    PyTorch's learning rate acts on the mass, Keras's on the force.

    Args:
        method: Any method, from any convention.
        to: A key of `CONVENTIONS`.

    Returns:
        The words, ready for `CONVENTIONS[to].method(**words)`. Where the convention has
        no word for something, a ValueError says for what.

    Example:
        >>> from inertial.conventions.sum_form import torch_sgd
        >>> translate(torch_sgd(lr=0.5, momentum=0.75), to="ema")
        {'learning_rate': 2.0, 'beta': 0.75, 'debias': False}
    """
    return convention(to).words(method)
