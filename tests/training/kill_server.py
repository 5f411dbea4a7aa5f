"""Run the command line in forked children that are killed where a trial says.

One process imports torch once; each trial is a fork, so that dozens of kills are quick.
Reads a JSON list of trials from stdin, writes the list of exit statuses to stdout. A
trial is {"arguments": [...], "kill": how}, where how is one of
    null                        never
    {"seconds": t}              from outside, t seconds after the start
    {"call": name, "nth": n}    from inside, just before the n-th call
"""

import json
import os
import signal
import sys
import time

import scipy.sparse.linalg
import torch
import torch._dynamo

import inertial.training.checkpoint
import inertial.training.job
import inertial.training.reading
import inertial.training.records
from inertial import cli

IMPORTED_ONCE_FOR_ALL = (
    scipy.sparse.linalg,
    torch._dynamo,
    inertial.training.job,
    inertial.training.reading,
)

torch.set_num_threads(1)  # a pool of threads would not survive a fork


def die_before(name, nth):
    """Patch a function so that its n-th call kills the process instead."""
    owner, attribute = {
        "fsync": (os, "fsync"),
        "replace": (os, "replace"),
        "rename": (os, "rename"),
        "unlink": (os, "unlink"),
        "mkdir": (os, "mkdir"),
        "insert": (inertial.training.records.Records, "add"),
        "commit": (inertial.training.records.Records, "commit"),
        "save": (inertial.training.checkpoint, "save"),
    }[name]
    real, calls = getattr(owner, attribute), []

    def patched(*arguments, **keywords):
        calls.append(None)
        if len(calls) == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **keywords)

    setattr(owner, attribute, patched)


def run(trial):
    child = os.fork()
    if child == 0:
        kill = trial["kill"] or {}
        if "call" in kill:
            die_before(kill["call"], kill["nth"])
        os._exit(cli.run(trial["arguments"]))
    if trial["kill"] and "seconds" in trial["kill"]:
        time.sleep(trial["kill"]["seconds"])
        os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def main():
    statuses = []
    for trial in json.load(sys.stdin):
        began = time.monotonic()
        statuses.append([run(trial), time.monotonic() - began])
    json.dump(statuses, sys.stdout)


if __name__ == "__main__":
    main()
