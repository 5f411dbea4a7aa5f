"""The reading says true sentences with the run's own numbers, and no others."""

import re
import sqlite3

import pytest

from cases_runs import fill, write_run
from inertial.training.history import read_history
from inertial.training.reading import explain_divergence, read_run
from inertial.training.setting import read_setting, short, stability_limit, stable_lr

RUNS = {
    "quiet": {},
    "plain": {"momentum": 0.0},
    "noisy": {"noise": 3.0, "steps": 1000},
    "edge": {"lr": 0.35},
    "slow": {"lr": 0.0002},
    "cosine": {"lr_at": lambda t: 0.02 * (1.0001 - t / 400)},
    "nesterov": {"method": "nesterov", "lr": 0.01},
    "qhm": {"method": "qhm", "words": {"nu": 0.7}},
    "adamw": {"method": "adamw"},
    "lion": {"method": "lion"},
    "relativistic": {"words": {"kinetic": ["relativistic", {"speed_limit": 1.0}]}},
    "short": {"steps": 1},
}


@pytest.mark.parametrize("name", RUNS)
def test_every_run_gets_one_to_nine_whole_sentences(tmp_path, name):
    text = read_run(write_run(tmp_path / "run", **RUNS[name]))
    assert "nan" not in text
    assert "inf" not in text
    assert text.endswith(".")
    ends = re.findall(r"\.(?= [A-Z]|$)", text)
    assert 3 <= len(ends) <= 9


def test_the_numbers_are_those_of_the_run(tmp_path):
    text = read_run(write_run(tmp_path / "run"))
    assert "fell from 5.51 to 0.01 in 400 steps, 4 epochs" in text  # 11/2 + 0.01
    assert "mass 50 under friction 5," in text  # 1/0.02 and 0.1/0.02
    assert "remembers about 10 steps" in text
    assert "goes 0.2 times the gradient" in text
    # -ln|z|/|ln z| with |z|² = 0.9 and cos θ = (1.9 - 0.2)/(2 √0.9), by hand.
    assert "damping ratio 0.114: it swings and overshoots" in text
    assert "lr·curvature is 0.2" in text
    assert "2(1+momentum) = 3.8, so the run ended at 5% of the limit" in text
    assert text.endswith("These numbers support no advice.")


def test_the_account_of_a_run_without_noise_balances(tmp_path):
    history = read_history(write_run(tmp_path / "run"))
    steps = history.steps
    kept = steps["work"] + steps["schedule_work"] - steps["heat"]
    assert kept[-1] == pytest.approx(steps["kinetic"][-1], abs=1e-12)  # rounding
    assert "turned 100% of it into heat" in read_run(history.folder)


def test_momentum_0_is_not_called_rolling(tmp_path):
    text = read_run(write_run(tmp_path / "run", momentum=0.0))
    assert "slides, it does not roll" in text
    assert "damping ratio" not in text
    assert "2(1+momentum) = 2," in text


def test_noise_is_named_when_it_rules_and_only_then(tmp_path):
    noisy = read_run(write_run(tmp_path / "noisy", noise=3.0, steps=1000))
    assert "minibatch noise ruled" in noisy
    assert "lower lr towards the end" in noisy
    assert "noise ruled" not in read_run(write_run(tmp_path / "quiet"))


def test_advice_follows_the_edge_and_the_room(tmp_path):
    edge = read_run(write_run(tmp_path / "edge", lr=0.35))
    assert "92% of the limit" in edge  # 3.5 / 3.8
    assert "close to the edge of stability" in edge
    slow = read_run(write_run(tmp_path / "slow", lr=0.0002))
    assert "a larger lr, say three times, is worth a try" in slow
    assert "close to critical" in slow


def test_beyond_the_edge_and_barely_moving_are_told(tmp_path):
    # Above the limit for 3 steps, then far below: it survives, and is told.
    beyond = write_run(
        tmp_path / "beyond", lr_at=lambda t: 0.5 if t < 3 else 0.02, steps=400
    )
    assert "went beyond the limit of stability; use a smaller lr" in read_run(beyond)
    still = read_run(write_run(tmp_path / "still", lr=1e-6, steps=100))
    assert "barely moved" in still
    assert "larger lr, say ten times" in still


def test_a_test_loss_that_turned_is_told_before_train_longer(tmp_path):
    run = write_run(tmp_path / "run", lr=0.001, momentum=0.0, steps=1000)
    assert "the loss still fell" in read_run(run)
    base = sqlite3.connect(run / "run.sqlite")
    base.execute("UPDATE evaluations SET value = 1 + abs(step - 299) / 1000.0")
    base.commit()
    base.close()
    assert "test loss was lowest at step 299 (1) and has risen" in read_run(run)


def test_a_schedule_is_told_by_what_it_acts_on(tmp_path):
    def fall(step):
        return 0.02 * (1.0001 - step / 400)

    mass = read_run(write_run(tmp_path / "mass", lr_at=fall))
    assert "mass 50 under" in mass  # at the largest lr
    assert "ended at 5.2e-05: the mass followed as 1/lr" in mass
    words = {"schedule_acts_on": "clock"}
    clock = read_run(write_run(tmp_path / "clock", lr_at=fall, words=words))
    assert "mass and friction stayed and the time step changed" in clock


@pytest.mark.parametrize("method", ["adamw", "lion", "signum", "muon", "rmsprop"])
def test_no_damping_is_claimed_where_velocity_is_not_momentum(tmp_path, method):
    text = read_run(write_run(tmp_path / "run", method=method))
    assert "no " in text
    assert "limit" not in text
    assert "of energy into motion" not in text


@pytest.mark.parametrize(
    ("method", "words", "limit"),
    [
        ("sgd", {}, 3.8),
        ("sgd", {"dampening": 0.5}, 7.6),
        ("nesterov", {}, 3.8 / 2.8),
        ("sgd", {"nesterov": True}, 3.8 / 2.8),
        # QHM: lr/(1-0.9) (0.3 + 0.7 0.1 ...): its gain at a flipping force is
        # 0.3 + 0.7 0.1/1.9, and 2/gain is the limit.
        ("qhm", {"nu": 0.7}, 2 / (0.3 + 0.7 * 0.1 / 1.9)),
    ],
)
def test_each_method_has_its_own_limit(tmp_path, method, words, limit):
    run = write_run(tmp_path / "run", method=method, words=words)
    setting = read_setting(read_history(run))
    assert setting.limit == pytest.approx(limit, rel=1e-12)  # closed forms, rounding


def test_a_diverged_run_says_why(tmp_path):
    text = read_run(write_run(tmp_path / "run", lr=0.42, steps=5000))
    assert re.match(
        r"At step \d+ the loss became (inf|nan)\. lr·curvature was 4\.2", text
    )
    assert "Use lr below 0.38" in text


def test_a_note_about_divergence_is_taken_as_it_stands(tmp_path):
    run = write_run(tmp_path / "run", lr=0.42, steps=5000)
    base = sqlite3.connect(run / "run.sqlite")
    base.execute("INSERT INTO notes VALUES (7, 'divergence', 'It flew off.')")
    base.commit()
    base.close()
    assert read_run(run).startswith("It flew off. With lr 0.42")


def test_explains_the_limit_for_each_form():
    heavy = explain_divergence(412, 0.1, 0.9, False, 51.0, float("nan"))
    assert "At step 412 the loss became nan" in heavy
    assert "was 5.1, above the limit 2(1+momentum) = 3.8" in heavy
    assert "Use lr below 0.0745, or reach it slowly" in heavy  # 3.8/51
    ahead = explain_divergence(412, 0.1, 0.9, True, 20.0, float("inf"))
    assert "2(1+momentum)/(1+2·momentum) = 1.36" in ahead
    assert "below 0.0679, or switch Nesterov off: then the limit is 3.8" in ahead
    worse = explain_divergence(412, 0.1, 0.9, True, 51.0, float("inf"))
    assert "Nesterov off" not in worse


def test_explains_only_what_can_be_known():
    inside = explain_divergence(3, 0.1, 0.9, False, 5.0, float("nan"))
    assert "inside the limit" in inside
    assert "does not explain it" in inside
    unknown = explain_divergence(3, 0.1, 0.9, False, None, float("nan"))
    assert "No curvature was measured" in unknown
    assert "2(1+momentum)/lr, which is 38 here" in unknown
    other = explain_divergence(3, 0.1, 0.9, False, 5.0, 1e99, kinetic="sign")
    assert "sign kinetic energy no limit" in other


def test_the_limit_is_where_the_stable_lr_is():
    for momentum in (0.0, 0.5, 0.9, 0.99):
        for nesterov in (False, True):
            limit = stability_limit(momentum, nesterov)
            # One formula solved for two unknowns: rounding only.
            assert stable_lr(momentum, nesterov, 7.0) == pytest.approx(limit / 7.0)


def test_short_numbers():
    assert [short(v) for v in (0, 0.5, 12.345, -4321.0, 3e-5, 2e9)] == [
        "0",
        "0.5",
        "12.3",
        "-4,321",
        "3e-05",
        "2e+09",
    ]


def test_long_runs_are_summed_up_without_losing_extremes(tmp_path):
    run = write_run(tmp_path / "run", steps=3000, noise=1.0)
    full, brief = read_history(run, buckets=3000), read_history(run, buckets=50)
    assert len(full.steps["step"]) == 3000
    assert len(brief.steps["step"]) == 50
    assert brief.recorded == 3000
    assert brief.steps["loss_high"].max() == full.steps["loss"].max()
    assert brief.steps["loss_low"].min() == full.steps["loss"].min()
    assert brief.steps["step"][-1] == 2999
    # Sums of the same 3000 numbers in another order.
    assert brief.steps["work"][-1] == pytest.approx(full.steps["work"][-1], rel=1e-12)
    assert brief.steps["loss"].mean() == pytest.approx(full.steps["loss"].mean())


def test_a_run_that_still_goes_on_can_be_read(tmp_path):
    run = write_run(tmp_path / "run")
    base = sqlite3.connect(run / "run.sqlite")
    base.execute("INSERT INTO notes VALUES (0, 'start', 'uncommitted')")
    assert read_history(run).notes == ()
    base.close()


def test_refuses_what_is_no_run(tmp_path):
    with pytest.raises(ValueError, match=r"has no config\.json"):
        read_run(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ValueError, match=r"has no run\.sqlite"):
        read_run(tmp_path)
    fill(tmp_path, {})
    with pytest.raises(ValueError, match="has none: the run stopped"):
        read_run(tmp_path)
    (tmp_path / "config.json").write_text("[1]")
    with pytest.raises(ValueError, match="not a table of words"):
        read_run(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ValueError, match="is not JSON"):
        read_run(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "run.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(ValueError, match="cannot be read as a run's records"):
        read_run(tmp_path)
