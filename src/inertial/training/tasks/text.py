"""A character model on a text that the user names."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from inertial.bounds import Bound, check
from inertial.training.batches import Batch
from inertial.training.task import PROBE_SIZE, Defaults, Task, accuracy

WINDOW = 64  # characters that the model sees at once
WIDTH = 128
TEST_SHARE = 0.1
LONGEST_EPOCH = 250  # steps: a long text is judged several times on the way
LONGEST_TEST = 200  # windows: the first part of the test text is enough to judge by


def task(*, text: str | None = None, model: str = "gru", batch_size: int = 32) -> Task:
    """Make the task: which character comes next?

    Args:
        text: A file of UTF-8 text; its last tenth is kept to judge by.
        model: "gru" (recurrent) or "transformer" (two blocks).
        batch_size: How many windows of 64 characters a batch has.

    Returns:
        The task. An epoch is as many random windows as the text has room for, and at
        most 250 batches.

    Raises:
        ValueError: If there is no text to learn from, or no such model.
    """
    check("batch_size", batch_size, Bound(1))
    networks = {"gru": Recurrent, "transformer": Transformer}
    if model not in networks:
        raise ValueError(f"`model` must be one of {list(networks)}, but is {model!r}.")
    words = _read(text)
    letters = sorted(set(words))
    places = {letter: place for place, letter in enumerate(letters)}
    codes = torch.tensor([places[letter] for letter in words])
    cut = round(len(codes) * (1 - TEST_SHARE))
    train, test = codes[:cut], _windows(codes[cut:])
    room = math.ceil(len(train) / (WINDOW * batch_size))
    steps = min(room, LONGEST_EPOCH)

    def batches(epoch: int, generator: torch.Generator) -> Iterator[Batch]:
        for _ in range(steps):
            at = torch.randint(
                len(train) - WINDOW, (batch_size, 1), generator=generator
            )
            yield train[at + torch.arange(WINDOW + 1)]

    def evaluate(network: nn.Module) -> dict[str, float]:
        windows = test.to(next(network.parameters()).device)
        inputs, targets = windows[:, :-1], windows[:, 1:].flatten()
        scores = network(inputs).flatten(0, 1)
        loss = nn.functional.cross_entropy(scores, targets).item()
        share = accuracy(scores, targets).item()
        bits = loss / math.log(2)
        return {"test_loss": loss, "accuracy": share, "bits_per_character": bits}

    return Task(
        name="text",
        model=networks[model](len(letters)),
        batches=batches,
        loss=_next_letter,
        evaluate=evaluate,
        probe=_windows(train)[: PROBE_SIZE // 4],
        steps_per_epoch=steps,
        batch_size=batch_size,
        defaults=Defaults(lr=0.3, momentum=0.9, epochs=max(4, 1000 // steps)),
        fingerprint=hashlib.sha256(words.encode()).hexdigest(),
    )


class Recurrent(nn.Module):
    """A gated recurrent unit between an embedding and a linear layer."""

    def __init__(self, letters: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(letters, WIDTH // 2)
        self.gru = nn.GRU(WIDTH // 2, WIDTH, batch_first=True)
        self.head = nn.Linear(WIDTH, letters)

    def forward(self, codes: Tensor) -> Tensor:
        """Return scores of the next letter. Shape: (n, time) -> (n, time, letters)."""
        hidden, _ = self.gru(self.embed(codes))
        return self.head(hidden)


class Transformer(nn.Module):
    """Two causal blocks of attention, with learned places."""

    def __init__(self, letters: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(letters, WIDTH)
        self.place = nn.Parameter(torch.randn(WINDOW, WIDTH) * 0.02)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(
                WIDTH, 4, 2 * WIDTH, dropout=0.0, batch_first=True, norm_first=True
            )
            for _ in range(2)
        )
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, letters)

    def forward(self, codes: Tensor) -> Tensor:
        """Return scores of the next letter. Shape: (n, time) -> (n, time, letters)."""
        length = codes.shape[1]
        future = nn.Transformer.generate_square_subsequent_mask(
            length, device=codes.device
        )
        hidden = self.embed(codes) + self.place[:length]
        for block in self.blocks:
            hidden = block(hidden, src_mask=future, is_causal=True)
        return self.head(self.norm(hidden))


def _next_letter(network: nn.Module, windows: Batch) -> Tensor:
    scores = network(windows[:, :-1])
    return nn.functional.cross_entropy(scores.flatten(0, 1), windows[:, 1:].flatten())


def _windows(codes: Tensor) -> Tensor:
    """Return consecutive windows. Shape: (length,) -> (n, WINDOW + 1)."""
    return codes.unfold(0, WINDOW + 1, WINDOW)[:LONGEST_TEST]


def _read(text: str | None) -> str:
    if text is None:
        raise ValueError("task 'text' needs a text to learn from: give --text FILE.")
    path = Path(text)
    if not path.is_file():
        raise ValueError(f"there is no text file {text!r}. Check the path of --text.")
    try:
        words = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"the text file {text!r} must be UTF-8, but byte {error.start} is not. "
            "Convert it first."
        ) from error
    needed = math.ceil((WINDOW + 1) / TEST_SHARE)
    if len(words) < needed:
        size = f"has {len(words)}" if words else "is empty"
        raise ValueError(
            f"the text file {text!r} must have {needed} characters or more, but {size}."
        )
    return words
