"""Every answer of the lab is the library's own."""

import base64

import numpy
import pytest
from starlette.testclient import TestClient

from inertial.analysis import landscape, list_modes, multipliers, simulate
from inertial.analysis.landscape.survey import heights, reference
from inertial.lab.app import make_app
from inertial.lab.binary import unpacked
from inertial.physics import INTEGRATORS, Particle, coefficients


@pytest.fixture(scope="module")
def client():
    with TestClient(make_app(), raise_server_exceptions=False) as client:
        yield client


def test_a_simulation_is_the_librarys(client):
    words = {"l": "rosenbrock", "set": "1000,90,1;800,10,0.5", "n": 0.5, "s": 3}
    answer = client.post("/api/sim", json={**words, "steps": "30", "seq": 7})
    header, values = unpacked(answer.content)
    land = landscape("rosenbrock")
    mass, friction, clock = numpy.array([[1000, 800], [90, 10], [1, 0.5]])[..., None]
    six = Particle(mass, friction, law="explicit").coefficients(clock)
    run = simulate(
        six, land, numpy.tile(land.start, (2, 1)), 30, noise=0.5, seed=3, limit=1e6
    )
    told = dict(zip(header["channels"], values, strict=True))
    assert header["seq"] == 7
    assert header["shape"] == [12, 2, 31]
    exact = {
        "x": run.positions[..., 0],
        "y": run.positions[..., 1],
        "loss": run.losses,
        "kinetic": run.kinetic,
        "heat": run.heat,
        "px": run.momenta[..., 0],
        "fy": -land.gradient(run.positions)[..., 1],
    }
    for name, expected in exact.items():
        assert numpy.array_equal(told[name], expected.T.astype("<f4")), name
    # physics: v = p/m for the heavy ball; rounding of one division in single precision
    assert numpy.allclose(told["vx"], told["px"] / mass, rtol=1e-5, atol=1e-9)
    assert numpy.allclose(
        told["work"], told["kinetic"] + told["heat"], rtol=1e-6, atol=0
    )


@pytest.mark.parametrize("integrator", INTEGRATORS)
def test_an_analysis_is_the_librarys(client, integrator):
    found = client.post("/api/analysis", json={"l": "saddle", "i": integrator}).json()
    six = coefficients(INTEGRATORS[integrator], Particle(1, 0.2, law="explicit"), 0.5)
    place = reference(landscape("saddle"), (1.5, 1e-3))
    assert found["at"]["kind"] == place.kind == "saddle"
    modes = list_modes(six, place.curvatures)
    assert [mode["regime"] for mode in found["modes"]] == [m.regime for m in modes]
    assert [mode["rate"] for mode in found["modes"]] == [m.rate for m in modes]
    first = multipliers(six, place.curvatures[0])
    assert found["modes"][0]["multipliers"] == [[z.real, z.imag] for z in first]


def test_a_picture_is_the_librarys(client):
    found = client.post("/api/landscape", json={"l": "himmelblau"}).json()
    raw = numpy.frombuffer(base64.b64decode(found["heights"]), "<f4")
    rows, columns = found["shape"]
    expected = heights(landscape("himmelblau"), columns, rows)
    assert numpy.array_equal(raw.reshape(rows, columns), expected.astype("<f4"))
    assert found["minima"] == landscape("himmelblau").minima.tolist()
