"""Where weight decay and the loss balance: found by rolling there."""

import numpy
import pytest

from inertial.analysis.rest import resting_place
from inertial.conventions import torch_sgd
from inertial.physics import force, newtonian, step


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("decoupled", [False, True])
@pytest.mark.parametrize("momentum", [0.5, 0.9])
def test_a_particle_rests_where_it_is_said_to(momentum, decoupled, nesterov):
    method = torch_sgd(
        0.05,
        momentum,
        weight_decay=0.5,
        nesterov=nesterov,
        decoupled_weight_decay=decoupled,
    )
    six = method.coefficients(1)
    wanted = resting_place(six, 2.0, 3.0, method.weight_decay)
    share = 1 - momentum if decoupled else 1.0
    assert wanted == pytest.approx(6.0 / (2.0 + share * 0.5), rel=1e-13)
    position, pushed = numpy.zeros(1), numpy.zeros(1)
    for _ in range(1500):  # 0.95**750 of the way is left
        pull = force(2.0 * (position - 3.0), position, method.weight_decay)
        position, pushed, _ = step(six, newtonian(), position, pushed, pull)
    assert position[0] == pytest.approx(wanted, rel=1e-12)
