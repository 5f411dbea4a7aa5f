"""The built-in tasks are real, and their data are what they say."""

import pytest
import torch
from torch import nn
from torch.utils.data import TensorDataset

from inertial.training import Defaults, Task, from_dataset, from_tensors
from inertial.training.batches import epoch_generator, flaw, move
from inertial.training.catalogue import BUILT_IN, make_task
from inertial.training.chance import seed_everything
from inertial.training.task import digest
from inertial.training.tasks import curves, digits

TEXT = "".join(f"{n} times {n} is {n * n}. " for n in range(400))


@pytest.fixture
def words(tmp_path):
    """What each built-in task needs to be quick."""
    (tmp_path / "numbers.txt").write_text(TEXT)
    return {"text": {"text": "numbers.txt"}, "curves": {"size": 400}}


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_few_steps_lower_the_loss(name, words):
    seed_everything(0)
    task = make_task(name, **words.get(name, {}))
    optimizer = torch.optim.SGD(
        task.model.parameters(), task.defaults.lr, task.defaults.momentum
    )
    first = task.loss(task.model, task.probe).item()
    for epoch in range(20):
        for batch in task.batches(epoch, epoch_generator(0, epoch)):
            optimizer.zero_grad()
            task.loss(task.model, batch).backward()
            optimizer.step()
        if task.loss(task.model, task.probe).item() < 0.9 * first:
            break
    assert task.loss(task.model, task.probe).item() < 0.9 * first
    judged = task.evaluate(task.model)
    assert judged["test_loss"] < first
    assert set(judged) - {"test_loss"}


@pytest.mark.parametrize("name", BUILT_IN)
def test_batches_follow_from_seed_and_epoch_alone(name, words):
    seed_everything(0)
    task = make_task(name, **words.get(name, {}))

    def first(seed, epoch):
        return digest(next(iter(task.batches(epoch, epoch_generator(seed, epoch)))))

    assert first(0, 3) == first(0, 3)
    assert len({first(0, 3), first(1, 3), first(0, 4)}) == 3
    count = sum(1 for _ in task.batches(0, epoch_generator(0, 0)))
    assert count == task.steps_per_epoch


@pytest.mark.parametrize(
    ("name", "model"),
    [("digits", "mlp"), ("text", "transformer"), ("breast-cancer", "logistic")],
)
def test_other_models_of_a_task(name, model, words):
    task = make_task(name, model=model, **words.get(name, {}))
    assert torch.isfinite(task.loss(task.model, task.probe))


def test_the_seed_sets_the_weights_and_not_the_split():
    made = []
    for seed in (0, 0, 1):
        seed_everything(seed)
        made.append(make_task("digits"))
    weights = [digest(list(task.model.parameters())) for task in made]
    assert weights[0] == weights[1] != weights[2]
    assert made[0].fingerprint == made[2].fingerprint


def test_no_digit_is_both_learned_and_judged():
    (train, _), (test, _) = digits.data()
    assert (len(train), len(test)) == (1438, 359)
    learned = {image.numpy().tobytes() for image in train}
    assert not any(image.numpy().tobytes() in learned for image in test)
    assert (train.min().item(), train.max().item()) == (0, 1)


def test_the_curves_task_is_the_autoencoder_of_2006():
    task = curves.task(size=10)
    sizes = [m.in_features for m in task.model if isinstance(m, nn.Linear)]
    assert sizes == [784, 400, 200, 100, 50, 25, 6, 25, 50, 100, 200, 400]
    first = next(iter(task.model.parameters()))
    assert set((first != 0).sum(dim=1).tolist()) == {15}  # sparse initialisation
    assert isinstance(task.model[11], nn.Linear)  # after the code, which is linear
    # Twelve linear layers, logistic between them but for the code and the logits.
    assert sum(isinstance(m, nn.Sigmoid) for m in task.model) == 10


def test_a_curve_goes_through_its_three_points():
    points = torch.tensor([[[4.0, 14.0], [14.0, 6.0], [24.0, 14.0]]])
    (image,) = curves._draw(points)
    picture = image.view(28, 28)
    for x, y in ((4, 14), (14, 6), (24, 14)):
        assert picture[y, x] > 0.3  # an end has half the ink of the middle
    assert picture[20, 14] == 0
    straight = curves._draw(torch.tensor([[[4.0, 9.0], [9.0, 9.0], [14.0, 9.0]]]))
    longer = curves._draw(torch.tensor([[[4.0, 9.0], [14.0, 9.0], [24.0, 9.0]]]))
    # ink is laid evenly: twice the way, twice the ink, but for the two round ends
    assert longer.sum() / straight.sum() == pytest.approx(2, rel=0.15)


def test_text_windows_predict_the_next_letter(words):
    task = make_task("text", **words["text"])
    batch = next(iter(task.batches(0, epoch_generator(0, 0))))
    assert batch.shape == (32, 65)
    letters = sorted(set(TEXT))
    said = "".join(letters[code] for code in batch[0].tolist())
    assert said in TEXT
    assert task.evaluate(task.model)["bits_per_character"] == pytest.approx(
        task.evaluate(task.model)["test_loss"] / 0.6931471805599453
    )


@pytest.mark.parametrize("content", [b"\xff\xfe" * 500, b""])
def test_what_is_no_text_is_refused(tmp_path, content):
    (tmp_path / "odd.bin").write_bytes(content)
    with pytest.raises(ValueError, match=r"must be UTF-8|is empty"):
        make_task("text", text="odd.bin")


def test_a_task_of_datasets_equals_one_of_tensors():
    x = torch.linspace(-1, 1, 40).unsqueeze(1)
    data = TensorDataset(x, 2 * x)
    model = nn.Linear(1, 1)
    one = from_tensors("a", model, (x, 2 * x), (x, 2 * x), loss=nn.functional.mse_loss)
    two = from_dataset("a", model, data, data, loss=nn.functional.mse_loss)
    assert one.steps_per_epoch == two.steps_per_epoch == 2
    assert one.evaluate(model) == pytest.approx(two.evaluate(model))
    for a, b in zip(
        one.batches(1, epoch_generator(0, 1)),
        two.batches(1, epoch_generator(0, 1)),
        strict=True,
    ):
        assert torch.equal(a[0], b[0])


def test_an_evaluation_weighs_every_sample_alike():
    x = torch.arange(1500.0).unsqueeze(1)  # more than one evaluation batch
    task = from_tensors(
        "mean",
        nn.Linear(1, 1),
        (x, x),
        (x, x),
        loss=nn.functional.mse_loss,
        metrics={"target": lambda outputs, targets: targets.mean()},
    )
    assert task.evaluate(task.model)["target"] == pytest.approx(749.5)


@pytest.mark.parametrize(
    ("train", "match"),
    [
        ((torch.zeros(0, 1), torch.zeros(0, 1)), "at least one sample"),
        ((torch.zeros(3, 1), torch.zeros(4, 1)), r"lengths are \[3, 4\]"),
        (
            (torch.tensor([[1.0], [torch.inf]]), torch.zeros(2, 1)),
            "inf in the inputs of",
        ),
        (
            (torch.zeros(2, 1), torch.tensor([[1.0], [torch.nan]])),
            "targets of sample 1",
        ),
    ],
)
@pytest.mark.parametrize("part", ["train", "test"])
def test_data_that_cannot_be_used_are_refused(train, match, part):
    fine = torch.zeros(2, 1), torch.zeros(2, 1)
    both = {"train": fine, "test": fine, part: train}
    with pytest.raises(ValueError, match=match):
        from_tensors("bad", nn.Linear(1, 1), **both, loss=nn.functional.mse_loss)


def test_an_empty_dataset_is_refused():
    none = TensorDataset(torch.zeros(0, 1), torch.zeros(0, 1))
    with pytest.raises(ValueError, match="at least one sample"):
        from_dataset("none", nn.Linear(1, 1), none, none, loss=nn.functional.mse_loss)


@pytest.mark.parametrize(
    ("change", "kind", "match"),
    [
        ({"model": "net"}, TypeError, r"must be a torch.nn.Module, but is 'net'"),
        ({"model": nn.Linear(1, 1).requires_grad_(False)}, ValueError, "freeze all"),
        ({"model": nn.ReLU()}, ValueError, "must have a parameter to train"),
        ({"steps_per_epoch": 0}, ValueError, "`steps_per_epoch` must be at least 1"),
        ({"batch_size": 0}, ValueError, "`batch_size` must be at least 1"),
    ],
)
def test_a_task_that_cannot_be_trained_is_refused(change, kind, match):
    words = {
        "name": "x",
        "model": nn.Linear(1, 1),
        "batches": lambda epoch, generator: [],
        "loss": lambda model, batch: batch,
        "evaluate": lambda model: {},
        "probe": torch.zeros(1),
        "steps_per_epoch": 1,
        "batch_size": 1,
        "defaults": Defaults(),
    }
    with pytest.raises(kind, match=match):
        Task(**{**words, **change})


def test_batches_may_be_nested():
    batch = {"x": [torch.ones(2), (torch.tensor([1, 2]), "name")], "y": 3}
    moved = move(batch, torch.device("cpu"))
    assert moved["x"][1][1] == "name"
    assert flaw(batch) == ""
    assert flaw({"x": [torch.tensor([torch.inf])]}) == "inf"
