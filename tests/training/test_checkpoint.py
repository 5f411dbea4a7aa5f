"""Checkpoints are whole or absent, and the right ones are kept."""

import os

import pytest
import torch

from inertial.training import checkpoint


def saved(folder):
    return [c.step for c in checkpoint.listing(folder)]


def test_the_newest_two_and_the_last_good_one_are_kept(tmp_path):
    for step, good in enumerate([True, True, False, False, False]):
        checkpoint.save(tmp_path, step, {"x": torch.ones(1)}, good=good)
    assert saved(tmp_path) == [1, 3, 4]
    assert checkpoint.last_good(tmp_path).step == 1
    checkpoint.save(tmp_path, 5, {}, good=True)
    assert saved(tmp_path) == [4, 5]
    assert len(list(tmp_path.iterdir())) == 4  # a file and its digest each


def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "file"
    checkpoint.write_whole(path, b"old")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left"):
        checkpoint.write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_leftovers_of_a_kill_are_cleaned(tmp_path):
    checkpoint.save(tmp_path, 1, {}, good=True)
    (tmp_path / ".step-00000002.pt.part").write_bytes(b"half")
    (tmp_path / "step-00000002.json").write_text("{}")
    checkpoint.clean(tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["step-00000001.json", "step-00000001.pt"]


def test_a_checkpoint_without_its_digest_is_not_trusted(tmp_path):
    checkpoint.save(tmp_path, 1, {}, good=True)
    (tmp_path / "step-00000001.json").unlink()
    with pytest.raises(ValueError, match=r"is corrupt.*No older one is intact"):
        checkpoint.newest(tmp_path)


def test_the_way_out_skips_a_corrupt_older_one(tmp_path):
    for step in (1, 2, 3):
        checkpoint.save(tmp_path, step, {}, good=step == 1)
    for step in (2, 3):
        (tmp_path / f"step-0000000{step}.pt").write_bytes(b"")
    with pytest.raises(ValueError, match=r"goes on from step-00000001.pt"):
        checkpoint.newest(tmp_path)


def test_a_folder_without_checkpoints_has_none(tmp_path):
    assert checkpoint.newest(tmp_path) is None
    assert checkpoint.last_good(tmp_path) is None
