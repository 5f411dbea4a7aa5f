"""The code that the lab shows walks the path that the lab shows."""

import numpy
import pytest

from inertial.lab.scene import read_scene
from inertial.lab.snippets import snippets
from inertial.lab.state import State

WALKED = ("symplectic_euler", "leapfrog", "nesterov", "relativistic_leapfrog")
STEPS = 25
# ten digits in the code, 25 steps, places of size 9
CLOSE = {"rtol": 0, "atol": 1e-7}


def shown(integrator, framework, **words):
    state = State(
        integrator=integrator, settings=((1.3, 0.37, 0.5),), steps=STEPS, **words
    )
    scene = read_scene(state)
    rows = {row["framework"]: row for row in snippets(scene, 0)}
    return rows[framework], scene, scene.roll().positions[:, 0]


def torch_walk(make, scene):
    """Return the places to which an optimizer of torch goes."""
    import torch

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.place = torch.nn.Parameter(torch.tensor(scene.starts[0].copy()))

    model = Model()
    optimizer = make(model)
    places = [model.place.detach().numpy().copy()]
    for _ in range(STEPS):
        slope = scene.landscape.gradient(model.place.detach().numpy())
        model.place.grad = torch.tensor(slope)
        optimizer.step()
        places.append(model.place.detach().numpy().copy())
    return numpy.array(places)


@pytest.mark.parametrize("integrator", WALKED)
def test_pytorch(integrator):
    import torch

    row, scene, path = shown(integrator, "PyTorch")
    walk = torch_walk(lambda m: eval(row["code"], {"torch": torch, "model": m}), scene)
    assert row["equivalent"]
    assert numpy.allclose(walk, path, **CLOSE)


def test_inertial():
    from inertial.physics import Particle
    from inertial.torch import Inertial

    row, scene, path = shown("symplectic_euler", "Inertial")
    names = {"Inertial": Inertial, "Particle": Particle}
    walk = torch_walk(lambda m: eval(row["code"], {**names, "model": m}), scene)
    assert numpy.allclose(walk, path, **CLOSE)


@pytest.mark.parametrize(
    ("integrator", "kinetic"),
    [
        *((name, "newtonian") for name in ("leapfrog", "nesterov", "explicit_euler")),
        *(("symplectic_euler", name) for name in ("sign", "relativistic", "huber")),
    ],
)
def test_inertial_as_a_simulation(integrator, kinetic):
    from inertial import analysis, physics

    row, scene, path = shown(integrator, "Inertial", kinetic=kinetic)
    names = {**vars(physics), **vars(analysis), "landscape": scene.landscape}
    names = {**names, "position": scene.starts[0], kinetic: physics.KINETICS[kinetic]}
    run = eval(row["code"], names)
    assert numpy.allclose(run.positions[:, 0], path, **CLOSE)


@pytest.mark.slow
@pytest.mark.parametrize("integrator", WALKED)
def test_optax(integrator):
    import jax.numpy
    import optax

    row, scene, path = shown(integrator, "Optax")
    rule = eval(row["code"], {"optax": optax})
    place = jax.numpy.asarray(scene.starts[0])
    state, walk = rule.init(place), [place]
    for _ in range(STEPS):
        slope = jax.numpy.asarray(scene.landscape.gradient(numpy.asarray(place)))
        moved, state = rule.update(slope, state, place)
        place = optax.apply_updates(place, moved)
        walk.append(place)
    assert numpy.allclose(walk, path, **CLOSE)


@pytest.mark.slow
@pytest.mark.parametrize("integrator", WALKED)
def test_keras(integrator):
    import keras

    row, scene, path = shown(integrator, "Keras")
    rule = eval(row["code"], {"keras": keras})
    place = keras.Variable(scene.starts[0], dtype="float64")
    rule.build([place])
    walk = [scene.starts[0]]
    for _ in range(STEPS):
        slope = scene.landscape.gradient(place.value.detach().numpy().copy())
        rule.apply([keras.ops.convert_to_tensor(slope, dtype="float64")])
        walk.append(place.value.detach().numpy().copy())
    # Keras keeps its learning rate in single precision: 25 steps of 6e-8 of 9
    assert numpy.allclose(walk, path, rtol=0, atol=1e-4)


@pytest.mark.parametrize("framework", ["PyTorch", "Keras", "Optax"])
def test_what_has_no_words_has_no_code(framework):
    for integrator, words in (
        ("explicit_euler", {}),
        ("symplectic_euler", {"kinetic": "sign"}),
    ):
        row, *_ = shown(integrator, framework, **words)
        assert row["code"] is None
        assert not row["equivalent"]
        assert row["note"].endswith(".")


def test_noise_is_said_to_come_from_elsewhere():
    row, *_ = shown("nesterov", "PyTorch", noise=0.5)
    assert "The noise comes from your minibatches" in row["note"]
