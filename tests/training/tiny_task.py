"""A task that takes a moment and draws from every source of chance while it runs."""

import os
import random
import signal

import numpy
import torch
from torch import nn

from inertial.training.batches import shuffled
from inertial.training.task import Defaults, Task

BATCHES = 8
from_numpy_s_old_chance = numpy.random.rand


def task(*, batch_size: int = 8) -> Task:
    generator = torch.Generator().manual_seed(5)
    inputs = torch.randn(BATCHES * batch_size, 4, generator=generator)
    targets = (inputs.sum(dim=1, keepdim=True) > 0).float()
    model = nn.Sequential(
        nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(0.2), nn.Linear(8, 1)
    )
    plain = shuffled((inputs, targets), batch_size)
    drawn = 0

    def batches(epoch, generator):
        nonlocal drawn
        shift = from_numpy_s_old_chance()  # at the epoch's start
        for x, y in plain(epoch, generator):
            drawn += 1
            if drawn == int(os.environ.get("TINY_STOP_AT", "-1")):
                os.kill(os.getpid(), getattr(signal, os.environ["TINY_SIGNAL"]))
            noise = torch.randn_like(x) * 0.1 + random.random() * 0.1 + shift * 0.1
            yield x + noise, y  # an augmentation from the global chance

    def loss(network, batch):
        x, y = batch
        return nn.functional.binary_cross_entropy_with_logits(network(x), y)

    def evaluate(network):
        assert not network.training
        return {"test_loss": loss(network, (inputs, targets)).item()}

    return Task(
        name="tiny",
        model=model,
        batches=batches,
        loss=loss,
        evaluate=evaluate,
        probe=(inputs, targets),
        steps_per_epoch=BATCHES,
        batch_size=batch_size,
        defaults=Defaults(lr=0.05, momentum=0.9, epochs=3, threads=1),
    )
