"""The curvature probe: right values, and nothing in the model disturbed."""

import pytest
import torch
from torch import nn

from inertial.torch.curvature import leading_curvatures, project


def bowl(spectrum, dtype=torch.float64, seed=0):
    """Return a quadratic with this spectrum in a rotated frame, and its parameters."""
    generator = torch.Generator().manual_seed(seed)
    n = len(spectrum)
    noise = torch.randn(n, n, generator=generator, dtype=torch.float64)
    turn = torch.linalg.qr(noise).Q
    hessian = (turn * torch.tensor(spectrum, dtype=torch.float64)) @ turn.T
    half = n // 2
    params = [
        torch.randn(half, generator=generator, dtype=torch.float64),
        torch.randn(1, n - half, generator=generator, dtype=torch.float64),
    ]
    params = [p.to(dtype).requires_grad_() for p in params]
    hessian = hessian.to(dtype)

    def loss():
        x = torch.cat([p.reshape(-1) for p in params])
        return x @ hessian @ x / 2

    return loss, params, turn


@pytest.mark.parametrize("size", [1, 2, 5, 16, 17, 40, 300])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_finds_the_largest_eigenvalues_of_a_known_quadratic(size, count):
    spectrum = [-7.0 if i == 0 and size > 4 else 5.0 / (1 + i) for i in range(size)]
    loss, params, _ = bowl(spectrum)
    found = leading_curvatures(loss, params, count, tolerance=1e-6)
    expected = sorted(spectrum, reverse=True)[:count]
    # Ritz values err by the residual squared: 1e-12, and rounding.
    assert found.values == pytest.approx(expected, rel=1e-9)
    assert max(found.residuals) <= 1e-6
    assert found.products <= 60


def test_directions_are_eigenvectors_shaped_as_the_parameters():
    loss, params, turn = bowl([9.0, 4.0, *[0.5] * 30])
    found = leading_curvatures(loss, params, 2, tolerance=1e-8)
    for rank in (0, 1):
        direction = found.directions[rank]
        assert [d.shape for d in direction] == [p.shape for p in params]
        assert project(direction, direction) == pytest.approx(1.0, abs=1e-12)
        flat = torch.cat([d.reshape(-1) for d in direction])
        # An eigenvector errs by residual · |H| / gap: 1e-8 · 9 / 4.
        assert abs(float(flat @ turn[:, rank])) == pytest.approx(1.0, abs=1e-7)


def test_float32_is_good_to_its_noise():
    loss, params, _ = bowl([100.0, 30.0, *[1.0] * 50], torch.float32)
    found = leading_curvatures(loss, params, 2)
    # 52 sums of numbers rounded at 6e-8 of the largest.
    assert found.values == pytest.approx([100.0, 30.0], rel=1e-5)


def test_a_small_budget_gives_the_best_so_far_and_says_how_good():
    loss, params, _ = bowl([1.0 - i * 1e-3 for i in range(400)])
    found = leading_curvatures(loss, params, 2, max_products=12, tolerance=1e-9)
    assert found.products <= 12
    error = abs(found.values[0] - 1.0)
    assert 1e-9 < error <= found.residuals[0]  # the residual bounds the error
    assert found.values[0] > 0.9


def test_an_earlier_probe_saves_products():
    loss, params, _ = bowl([1.0 - i * 2e-3 for i in range(300)])
    cold = leading_curvatures(loss, params, 2, tolerance=1e-2, max_products=100)
    warm = leading_curvatures(loss, params, 2, start=cold.directions, tolerance=1e-2)
    assert warm.products < cold.products
    assert warm.values[0] >= cold.values[0] - 1e-9


def test_the_same_seed_gives_the_same_answer():
    loss, params, _ = bowl([1.0 - i * 1e-3 for i in range(100)])
    first = leading_curvatures(loss, params, seed=1)
    assert leading_curvatures(loss, params, seed=1).values == first.values
    assert leading_curvatures(loss, params, seed=2).values != first.values


def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(0.3), nn.Linear(8, 3)
    )


def network_loss(model):
    inputs = torch.randn(32, 6, generator=torch.Generator().manual_seed(1))
    labels = torch.arange(32) % 3
    return lambda: nn.functional.cross_entropy(model(inputs), labels)


def test_leaves_gradients_buffers_random_state_and_parameters_as_they_were():
    model = network()
    loss = network_loss(model)
    loss().backward()
    state = {name: t.clone() for name, t in model.state_dict().items()}
    grads = [p.grad.clone() for p in model.parameters()]
    random = torch.get_rng_state()
    leading_curvatures(loss, model.parameters())
    assert all(torch.equal(state[n], t) for n, t in model.state_dict().items())
    pairs = zip(grads, model.parameters(), strict=True)
    assert all(torch.equal(g, p.grad) for g, p in pairs)
    assert torch.equal(random, torch.get_rng_state())
    assert all(p.requires_grad for p in model.parameters())
    assert not torch.nn.modules.module._global_forward_pre_hooks


def test_matches_the_dense_hessian_of_a_network():
    model = network().double().eval()
    inputs = torch.randn(32, 6, generator=torch.Generator().manual_seed(1)).double()
    labels = torch.arange(32) % 3
    names = [n for n, _ in model.named_parameters()]
    shapes = [p.shape for p in model.parameters()]

    def flat_loss(x):
        parts = x.split([s.numel() for s in shapes])
        words = dict(
            zip(
                names,
                (v.reshape(s) for v, s in zip(parts, shapes, strict=True)),
                strict=True,
            )
        )
        output = torch.func.functional_call(model, words, (inputs,))
        return nn.functional.cross_entropy(output, labels)

    x = torch.cat([p.detach().reshape(-1) for p in model.parameters()])
    dense = torch.linalg.eigvalsh(torch.autograd.functional.hessian(flat_loss, x))
    found = leading_curvatures(
        lambda: nn.functional.cross_entropy(model(inputs), labels),
        model.parameters(),
        tolerance=1e-6,
    )
    expected = dense.flip(0)[:2].tolist()
    assert found.values == pytest.approx(expected, rel=1e-9)  # residual squared


def test_attention_has_curvature_too():
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
    tokens = torch.randn(2, 5, 8)
    found = leading_curvatures(lambda: (layer(tokens) ** 3).mean(), layer.parameters())
    assert found.values[0] > 0


def test_frozen_parameters_have_no_part_in_the_direction():
    loss, params, _ = bowl([3.0, *[1.0] * 30])
    params[1].requires_grad_(False)
    found = leading_curvatures(loss, params)
    assert not found.directions[0][1].any()
    assert project(found.directions[0], found.directions[0]) == pytest.approx(1.0)


def test_a_parameter_that_the_loss_ignores_is_flat():
    used = torch.ones(30, requires_grad=True, dtype=torch.float64)
    ignored = torch.ones(4, requires_grad=True, dtype=torch.float64)
    found = leading_curvatures(lambda: (used**2).sum() * 3, [ignored, used], 1)
    assert found.values == pytest.approx([6.0])
    assert found.directions[0][0].abs().max() < 1e-12


def ones(n=30):
    return torch.ones(n, requires_grad=True)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (lambda x: (3 * x).sum(), "linear"),
        (lambda x: x.abs().sum(), "linear in them"),
        (lambda x: x**2, r"one number as a tensor, but gave \(30,\)"),
        (lambda x: 3.0, "one number as a tensor, but gave float"),
        (lambda x: (x.detach() ** 2).sum(), "requires no gradient"),
        (lambda x: (x**2).sum() / 0, "must be finite, but is inf"),
        (lambda x: ((x - 1) ** 2).sum().sqrt(), "finite curvature"),
    ],
)
def test_refuses_a_loss_without_curvature(loss, message):
    x = ones()
    with pytest.raises(ValueError, match=message):
        leading_curvatures(lambda: loss(x), [x])


def test_refuses_a_closure_that_calls_backward():
    x = ones()

    def closure():
        loss = (x**3).sum()
        loss.backward()
        return loss

    with pytest.raises(ValueError, match=r"leave its graph.*backward"):
        leading_curvatures(closure, [x])


def test_refuses_an_operation_without_a_second_derivative():
    class Once(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return (x**2).sum()

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx, slope):
            return 2 * ctx.saved_tensors[0] * slope

    x = ones()
    with pytest.raises(ValueError, match="an operation has no second derivative"):
        leading_curvatures(lambda: Once.apply(x), [x])
    with pytest.raises(ValueError, match="an operation has no second derivative"):
        leading_curvatures(lambda: Once.apply(x) ** 2 + (x**4).sum(), [x])


def test_refuses_an_operation_whose_second_derivative_is_not_written():
    x = ones(40)

    def loss():
        outputs = x.reshape(10, 1, 4).cos().log_softmax(-1)
        return nn.functional.ctc_loss(outputs, torch.tensor([[1, 2]]), [10], [2])

    with pytest.raises(ValueError, match="an operation in it is not"):
        leading_curvatures(loss, [x])


def test_refuses_no_parameters_and_silly_numbers():
    x = ones()

    def loss():
        return (x**2).sum()

    with pytest.raises(ValueError, match="0 were given"):
        leading_curvatures(loss, [])
    with pytest.raises(ValueError, match="1 were given and none does"):
        leading_curvatures(loss, [torch.ones(3)])
    with pytest.raises(ValueError, match="`count` must be at least 1"):
        leading_curvatures(loss, [x], 0)
    with pytest.raises(ValueError, match="`max_products` must be at least 8"):
        leading_curvatures(loss, [x], max_products=7)
    with pytest.raises(ValueError, match="`tolerance` must be above 0"):
        leading_curvatures(loss, [x], tolerance=0)
    with pytest.raises(ValueError, match="`start` must have 30 numbers"):
        leading_curvatures(loss, [x], start=[[torch.ones(4)]])


def test_project_refuses_other_shapes():
    with pytest.raises(ValueError, match="meets"):
        project([torch.ones(3)], [torch.ones(1, 3)])
